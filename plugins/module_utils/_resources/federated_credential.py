# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private module utility of email_gateway.azure_apps: it may change without notice.
"""A federated identity credential: whose tokens the application may present instead of a secret of its own.

Source of the limits: resource page federatedIdentityCredential.
"""

from __future__ import annotations

import re
import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.checks import (
    address_parts,
    check_text,
    filled,
    shown,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.errors import ConflictError, InputError
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.lists import (
    filled_members,
    first,
    without,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.plan import View, changed_fields
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph import application
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.client import GraphClient
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.request import Json, Read, Write
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.switched_off import (
    SWITCHES,
    refuse_credential,
)

if t.TYPE_CHECKING:
    from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.call import Call

MOST = 20  # of one application
LONGEST_NAME = 120
LONGEST_TEXT = 600  # issuer, subject, audience, description
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._~-]*")  # "URL friendly"; which characters that means is ours
FIELDS = ("id", "appId", *SWITCHES)


class FederatedCredential(t.NamedTuple):
    """What is trusted: tokens of ``issuer`` for ``subject`` that are meant for one of ``audiences``."""

    id: str | None
    name: str | None
    issuer: str | None
    subject: str | None
    audiences: tuple[str, ...]
    description: str | None

    @classmethod
    def of(cls, document: Json) -> FederatedCredential:
        return cls(
            id=application.text(document, "id"),
            name=application.text(document, "name"),
            issuer=application.text(document, "issuer"),
            subject=application.text(document, "subject"),
            audiences=tuple(application.texts(document.get("audiences"))),
            description=application.text(document, "description"),
        )

    @property
    def described(self) -> View:
        return {"federated_credential_id": self.id, "name": self.name, **self.sent}

    @property
    def sent(self) -> View:
        """As Graph takes it."""
        return {
            "issuer": self.issuer,
            "subject": self.subject,
            "audiences": list(self.audiences),
            "description": self.description,
        }


def _asked_for(params: t.Mapping[str, t.Any]) -> FederatedCredential:
    """Raises InputError."""
    name = check_text("name", params["name"], longest=LONGEST_NAME)
    if not _NAME.fullmatch(name):
        raise InputError(
            f"name is {shown(name)}, which does not fit in an address",
            next_step="Use letters, digits, hyphens, dots and underscores, with a letter or digit first.",
        )
    if params["state"] == "absent":
        return FederatedCredential(None, name, None, None, (), None)
    issuer = check_text("issuer", params["issuer"], longest=LONGEST_TEXT)
    subject = check_text("subject", params["subject"], longest=LONGEST_TEXT)
    if params["description"] is not None:
        check_text("description", params["description"], longest=LONGEST_TEXT)
    audiences = params["audiences"]
    parts = address_parts(issuer)
    if parts.scheme != "https" or not parts.hostname or issuer.split() != [issuer]:
        raise InputError(
            f"issuer is {shown(issuer)}, which is not an https address",
            next_step="Set it to the claim iss of the tokens, exactly.",
        )
    if len(audiences) != 1:
        raise InputError(
            f"audiences has {len(audiences)} entries, but Entra ID accepts one",
            next_step="Keep only the one that the tokens have as their claim aud.",
        )
    check_text("audiences", audiences[0], longest=LONGEST_TEXT)
    return FederatedCredential(None, name, issuer, subject, tuple(audiences), params["description"])


def federated_credentials_read(
    object_id: str, *, action: str, created_recently: bool = False, empty_if_forbidden: bool = False
) -> Read:
    return Read(
        path=f"applications/{object_id}/federatedIdentityCredentials",
        collection=True,
        action=action,
        created_recently=created_recently,
        empty_if_forbidden=empty_if_forbidden,
    )


class Federation(t.NamedTuple):
    """All credentials of the application; ``chosen`` is the one with the name, if there is one."""

    object_id: str
    client_id: str
    others: tuple[FederatedCredential, ...] = ()
    chosen: FederatedCredential | None = None


class FederatedCredentialResource:
    """Creates, changes or removes the one with the name; others stay."""

    def __init__(self, call: Call) -> None:
        self._call = call
        self._address = application.Address.of(call.params)
        self._present = call.params["state"] == "present"
        self._wanted = _asked_for(call.params)

    @property
    def _graph(self) -> GraphClient:
        return self._call.graph

    def read(self) -> Federation:
        document = self._graph.get(self._address.read(self._graph, select=FIELDS))
        found = application.required(document, self._address, may_be_gone=not self._present)
        object_id = application.text_or_empty(found, "id")
        client_id = self._address.client_id_of(found)
        if not found:
            return Federation(object_id, client_id)
        entries = self._graph.collect(
            federated_credentials_read(
                object_id,
                action=f"list the federated credentials of {self._address}",
                created_recently=self._graph.created_here(client_id),
            )
        )
        credentials = tuple(map(FederatedCredential.of, entries))
        chosen = first(credentials, lambda c: c.name == self._wanted.name)
        if self._present and chosen is None:
            refuse_credential(self._graph, found, self._address)
        return Federation(
            object_id=object_id,
            client_id=client_id,
            others=tuple(without(credentials, (chosen,))),
            chosen=chosen,
        )

    def desired(self, current: Federation) -> Federation:
        if not self._present:
            return current._replace(chosen=None)
        wanted = self._wanted
        same = first(current.others, lambda c: (c.issuer, c.subject) == (wanted.issuer, wanted.subject))
        if same is not None:
            raise ConflictError(
                f"The federated credential {shown(same.name or '')} of {self._address} already has this issuer"
                " and subject, and Entra ID accepts each pair only once",
                next_step="Manage that one by its name, or remove it first.",
                name=same.name,
            )
        known = current.chosen
        if known is not None:
            # Not set means that it stays what it is, not that it is removed.
            description = wanted.description or known.description
            return current._replace(chosen=wanted._replace(id=known.id, description=description))
        if len(current.others) >= MOST:
            raise ConflictError(
                f"There are {len(current.others)} federated credentials of {self._address}, and Entra ID allows {MOST}",
                next_step="Remove one that is no longer used.",
                names=_names(current.others),
            )
        return current._replace(chosen=wanted)

    def apply(self, current: Federation, wanted: Federation) -> Federation:
        collection = f"applications/{current.object_id}/federatedIdentityCredentials"
        created_recently = self._graph.created_here(current.client_id)
        if wanted.chosen is None:
            if current.chosen is not None:
                self._write("DELETE", f"{collection}/{current.chosen.id}", "remove", created_recently=created_recently)
            return wanted
        if current.chosen is not None:
            changes = changed_fields(current.chosen.sent, wanted.chosen.sent)
            created_recently = created_recently or self._graph.created_here(current.chosen.id)
            self._write(
                "PATCH", f"{collection}/{current.chosen.id}", "change", body=changes, created_recently=created_recently
            )
            return wanted
        # A second one of the name is refused, so that a lost answer to the first is found out by reading again.
        body = filled_members({"name": wanted.chosen.name, **wanted.chosen.sent})
        answer = self._write("POST", collection, "add", body=body, created_recently=created_recently)
        made = wanted.chosen._replace(id=application.text(answer, "id"))
        if made.id:
            self._graph.note_created(made.id)
        return wanted._replace(chosen=made)

    def _write(self, method: str, path: str, verb: str, *, created_recently: bool, body: Json | None = None) -> Json:
        action = f"{verb} the federated credential {self._wanted.name} of {self._address}"
        return self._graph.write(
            Write(method=method, path=path, action=action, body=body, created_recently=created_recently)
        )

    def view(self, state: Federation) -> View:
        if state.chosen is None:
            return {}
        return {"name": state.chosen.name, **state.chosen.sent}

    def result(self, state: Federation) -> View:
        chosen = state.chosen or FederatedCredential(None, None, None, None, (), None)
        return {
            "client_id": filled(state.client_id),
            "application_object_id": filled(state.object_id),
            **chosen.described,
            "name": self._wanted.name,
            "other_names": _names(state.others),
        }


def _names(credentials: t.Iterable[FederatedCredential]) -> list[str]:
    return sorted(credential.name or "" for credential in credentials)
