# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private module utility of email_gateway.azure_apps: it may change without notice.
"""What a user reads holds no secret, also where a server or a proxy answers with what it was sent."""

from __future__ import annotations

import base64
import html
import json
import re
import typing as t
from urllib.parse import quote, quote_plus

MASK = "********"
SHORTEST = 8  # characters: to mask less would garble ordinary words
LONGEST_TEXT = 2000  # characters of one text in a failure

# What looks like a token or a client secret is masked in failures, whoever it belongs to: a refused answer may hold a
# new one, which nobody here knows. Source of the form of a client secret: gitleaks' rule azure-ad-client-secret.
LOOKS = re.compile(
    r"ey[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*)?|[A-Za-z0-9_~.-]{3}[0-9]Q(?:~|%7[Ee])[A-Za-z0-9_~.%-]{31,}"
)


class Secrets:
    """The secrets that a call knows, and texts without them."""

    def __init__(self) -> None:
        self._known: set[str] = set()
        self._pattern: re.Pattern[str] | None = None

    def add(self, value: t.Any) -> None:
        if isinstance(value, str) and len(value.strip()) >= SHORTEST and value.strip() not in self._known:
            self._known.add(value.strip())
            forms = sorted({form for known in self._known for form in _forms(known)}, key=len, reverse=True)
            self._pattern = re.compile("|".join(re.escape(form) for form in forms), re.IGNORECASE)

    def masked(self, value: t.Any) -> t.Any:
        """A copy of a result in which no text holds one of the secrets."""
        return _mapped(value, self._without_known)

    def told(self, value: t.Any) -> t.Any:
        """The same for failures and warnings, without anything that looks like a secret, and of bounded length."""
        return _mapped(value, self._told)

    def masked_bug(self, text: str) -> str:
        """A traceback whole, without anything that looks like a secret."""
        return LOOKS.sub(MASK, self._without_known(text))

    def _without_known(self, text: str) -> str:
        return self._pattern.sub(MASK, text) if self._pattern and len(text) >= SHORTEST else text

    def _told(self, text: str) -> str:
        # First masked, then cut: half a secret would no longer be recognised.
        # Half of a character can be neither shown nor logged.
        clean = self.masked_bug(text).encode(errors="backslashreplace").decode()
        return clean if len(clean) <= LONGEST_TEXT else clean[: LONGEST_TEXT - 3] + "..."


def _mapped(value: t.Any, change: t.Callable[[str], str]) -> t.Any:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, t.Mapping):
        return {_mapped(name, change): _mapped(item, change) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_mapped(item, change) for item in value]
    return value


def _forms(secret: str) -> set[str]:
    """How a secret may be written by whoever sends it back."""
    # Half of a character is refused later on, in a message that must not hold it either.
    plain = secret.encode(errors="surrogatepass")
    whole = plain.decode(errors="replace")
    every = "".join(c if c.isascii() and c.isalnum() else "".join(f"%{b:02X}" for b in c.encode()) for c in whole)
    found = {secret, quote(plain, safe=""), quote_plus(plain), every, quote(every, safe="")}
    found |= {json.dumps(secret)[1:-1], json.dumps(json.dumps(secret)[1:-1])[1:-1], html.escape(secret), plain.hex()}
    for offset in range(3):
        encoded = base64.b64encode(b"\0" * offset + plain).decode()
        inner = encoded[4 if offset else 0 : len(encoded) - (4 if (offset + len(plain)) % 3 else 0)]
        found |= {inner, inner.replace("+", "-").replace("/", "_")} if len(inner) >= SHORTEST else set()
    return found
