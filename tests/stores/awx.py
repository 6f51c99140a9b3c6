# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A stand-in for AWX's API on loopback: the sign-in and the credentials; awx_objects.py has everything else.

Like AWX 24.6.1, it lists with filters by name and across relations, reports errors by field, shows secrets as
$encrypted$ and keeps them unchanged if $encrypted$ is sent, replaces inputs as a whole, and only accepts inputs that
are
fields of the credential type. Requests that it does not implement are refused with the status 501.
"""

from __future__ import annotations

import json
import threading
import typing as t
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

from ansible_collections.email_gateway.azure_apps.tests.stores.awx_objects import Objects, not_implemented

Json = dict[str, t.Any]
NOT_FOUND: tuple[int, Json | None] = (404, {"detail": "Not found."})
ENCRYPTED = "$encrypted$"
FIELDS = ("tenant_id", "client_id", "key_id", "secret_start", "secret_expires")
FILTERS = ("id", "name", "organization", "credential_type", "credential_type__name", "organization__name")
MORE_FIELDS = ("profile", "previous_key_ids", "handed_over_to", "pending_hosts")


class Awx:
    """``token`` may do everything, ``reader`` only read; ``basic`` are the user name and password of an administrator.

    ``broken`` answers every write with 500; ``lose_next_write`` performs one and then closes the connection.
    ``busy`` are the values of Retry-After with which the next reads are refused. ``seen`` is called with each request.
    """

    store: t.ClassVar[Json] = {
        "type": "awx_credential",
        "name": "Mail gateway Vienna",
        "organization": "Default",
        "credential_type": "Mail gateway",
    }

    def __init__(
        self,
        *,
        seen: t.Callable[[], None],
        token: str = "awx-token-of-an-admin",
        reader: str = "awx-token-of-a-reader",
    ) -> None:
        self.token, self.reader = token, reader
        self._seen = seen
        self.basic = ""
        self.broken = False
        self.lose_next_write = False
        self.busy: list[str] = []
        self.writes: list[str] = []
        self._looked = 0
        self.credentials: dict[int, Json] = {}
        fields = [{"id": name, "type": "string", "label": name} for name in (*FIELDS, *MORE_FIELDS)]
        secret = {"id": "client_secret", "type": "string", "label": "Client secret", "secret": True}
        self.objects = Objects(lambda: [self._shown(item) for item in self.credentials.values()])
        types = self.objects.tables["credential_types"]
        types[1] = {
            "id": 1,
            "name": "Machine",
            "kind": "ssh",
            "inputs": {"fields": [{"id": "username"}]},
            "managed": True,
        }
        types[30] = {"id": 30, "name": "Mail gateway", "kind": "cloud", "inputs": {"fields": [secret, *fields]}}
        for kind in types.values():
            kind |= {"description": "", "injectors": {}}
        self.objects.tables["organizations"][1] = {"id": 1, "name": "Default", "description": "", "max_hosts": 0}
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def __enter__(self) -> Awx:
        return self

    def __exit__(self, *_about: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def new_writes(self) -> list[str]:
        """The writes since the last call."""
        since, self._looked = self.writes[self._looked :], len(self.writes)
        return since

    def inputs(self, name: str) -> Json:
        """The stored inputs of a credential, decrypted; empty if there is none."""
        found: Json = next((item["inputs"] for item in self.credentials.values() if item["name"] == name), {})
        return found

    def answer(self, method: str, url: str, *, authorization: str, body: Json) -> tuple[int, Json | None]:
        parts = urlsplit(url)
        names = parts.path.strip("/").split("/")[2:]
        if method != "GET" or names[:1] == ["credentials"]:
            self._seen()
        if authorization not in (f"Bearer {self.token}", f"Bearer {self.reader}", f"Basic {self.basic}"):
            return 401, {"detail": "Authentication credentials were not provided."}
        if method != "GET":
            self.writes.append(f"{method} {parts.path}")
            if authorization == f"Bearer {self.reader}":
                return 403, {"detail": "You do not have permission to perform this action."}
            if self.broken:
                return 500, {"detail": "A server error has occurred."}
        if method == "GET" and names == ["ping"]:
            return 200, {"version": "24.6.1"}
        if names == ["credentials"] and method == "GET":
            return self._page([self._shown(item) for item in self.credentials.values()], parts.query)
        if names[:1] == ["credentials"]:
            return self._credential(method, names[1:], body)
        return self.objects.answer(method, names, parts.query, body) if names else not_implemented(method, names)

    def _page(self, rows: list[Json], query: str) -> tuple[int, Json]:
        for name, value in parse_qsl(query):
            if name == "page_size":
                assert len(rows) <= int(value), "this stand-in only implements one page of credentials"
                continue
            if name not in FILTERS:
                return not_implemented("GET", ["credentials", name])
            rows = [row for row in rows if self._related(row, name) == value]
        return 200, {"count": len(rows), "next": None, "previous": None, "results": rows}

    def _related(self, row: Json, name: str) -> str:
        relation, _blank, _field = name.partition("__")
        if relation == "credential_type" and name != relation:
            return str(self._type(row)["name"])
        if relation == "organization" and name != relation:
            return "Default" if row["organization"] == 1 else ""
        return str(row.get(name))

    def _type(self, credential: Json) -> Json:
        return self.objects.tables["credential_types"][credential["credential_type"]]

    def _credential(self, method: str, rest: list[str], body: Json) -> tuple[int, Json | None]:
        if method == "POST":
            if missing := [name for name in ("name", "credential_type") if not body.get(name)]:
                return 400, {name: ["This field is required."] for name in missing}
            key = max(self.credentials, default=7) + 1
            item: Json = {"id": key, "type": "credential", "url": f"/api/v2/credentials/{key}/", "organization": None}
        elif not rest or not rest[0].isdigit() or int(rest[0]) not in self.credentials:
            return NOT_FOUND
        else:
            key = int(rest[0])
            item = self.credentials[key]
        if method == "DELETE":
            del self.credentials[key]
            return 204, None
        changed = {**item, **body}
        if changed.get("credential_type") != item.get("credential_type", changed["credential_type"]) and self._used(
            key
        ):
            return 400, {"credential_type": ["You cannot change the credential type of the credential."]}
        kind = self._type(changed)
        before: Json = item.get("inputs") or {}
        inputs: Json = dict(body.get("inputs") or before)
        known = {field["id"]: field for field in kind["inputs"]["fields"]}
        if strange := inputs.keys() - known.keys():
            return 400, {"inputs": [f"Additional properties are not allowed ({', '.join(sorted(strange))} unexpected)"]}
        for name, value in inputs.items():
            if not isinstance(value, str):
                return 400, {"inputs": {name: [f"{value!r} is not of type 'string'"]}}
            if value == ENCRYPTED and known[name].get("secret"):
                inputs[name] = before.get(name, value)
        self.credentials[key] = {**changed, "inputs": inputs}
        return (201 if method == "POST" else 200), self._shown(self.credentials[key])

    def _used(self, key: int) -> bool:
        """By a job template; jobs that used it, which would count as well, are not implemented."""
        return any(what == "credentials" and key in ids for (_path, _id, what), ids in self.objects.links.items())

    def _shown(self, item: Json) -> Json:
        kind = self._type(item)
        secret = {field["id"] for field in kind["inputs"]["fields"] if field.get("secret")}
        return {**item, "inputs": {name: ENCRYPTED if name in secret else v for name, v in item["inputs"].items()}}

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        awx = self

        class Handler(BaseHTTPRequestHandler):
            def _serve(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                body = json.loads(self.rfile.read(length) or b"{}")
                authorization = self.headers.get("Authorization", "")
                status, answer = awx.answer(self.command, self.path, authorization=authorization, body=body)
                if awx.lose_next_write and self.command != "GET":
                    awx.lose_next_write = False
                    self.close_connection = True
                    return
                content = b"" if answer is None else json.dumps(answer).encode()
                if awx.busy and self.command == "GET":
                    self.send_response(503)
                    self.send_header("Retry-After", awx.busy.pop(0))
                else:
                    self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                self.send_header("X-API-Product-Name", "AWX")
                self.send_header("X-API-Product-Version", "24.6.1")
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_POST = do_PATCH = do_DELETE = _serve

            def log_message(self, *_arguments: t.Any) -> None:
                """No output on standard error."""

        return Handler
