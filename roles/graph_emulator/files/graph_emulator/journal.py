# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What was asked of the emulator, request by request, without any secret value."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import asdict, dataclass
from itertools import islice
from typing import Any
from urllib.parse import parse_qsl, urlencode

from . import strict_json

MASK = "********"
# Compared in lower case, in JSON bodies, form bodies and query strings alike.
SECRET_NAMES = frozenset(
    {
        "access_token",
        "assertion",
        "authorization",
        "client_assertion",
        "client_secret",
        "code",
        "device_code",
        "id_token",
        "password",
        "refresh_token",
        "secrettext",
        "user_code",
    }
)
READING = frozenset({"GET", "HEAD"})
VAULT_PATHS = ("/secrets/", "/deletedsecrets/")


@dataclass
class Entry:
    """One request. `outer` is the index of the $batch request that carried it, else None.

    A session of SMTP is one as well: method SMTP, the mailbox for a path, the last code for a status.
    """

    index: int
    time: str
    method: str
    path: str
    query: str
    body: Any
    status: int
    client_id: str | None
    duration_ms: float
    user_agent: str | None
    outer: int | None = None

    @property
    def is_graph(self) -> bool:
        return self.path.startswith(("/v1.0/", "/beta/"))

    @property
    def is_vault(self) -> bool:
        return self.path.startswith(VAULT_PATHS)

    @property
    def is_vault_write(self) -> bool:
        """A change asked of the key vault, whether granted or not."""
        return self.is_vault and self.method not in READING

    @property
    def is_write(self) -> bool:
        """A change asked of Graph; a $batch is an envelope and counts by its inner requests."""
        return self.is_graph and self.method not in READING and not self.path.endswith("/$batch")

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


class Journal:
    """The last requests, oldest first. `index` keeps counting when old entries fall out."""

    def __init__(self, limit: int = 10_000) -> None:
        self._entries: deque[Entry] = deque(maxlen=limit)
        self._lock = threading.Lock()
        self._next = 0
        self._first = 0

    def reserve(self) -> int:
        """The index of a request that has just arrived."""
        with self._lock:
            index = self._next
            self._next += 1
            return index

    def add(self, entry: Entry) -> None:
        with self._lock:
            # A request that was answered before the last clear may be noted down after it.
            if entry.index >= self._first:
                self._entries.append(entry)

    def entries(self) -> list[Entry]:
        with self._lock:
            return sorted(self._entries, key=lambda entry: entry.index)

    def latest(self, count: int) -> list[Entry]:
        """The last requests that were answered, in the order in which they came."""
        with self._lock:
            return sorted(islice(reversed(self._entries), count), key=lambda entry: entry.index)

    def clear(self) -> None:
        with self._lock:
            self._entries.clear()
            self._first = self._next


def masked(value: Any) -> Any:
    """A copy of a JSON value in which everything that is named like a secret is masked."""
    if isinstance(value, dict):
        return {
            name: MASK if name.lower() in SECRET_NAMES and inner is not None else masked(inner)
            for name, inner in value.items()
        }
    if isinstance(value, list):
        return [masked(inner) for inner in value]
    return value


def masked_vault_body(body: Any) -> Any:
    """A request body of the key vault, whose secret is called value, as harmless things are elsewhere."""
    return {**body, "value": MASK} if isinstance(body, dict) and "value" in body else body


def masked_query(query: str) -> str:
    """A query string with secrets masked; one without secrets stays as it was sent."""
    pairs = parse_qsl(query, keep_blank_values=True)
    if not any(name.lower() in SECRET_NAMES for name, _value in pairs):
        return query
    return urlencode([(name, MASK if name.lower() in SECRET_NAMES else value) for name, value in pairs])


def masked_body(raw: bytes, content_type: str) -> Any:
    """A request body in readable form; anything else is described by its size only."""
    if not raw:
        return None
    try:
        text = raw.decode("utf-8")
        if "x-www-form-urlencoded" in content_type:
            return masked(dict(parse_qsl(text, keep_blank_values=True)))
        return masked(strict_json.loads(text))
    except ValueError:
        return f"<{len(raw)} bytes>"
