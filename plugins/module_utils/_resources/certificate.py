# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private module utility of email_gateway.azure_apps: it may change without notice.
"""A certificate as a state: "the application has that of this file, and it has at least N days left".

The private key stays in the file. Nothing here removes a certificate unless the options name its key id.
"""

from __future__ import annotations

import datetime
import functools
import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core import times
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.checks import (
    check_number,
    check_text,
    filled,
    guid_option,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.errors import (
    ConflictError,
    InputError,
    OvertakenError,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.lists import first, without
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.plan import View
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._credential.key_files import (
    NO_FILES,
    Files,
    KeyFiles,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph import application
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.key_credentials import (
    KeyCredential,
    KeyCredentialsClient,
    key_credentials,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.switched_off import refuse_credential
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._http.client import import_library
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._resources.secret_records import (
    brief_view,
    other_key_ids,
    read_until_there,
)
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


class CertificateOptions(t.NamedTuple):
    """What the options ask for. ``certificate`` is the user's own, ``files`` are those with a key that is made here.

    ``subject`` is the only common name that will do, if there is one; ``common_name`` is that of a new certificate.
    """

    present: bool
    address: application.Address
    description: str
    key_id: str | None
    replaced_key_id: str | None
    files: KeyFiles | None
    certificate: Certificate | None
    subject: str | None
    common_name: str
    lifetime: datetime.timedelta
    renew_before: datetime.timedelta

    @classmethod
    def of(cls, params: t.Mapping[str, t.Any], now: datetime.datetime) -> CertificateOptions:
        """Raises InputError for what cannot be, or would renew on every run; MissingLibraryError."""
        present, description = params["state"] == "present", application.text_or_empty(params, "description")
        subject, own, files = params["subject"], params["certificate_file"], None
        common_name = description[:LONGEST_COMMON_NAME].strip()
        lifetime_days, renew_before_days = params["lifetime_days"], params["renew_before_days"]
        if present:
            import_library("cryptography")  # reported before anything is sent, also in check mode
            check_text("description", description, longest=LONGEST_DESCRIPTION)
        elif params["key_id"] is None:
            raise InputError(
                "O(state) is absent but all of the following are missing: key_id",
                next_step="Name the certificate to remove by its O(key_id), or set O(stores).",
            )
        for name in ("path", "certificate_file"):
            if params[name] == "":
                raise InputError(f"{name} is blank", next_step=f"Set {name} to the path of a file, or leave it out.")
        if subject is not None:
            common_name = check_text("subject", subject, longest=LONGEST_COMMON_NAME, limit_of="RFC 5280")
        check_number("lifetime_days", lifetime_days, lowest=1, highest=LONGEST_LIFETIME)
        check_number("renew_before_days", renew_before_days, lowest=0, highest=LONGEST_LIFETIME)
        if params["path"]:
            if renew_before_days >= lifetime_days:
                raise InputError(
                    f"renew_before_days is {renew_before_days} and lifetime_days is {lifetime_days}: a new certificate"
                    " would be due for renewal at once",
                    next_step="Set renew_before_days to less than lifetime_days.",
                )
            files = KeyFiles(params["path"])
        options = cls(
            present=present,
            address=application.Address.of(params),
            description=description,
            key_id=guid_option(params, "key_id"),
            replaced_key_id=guid_option(params, "replaced_key_id"),
            files=files,
            certificate=None,
            subject=subject,
            common_name=common_name,
            lifetime=datetime.timedelta(days=lifetime_days),
            renew_before=datetime.timedelta(days=renew_before_days),
        )
        if not own:
            return options
        certificate = parse_certificate(read_file(own, option="certificate_file"), what=own)
        if not times.lasts(certificate.end, now, at_least=options.renew_before):
            end = times.written(certificate.end)
            raise InputError(
                f"The certificate in {own} ends at {end}, and renew_before_days is {renew_before_days}",
                next_step="Put a renewed certificate into the file, or set a smaller renew_before_days.",
            )
        return options._replace(certificate=certificate)

    def fitting(self, pair: KeyPair | None, now: datetime.datetime) -> Certificate | None:
        """The certificate of the pair, if it would do once it is registered."""
        if pair is None or not times.lasts(pair.certificate.end, now, at_least=self.renew_before):
            return None
        if self.subject not in (None, pair.certificate.common_name):
            return None
        return pair.certificate


class Certificates(t.NamedTuple):
    """The application's records and what is in the files.

    ``chosen`` is the record that the module is about, if there is one that will do; ``outdated`` the best one of the
    same description that will not. ``in_use``: there is a chosen one, and its key is in PATH, not in PATH.new.
    """

    object_id: str
    client_id: str
    credentials: tuple[KeyCredential, ...]
    files: Files = NO_FILES
    chosen: KeyCredential | None = None
    outdated: KeyCredential | None = None
    in_use: bool = False
    private: bool = True
    keeps_previous: bool = False
    registered: bool = False


class CertificateResource:
    """Registers a certificate if the tenant has none that is valid long enough; removes the one with a key id."""

    def __init__(self, call: Call, options: CertificateOptions) -> None:
        self._call = call
        self._options = options

    @functools.cached_property
    def _key_credentials(self) -> KeyCredentialsClient:
        return KeyCredentialsClient(self._call.graph, self._options.address)

    def read(self) -> Certificates:
        options = self._options
        document = self._key_credentials.read(options.address)
        found = application.required(document, options.address, may_be_gone=not options.present)
        client_id = options.address.client_id_of(found).lower()
        files = NO_FILES
        if options.files is not None:
            files = options.files.read(client_id)
        for path in files.damaged:
            self._call.warn(f"{path} is damaged: the key in it is lost, and is ignored")
        credentials = self._with_the_one_in_use(key_credentials(found), files)
        state = Certificates(
            application.text_or_empty(found, "id"),
            client_id,
            credentials,
            files,
            private=files.private,
            keeps_previous=files.previous is not None,
        )
        if not options.present:
            return state._replace(chosen=first(credentials, lambda c: c.has_key_id(options.key_id)))
        current, pending = self._candidates(files)
        in_use = self._registered(credentials, current)
        chosen = in_use or self._registered(credentials, pending)
        if chosen is None:
            refuse_credential(self._call.graph, found, options.address)
        return state._replace(
            chosen=chosen,
            outdated=first(credentials, lambda c: c.description == options.description),
            in_use=in_use is not None,
        )

    def _candidates(self, files: Files) -> tuple[Certificate | None, Certificate | None]:
        """The certificates that would do, in the order in which they are taken: in use, and made but not in use."""
        options, now = self._options, self._call.now
        if options.files is None:
            return options.certificate, None
        return options.fitting(files.current, now), options.fitting(files.pending, now)

    def _registered(
        self, credentials: t.Iterable[KeyCredential], certificate: Certificate | None
    ) -> KeyCredential | None:
        """Its record, if that will do."""
        return first(_records_of(credentials, certificate), self._will_do)

    def _will_do(self, record: KeyCredential) -> bool:
        """The record's own end may be earlier than the certificate's."""
        lasts = times.lasts(record.end, self._call.now, at_least=self._options.renew_before)
        return lasts and not record.has_key_id(self._options.replaced_key_id)

    def _with_the_one_in_use(self, credentials: tuple[KeyCredential, ...], files: Files) -> tuple[KeyCredential, ...]:
        """Read again while the certificate in PATH is missing and so young that the answer may be older than it.

        PATH is written after the tenant showed it. Such an answer would lead to a second key.
        """
        graph = self._call.graph
        if files.current is None:
            return credentials
        certificate = files.current.certificate
        until = graph.patience.waited + VISIBLE_AFTER
        if not graph.created_here(certificate.thumbprint):
            until -= (self._call.now - certificate.start - BACKDATED).total_seconds()
        return read_until_there(
            credentials,
            self._read_again,
            is_there=lambda found: bool(_records_of(found, certificate)),
            patience=graph.patience,
            until=until,
        )

    def _read_again(self) -> tuple[KeyCredential, ...]:
        address = self._options.address
        return key_credentials(application.required(self._key_credentials.read(address), address))

    def desired(self, current: Certificates) -> Certificates:
        options = self._options
        if not options.present:
            kept = without(current.credentials, (current.chosen,))
            return current._replace(chosen=None, credentials=tuple(kept))
        keeps_previous = self._keeps_previous(current)
        wanted = current._replace(in_use=True, private=True, keeps_previous=keeps_previous)
        if current.in_use:
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
        return wanted._replace(chosen=new, registered=True, credentials=(new, *current.credentials))

    def _to_register(self, current: Certificates) -> Certificate | None:
        """The pair to register; None if a key has to be made.

        A key in PATH was registered once. If the tenant no longer has it, it was removed, perhaps
        because it is in wrong hands: it does not come back. One in PATH.new is taken up, as made by a run that was
        interrupted, unless the options ask for another lifetime by now.
        """
        if self._options.files is None:
            return self._options.certificate
        _current, pending = self._candidates(current.files)
        if pending is None or pending.end - pending.start - BACKDATED != self._options.lifetime:
            return None
        return pending

    def _keeps_previous(self, current: Certificates) -> bool:
        """PATH.old is kept as long as it can be used. Where PATH is replaced, what was in it becomes PATH.old."""
        previous = current.files.previous
        if not current.in_use:
            previous = current.files.current or previous
        if previous is None:
            return False
        return any(map(self._is_live, _records_of(current.credentials, previous.certificate)))

    def _is_live(self, record: KeyCredential) -> bool:
        return times.lasts(record.end, self._call.now, at_least=datetime.timedelta(0))

    def apply(self, current: Certificates, wanted: Certificates) -> Certificates:
        # Tasks of one run do not drop each other's certificates.
        with self._call.memory.application_lock(current.client_id, seconds=self._call.endpoint.wait_timeout):
            if not self._options.present:
                self._key_credentials.remove(current.object_id, self._options.key_id)
                return wanted
            return self._apply(current, wanted)

    def _apply(self, current: Certificates, wanted: Certificates) -> Certificates:
        files, reached = self._options.files, wanted
        if files is None:
            certificate = self._to_register(current)
        elif current.chosen is not None:
            self._check_untouched(files, current)
            certificate = None
        else:
            certificate = self._to_register(current) or self._new_key(files, current)
        if certificate is not None:
            record = self._key_credentials.add(current.object_id, certificate, description=self._options.description)
            others = without(current.credentials, (record,))
            reached = wanted._replace(chosen=record, credentials=(record, *others))
        if files is not None:
            self._settle_files(files, current, wanted, certificate)
        return reached

    def _new_key(self, files: KeyFiles, current: Certificates) -> Certificate:
        """On the disk before anything is sent to the tenant."""
        pair = new_pair(common_name=self._options.common_name, now=self._call.now, lifetime=self._options.lifetime)
        self._check_untouched(files, current)
        files.add_pending(pair, current.client_id, instead_of=current.files.pending)
        return pair.certificate

    def _check_untouched(self, files: KeyFiles, current: Certificates) -> None:
        """Raises OvertakenError where another run has changed the files since they were read."""
        if files.read(current.client_id).thumbprints != current.files.thumbprints:
            raise OvertakenError(
                f"Another run has changed {files.path} at the same time", next_step="Run again when it has ended."
            )

    def _settle_files(
        self, files: KeyFiles, current: Certificates, wanted: Certificates, certificate: Certificate | None
    ) -> None:
        if certificate is None and not current.in_use and current.files.pending:
            certificate = current.files.pending.certificate
        if certificate is not None:
            files.use_pending(current.client_id, certificate.thumbprint)
        files.make_private()
        if not wanted.keeps_previous:
            files.remove_previous()

    def view(self, state: Certificates) -> View:
        view = brief_view(state.chosen, state.outdated, self._call.now, verdict="will_do")
        if self._options.files is not None and (view or any(state.files.thumbprints)):
            view["key_file"] = "outdated"
            if state.in_use:
                view["key_file"] = "current"
            view["private"] = state.private
            view["old_key_kept"] = state.keeps_previous
        return view

    def result(self, state: Certificates) -> View:
        chosen = state.chosen or KeyCredential(key_id=None, description=None, start=None, end=None, identifier=None)
        young, path, old_path = False, None, None
        if self._options.files is not None:
            young = chosen.start is not None and self._call.now - chosen.start < FRESH + BACKDATED
            path = self._options.files.path
            if state.keeps_previous:
                old_path = self._options.files.old
        return {
            "client_id": state.client_id,
            "application_object_id": filled(state.object_id),
            **chosen.described(self._call.now),
            "fresh": state.registered or young,
            "certificate_count": len(state.credentials),
            "other_key_ids": other_key_ids(state.credentials, state.chosen),
            "path": path,
            "old_path": old_path,
        }


def _records_of(credentials: t.Iterable[KeyCredential], certificate: Certificate | None) -> list[KeyCredential]:
    if certificate is None:
        return []
    return [record for record in credentials if record.is_for(certificate)]
