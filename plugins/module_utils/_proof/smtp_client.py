# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private module utility of email_gateway.azure_apps: it may change without notice.
"""As much of SMTP as it takes to try AUTH XOAUTH2, bounded in time and in what is read. It cannot send mail.

Python's smtplib bounds neither the time of a dialogue nor the number of lines of a reply, and its exceptions hold what
the server sent, which can be the token. No text of a server leaves this module except codes.

Sources: RFC 5321, RFC 3207 (STARTTLS), RFC 4954 (AUTH), and the page "Authenticate an IMAP, POP or SMTP connection
using OAuth" for the dialogue with Exchange Online.
"""

from __future__ import annotations

import base64
import contextlib
import dataclasses
import re
import socket
import ssl
import time
import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.errors import TransportError, reason_of
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._http.client import (
    CONNECT_TIMEOUT,
    import_library,
)

LARGEST_REPLY = 16 * 1024  # bytes; that to EHLO has some hundred
AT_ONCE = 4096  # bytes
REPLY = re.compile(rb"([2-5][0-9]{2})(?:([ -])(.*))?", re.DOTALL)
ENHANCED = re.compile(r"[245]\.[0-9]{1,3}\.[0-9]{1,3}(?= |$)")
PROTOCOL_STEP = "Check smtp_host and smtp_port: the server there is not Exchange Online's SMTP server."


@dataclasses.dataclass(frozen=True)
class Reply:
    """A reply: its code, and the text of its lines, which is never shown."""

    code: int
    lines: tuple[str, ...] = dataclasses.field(repr=False)

    @property
    def enhanced(self) -> str | None:
        """The enhanced status code (RFC 3463) of its first line."""
        found = ENHANCED.match(self.lines[0])
        if found is None:
            return None
        return found[0]

    def contains(self, words: str) -> bool:
        return words.lower() in " ".join(self.lines).lower()

    def offers(self, keyword: str, *parameters: str) -> bool:
        """Whether a reply to EHLO names an extension, with these parameters."""
        return any(words[:1] == [keyword] and {*parameters} <= {*words} for words in map(_words, self.lines[1:]))


def _words(line: str) -> list[str]:
    """Of a line of the reply to EHLO: a keyword and its parameters, which some servers separate by =."""
    return line.upper().replace("=", " ").split()


class Answer(t.NamedTuple):
    """What came of the dialogue. ``step`` is the last one: connect, ehlo, starttls, auth.

    ``reply`` is the one that decided, None if the server does not offer what the step needs.
    """

    step: str
    reply: Reply | None

    @property
    def authenticated(self) -> bool:
        return self.step == "auth" and self.reply is not None and self.reply.code == 235


def try_xoauth2(host: str, port: int, *, mailbox: str, token: str, ca_file: str | None, seconds: float) -> Answer:
    """EHLO, STARTTLS, EHLO, AUTH XOAUTH2, QUIT, all of it in so many seconds.

    The token is sent only over TLS, to a server whose certificate was verified. Raises TransportError if the server
    is not reached, is not trusted or does not speak SMTP.
    """
    with contextlib.closing(_Dialogue(host, port, ca_file=ca_file, seconds=seconds)) as dialogue:
        answer = _answer(dialogue, sasl(mailbox, token))
        dialogue.quit()
    return answer


def sasl(mailbox: str, token: str) -> str:
    return base64.b64encode(f"user={mailbox}\x01auth=Bearer {token}\x01\x01".encode()).decode()


class _RefusedError(Exception):
    """The server refused a step before the last one, or does not offer what it needs."""

    def __init__(self, step: str, reply: Reply | None) -> None:
        super().__init__(step)
        self.answer = Answer(step, reply)


def _answer(dialogue: _Dialogue, credential: str) -> Answer:
    try:
        _check_code("connect", dialogue.greeting(), 220)
        _check_offer("starttls", dialogue, "STARTTLS")
        _check_code("starttls", dialogue.ask("STARTTLS"), 220)
        dialogue.start_tls()
        # What the server offered before is discarded: another host could have added it.
        _check_offer("auth", dialogue, "AUTH", "XOAUTH2")
    except _RefusedError as exc:
        return exc.answer
    reply = dialogue.ask(f"AUTH XOAUTH2 {credential}")
    if reply.code == 334:
        # A refusal in JSON; the final answer follows an empty response.
        reply = dialogue.ask("")
    if reply.code < 400 and reply.code != 235:
        raise dialogue.error("the answer to AUTH is not valid SMTP", permanent=True, next_step=PROTOCOL_STEP)
    return Answer("auth", reply)


def _check_code(step: str, reply: Reply, expected: int) -> None:
    """Raises _RefusedError."""
    if reply.code != expected:
        raise _RefusedError(step, reply)


def _check_offer(step: str, dialogue: _Dialogue, keyword: str, *parameters: str) -> None:
    """Whether the server names the extension that a step needs. Raises _RefusedError."""
    hello = dialogue.ehlo()
    _check_code("ehlo", hello, 250)
    if not hello.offers(keyword, *parameters):
        raise _RefusedError(step, None)


def _address_literal(address: str) -> str:
    """RFC 5321, section 4.1.3."""
    if ":" in address:
        return f"[IPv6:{address}]"
    return f"[{address}]"


class _Dialogue:
    """With a server that is connected. Raises TransportError."""

    def __init__(self, host: str, port: int, *, ca_file: str | None, seconds: float) -> None:
        self._host = host
        self._port = port
        self._ca_file = ca_file
        self._seconds = seconds
        self._deadline = time.monotonic() + seconds
        self._buffer = b""
        # Before anything is sent, since the file may be no certificate.
        self._context = self._trust()
        self._socket = self._connected()

    def _connected(self) -> socket.socket:
        try:
            addresses = socket.getaddrinfo(self._host, self._port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as exc:
            raise self._unreachable(exc) from None
        failure: OSError = OSError()
        for family, kind, protocol, _name, address in addresses:
            made = socket.socket(family, kind, protocol)
            try:
                made.settimeout(min(CONNECT_TIMEOUT, self._left()))
                made.connect(address)
            except OSError as exc:
                made.close()
                failure = exc
            else:
                return made
        raise self._unreachable(failure)

    def greeting(self) -> Reply:
        """What the server sends first."""
        return self._reply()

    def ehlo(self) -> Reply:
        """With the address instead of a name, which needs no look-up (RFC 5321, section 4.1.4)."""
        return self.ask(f"EHLO {_address_literal(self._socket.getsockname()[0])}")

    def ask(self, command: str) -> Reply:
        self._send(command)
        return self._reply()

    def start_tls(self) -> None:
        if self._buffer:
            raise self.error(
                "the server sent more than its answer before TLS began, which another host on the way may have added",
                permanent=True,
                next_step="Check the network: no host may change traffic between the controller and Exchange Online.",
            )
        try:
            self._socket.settimeout(self._left())
            self._socket = self._context.wrap_socket(self._socket, server_hostname=self._host)
        except ssl.SSLCertVerificationError as exc:
            trusted = "the certificates that Python trusts"
            if self._ca_file:
                trusted = f"the certificates in {self._ca_file}"
            raise self.error(
                f"the server's certificate was not accepted with {trusted} ({exc.verify_message})",
                permanent=True,
                next_step="Set ca_file (REQUESTS_CA_BUNDLE) to a file with the authority of the SMTP server, too.",
            ) from None
        except (OSError, ValueError) as exc:
            raise self._lost(exc, "TLS could not be started") from None

    def quit(self) -> None:
        """For good order; the server's reply does not matter any more."""
        with contextlib.suppress(TransportError):
            self.ask("QUIT")

    def close(self) -> None:
        self._socket.close()

    def error(self, what: str, *, permanent: bool = False, next_step: str) -> TransportError:
        return TransportError(
            f"SMTP with {self._host} port {self._port}: {what}",
            maybe_processed=True,
            permanent=permanent,
            next_step=next_step,
        )

    def _left(self) -> float:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise self._too_late()
        return left

    def _too_late(self) -> TransportError:
        return self.error(
            f"the dialogue did not end within {self._seconds:g} s",
            next_step="Raise request_timeout, or check that the controller may reach that port: SMTP uses no proxy.",
        )

    @contextlib.contextmanager
    def _in_time(self) -> t.Iterator[socket.socket]:
        """The socket, for one step that ends in time. Raises TransportError."""
        try:
            self._socket.settimeout(self._left())
            yield self._socket
        except OSError as exc:
            raise self._lost(exc, "the connection was lost") from None

    def _send(self, command: str) -> None:
        if self._buffer:
            raise self.error("the server sent an unexpected answer", permanent=True, next_step=PROTOCOL_STEP)
        with self._in_time() as connected:
            connected.sendall(f"{command}\r\n".encode("ascii"))

    def _reply(self) -> Reply:
        lines: list[str] = []
        codes: set[bytes] = set()
        read, separator = 0, b"-"
        while separator == b"-":
            line = self._line(LARGEST_REPLY - read)
            read += len(line) + 2
            found = REPLY.fullmatch(line)
            if found is None or not codes <= {found[1]}:
                raise self.error("the host is not an SMTP server", permanent=True, next_step=PROTOCOL_STEP)
            code, separator, text = found.groups(default=b"")
            codes.add(code)
            lines.append(text.decode("ascii", errors="replace").strip())
        return Reply(int(code), tuple(lines))

    def _line(self, limit: int) -> bytes:
        while b"\n" not in self._buffer:
            if len(self._buffer) > limit:
                raise self.error("an answer is too large for SMTP", permanent=True, next_step=PROTOCOL_STEP)
            with self._in_time() as connected:
                part = connected.recv(AT_ONCE)
            if not part:
                raise self._lost(OSError(), "the server closed the connection")
            self._buffer += part
        line, _end, self._buffer = self._buffer.partition(b"\n")
        if len(line) > limit:
            raise self.error("an answer is too large for SMTP", permanent=True, next_step=PROTOCOL_STEP)
        return line.rstrip(b"\r")

    def _trust(self) -> ssl.SSLContext:
        """The same authorities as for HTTPS."""
        try:
            return ssl.create_default_context(cafile=self._ca_file or import_library("certifi").where())
        except OSError as exc:
            raise self.error(
                f"the certificates to trust cannot be read ({reason_of(exc)})",
                permanent=True,
                next_step=f"Check ca_file ({self._ca_file}).",
            ) from None

    def _unreachable(self, exc: Exception) -> TransportError:
        if isinstance(exc, TimeoutError) and time.monotonic() >= self._deadline:
            return self._too_late()
        reason = reason_of(exc)
        if reason == TimeoutError.__name__:
            reason = "no answer"
        return self.error(
            f"the server cannot be reached ({reason})",
            next_step="Check smtp_host and smtp_port, and that the controller may reach them: SMTP uses no proxy.",
        )

    def _lost(self, exc: Exception, what: str) -> TransportError:
        if isinstance(exc, TimeoutError) or time.monotonic() >= self._deadline:
            return self._too_late()
        # Of an error of TLS only the name of its reason, such as WRONG_VERSION_NUMBER.
        reason = getattr(exc, "strerror", None)
        if isinstance(exc, ssl.SSLError):
            reason = getattr(exc, "reason", None)
        if isinstance(reason, str):
            what = f"{what} ({reason})"
        return self.error(
            what,
            next_step="Run again; if the problem remains, check the network between the controller and that port.",
        )
