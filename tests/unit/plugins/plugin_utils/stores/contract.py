# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What every store promises: tests that each type of store passes, and how a test looks at a place past the store."""

from __future__ import annotations

import abc
import dataclasses
import traceback
import typing as t

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
    """As a task has it whose options are these."""
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
    """Where a store keeps a credential."""

    entry: Json  # of the option ``stores``

    @abc.abstractmethod
    def context(self) -> StoreContext:
        """That of another task."""

    def open(self) -> Store:
        """As another task, which knows nothing of what was read before."""
        (store,) = open_stores([self.entry], self.context())
        return store

    @abc.abstractmethod
    def value(self) -> str | None:
        """The client secret that is kept; None if there is none."""

    @abc.abstractmethod
    def fingerprint(self) -> t.Any:
        """Another value after each change of what is kept."""

    @abc.abstractmethod
    def fill_with_foreign(self) -> None:
        """Put something there that this collection did not write."""

    @abc.abstractmethod
    def make_unwritable(self) -> str:
        """Let ``check_writable`` refuse; a part of its message."""

    def traces(self) -> list[str]:
        """Arguments and environments of programs, file names, and files: nothing of it may show a client secret."""
        return []


class SharedPlace(Place):
    """One that can hold something beside the credential."""

    @abc.abstractmethod
    def add_other_content(self) -> None:
        """Put something beside the credential."""

    @abc.abstractmethod
    def other_content_is_there(self) -> bool:
        """Whether that is still there as it was."""


class StoreContract:
    """A test file of a store derives a class from it, with the fixture ``place``."""

    @pytest.fixture
    def place(self) -> Place:
        raise NotImplementedError

    def test_an_empty_place_is_read_without_a_change(self, place: Place) -> None:
        before = place.fingerprint()
        assert place.open().read() is None
        assert place.fingerprint() == before

    def test_what_was_written_is_read_again(self, place: Place) -> None:
        _write(place, FIRST)
        assert place.open().read() == shown(place, FIRST)
        assert place.value() == SECRET
        _write(place, SECOND)
        assert place.open().read() == shown(place, SECOND)
        assert place.value() == OTHER_SECRET

    def test_one_store_writes_and_rolls_back(self, place: Place) -> None:
        store = place.open()
        assert store.read() is None
        store.check_writable(dataclasses.replace(SECOND, client_secret=""))
        store.write(FIRST, expected=None)
        store.write(SECOND, expected=shown(place, FIRST))
        store.write(FIRST, expected=shown(place, SECOND))
        assert (place.open().read(), place.value()) == (shown(place, FIRST), SECRET)
        store.remove()
        assert (store.read(), place.value()) == (None, None)

    def test_every_type_of_credential_is_kept_or_refused(self, place: Place) -> None:
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
    def test_what_somebody_else_wrote_meanwhile_stays(self, place: Place, first: Record | None) -> None:
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
        _assert_says(failure.value)

    def test_what_was_removed_meanwhile_is_not_written_again(self, place: Place) -> None:
        _write(place, FIRST)
        store = place.open()
        seen = store.read()
        place.open().remove()
        with pytest.raises(OvertakenError):
            store.write(SECOND, expected=seen)
        assert place.value() is None

    def test_a_removed_credential_is_gone_and_removing_twice_is_no_error(self, place: Place) -> None:
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

    def test_what_this_collection_did_not_write_is_left_alone(self, place: Place) -> None:
        place.fill_with_foreign()
        before = place.fingerprint()
        for attempt in (
            lambda: place.open().read(),
            lambda: place.open().write(FIRST, expected=None),
            lambda: place.open().remove(),
        ):
            with pytest.raises(AppsError) as failure:
                attempt()
            _assert_says(failure.value)
            assert place.fingerprint() == before

    def test_a_place_that_cannot_be_written_is_refused_before(self, place: Place) -> None:
        before = place.fingerprint()
        place.open().check_writable(dataclasses.replace(SECOND, client_secret=""))
        assert place.fingerprint() == before, "asking changes nothing"
        words = place.make_unwritable()
        before = place.fingerprint()
        with pytest.raises(AppsError) as failure:
            place.open().check_writable(dataclasses.replace(SECOND, client_secret=""))
        assert words in failure.value.message
        _assert_says(failure.value)
        assert place.fingerprint() == before

    def test_the_reference_names_the_place_and_no_secret(self, place: Place) -> None:
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

    def test_a_client_secret_is_known_to_the_masking_of_the_task(self, place: Place) -> None:
        _write(place, FIRST)
        store = place.open()
        kept = store.read()
        assert kept is not None
        if kept.has_value:
            assert SECRET not in store.context.call.secrets.for_message(f"a text with {SECRET}")
        store.write(SECOND, expected=kept)
        assert OTHER_SECRET not in store.context.call.secrets.for_message(f"a text with {OTHER_SECRET}")

    def test_the_contract_is_that_of_its_kind_of_store(self, place: Place) -> None:
        assert isinstance(self, WriteOnlyContract) is not place.open().can_give_back
        assert isinstance(self, SharedPlaceContract) is isinstance(place, SharedPlace)


class SharedPlaceContract(StoreContract):
    """Of stores whose place is a SharedPlace."""

    @pytest.fixture
    def place(self) -> SharedPlace:
        raise NotImplementedError

    def test_what_is_kept_beside_the_credential_stays(self, place: SharedPlace) -> None:
        place.add_other_content()
        assert place.open().read() is None
        _write(place, FIRST)
        _write(place, SECOND)
        assert place.other_content_is_there()
        place.open().remove()
        assert place.other_content_is_there()
        assert place.open().read() is None


class WriteOnlyContract(StoreContract):
    """Of stores that do not give the client secret back."""

    def test_a_value_that_nobody_knows_stays_as_it_is(self, place: Place) -> None:
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
    """As the store reads it."""
    return record if place.open().can_give_back else record.without_value()


def _write(place: Place, record: Record) -> None:
    store = place.open()
    store.write(record, expected=store.read())


def _failure(attempt: t.Callable[[], None]) -> str:
    """All that a failure can show; empty if there was none."""
    try:
        attempt()
    except AppsError as exc:
        return "".join(traceback.format_exception(exc)) + repr(exc) + repr(exc.describe(lambda value: value))
    return ""


def _assert_says(failure: AppsError) -> None:
    assert failure.next_step
    assert SECRET not in repr(failure.describe(lambda value: value))
