# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One Azure Key Vault of the tenant: secrets with versions, soft-delete, roles. No HTTP server in here.

Sources: Key Vault REST API 7.4 (Get, Set, Update, Delete, Recover, Purge Secret), "About Azure Key Vault secrets"
(tags, times), "Azure built-in roles for Key Vault data plane", and for the wording of errors the recordings of
azure-sdk-for-js (keyvault-secrets) and the public issues named beside each.
"""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from .. import errors, strict_json
from ..caller import Caller
from ..catalogue import KEY_VAULT_NAME
from ..directory.tenant import Tenant
from ..identity import tokens

Json = dict[str, Any]
VERSIONS = ("7.4", "7.5", "7.6", "2025-07-01", "2026-04-01")  # the last is what azure-keyvault-secrets 4.12 asks for
MOST_TAGS, LONGEST_TAG = 15, 256
LARGEST_VALUE = 25 * 1024  # bytes
RETENTION = 90 * 86400  # seconds
# Data actions of the built-in roles, below Microsoft.KeyVault/vaults/secrets/.
_ALL = frozenset({"getSecret", "readMetadata", "setSecret", "delete", "recover", "purge"})
ROLES: dict[str, frozenset[str]] = {
    "Key Vault Administrator": _ALL,
    "Key Vault Secrets Officer": _ALL,
    "Key Vault Secrets User": frozenset({"getSecret", "readMetadata"}),
    "Key Vault Reader": frozenset({"readMetadata"}),
}
# Without a version they are about the latest one; Microsoft's client asks so, with a slash at the end.
_LATEST = frozenset({("secrets", "GET"), ("secrets", "PATCH")})
_NAME = re.compile(r"[0-9a-zA-Z-]{1,127}")
_PATH = re.compile(r"/(secrets|deletedsecrets)/([^/]+)(?:/([^/]*))?/?")


class VaultRefusal(Exception):
    """Ends a request with an error answer: {error: {code, message, innererror?}}."""

    def __init__(self, status: int, code: str, message: str, *, inner: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.body: Json = {"error": {"code": code, "message": message}}
        if inner:
            self.body["error"]["innererror"] = {"code": inner}


@dataclass
class Held:
    """A name with its versions, oldest first. `ready` is when a deletion or recovery is through."""

    versions: list[Json] = field(default_factory=list)
    deleted: int | None = None
    ready: float = 0.0


class KeyVault:
    """Hold the tenant's lock while calling. `roles` are those of principals, by object id."""

    def __init__(self, tenant: Tenant, key: tokens.SigningKey) -> None:
        self.tenant = tenant
        self.key = key
        self.authority = ""
        self.secrets: dict[str, Held] = {}
        self.roles: dict[str, str] = {}

    def reset(self) -> None:
        self.secrets.clear()
        self.roles.clear()

    def assign(self, client_id: str, role: str | None) -> None:
        """Give the application one of ROLES, or none; an unknown name is a ValueError."""
        principal = self.tenant.service_principal_by("appId", client_id)
        if principal is None or (role is not None and role not in ROLES):
            raise ValueError(f"unknown client or role; roles: {', '.join(ROLES)}")
        if role is None:
            self.roles.pop(principal["id"], None)
        else:
            self.roles[principal["id"]] = role

    def value(self, name: str) -> str | None:
        """What a test looks at: the current value."""
        held = self.secrets.get(name.lower())
        return str(held.versions[-1]["value"]) if held and held.deleted is None else None

    def serve(
        self, method: str, url: str, *, headers: dict[str, str], payload: bytes
    ) -> tuple[int, dict[str, str], Json | None, str | None]:
        """Status, headers, body and the caller's client id. Header names are in lower case."""
        answered = {
            "x-ms-request-id": str(uuid.uuid4()),
            "x-ms-keyvault-region": "westeurope",
            "cache-control": "no-cache",
        }
        caller: Caller | None = None
        try:
            caller = self._authenticated(headers)
            status, body = self._answer(caller, method, url, host=headers.get("host", ""), payload=payload)
        except VaultRefusal as refusal:
            status, body = refusal.status, refusal.body
            if status == 401:
                answered["www-authenticate"] = (
                    f'Bearer authorization="{self.authority}/{self.tenant.tenant_id}", '
                    f'resource="{resource_of(headers.get("host", ""))}"'
                )
        return status, answered, body, caller.client_id if caller else None

    def _authenticated(self, headers: dict[str, str]) -> Caller:
        authorization = headers.get("authorization")
        if not authorization:
            raise VaultRefusal(401, "Unauthorized", "AKV10000: Request is missing a Bearer or PoP token.")
        try:
            return tokens.read(
                authorization,
                self.key,
                clock=self.tenant.clock,
                tenant_id=self.tenant.tenant_id,
                audiences=frozenset({KEY_VAULT_NAME, *self.tenant.key_vault_names}),
            )
        except errors.GraphError as error:
            message = f"Error validating token: {error.message}"  # inferred
            if "audience" in error.message:  # public write-ups
                message = f"AKV10022: Invalid audience. Expected {resource_of(headers.get('host', ''))}."
            raise VaultRefusal(401, "Unauthorized", message) from error

    def _answer(self, caller: Caller, method: str, url: str, *, host: str, payload: bytes) -> tuple[int, Json | None]:
        parts = urlsplit(url)
        version = parse_qs(parts.query).get("api-version", [""])[0]
        if version not in VERSIONS:
            raise VaultRefusal(400, "BadParameter", f"The specified version ({version}) is not recognized.")
        match = _PATH.fullmatch(parts.path)
        if match is None:
            raise VaultRefusal(404, "NotFound", "The emulator serves secrets and deletedsecrets.")
        kind, name, rest = match[1], match[2], match[3] or ""
        if not _NAME.fullmatch(name):
            raise VaultRefusal(400, "BadParameter", f"The request URI contains an invalid name: {name}")
        action, handler = {
            ("secrets", "GET", True): ("getSecret", self._get),
            ("secrets", "PUT", False): ("setSecret", self._set),
            ("secrets", "PATCH", True): ("setSecret", self._update),
            ("secrets", "DELETE", False): ("delete", self._delete),
            ("deletedsecrets", "GET", False): ("readMetadata", self._get_deleted),
            ("deletedsecrets", "DELETE", False): ("purge", self._purge),
            ("deletedsecrets", "POST", True): ("recover", self._recover),
        }.get((kind, method, bool(rest) or (kind, method) in _LATEST), ("", None))
        if handler is None or (method == "POST" and rest != "recover"):
            raise VaultRefusal(405, "MethodNotAllowed", f"The method {method} is not allowed here.")
        self._authorised(caller, action, name)
        vault = f"https://{host}"
        return handler(name, rest, vault, _body(payload) if payload else {})

    def _authorised(self, caller: Caller, action: str, name: str) -> None:
        """Wording: Commercial-Marketplace-SaaS-Accelerator issue 710."""
        if action in ROLES.get(self.roles.get(caller.principal_id, ""), frozenset()):
            return
        full = f"Microsoft.KeyVault/vaults/secrets/{action}" + ("" if action == "delete" else "/action")
        raise VaultRefusal(
            403,
            "Forbidden",
            "Caller is not authorized to perform action on resource.\r\nIf role assignments, deny assignments or role "
            "definitions were changed recently, please observe propagation time.\r\n"
            f"Caller: appid={caller.client_id};oid={caller.principal_id};"
            f"iss=https://sts.windows.net/{self.tenant.tenant_id}/\r\nAction: '{full}'\r\n"
            "Resource: '/subscriptions/00000000-0000-0000-0000-000000000000/resourcegroups/emulator/providers/"
            f"microsoft.keyvault/vaults/emulator/secrets/{name.lower()}'\r\nAssignment: (not found)\r\n"
            "DenyAssignmentId: null\r\nDecisionReason: null \r\nVault: emulator;location=westeurope\r\n",
            inner="ForbiddenByRbac",
        )

    # Operations

    def _get(self, name: str, version: str, vault: str, _body: Json) -> tuple[int, Json]:
        """Times outside of nbf and exp do not matter ("About Azure Key Vault secrets", date-time controlled)."""
        item = self._version(name, version)
        if not item["attributes"]["enabled"]:
            raise VaultRefusal(
                403, "Forbidden", "Operation get is not allowed on a disabled secret.", inner="SecretDisabled"
            )
        return 200, _bundle(item, name, vault, with_value=True)

    def _set(self, name: str, _rest: str, vault: str, body: Json) -> tuple[int, Json]:
        held = self.secrets.get(name.lower())
        if held is not None and held.deleted is not None:
            self._refuse_deleted(held, name)
        if held is not None and held.ready > self.tenant.clock.timestamp():
            # azure-sdk-for-net issue 31581
            raise VaultRefusal(
                409,
                "Conflict",
                f"Secret {name} is currently being recovered and cannot be re-created; retry later.",
                inner="ObjectIsBeingRecovered",
            )
        value = body.get("value")
        if not isinstance(value, str) or len(value.encode()) > LARGEST_VALUE:
            raise VaultRefusal(400, "BadParameter", "Property  value  is invalid")
        item: Json = {"version": uuid.uuid4().hex, "value": value}
        self._take(item, body, attributes={"enabled": True, "created": self._now()})
        self.secrets.setdefault(name.lower(), Held()).versions.append(item)
        return 200, _bundle(item, name, vault, with_value=True)

    def _update(self, name: str, version: str, vault: str, body: Json) -> tuple[int, Json]:
        item = self._version(name, version)
        self._take(item, body, attributes=item["attributes"])
        return 200, _bundle(item, name, vault, with_value=False)

    def _take(self, item: Json, body: Json, *, attributes: Json) -> None:
        """Attributes, tags and content type of a request body: what is not named stays."""
        sent = body.get("attributes") or {}
        tags = body.get("tags", item.get("tags"))
        if not isinstance(sent, dict) or not _are_tags(tags):
            raise VaultRefusal(400, "BadParameter", "Property tags or attributes has invalid value")
        for name, kind in (("enabled", bool), ("nbf", int), ("exp", int)):
            if sent.get(name) is not None:
                if not isinstance(sent[name], kind) or (kind is int and isinstance(sent[name], bool)):
                    raise VaultRefusal(400, "BadParameter", f"Property attributes.{name} has invalid value")
                attributes = {**attributes, name: sent[name]}
        if attributes.get("nbf", 0) >= attributes.get("exp", 1 << 40):  # wording inferred
            raise VaultRefusal(400, "BadParameter", "Property attributes.exp must be later than attributes.nbf")
        item["attributes"] = {
            **attributes,
            "updated": self._now(),
            "recoveryLevel": "Recoverable+Purgeable",
            "recoverableDays": 90,
        }
        item["tags"] = tags
        item["contentType"] = body.get("contentType", item.get("contentType"))

    def _delete(self, name: str, _rest: str, vault: str, _body: Json) -> tuple[int, Json]:
        item = self._version(name, "")
        held = self.secrets[name.lower()]
        held.deleted = self._now()
        held.ready = self.tenant.clock.timestamp() + self.tenant.settings.vault_lag
        return 200, _deleted(item, name, vault, held)

    def _get_deleted(self, name: str, _rest: str, vault: str, _body: Json) -> tuple[int, Json]:
        held = self._deleted_name(name)
        return 200, _deleted(held.versions[-1], name, vault, held)

    def _purge(self, name: str, _rest: str, _vault: str, _body: Json) -> tuple[int, None]:
        self._deleted_name(name)
        del self.secrets[name.lower()]
        return 204, None

    def _recover(self, name: str, _rest: str, vault: str, _body: Json) -> tuple[int, Json]:
        held = self._deleted_name(name)
        held.deleted = None
        held.ready = self.tenant.clock.timestamp() + self.tenant.settings.vault_lag
        return 200, _bundle(held.versions[-1], name, vault, with_value=False)

    def _version(self, name: str, version: str) -> Json:
        held = self.secrets.get(name.lower())
        if held is not None and held.deleted is None and held.ready <= self.tenant.clock.timestamp():
            found = [item for item in held.versions if version in ("", item["version"])]
            if found:
                return found[-1]
        shown = f"{name}/{version}" if version else name
        raise VaultRefusal(
            404,
            "SecretNotFound",
            f"A secret with (name/id) {shown} was not found in this key vault. If you recently deleted this secret you "
            "may be able to recover it using the correct recovery command. For help resolving this issue, please see "
            "https://go.microsoft.com/fwlink/?linkid=2125182",
        )

    def _deleted_name(self, name: str) -> Held:
        held = self.secrets.get(name.lower())
        if held is None or held.deleted is None or held.ready > self.tenant.clock.timestamp():
            raise VaultRefusal(404, "SecretNotFound", f"Deleted Secret not found: {name}")
        return held

    def _refuse_deleted(self, held: Held, name: str) -> None:
        if held.ready > self.tenant.clock.timestamp():
            raise VaultRefusal(
                409,
                "Conflict",
                f"Secret {name} is currently being deleted and cannot be re-created; retry later.",
                inner="ObjectIsBeingDeleted",
            )
        raise VaultRefusal(
            409,
            "Conflict",
            f"Secret {name} is currently in a deleted but recoverable state, and its name cannot be reused; in this "
            "state, the secret can only be recovered or purged.",
            inner="ObjectIsDeletedButRecoverable",
        )

    def _now(self) -> int:
        return int(self.tenant.clock.timestamp())


def resource_of(host: str) -> str:
    """What a vault of this host asks tokens for: its domain, as vault.azure.net for NAME.vault.azure.net.

    A host without a domain, which Azure does not have, stands for itself.
    """
    _name, dot, domain = host.partition(".")
    return f"https://{domain}" if dot and not host.startswith("127.") else f"https://{host}"


def _are_tags(tags: Any) -> bool:
    if tags is None:
        return True
    return (
        isinstance(tags, dict)
        and len(tags) <= MOST_TAGS
        and all(isinstance(v, str) and len(k) <= LONGEST_TAG and len(v) <= LONGEST_TAG for k, v in tags.items())
    )


def _body(payload: bytes) -> Json:
    try:
        body = strict_json.loads(payload)
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise VaultRefusal(400, "BadParameter", "The request body is malformed.")
    return body


def _bundle(item: Json, name: str, vault: str, *, with_value: bool) -> Json:
    bundle: Json = {"value": item["value"]} if with_value else {}
    if item.get("contentType") is not None:
        bundle["contentType"] = item["contentType"]
    bundle.update({"id": f"{vault}/secrets/{name}/{item['version']}", "attributes": item["attributes"]})
    if item.get("tags") is not None:
        bundle["tags"] = item["tags"]
    return bundle


def _deleted(item: Json, name: str, vault: str, held: Held) -> Json:
    return {
        "recoveryId": f"{vault}/deletedsecrets/{name}",
        "deletedDate": held.deleted,
        "scheduledPurgeDate": (held.deleted or 0) + RETENTION,
        **_bundle(item, name, vault, with_value=False),
    }
