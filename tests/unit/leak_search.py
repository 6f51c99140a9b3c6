# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Searches bytes for secrets that the emulator issued or received, in every form in which they may be written.

A long secret is searched for by its beginning, its middle and its end, so that a truncated one is found as well.
Of a token, only its unique parts are searched for: all tokens begin with the same header and the same audience.
"""

from __future__ import annotations

import base64
import bz2
import dataclasses
import functools
import gzip
import html
import io
import json
import lzma
import re
import tarfile
import typing as t
import urllib.parse
import zipfile
import zlib
from pathlib import Path

import pytest

from ansible_collections.email_gateway.azure_apps.tests.unit.process_list import ProcessList
from graph_emulator.journal import Journal
from graph_emulator.wire.middleware import Reply, Wire

SHORTEST = 8  # characters: shorter texts are words of a test, not secrets
PIECE = 16  # characters
DEEPEST = 4  # archives inside of archives
LARGEST = 64 * 2**20  # bytes of one unpacked member
NAMES = frozenset(
    {
        "access_token",
        "assertion",
        "client_assertion",
        "client_secret",
        "device_code",
        "id_token",
        "password",
        "refresh_token",
        "secrettext",
    }
)
OWN_CLAIMS = (b"aio", b"jti", b"rh", b"uti")
BASE64_RUN = re.compile(rb"(?:[A-Za-z0-9+/_-]{40,}(?:\\n|[\r\n ])*)+={0,2}")
MAGIC = (b"\x1f\x8b\x08", b"PK\x03\x04", b"BZh", b"\xfd7zXZ\x00", b"\x78\x9c", b"\x78\xda", b"\x78\x01")


def pieces(secret: str) -> set[str]:
    """The parts that are searched for: the whole of a short secret; of a token, parts that only it has."""
    if secret.count(".") == 2 and secret.startswith("ey"):
        _header, claims, signature = secret.split(".")
        return pieces(signature) | _own_claims(claims)
    if len(secret) < 2 * PIECE:
        return {secret} if secret else set()
    return {secret[:PIECE], _middle(secret), secret[-PIECE:]}


def _middle(text: str) -> str:
    start = (len(text) - PIECE) // 2
    return text[start : start + PIECE]


def _own_claims(encoded: str) -> set[str]:
    """A part of the encoding of each claim that differs between all tokens."""
    try:
        claims = base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4))
    except ValueError:
        return set()
    found = set()
    for claim in re.finditer(rb'"(?:%s)" ?: ?"([^"]*)"' % b"|".join(OWN_CLAIMS), claims):
        # Four characters encode three bytes; those that encode a byte of a neighbour as well are left out.
        start, end = -(-claim.start(1) * 4 // 3), claim.end(1) * 4 // 3
        if end - start >= PIECE:
            found.add(_middle(encoded[start:end]))
    return found


def _percent(text: str, *, lower: bool) -> str:
    """Every character encoded that some encoder encodes."""
    escape = "%{:02x}" if lower else "%{:02X}"
    return "".join(c if c.isascii() and c.isalnum() else "".join(escape.format(b) for b in c.encode()) for c in text)


def _base64(plain: bytes, *, offset: int) -> bytes:
    """As it is encoded inside of a longer text; the characters at both ends also encode their neighbours."""
    encoded = base64.b64encode(b"\0" * offset + plain)
    start = 0 if offset == 0 else 4
    end = len(encoded) - (4 if (len(plain) + offset) % 3 else 0)
    return encoded[start:end]


FORMS: dict[str, t.Callable[[str], bytes]] = {
    "plain": str.encode,
    "url": lambda text: urllib.parse.quote(text, safe="").encode(),
    "url_form": lambda text: urllib.parse.quote_plus(text).encode(),
    "url_all": lambda text: _percent(text, lower=False).encode(),
    "url_all_lower": lambda text: _percent(text, lower=True).encode(),
    "url_twice": lambda text: urllib.parse.quote(_percent(text, lower=False), safe="").encode(),
    "json": lambda text: json.dumps(text)[1:-1].encode(),
    "json_twice": lambda text: json.dumps(json.dumps(text)[1:-1])[1:-1].encode(),
    "json_slash": lambda text: json.dumps(text)[1:-1].replace("/", "\\/").encode(),
    "json_codes": lambda text: "".join(f"\\u{ord(c):04x}" for c in text).encode(),
    "html": lambda text: html.escape(text).encode(),
    "base64_0": lambda text: _base64(text.encode(), offset=0),
    "base64_1": lambda text: _base64(text.encode(), offset=1),
    "base64_2": lambda text: _base64(text.encode(), offset=2),
    "base64url_0": lambda text: _base64(text.encode(), offset=0).translate(bytes.maketrans(b"+/", b"-_")),
    "base64url_1": lambda text: _base64(text.encode(), offset=1).translate(bytes.maketrans(b"+/", b"-_")),
    "base64url_2": lambda text: _base64(text.encode(), offset=2).translate(bytes.maketrans(b"+/", b"-_")),
    "hex": lambda text: text.encode().hex().encode(),
    "hex_upper": lambda text: text.encode().hex().upper().encode(),
    "utf16_le": lambda text: text.encode("utf-16-le"),
    "utf16_be": lambda text: text.encode("utf-16-be"),
}


@functools.lru_cache(maxsize=4096)
def forms(secret: str) -> tuple[tuple[str, bytes], ...]:
    """The name of the form and the bytes to search for, each once."""
    found: dict[bytes, str] = {}
    for piece in sorted(pieces(secret)):
        for name, form in FORMS.items():
            found.setdefault(form(piece), name)
    return tuple((name, content) for content, name in found.items())


def _whole(reader: t.IO[bytes]) -> bytes:
    return reader.read(LARGEST)


def _members(content: bytes) -> t.Iterator[tuple[str, bytes]]:
    """The content of the archives and compressed streams that begin anywhere in these bytes."""
    if content[257:262] == b"ustar":
        try:
            with tarfile.open(fileobj=io.BytesIO(content)) as archive:
                for member in archive.getmembers():
                    reader = archive.extractfile(member) if member.isfile() else None
                    if reader is not None:
                        yield member.name, _whole(reader)
        except tarfile.TarError:  # not an archive
            return
    if b"PK\x03\x04" in content:
        try:
            with zipfile.ZipFile(io.BytesIO(content)) as archive_of_zip:
                for name in archive_of_zip.namelist():
                    with archive_of_zip.open(name) as reader_of_zip:
                        yield name, _whole(reader_of_zip)
        except (zipfile.BadZipFile, NotImplementedError, RuntimeError, zlib.error, EOFError):
            pass  # not an archive
    for magic, unpack in (
        (MAGIC[0], _gzip),
        (MAGIC[2], _decompressed(bz2.BZ2Decompressor)),
        (MAGIC[3], _decompressed(lzma.LZMADecompressor)),
        *((start, _zlib) for start in MAGIC[4:]),
    ):
        position = content.find(magic)
        while position != -1:
            unpacked = unpack(content[position:])
            if unpacked:
                yield f"{position}", unpacked
            position = content.find(magic, position + 1)


def _gzip(content: bytes) -> bytes:
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(content)) as file:
            return _whole(t.cast("t.IO[bytes]", file))
    except (OSError, EOFError, zlib.error):  # an archive with a broken end still has a beginning
        return _zlib(content, bits=31)


def _zlib(content: bytes, bits: int = 15) -> bytes:
    try:
        return zlib.decompressobj(bits).decompress(content, LARGEST)
    except zlib.error:
        return b""


def _decompressed(kind: t.Callable[[], t.Any]) -> t.Callable[[bytes], bytes]:
    def unpack(content: bytes) -> bytes:
        try:
            found: bytes = kind().decompress(content, LARGEST)
        except (OSError, EOFError, lzma.LZMAError):
            return b""
        return found

    return unpack


def unpacked(name: str, content: bytes, *, depth: int = 0) -> t.Iterator[tuple[str, bytes]]:
    """The bytes themselves, and their packed content; base64 of an archive counts as the archive."""
    yield name, content
    if depth == DEEPEST:
        return
    for member, inner in _members(content):
        yield from unpacked(f"{name}!{member}", inner, depth=depth + 1)
    for run in BASE64_RUN.finditer(content):
        text = re.sub(rb"\\n|[\r\n =]", b"", run.group()).translate(bytes.maketrans(b"-_", b"+/"))
        decoded = base64.b64decode(text[: len(text) // 4 * 4])
        if decoded.startswith(MAGIC):
            yield from unpacked(f"{name}!base64", decoded, depth=depth + 1)


@dataclasses.dataclass(frozen=True)
class Hit:
    """A secret in a wrong place; it is shown by its beginning only."""

    place: str
    form: str
    secret: str = dataclasses.field(repr=False)

    def __str__(self) -> str:
        return f"{self.place}: {self.secret[:3]}... ({self.form})"


def hits(places: t.Iterable[tuple[str, bytes]], secrets: t.Iterable[str]) -> list[Hit]:
    """The places of secrets, in the given bytes and in their packed content."""
    wanted = sorted(set(secrets))
    found = []
    for name, whole in places:
        for inner_name, content in unpacked(name, whole):
            for secret in wanted:
                form = next((form for form, searched in forms(secret) if searched in content), None)
                if form is not None:
                    found.append(Hit(place=inner_name, form=form, secret=secret))
    return found


def files(folder: Path, *, but: t.Collection[Path] = ()) -> t.Iterator[tuple[str, bytes]]:
    """Every file below a folder, and the targets of links; a file name can contain a secret as well."""
    for path in sorted(folder.rglob("*")):
        if path in but:
            continue
        name = str(path.relative_to(folder))
        yield f"the name of a file in {path.parent.name}", path.name.encode()
        if path.is_symlink():
            yield f"the link {name}", str(path.readlink()).encode()
        elif path.is_file():
            yield name, path.read_bytes()


class Issued:
    """Every secret and token that the emulator issued or received during the recording."""

    def __init__(self, *also: str) -> None:
        self.secrets: set[str] = set()
        for secret in also:
            self.add(secret)

    def add(self, secret: object) -> None:
        if isinstance(secret, str) and len(secret) >= SHORTEST:
            self.secrets.add(secret)

    def walk(self, value: object) -> None:
        """Everything in a document whose name is that of a secret."""
        if isinstance(value, dict):
            for name, inner in value.items():
                if str(name).lower() in NAMES:
                    self.add(inner)
                self.walk(inner)
        elif isinstance(value, list):
            for inner in value:
                self.walk(inner)

    def saw_request(self, headers: t.Iterable[tuple[bytes, bytes]], body: bytes) -> None:
        for name, value in headers:
            kind, _blank, credential = value.decode("latin-1").partition(" ")
            if name.lower() == b"authorization":
                self.add(credential if kind.lower() != "basic" else _password_of(credential))
        text = body.decode("utf-8", errors="replace")
        self.walk(dict(urllib.parse.parse_qsl(text)))
        self.saw_answer(body)

    def saw_answer(self, body: bytes) -> None:
        try:
            self.walk(json.loads(body))
        except ValueError:  # a page, or empty
            return


def _password_of(credential: str) -> str:
    return urllib.parse.unquote(base64.b64decode(credential).decode().partition(":")[2])


def record(issued: Issued, seen: ProcessList | None, journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    """Record the traffic of this emulator, and with each request the process list, until the end of the test."""
    serve, note = Wire._serve, Wire._note

    async def served(wire: Wire, scope: t.Any, body: bytes, reply: Reply) -> None:
        await serve(wire, scope, body, reply)
        if wire.journal is journal:
            issued.saw_answer(reply.body)  # as it was before a fault removed it

    def noted(wire: Wire, index: int, scope: t.Any, **more: t.Any) -> None:
        note(wire, index, scope, **more)
        if wire.journal is journal:
            issued.saw_request(scope["headers"], more["body"])
            if seen is not None:
                seen.look()

    monkeypatch.setattr(Wire, "_serve", served)
    monkeypatch.setattr(Wire, "_note", noted)
