# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""With a stand-in for the lookups; tests/stores uses the real collection and a real server."""

from __future__ import annotations

import typing as t

import pytest
from ansible.errors import AnsibleError

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.errors import (
    AppsError,
    ConflictError,
    InputError,
    MissingLibraryError,
    OvertakenError,
)
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._store.contract import StoreContext, open_stores
from ansible_collections.email_gateway.azure_apps.tests.unit.plugins.plugin_utils.stores.contract import (
    FIRST,
    SECOND,
    SECRET,
    Json,
    Place,
    StoreContract,
    make_context,
)
from ansible_collections.email_gateway.azure_apps.tests.unit.plugins.plugin_utils.stores.fake_vault import (
    FakeVault,
    Forbidden,
)


class HashiVaultPlace(Place):
    def __init__(self) -> None:
        self.vault = FakeVault()
        self.entry = {"type": "hashi_vault", "name": "gateways/vienna"}

    def context(self) -> StoreContext:
        return make_context({}, lookup=self.vault)

    def value(self) -> str | None:
        return (self.vault.newest or {}).get("client_secret")

    def fingerprint(self) -> t.Any:
        return [None if content is None else dict(content) for content in self.vault.versions]

    def fill_with_foreign(self) -> None:
        self.vault.versions.append({"password": "of something else"})

    def make_unwritable(self) -> str:
        self.vault.policy["data"] = ["read"]
        return "do not allow create, read, update on secret/data/gateways/vienna"


@pytest.fixture
def place() -> HashiVaultPlace:
    return HashiVaultPlace()


class TestContract(StoreContract):
    @pytest.fixture
    def place(self, place: HashiVaultPlace) -> Place:
        return place


def _questions(place: HashiVaultPlace) -> list[str]:
    return [f"{lookup} {term}" for lookup, term in place.vault.asked]


def test_the_record_is_the_secret_and_every_write_is_a_version(place: HashiVaultPlace) -> None:
    store = place.open()
    store.write(FIRST, expected=None)
    store.write(SECOND, expected=FIRST)
    assert place.vault.versions == [FIRST.content(), SECOND.content()]
    assert store.reference() == {"type": "hashi_vault", "mount": "secret", "name": "gateways/vienna"}


def test_the_steady_state_only_reads_the_secret(place: HashiVaultPlace) -> None:
    place.vault.versions.append(FIRST.content())
    store = place.open()
    assert store.read() == FIRST
    assert _questions(place) == ["vault_kv2_get gateways/vienna"]


@pytest.mark.parametrize("hides_deleted", [True, False])
def test_check_and_set_includes_deleted_versions(place: HashiVaultPlace, hides_deleted: bool) -> None:
    place.vault.hides_deleted = hides_deleted
    place.open().write(FIRST, expected=None)
    place.open().remove()
    assert place.vault.versions == [None], "undelete of Vault can restore it"
    store = place.open()
    assert store.read() is None
    store.check_writable(SECOND)
    store.write(SECOND, expected=None)
    assert place.vault.versions == [None, SECOND.content()]


def test_check_and_set_includes_destroyed_versions(place: HashiVaultPlace) -> None:
    place.vault.versions.append(None)
    place.vault.destroyed.add(1)
    place.open().write(FIRST, expected=None)
    assert place.vault.versions == [None, FIRST.content()]


def test_only_the_current_version_is_deleted(place: HashiVaultPlace) -> None:
    place.vault.versions += [FIRST.content(), SECOND.content()]
    place.open().remove()
    assert place.vault.versions == [FIRST.content(), None]


def test_a_write_with_a_lost_response_is_checked(place: HashiVaultPlace) -> None:
    store = place.open()
    assert store.read() is None
    place.vault.lose_next_write = True
    store.write(FIRST, expected=None)
    store.write(SECOND, expected=FIRST)
    assert place.vault.versions == [FIRST.content(), SECOND.content()]


def test_a_failed_write_is_not_reported_as_a_concurrent_one(place: HashiVaultPlace) -> None:
    store = place.open()
    assert store.read() is None
    place.vault.fail = {"vault_write": ConnectionError("Connection refused")}
    with pytest.raises(
        AppsError, match="Could not write secret/gateways/vienna in HashiCorp Vault: Connection"
    ) as failure:
        store.write(FIRST, expected=None)
    assert not isinstance(failure.value, OvertakenError)
    place.vault.fail.clear()
    place.vault.before_write = lambda: place.vault.fail.update({"": ConnectionError("Connection refused")})
    place.vault.lose_next_write = True
    with pytest.raises(AppsError, match="Could not write"):
        store.write(FIRST, expected=None)


def test_a_concurrent_write_after_the_last_read_is_not_overwritten(place: HashiVaultPlace) -> None:
    place.vault.before_write = lambda: place.vault.versions.append(SECOND.content())
    with pytest.raises(OvertakenError):
        place.open().write(FIRST, expected=None)
    assert place.vault.versions == [SECOND.content()]


@pytest.mark.parametrize(
    "failure",
    [
        ConnectionError("Connection refused"),
        AnsibleError("Forbidden: Permission Denied to path ['gateways/vienna']."),
        AnsibleError("[Errno -2] Name or service not known"),
    ],
)
def test_a_failed_read_does_not_mean_an_empty_vault(place: HashiVaultPlace, failure: Exception) -> None:
    if "Forbidden" in str(failure):
        failure.__cause__ = Forbidden()
    place.vault.fail = {"vault_kv2_get": failure}
    for attempt in (place.open().read, place.open().remove, lambda: place.open().write(FIRST, expected=None)):
        with pytest.raises(AppsError, match="Could not read secret/gateways/vienna in HashiCorp Vault"):
            attempt()
    assert place.vault.versions == []


def test_unreadable_metadata_do_not_mean_an_empty_vault(place: HashiVaultPlace) -> None:
    place.vault.policy["metadata"] = []
    with pytest.raises(AppsError, match="Could not read the metadata of secret/gateways/vienna"):
        place.open().read()


def test_contradicting_responses_are_refused(place: HashiVaultPlace) -> None:
    place.vault.versions.append(FIRST.content())
    missing = AnsibleError("Invalid or missing path")
    missing.__cause__ = type("InvalidPath", (Exception,), {"__module__": "hvac.exceptions"})()
    place.vault.fail = {"vault_kv2_get": missing}
    with pytest.raises(AppsError, match="contradict each other"):
        place.open().read()


@pytest.mark.parametrize("metadata", [None, [], {}, {"version": None}, {"version": "three"}])
def test_a_secret_without_the_number_of_its_version_is_refused(place: HashiVaultPlace, metadata: t.Any) -> None:
    def answer(_name: str, _terms: t.Sequence[str], **_options: t.Any) -> list[t.Any]:
        return [{"secret": FIRST.content(), "metadata": metadata}]

    (store,) = open_stores([place.entry], make_context({}, lookup=answer))
    with pytest.raises(AppsError, match=r"Could not read .* the answer has an unexpected form"):
        store.read()


@pytest.mark.parametrize("answers", [[], [None], [{}], [{"data": []}], [{"data": {"current_version": None}}]])
def test_metadata_in_an_unexpected_form_do_not_mean_an_empty_vault(
    place: HashiVaultPlace, monkeypatch: pytest.MonkeyPatch, answers: list[t.Any]
) -> None:
    found = FakeVault.__call__

    def answer(vault: FakeVault, name: str, terms: t.Sequence[str], **options: t.Any) -> list[t.Any]:
        if name.endswith("vault_read"):
            return answers
        return found(vault, name, terms, **options)

    monkeypatch.setattr(FakeVault, "__call__", answer)
    with pytest.raises(AppsError, match=r"Could not read the metadata of .* the answer has an unexpected form"):
        place.open().read()


@pytest.mark.parametrize(
    "engine", [{"type": "kv", "options": {"version": "1"}}, {"type": "kv", "options": None}, {"type": "pki"}]
)
def test_an_engine_of_another_version_is_refused(place: HashiVaultPlace, engine: Json) -> None:
    place.vault.engine = engine
    with pytest.raises(ConflictError, match="not a secrets engine of KV version 2"):
        place.open().check_writable(SECOND)


@pytest.mark.parametrize(
    ("kind", "needed"), [("data", "create, read, update"), ("metadata", "read"), ("delete", "update")]
)
def test_a_missing_capability_is_named(place: HashiVaultPlace, kind: str, needed: str) -> None:
    place.vault.versions.append(FIRST.content())
    place.vault.policy[kind] = ["root"]
    store = place.open()
    store.check_writable(SECOND)
    place.vault.policy[kind] = ["list"]
    with pytest.raises(ConflictError, match=f"do not allow {needed} on secret/{kind}/gateways/vienna"):
        store.check_writable(SECOND)


@pytest.mark.parametrize("capabilities", [None, "root", {"root": True}, [["root"], {"create": "read"}]])
def test_capabilities_in_an_unexpected_form_allow_nothing(place: HashiVaultPlace, capabilities: t.Any) -> None:
    place.vault.policy["data"] = capabilities
    with pytest.raises(ConflictError, match="do not allow create, read, update on secret/data/gateways/vienna"):
        place.open().check_place()


def test_policies_content_and_engine_are_checked_in_advance(place: HashiVaultPlace) -> None:
    """The policies first: their message names everything that is missing."""
    place.open().check_place()
    assert place.vault.versions == [], "nothing is written"
    place.vault.engine = {"type": "kv", "options": {"version": "1"}}
    with pytest.raises(ConflictError, match="not a secrets engine of KV version 2"):
        place.open().check_place()
    place.fill_with_foreign()
    with pytest.raises(ConflictError, match="contains more than a credential"):
        place.open().check_place()
    place.vault.policy["data"] = ["list"]
    with pytest.raises(ConflictError, match="do not allow create, read, update on secret/data/gateways/vienna"):
        place.open().check_place()


def test_a_missing_collection_is_named_when_it_is_used() -> None:
    (store,) = open_stores([{"type": "hashi_vault", "name": "x"}], make_context({}))
    with pytest.raises(MissingLibraryError, match=r"needs the collection community\.hashi_vault") as failure:
        store.read()
    assert failure.value.next_step == "ansible-galaxy collection install community.hashi_vault"


def test_a_missing_hvac_is_named(place: HashiVaultPlace) -> None:
    place.vault.fail = {"": AnsibleError("Please pip install hvac to use the hashi_vault lookup")}
    with pytest.raises(MissingLibraryError, match="needs the Python library hvac"):
        place.open().read()


def test_a_secret_in_the_message_of_a_lookup_is_masked(place: HashiVaultPlace) -> None:
    store = place.open()
    place.vault.fail = {"vault_write": AnsibleError(f"could not write {SECRET}")}
    with pytest.raises(AppsError, match="could not write") as failure:
        store.write(FIRST, expected=None)
    assert SECRET not in str(failure.value)
    assert failure.value.__suppress_context__


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"name": ""}, "missing required arguments: name"),
        ({"name": "a/../b"}, "name is 'a/../b', which is not a path"),
        ({"name": "a//b"}, "is not a path"),
        ({"mount": "a b"}, "mount is 'a b', which is not a path"),
        ({"file": "x"}, "file"),
    ],
)
def test_invalid_settings_are_refused(place: HashiVaultPlace, changes: Json, words: str) -> None:
    place.entry.update(changes)
    with pytest.raises(InputError, match=words):
        place.open()
    assert place.vault.asked == []
