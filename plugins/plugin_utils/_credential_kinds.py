# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private plugin utility of email_gateway.azure_apps: it may change without notice.
"""What differs between a client secret, a certificate and a federated credential that stores keep."""

from __future__ import annotations

import abc
import dataclasses
import datetime
import os
import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core import times
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.errors import AppsError, InputError
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.plan import View
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._credential.key_files import KeyFiles
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._credential.record import Record
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.call import Call
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.converge import Resource
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._resources.certificate import (
    CertificateOptions,
    CertificateResource,
    Certificates,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._resources.federated_credential import (
    FederatedCredentialResource,
    Federation,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._resources.secret import SecretResource
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._resources.secret_creation import remove_secret
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._resources.secret_options import SecretOptions
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._resources.secret_records import ClientSecrets

State = t.TypeVar("State")


@dataclasses.dataclass(frozen=True)
class Found:
    """What the tenant has, or will have. ``key_id`` is "" for a credential that does not exist yet.

    ``due``: one has to be created or changed; ``removes``: there are secrets whose value is unknown.
    ``confirmed_starts`` need not be looked for again. ``result`` is what the module returns without stores.
    """

    client_id: str
    object_id: str
    key_id: str
    start: str
    end: str
    due: bool
    before: View
    after: View
    result: View
    removes: bool = False
    confirmed_starts: tuple[datetime.datetime, ...] = ()


class Kind(abc.ABC):
    """One kind of credential. Constructing checks the options, and raises InputError."""

    type: t.ClassVar[str]
    local_paths: tuple[str, ...] = ()
    # Whether a credential that could not be stored is removed again. Other kinds are found again by the next run.
    rolls_back: t.ClassVar[bool] = False

    def __init__(self, call: Call) -> None:
        self.call = call

    @abc.abstractmethod
    def look(
        self, stored: Record | None, *, outgoing: t.Collection[str], unconfirmed: t.Sequence[datetime.datetime]
    ) -> Found:
        """What the tenant has; ``stored`` is the credential that the stores keep, if it counts. Sends no write."""

    @abc.abstractmethod
    def not_registered(self) -> Found:
        """What will be, in check mode, if there is no application yet."""

    @abc.abstractmethod
    def create(self, start: datetime.datetime) -> Found:
        """After ``look``: bring the tenant to what is due. ``start`` marks a new client secret."""

    @abc.abstractmethod
    def record(self, common: Record, kept: Record | None) -> Record:
        """``common`` with the value of this kind, which is ``kept`` unless it was created by this task."""

    @abc.abstractmethod
    def value(self, record: Record) -> dict[str, str]:
        """What the application signs in with, by its option of azure_app_token_info; {} if that is not known."""

    def remove_unconfirmed(self) -> None:
        """After ``look``: remove the secrets whose value is unknown."""
        raise NotImplementedError

    @property
    def may_be_left(self) -> bool:
        """After ``create`` failed: whether a secret may exist whose value is unknown."""
        raise NotImplementedError

    def remove_new(self) -> None:
        """After ``create``: remove the new credential from the tenant. Raises AppsError."""
        raise NotImplementedError


def applied(call: Call, resource: Resource[State], current: State) -> State:
    """Plan and apply. If another writer was in the way, read again and go on from there."""
    while True:
        try:
            return resource.apply(current, resource.desired(current))
        except AppsError as exc:
            if not exc.read_again or not call.http.patience.pause():
                raise
        current = resource.read()


class ClientSecret(Kind):
    type = "client_secret"
    rolls_back = True

    def __init__(self, call: Call) -> None:
        super().__init__(call)
        self._options = SecretOptions.of(call.params, call.now)
        self._resource: SecretResource | None = None
        self._current: ClientSecrets | None = None
        self._made: ClientSecrets | None = None

    def look(
        self, stored: Record | None, *, outgoing: t.Collection[str], unconfirmed: t.Sequence[datetime.datetime]
    ) -> Found:
        key_id, hint, stored_start = "", None, None
        if stored is not None:
            key_id, stored_start = stored.key_id, times.parse(stored.secret_start)
            hint = (stored.client_secret or "")[:3] or None
        self._options = dataclasses.replace(
            self._options,
            stored_key_id=key_id,
            stored_hint=hint,
            stored_start=stored_start,
            unconfirmed_starts=tuple(unconfirmed),
        )
        resource = SecretResource(self.call, self._options, remembers=False)
        current = resource.read()
        wanted = resource.desired(current)
        self._resource, self._current = resource, current
        return _found_secret(resource, current, wanted, due=wanted.chosen is not current.chosen)

    def not_registered(self) -> Found:
        resource = SecretResource(self.call, self._options, remembers=False)
        nothing = ClientSecrets(application_object_id="", client_id="", credentials=())
        return _found_secret(resource, nothing, resource.desired(nothing), due=True)

    def create(self, start: datetime.datetime) -> Found:
        options = dataclasses.replace(self._options, start=start)
        resource = SecretResource(self.call, options, remembers=False)
        current = self._current or resource.read()
        self._resource = resource
        self._made = applied(self.call, resource, current)
        self.call.secrets.add(self._made.value)
        return _found_secret(resource, current, self._made, due=True)

    @property
    def may_be_left(self) -> bool:
        creation = self._resource.creation if self._resource else None
        return creation is not None and creation.answer_was_lost

    def record(self, common: Record, kept: Record | None) -> Record:
        if self._made is not None and self._made.chosen_key_id == (common.key_id or None):
            return dataclasses.replace(common, client_secret=self._made.value)
        value = kept.client_secret if kept is not None and kept.key_id == common.key_id else ""
        return dataclasses.replace(common, client_secret=value)

    def value(self, record: Record) -> dict[str, str]:
        return {"client_secret": record.client_secret} if record.client_secret else {}

    def remove_unconfirmed(self) -> None:
        if self._resource is not None and self._current is not None:
            applied(self.call, self._resource, self._current)

    def remove_new(self) -> None:
        if self._made is not None and self._made.chosen is not None:
            remove_secret(self.call.graph, self._made, self._made.chosen, address=self._options.address)


def _found_secret(resource: SecretResource, current: ClientSecrets, state: ClientSecrets, *, due: bool) -> Found:
    result = {**resource.result(state), "client_secret": None}
    return Found(
        client_id=state.client_id,
        object_id=state.application_object_id,
        **_marks(result),
        due=due,
        removes=bool(current.unconfirmed),
        confirmed_starts=state.confirmed_starts,
        before=resource.view(current),
        after=resource.view(state),
        result=result,
    )


class Certificate(Kind):
    """The private key stays in the file. What the stores keep of it is not a secret."""

    type = "certificate"

    def __init__(self, call: Call) -> None:
        super().__init__(call)
        if not call.params["path"]:
            raise InputError(
                "O(stores) needs O(path): this module cannot renew a certificate whose key it did not create",
                next_step="Set O(path) to the file for the key, or remove O(stores).",
            )
        self._options = CertificateOptions.of(call.params, call.now)
        self._files = KeyFiles(call.params["path"])
        self.local_paths = (self._files.path,)
        self._resource: CertificateResource | None = None
        self._current: Certificates | None = None

    def look(
        self, stored: Record | None, *, outgoing: t.Collection[str], unconfirmed: t.Sequence[datetime.datetime]
    ) -> Found:
        replaced = self._options.replaced_key_id or next(iter(sorted(outgoing)), None)
        resource = CertificateResource(self.call, dataclasses.replace(self._options, replaced_key_id=replaced))
        current = resource.read()
        self._resource, self._current = resource, current
        return _found_certificate(resource, current, resource.desired(current))

    def not_registered(self) -> Found:
        resource = CertificateResource(self.call, self._options)
        nothing = Certificates(object_id="", client_id="", credentials=(), files=self._files.read())
        return _found_certificate(resource, nothing, resource.desired(nothing))

    def create(self, start: datetime.datetime) -> Found:
        if self._resource is None or self._current is None:
            raise RuntimeError("look comes first")
        return _found_certificate(self._resource, self._current, applied(self.call, self._resource, self._current))

    def record(self, common: Record, kept: Record | None) -> Record:
        return dataclasses.replace(common, certificate_path=self._files.path)

    def value(self, record: Record) -> dict[str, str]:
        return {"client_certificate_path": self._files.path}


def _found_certificate(resource: CertificateResource, current: Certificates, state: Certificates) -> Found:
    result = resource.result(state)
    before, after = resource.view(current), resource.view(state)
    return Found(
        client_id=state.client_id,
        object_id=state.object_id,
        **_marks(result),
        due=before != after,
        before=before,
        after=after,
        result=result,
    )


class FederatedCredential(Kind):
    type = "federated"

    def __init__(self, call: Call) -> None:
        super().__init__(call)
        self._resource = FederatedCredentialResource(call)
        self._current: Federation | None = None
        self._kept: Record | None = None
        if call.params["state"] == "present" and call.params["verify_token"]:
            path = call.params["assertion_file"] or ""
            if not os.path.isfile(path):
                raise InputError(
                    "O(verify_token) needs a token of the issuer, and O(assertion_file) is"
                    f" {path!r}, which is not a file",
                    next_step="Set O(assertion_file) to a file with such a token, or O(verify_token) to false.",
                )

    def look(
        self, stored: Record | None, *, outgoing: t.Collection[str], unconfirmed: t.Sequence[datetime.datetime]
    ) -> Found:
        self._kept = stored
        self._current = self._resource.read()
        return self._found(self._current, self._resource.desired(self._current))

    def not_registered(self) -> Found:
        nothing = Federation(object_id="", client_id="")
        return self._found(nothing, self._resource.desired(nothing))

    def create(self, start: datetime.datetime) -> Found:
        if self._current is None:
            raise RuntimeError("look comes first")
        return self._found(self._current, applied(self.call, self._resource, self._current))

    def _found(self, current: Federation, state: Federation) -> Found:
        """Microsoft Graph shows no start. The overlap counts from when the stores first kept it."""
        result = self._resource.result(state)
        before, after = self._resource.view(current), self._resource.view(state)
        key_id = str(result["federated_credential_id"] or "").lower()
        kept = self._kept
        same = kept is not None and kept.key_id == key_id
        start = kept.secret_start if kept is not None and same else times.written(self.call.now)
        result = {
            **result,
            "key_id": key_id or None,
            "start": start if key_id else None,
            "end": None,
            "days_left": None,
            "fresh": before != after,
        }
        return Found(
            client_id=state.client_id,
            object_id=state.object_id,
            key_id=key_id,
            start=start,
            end="",
            due=before != after,
            before=before,
            after=after,
            result=result,
        )

    def record(self, common: Record, kept: Record | None) -> Record:
        return dataclasses.replace(common, federated_credential=self.call.params["name"])

    def value(self, record: Record) -> dict[str, str]:
        return {"client_assertion_file": self.call.params["assertion_file"]}


class _Marks(t.TypedDict):
    key_id: str
    start: str
    end: str


def _marks(result: View) -> _Marks:
    return {
        "key_id": str(result["key_id"] or "").lower(),
        "start": str(result["start"] or ""),
        "end": str(result["end"] or ""),
    }
