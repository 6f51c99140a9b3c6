# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The contract of every store: tests that each type of store passes, and a test's direct access to its content."""

from __future__ import annotations

import abc
import dataclasses
import os
import stat
import traceback
import typing as t
from pathlib import Path

import pytest
from ansible.parsing.vault import VaultSecret

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.arguments import AUTH, ENDPOINT
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.errors import (
    AppsError,
    InputError,
    OvertakenError,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.run_memory import RunMemory
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.validation import validated
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._credential.record import (
    CREDENTIAL_TYPES,
    Record,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.call import Call
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._store.contract import (
    STORE_TYPES,
    LookupMissing,
    Store,
    StoreContext,
    check_credential_type,
    open_stores,
)

Json = dict[str, t.Any]
SECRET = "aB38Q~first-value-of-a-client-secret_012345"
OTHER_SECRET = "xY98Q~other-value-of-a-client-secret.678901"
FIRST = Record(
    client_id="11111111-1111-4111-8111-111111111111",
    tenant_id="22222222-2222-4222-8222-222222222222",
    key_id="33333333-3333-4333-8333-333333333333",
    profile="outbound_smtp",
    secret_start="2026-11-28T08:00:00Z",
    secret_expires="2027-05-27T08:00:00Z",
    client_secret=SECRET,
)
SECOND = dataclasses.replace(
    FIRST,
    key_id="44444444-4444-4444-8444-444444444444",
    client_secret=OTHER_SECRET,
    previous_key_ids=(FIRST.key_id,),
    handed_over_to=("gateway-1", 'gäteway "2", 日本'),
    pending_hosts=("gateway-3", "'", "{{ x }}"),
)
CERTIFICATE = dataclasses.replace(FIRST, client_secret="", certificate_path="/srv/gateway.pem")
FEDERATED = dataclasses.replace(FIRST, client_secret="", federated_credential="pipeline", secret_expires="")
OF_TYPE = {"client_secret": SECOND, "certificate": CERTIFICATE, "federated": FEDERATED}


def no_lookup(name: str, terms: t.Sequence[str], **options: t.Any) -> list[t.Any]:
    raise LookupMissing(name)


def make_context(
    environ: t.Mapping[str, str],
    *,
    lookup: t.Any = no_lookup,
    memory: RunMemory | None = None,
    default_path: str = "",
    **params: t.Any,
) -> StoreContext:
    """The context of a task with these options."""
    call = Call(
        params=validated(AUTH + ENDPOINT, params, name="a test", see="the test"),
        check_mode=False,
        environ=environ,
        memory=memory or RunMemory(),
    )
    return StoreContext(
        call=call,
        vault_secrets=[("default", VaultSecret(b"open sesame"))],
        lookup=lookup,
        default_path=default_path,
    )


class Place(abc.ABC):
    """The place where a store keeps a credential."""

    entry: Json  # of the option ``stores``

    @abc.abstractmethod
    def context(self) -> StoreContext:
        """The context of another task."""

    def open(self) -> Store:
        """The store in another task, which has not read anything yet."""
        store_type = self.entry["type"]
        listed = "STORE_TYPES in plugins/plugin_utils/_store/contract.py"
        assert store_type in STORE_TYPES, f"add {store_type!r} to {listed}"
        (store,) = open_stores([self.entry], self.context())
        return store

    @abc.abstractmethod
    def value(self) -> str | None:
        """The stored client secret; None if there is none."""

    @abc.abstractmethod
    def fingerprint(self) -> t.Any:
        """A value that changes with every change of the content."""

    @abc.abstractmethod
    def fill_with_foreign(self) -> None:
        """Write content there that this collection did not write."""

    @abc.abstractmethod
    def make_unwritable(self) -> str:
        """Make ``check_writable`` refuse; returns a part of its message."""

    def traces(self) -> list[str]:
        """Arguments and environments of programs, file names, and files: none of them may contain a client secret."""
        return []


class SharedPlace(Place):
    """A place that can contain other content beside the credential."""

    @abc.abstractmethod
    def add_other_content(self) -> None:
        """Write other content beside the credential."""

    @abc.abstractmethod
    def other_content_is_there(self) -> bool:
        """Whether that content still exists unchanged."""


class StoreContract:
    """A test file of a store derives a class from it, with the fixture ``place``."""

    @pytest.fixture
    def place(self) -> Place:
        raise NotImplementedError

    def test_reading_an_empty_place_changes_nothing(self, place: Place) -> None:
        before = place.fingerprint()
        assert place.open().read() is None
        assert place.fingerprint() == before

    def test_a_written_credential_can_be_read(self, place: Place) -> None:
        _write(place, FIRST)
        assert place.open().read() == shown(place, FIRST)
        assert place.value() == SECRET
        _write(place, SECOND)
        assert place.open().read() == shown(place, SECOND)
        assert place.value() == OTHER_SECRET

    def test_a_write_can_be_rolled_back(self, place: Place) -> None:
        store = place.open()
        assert store.read() is None
        store.check_writable(dataclasses.replace(SECOND, client_secret=""))
        store.write(FIRST, expected=None)
        store.write(SECOND, expected=shown(place, FIRST))
        store.write(FIRST, expected=shown(place, SECOND))
        assert (place.open().read(), place.value()) == (shown(place, FIRST), SECRET)
        store.remove()
        assert (store.read(), place.value()) == (None, None)

    def test_every_type_of_credential_is_stored_or_refused(self, place: Place) -> None:
        for credential_type in CREDENTIAL_TYPES:
            store = place.open()
            if credential_type in store.credential_types:
                _write(place, OF_TYPE[credential_type])
                assert place.open().read() == shown(place, OF_TYPE[credential_type])
            else:
                with pytest.raises(InputError, match=store.type):
                    check_credential_type([store], credential_type)

    def test_the_same_record_again_changes_nothing(self, place: Place) -> None:
        _write(place, SECOND)
        before = place.fingerprint()
        store = place.open()
        kept = store.read()
        assert kept is not None
        store.write(kept, expected=kept)
        assert place.fingerprint() == before

    @pytest.mark.parametrize("first", [None, FIRST], ids=["empty", "filled"])
    def test_a_concurrent_write_is_not_overwritten(self, place: Place, first: Record | None) -> None:
        if first is not None:
            _write(place, first)
        store = place.open()
        seen = store.read()
        theirs = dataclasses.replace(SECOND, client_secret="their-value-of-a-client-secret")
        _write(place, theirs)
        before = place.fingerprint()
        with pytest.raises(OvertakenError) as failure:
            store.write(SECOND, expected=seen)
        assert (place.fingerprint(), place.value()) == (before, theirs.client_secret)
        _assert_has_next_step(failure.value)

    def test_a_concurrently_removed_credential_is_not_written_again(self, place: Place) -> None:
        _write(place, FIRST)
        store = place.open()
        seen = store.read()
        place.open().remove()
        with pytest.raises(OvertakenError):
            store.write(SECOND, expected=seen)
        assert place.value() is None

    def test_a_credential_can_be_removed_twice(self, place: Place) -> None:
        place.open().remove()
        _write(place, FIRST)
        store = place.open()
        for _attempt in range(2):
            store.remove()
            assert (store.read(), place.value()) == (None, None)
        before = place.fingerprint()
        place.open().remove()
        assert place.fingerprint() == before
        _write(place, SECOND)
        assert (place.open().read(), place.value()) == (shown(place, SECOND), OTHER_SECRET)

    def test_foreign_content_is_not_changed(self, place: Place) -> None:
        place.fill_with_foreign()
        before = place.fingerprint()
        for attempt in (
            lambda: place.open().read(),
            lambda: place.open().write(FIRST, expected=None),
            lambda: place.open().remove(),
        ):
            with pytest.raises(AppsError) as failure:
                attempt()
            _assert_has_next_step(failure.value)
            assert place.fingerprint() == before

    def test_an_unwritable_place_is_refused_in_advance(self, place: Place) -> None:
        before = place.fingerprint()
        place.open().check_writable(dataclasses.replace(SECOND, client_secret=""))
        assert place.fingerprint() == before, "the check changes nothing"
        words = place.make_unwritable()
        before = place.fingerprint()
        with pytest.raises(AppsError) as failure:
            place.open().check_writable(dataclasses.replace(SECOND, client_secret=""))
        assert words in failure.value.message
        _assert_has_next_step(failure.value)
        assert place.fingerprint() == before

    def test_the_reference_names_the_place_without_a_secret(self, place: Place) -> None:
        store = place.open()
        reference = store.reference()
        assert reference["type"] == place.entry["type"]
        assert store.title
        _write(place, FIRST)
        assert store.reference() == reference
        assert SECRET not in repr(reference)

    def test_no_secret_is_shown(self, place: Place) -> None:
        store = place.open()
        store.write(FIRST, expected=store.read())
        failures = [_failure(lambda: store.write(SECOND, expected=None))]
        place.make_unwritable()
        failures += [_failure(lambda: place.open().write(SECOND, expected=shown(place, FIRST)))]
        texts = [*failures, repr(store), repr(store.__dict__), repr(store.context), repr(FIRST), *place.traces()]
        for text in texts:
            assert SECRET not in text
            assert OTHER_SECRET not in text

    def test_a_client_secret_is_masked_by_the_task(self, place: Place) -> None:
        _write(place, FIRST)
        store = place.open()
        kept = store.read()
        assert kept is not None
        if kept.has_value:
            assert SECRET not in store.context.call.secrets.for_message(f"a text with {SECRET}")
        store.write(SECOND, expected=kept)
        assert OTHER_SECRET not in store.context.call.secrets.for_message(f"a text with {OTHER_SECRET}")

    def test_a_record_without_points_in_time_is_read_back(self, place: Place) -> None:
        endless = dataclasses.replace(FIRST, secret_start="", secret_expires="")
        _write(place, endless)
        assert place.open().read() == shown(place, endless)

    def test_only_the_owner_can_read_a_file(self, place: Place) -> None:
        before = os.umask(0)
        try:
            _write(place, FIRST)
        finally:
            os.umask(before)
        for path in place.open().local_paths:
            assert _mode(path) == 0o600, "write the file with plugins/module_utils/_core/private_file.py"

    def test_a_file_is_replaced_and_not_written_in_place(self, place: Place) -> None:
        """A run that is killed leaves the old file or the new one."""
        _write(place, FIRST)
        for path in place.open().local_paths:
            before = Path(path).read_bytes()
            with Path(path).open("rb") as opened:
                _write(place, SECOND)
                assert opened.read() == before, "write the file with plugins/module_utils/_core/private_file.py"

    def test_a_mode_that_lets_others_read_is_corrected_without_a_change_of_the_content(self, place: Place) -> None:
        store = place.open()
        assert not store.needs_rewrite(), "there is no file"
        _write(place, FIRST)
        for path in store.local_paths:
            assert not store.needs_rewrite()
            Path(path).chmod(0o644)
            before = place.fingerprint()
            assert store.needs_rewrite(), "let needs_rewrite return whether others can read the file"
            store.write(shown(place, FIRST), expected=store.read())
            assert _mode(path) == 0o600, "let write correct the mode also if the record is the same"
            assert (place.fingerprint(), store.needs_rewrite()) == (before, False)

    def test_the_right_contract_is_tested(self, place: Place) -> None:
        assert isinstance(self, WriteOnlyContract) is not place.open().can_give_back
        assert isinstance(self, SharedPlaceContract) is isinstance(place, SharedPlace)


class SharedPlaceContract(StoreContract):
    """Tests of stores whose place is a SharedPlace."""

    @pytest.fixture
    def place(self) -> SharedPlace:
        raise NotImplementedError

    def test_other_content_beside_the_credential_is_kept(self, place: SharedPlace) -> None:
        place.add_other_content()
        assert place.open().read() is None
        _write(place, FIRST)
        _write(place, SECOND)
        assert place.other_content_is_there()
        place.open().remove()
        assert place.other_content_is_there()
        assert place.open().read() is None


class WriteOnlyContract(StoreContract):
    """Tests of stores that do not return the client secret."""

    def test_an_unknown_value_is_kept(self, place: Place) -> None:
        store = place.open()
        store.write(FIRST, expected=store.read())
        kept = place.open().read()
        assert kept is not None
        assert kept.client_secret is None
        store = place.open()
        store.write(dataclasses.replace(kept, handed_over_to=("gateway-1",)), expected=store.read())
        changed = place.open().read()
        assert changed is not None
        assert (changed.handed_over_to, place.value()) == (("gateway-1",), SECRET)


def shown(place: Place, record: Record) -> Record:
    """The record as the store reads it."""
    return record if place.open().can_give_back else record.without_value()


def _mode(path: str) -> int:
    return stat.S_IMODE(os.stat(path).st_mode)


def _write(place: Place, record: Record) -> None:
    store = place.open()
    store.write(record, expected=store.read())


def _failure(attempt: t.Callable[[], None]) -> str:
    """Everything that a failure can show; empty if it succeeded."""
    try:
        attempt()
    except AppsError as exc:
        return "".join(traceback.format_exception(exc)) + repr(exc) + repr(exc.describe(lambda value: value))
    return ""


def _assert_has_next_step(failure: AppsError) -> None:
    assert failure.next_step
    assert SECRET not in repr(failure.describe(lambda value: value))
