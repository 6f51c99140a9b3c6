# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private module utility of email_gateway.azure_apps: it may change without notice.
"""A certificate as a state: "the application has that of this file, and it has at least N days left".

The private key stays in the file. Nothing here removes a certificate unless the options name its key id.
"""

from __future__ import annotations

import dataclasses
import datetime
import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core import times
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.checks import check_guid, check_text
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.errors import (
    ConflictError,
    InputError,
    OvertakenError,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.plan import View
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._credential.key_files import Files, KeyFiles
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph import application
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.key_credentials import (
    KeyCredential,
    KeyCredentialsClient,
    key_credentials,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.switched_off import refuse_credential
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._http.client import import_library
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._sign_in.key_pair import (
    BACKDATED,
    LONGEST_COMMON_NAME,
    Certificate,
    KeyPair,
    new_pair,
    parse_certificate,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._sign_in.user_file import read_file

if t.TYPE_CHECKING:
    from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.call import Call

LONGEST_DESCRIPTION = 90  # resource page keyCredential: longer ones are shortened
LONGEST_LIFETIME = 3650  # days; no source gives a limit: ours
VISIBLE_AFTER = 60.0  # seconds after which a new certificate is in every answer; no source gives a limit: ours
FRESH = datetime.timedelta(minutes=5)  # the identity platform may not know it yet; no source gives a limit: ours


@dataclasses.dataclass(frozen=True)
class CertificateOptions:
    """What the options ask for. ``certificate`` is the user's own, ``files`` are those with a key that is made here."""

    present: bool
    address: application.Address
    description: str
    key_id: str | None
    replaced_key_id: str | None
    files: KeyFiles | None
    certificate: Certificate | None
    common_name: str
    exact_name: bool
    lifetime: datetime.timedelta
    renew_before: datetime.timedelta

    @classmethod
    def of(cls, params: t.Mapping[str, t.Any], now: datetime.datetime) -> CertificateOptions:
        """Raises InputError for what cannot be, or would renew on every run; MissingLibraryError."""
        present, description, subject = params["state"] == "present", params["description"] or "", params["subject"]
        lifetime_days, renew_before_days = params["lifetime_days"], params["renew_before_days"]
        if present:
            import_library("cryptography")  # reported before anything is sent, also in check mode
            check_text("description", description, longest=LONGEST_DESCRIPTION)
        elif params["key_id"] is None:
            raise InputError(
                "O(state) is absent but all of the following are missing: key_id",
                next_step="Name the certificate to remove by its O(key_id), or set O(stores).",
            )
        if subject is not None:
            check_text("subject", subject, longest=LONGEST_COMMON_NAME, limit_of="RFC 5280")
        if not 1 <= lifetime_days <= LONGEST_LIFETIME:
            raise InputError(
                f"lifetime_days is {lifetime_days}",
                next_step=f"Set lifetime_days to a number from 1 to {LONGEST_LIFETIME}.",
            )
        if not 0 <= renew_before_days <= LONGEST_LIFETIME:
            raise InputError(
                f"renew_before_days is {renew_before_days}",
                next_step=f"Set renew_before_days to a number from 0 to {LONGEST_LIFETIME}.",
            )
        if present and params["path"] and renew_before_days >= lifetime_days:
            raise InputError(
                f"renew_before_days is {renew_before_days} and lifetime_days is {lifetime_days}: a new certificate"
                " would be due for renewal at once",
                next_step="Set renew_before_days to less than lifetime_days.",
            )
        options = cls(
            present=present,
            address=application.Address.of(params),
            description=description,
            key_id=_guid(params, "key_id"),
            replaced_key_id=_guid(params, "replaced_key_id"),
            files=KeyFiles(params["path"]) if present and params["path"] else None,
            certificate=_own_certificate(params["certificate_file"]) if present else None,
            common_name=subject or description[:LONGEST_COMMON_NAME].strip(),
            exact_name=subject is not None,
            lifetime=datetime.timedelta(days=lifetime_days),
            renew_before=datetime.timedelta(days=renew_before_days),
        )
        if options.certificate and not options.lasts(options.certificate.end, now):
            end = times.written(options.certificate.end)
            raise InputError(
                f"The certificate in {params['certificate_file']} ends at {end}, and renew_before_days is"
                f" {renew_before_days}",
                next_step="Put a renewed certificate into the file, or set a smaller renew_before_days.",
            )
        return options

    def lasts(self, end: datetime.datetime | None, now: datetime.datetime) -> bool:
        return end is not None and end > now and end - now >= self.renew_before

    def fits(self, pair: KeyPair | None, now: datetime.datetime) -> bool:
        """Would the pair do, once it is registered?"""
        if pair is None or not self.lasts(pair.certificate.end, now):
            return False
        return not self.exact_name or pair.certificate.common_name == self.common_name


def _guid(params: t.Mapping[str, t.Any], name: str) -> str | None:
    return None if params[name] is None else check_guid(name, params[name])


def _own_certificate(path: str | None) -> Certificate | None:
    return parse_certificate(read_file(path, option="certificate_file"), what=path) if path else None


@dataclasses.dataclass(frozen=True)
class Certificates:
    """The application's records and what is in the files.

    ``chosen`` is the record that the module is about, if there is one that will do; ``outdated`` the best one of the
    same description that will not. ``in_use``: its key is in PATH, not in PATH.new.
    """

    object_id: str
    client_id: str
    credentials: tuple[KeyCredential, ...]
    files: Files | None = None
    chosen: KeyCredential | None = None
    outdated: KeyCredential | None = None
    in_use: bool = True
    private: bool = True
    keeps_previous: bool = False
    registered: bool = False


class CertificateResource:
    """Registers a certificate if the tenant has none that is valid long enough; removes the one with a key id."""

    def __init__(self, call: Call, options: CertificateOptions | None = None) -> None:
        self._call = call
        self._options = options or CertificateOptions.of(call.params, call.now)
        self._client: KeyCredentialsClient | None = None

    @property
    def _key_credentials(self) -> KeyCredentialsClient:
        if self._client is None:
            self._client = KeyCredentialsClient(self._call.graph, self._options.address)
        return self._client

    def read(self) -> Certificates:
        options = self._options
        document = self._key_credentials.read(options.address)
        if document is None and not options.present:
            return Certificates(object_id="", client_id=options.address.client_id or "", credentials=())
        found = application.required(document, options.address)
        client_id = (application.text(found, "appId") or "").lower()
        files = options.files.read(client_id) if options.files else None
        for path in files.damaged if files else ():
            self._call.warn(f"{path} is damaged: the key in it is lost, and is ignored")
        credentials = self._with_the_one_in_use(key_credentials(found), files)
        state = Certificates(
            object_id=application.text(found, "id") or "",
            client_id=client_id,
            credentials=credentials,
            files=files,
            private=files is None or files.private,
            keeps_previous=files is not None and files.previous is not None,
        )
        if not options.present:
            return dataclasses.replace(
                state, chosen=next((c for c in credentials if c.has_key_id(options.key_id)), None)
            )
        current, pending = self._candidates(files)
        chosen = self._registered(credentials, current) or self._registered(credentials, pending)
        if chosen is None:
            refuse_credential(self._call.graph, found, options.address)
        return dataclasses.replace(
            state,
            chosen=chosen,
            outdated=next((c for c in credentials if c.description == options.description), None),
            in_use=chosen is None or (current is not None and chosen.is_for(current)),
        )

    def _candidates(self, files: Files | None) -> tuple[Certificate | None, Certificate | None]:
        """The certificates that would do, in the order in which they are taken: in use, and made but not in use."""
        if files is None:
            return self._options.certificate, None
        current, pending = (
            pair.certificate if pair is not None and self._options.fits(pair, self._call.now) else None
            for pair in (files.current, files.pending)
        )
        return current, pending

    def _registered(
        self, credentials: t.Iterable[KeyCredential], certificate: Certificate | None
    ) -> KeyCredential | None:
        """Its record, if that will do. The record's own end may be earlier than the certificate's."""
        options, now = self._options, self._call.now
        return next(
            (
                c
                for c in credentials
                if certificate and c.is_for(certificate)
                if options.lasts(c.end, now) and not c.has_key_id(options.replaced_key_id)
            ),
            None,
        )

    def _with_the_one_in_use(
        self, credentials: tuple[KeyCredential, ...], files: Files | None
    ) -> tuple[KeyCredential, ...]:
        """Read again while the certificate in PATH is missing and so young that the answer may be older than it.

        PATH is written after the tenant showed it. Such an answer would lead to a second key.
        """
        graph, options = self._call.graph, self._options
        certificate = files.current.certificate if files and files.current else None
        if certificate is None:
            return credentials
        age = (self._call.now - certificate.start - BACKDATED).total_seconds()
        allowed = VISIBLE_AFTER if graph.created_here(certificate.thumbprint) else VISIBLE_AFTER - age
        until = graph.patience.waited + allowed
        while not any(c.is_for(certificate) for c in credentials) and graph.patience.waited < until:
            if not graph.patience.pause():
                break
            credentials = key_credentials(
                application.required(self._key_credentials.read(options.address), options.address)
            )
        return credentials

    def desired(self, current: Certificates) -> Certificates:
        options = self._options
        if not options.present:
            kept = tuple(c for c in current.credentials if c is not current.chosen)
            return dataclasses.replace(current, chosen=None, credentials=kept)
        wanted = dataclasses.replace(current, in_use=True, private=True, keeps_previous=self._keeps_previous(current))
        if current.chosen is not None and current.in_use:
            return wanted
        if options.files and options.files.obstacle:
            raise ConflictError(
                f"Could not write {options.files.path}: {options.files.obstacle}",
                next_step="Choose another path, or correct its permissions.",
            )
        if current.chosen is not None:
            return wanted
        start, end, thumbprint = self._call.now - BACKDATED, self._call.now + options.lifetime, None
        known = self._to_register(current)
        if known is not None:
            start, end, thumbprint = known.start, known.end, known.thumbprint
        new = KeyCredential(key_id=None, description=options.description, start=start, end=end, identifier=thumbprint)
        return dataclasses.replace(wanted, chosen=new, registered=True, credentials=(new, *current.credentials))

    def _to_register(self, current: Certificates) -> Certificate | None:
        """The pair to register; None if a key has to be made.

        A key in PATH was registered once. If the tenant no longer has it, it was removed, perhaps
        because it is in wrong hands: it does not come back. One in PATH.new is taken up, as made by a run that was
        interrupted, unless the options ask for another lifetime by now.
        """
        if current.files is None:
            return self._options.certificate
        _current, pending = self._candidates(current.files)
        if pending is None or pending.end - pending.start - BACKDATED != self._options.lifetime:
            return None
        return pending

    def _keeps_previous(self, current: Certificates) -> bool:
        """PATH.old is kept as long as it can be used. Where PATH is replaced, what was in it becomes PATH.old."""
        if current.files is None:
            return False
        replaced = current.chosen is None or not current.in_use
        previous = current.files.current if replaced and current.files.current else current.files.previous
        return previous is not None and any(
            c.is_for(previous.certificate) and c.end is not None and c.end > self._call.now for c in current.credentials
        )

    def apply(self, current: Certificates, wanted: Certificates) -> Certificates:
        # Tasks of one run do not drop each other's certificates.
        with self._call.memory.application_lock(current.client_id, seconds=self._call.endpoint.wait_timeout):
            if not self._options.present:
                self._key_credentials.remove(current.object_id, self._options.key_id)
                return wanted
            return self._apply(current, wanted)

    def _apply(self, current: Certificates, wanted: Certificates) -> Certificates:
        files, now = self._options.files, current
        if files is None:
            certificate = self._to_register(current)
        elif current.chosen is not None:
            self._check_untouched(files, current)
            certificate = None
        else:
            certificate = self._to_register(current) or self._new_key(files, current)
        if certificate is not None:
            record = self._key_credentials.add(current.object_id, certificate, description=self._options.description)
            others = tuple(c for c in current.credentials if not c.has_key_id(record.key_id))
            now = dataclasses.replace(wanted, chosen=record, credentials=(record, *others))
        if files is not None:
            self._settle_files(files, current, wanted, certificate)
        return now if certificate is not None else wanted

    def _new_key(self, files: KeyFiles, current: Certificates) -> Certificate:
        """On the disk before anything is sent to the tenant."""
        pair = new_pair(common_name=self._options.common_name, now=self._call.now, lifetime=self._options.lifetime)
        self._check_untouched(files, current)
        pending = current.files.pending if current.files else None
        files.add_pending(pair, current.client_id, instead_of=pending)
        return pair.certificate

    def _check_untouched(self, files: KeyFiles, current: Certificates) -> None:
        """Raises OvertakenError if another run has changed the files since they were read."""
        if current.files is None or files.read(current.client_id).thumbprints != current.files.thumbprints:
            raise OvertakenError(
                f"Another run has changed {files.path} at the same time", next_step="Run again when it has ended."
            )

    def _settle_files(
        self, files: KeyFiles, current: Certificates, wanted: Certificates, certificate: Certificate | None
    ) -> None:
        if certificate is None and not current.in_use and current.files and current.files.pending:
            certificate = current.files.pending.certificate
        if certificate is not None:
            files.use_pending(current.client_id, certificate.thumbprint)
        files.make_private()
        if not wanted.keeps_previous:
            files.remove_previous()

    def view(self, state: Certificates) -> View:
        shown = state.chosen or state.outdated
        view: View = {}
        if shown is not None:
            described = shown.described(self._call.now)
            view = {name: described[name] for name in ("description", "end", "days_left")}
            view["will_do"] = shown is state.chosen
        if state.files is not None and (view or any(state.files.thumbprints)):
            view["key_file"] = "current" if state.chosen is not None and state.in_use else "outdated"
            view["private"] = state.private
            view["old_key_kept"] = state.keeps_previous
        return view

    def result(self, state: Certificates) -> View:
        none = KeyCredential(key_id=None, description=None, start=None, end=None, identifier=None)
        chosen, files = state.chosen or none, self._options.files
        young = files is not None and chosen.start is not None and self._call.now - chosen.start < FRESH + BACKDATED
        return {
            "client_id": state.client_id,
            "application_object_id": state.object_id or None,
            **chosen.described(self._call.now),
            "fresh": state.registered or young,
            "certificate_count": len(state.credentials),
            "other_key_ids": sorted(
                c.key_id or ""
                for c in state.credentials
                if state.chosen is not None and c.description == chosen.description and c.key_id != chosen.key_id
            ),
            "path": files.path if files else None,
            "old_path": files.old if files and state.keeps_previous else None,
        }
