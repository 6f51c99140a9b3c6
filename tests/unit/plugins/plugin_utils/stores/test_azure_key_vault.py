# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses
import json
import typing as t

import pytest

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.errors import (
    AppsError,
    ConflictError,
    InputError,
    TransportError,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.patience import TRANSPORT_ATTEMPTS
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._http.client import HttpClient, Response
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._key_vault.secret import (
    VaultSecret,
    VaultSecrets,
)
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._store.contract import StoreContext, open_stores
from ansible_collections.email_gateway.azure_apps.tests.unit.plugins.plugin_utils.stores.contract import (
    FIRST,
    OTHER_SECRET,
    SECOND,
    SECRET,
    Json,
    Place,
    StoreContract,
    make_context,
)
from ansible_collections.email_gateway.azure_apps.tests.unit.tenant import Tenant


class KeyVaultPlace(Place):
    def __init__(self, tenant: Tenant) -> None:
        self.tenant = tenant
        self.vault = tenant.server.emulator.key_vault
        self.entry = {"type": "azure_key_vault", "vault_url": tenant.server.key_vault, "name": "gateway"}
        self.params: Json = {}

    def context(self) -> StoreContext:
        return make_context(self.tenant.environ, memory=self.tenant.memory, **self.params)

    def value(self) -> str | None:
        return self.vault.value("gateway")

    def fingerprint(self) -> t.Any:
        return json.dumps([secret.versions for secret in self.vault.secrets.values()], default=str), self.value()

    def fill_with_foreign(self) -> None:
        self.put(VaultSecret(value="foreign-password", tags={"env": "production"}))

    def put(self, secret: VaultSecret) -> None:
        VaultSecrets(self.context().call, self.entry["vault_url"]).write("gateway", secret, current=None)

    @property
    def newest(self) -> Json:
        return self.vault.secrets["gateway"].versions[-1]

    @property
    def writes(self) -> list[str]:
        return [f"{entry.method} {entry.path}" for entry in self.tenant.server.vault_writes()]

    def make_unwritable(self) -> str:
        """This cannot be checked in advance; only the number of tags is known."""
        self.entry = {**self.entry, "vault_url": "https://elsewhere.vault.azure.net"}
        return "not a vault of the cloud"


@pytest.fixture
def place(tenant: Tenant) -> KeyVaultPlace:
    return KeyVaultPlace(tenant)


class TestContract(StoreContract):
    @pytest.fixture
    def place(self, place: KeyVaultPlace) -> Place:
        return place


def test_the_value_is_the_client_secret_and_the_rest_is_in_tags_and_times(place: KeyVaultPlace) -> None:
    place.open().write(SECOND, expected=None)
    assert place.value() == OTHER_SECRET
    tags = place.newest["tags"]
    assert tags["key-id"] == SECOND.key_id
    assert tags["previous-key-ids"] == FIRST.key_id
    assert json.loads(tags["handed-over-to"]) == list(SECOND.handed_over_to)
    assert json.loads(tags["pending-hosts"]) == list(SECOND.pending_hosts)
    assert place.newest["attributes"]["exp"] == 1811404800  # 2027-05-27T08:00:00Z
    assert place.newest["attributes"]["nbf"] == 1795852800  # 2026-11-28T08:00:00Z
    assert place.open().reference() == {
        "type": "azure_key_vault",
        "vault_url": place.tenant.server.key_vault,
        "name": "gateway",
    }


def test_only_a_new_value_creates_a_new_version(place: KeyVaultPlace) -> None:
    store = place.open()
    store.write(FIRST, expected=None)
    version = place.newest["version"]
    handed_over = dataclasses.replace(FIRST, handed_over_to=("localhost",))
    store.write(handed_over, expected=FIRST)
    store.write(SECOND, expected=handed_over)
    assert place.writes == ["PUT /secrets/gateway", f"PATCH /secrets/gateway/{version}", "PUT /secrets/gateway"]
    assert len(place.vault.secrets["gateway"].versions) == 2


def test_long_lists_are_split_into_several_tags_in_order(place: KeyVaultPlace) -> None:
    hosts = tuple(f"gateway-{number:02}.vienna.example.com" for number in range(32))
    key_ids = tuple(f"{number:08}-0000-4000-8000-000000000000" for number in range(14))
    record = dataclasses.replace(FIRST, handed_over_to=hosts, previous_key_ids=key_ids, pending_hosts=("a,b",))
    store = place.open()
    store.check_writable(record)
    store.write(record, expected=None)
    assert place.open().read() == record
    assert len(place.newest["tags"]) > 9


def test_a_record_that_does_not_fit_into_the_tags_is_refused_in_advance(place: KeyVaultPlace) -> None:
    hosts = tuple(f"gateway-{number:03}.vienna.example.com" for number in range(100))
    store = place.open()
    for record in (
        dataclasses.replace(FIRST, handed_over_to=hosts),
        dataclasses.replace(FIRST, pending_hosts=hosts),
        dataclasses.replace(FIRST, profile="x" * 257),
    ):
        with pytest.raises(ConflictError, match="in the 15 tags of gateway"):
            store.check_writable(record)
        with pytest.raises(ConflictError, match="in the 15 tags of gateway"):
            store.write(record, expected=None)
    assert place.tenant.server.requests() == []


def test_the_name_of_a_secret_is_not_case_sensitive(place: KeyVaultPlace) -> None:
    both = [place.entry, {**place.entry, "name": "GATEWAY", "vault_url": place.entry["vault_url"] + "/"}]
    with pytest.raises(InputError, match=r"The entries 1 and 2 of O\(stores\) name the same place"):
        open_stores(both, place.context())


@pytest.mark.parametrize("lag", [0, 30])
def test_a_deleted_name_is_recovered(place: KeyVaultPlace, lag: int) -> None:
    store = place.open()
    store.write(FIRST, expected=None)
    place.tenant.server.settings.vault_lag = lag
    store.remove()
    assert place.value() is None
    store.write(SECOND, expected=None)
    assert place.value() == OTHER_SECRET
    assert "POST /deletedsecrets/gateway/recover" in place.writes


@pytest.mark.parametrize("fault", [{"close_after": True}, {"invalid_json": True}])
def test_a_write_with_a_lost_response_is_checked(place: KeyVaultPlace, fault: Json) -> None:
    place.tenant.server.faults.add(method="PUT", path="/secrets/", **fault)
    place.open().write(FIRST, expected=None)
    assert len(place.vault.secrets["gateway"].versions) == 1


def test_a_lost_request_is_sent_again(place: KeyVaultPlace) -> None:
    place.tenant.server.faults.add(method="PUT", path="/secrets/", close_before=True)
    place.open().write(FIRST, expected=None)
    assert place.value() == SECRET


@pytest.mark.parametrize("reached", [True, False])
def test_a_write_that_never_arrives_is_reported(
    place: KeyVaultPlace, monkeypatch: pytest.MonkeyPatch, reached: bool
) -> None:
    """Only a write that may have arrived is checked."""
    place.open().write(FIRST, expected=None)
    store = place.open()
    seen = store.read()
    place.tenant.clear_requests()
    if reached:
        place.tenant.server.faults.add(method="PUT", path="/secrets/", close_before=True, times=99)
    else:
        _unreachable(monkeypatch, "PUT")
    with pytest.raises(TransportError):
        store.write(SECOND, expected=seen)
    assert place.value() == SECRET
    reads = [
        entry for entry in place.tenant.server.requests() if (entry.method, "/secrets/" in entry.path) == ("GET", True)
    ]
    assert (len(reads) > 1) is reached


def _unreachable(monkeypatch: pytest.MonkeyPatch, method: str) -> None:
    request = HttpClient.request

    def refused(http: HttpClient, asked: str, url: str, **more: t.Any) -> Response:
        if asked == method:
            raise TransportError("Connection refused.", maybe_processed=False, next_step="Try again.")
        return request(http, asked, url, **more)

    monkeypatch.setattr(HttpClient, "request", refused)


def test_retry_after_of_a_busy_vault_is_respected(place: KeyVaultPlace) -> None:
    body = {"error": {"code": "Throttled", "message": "Too many requests were received."}}
    faults = place.tenant.server.faults
    faults.add(method="PUT", path="/secrets/", status=429, headers={"retry-after": "17"}, body=body)
    place.open().write(FIRST, expected=None)
    assert place.value() == SECRET
    waited = t.cast(t.Any, place.tenant.server.clock).offset
    assert 17 <= waited < 18


def test_a_vault_that_is_busy_at_the_challenge_is_waited_for(place: KeyVaultPlace) -> None:
    place.tenant.server.faults.add(path="/secrets/challenge", status=503)
    place.open().write(FIRST, expected=None)
    assert place.value() == SECRET
    place.tenant.server.faults.add(path="/secrets/challenge", status=503, times=99)
    with pytest.raises(AppsError) as failure:
        place.open().read()
    assert failure.value.details["status"] == 503


def test_a_disabled_secret_is_not_changed(place: KeyVaultPlace) -> None:
    place.open().write(FIRST, expected=None)
    place.newest["attributes"]["enabled"] = False
    with pytest.raises(AppsError) as failure:
        place.open().write(SECOND, expected=FIRST)
    assert failure.value.details["code"] == "SecretDisabled"


def test_an_expired_secret_can_be_read(place: KeyVaultPlace) -> None:
    past = dataclasses.replace(FIRST, secret_start="2019-01-01T00:00:00Z", secret_expires="2020-01-01T00:00:00Z")
    place.open().write(past, expected=None)
    assert place.open().read() == past


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"name": "no_such name"}, "cannot be the name"),
        ({"name": ""}, "missing required arguments: name"),
        ({"vault_url": "http://localhost"}, "is not the address of an https host"),
        ({"vault_url": "https://user:password@localhost"}, "is not the address of an https host"),
    ],
)
def test_invalid_settings_are_refused(place: KeyVaultPlace, changes: Json, words: str) -> None:
    place.entry.update(changes)
    with pytest.raises(InputError, match=words):
        place.open()
    assert place.tenant.server.requests() == []


@pytest.mark.parametrize(
    ("fault", "words", "most"),
    [
        ({"close_before": True}, "connection", TRANSPORT_ATTEMPTS - 1),
        ({"status": 200, "headers": {"content-encoding": "br"}}, "a compression that was not requested", 1),
    ],
)
def test_a_read_is_repeated_while_time_is_left(place: KeyVaultPlace, fault: Json, words: str, most: int) -> None:
    place.params["wait_timeout"] = 1
    place.tenant.server.faults.add(path="/secrets/gateway", times=99, **fault)
    with pytest.raises(TransportError, match=words):
        place.open().read()
    assert sum(entry.path.startswith("/secrets/gateway") for entry in place.tenant.server.requests()) <= most


def test_an_unreachable_vault_is_reported(place: KeyVaultPlace) -> None:
    place.tenant.server.faults.add(path="/secrets/", close_before=True, times=99)
    with pytest.raises(AppsError) as failure:
        place.open().read()
    assert failure.value.kind == "transport"


PAGE = {"status": 404, "body": {"title": "of a proxy"}}
EMPTY = {"status": 404, "body": None}
OTHER_CODE = {"status": 404, "body": {"error": {"code": "ResourceNotFound", "message": "No such vault."}}}
NO_OBJECT = {"status": 200, "body": []}
NO_VALUE = {"status": 200, "body": {"id": "https://localhost/secrets/gateway/" + "0" * 32, "attributes": {}}}
ANOTHER = {"status": 200, "body": {"id": "https://localhost/secrets/another/" + "0" * 32, "value": "its-value"}}


@pytest.mark.parametrize("answer", [PAGE, EMPTY, OTHER_CODE, NO_OBJECT, NO_VALUE, ANOTHER])
def test_only_a_response_of_a_key_vault_means_absence(place: KeyVaultPlace, answer: Json) -> None:
    place.tenant.server.faults.add(path="/secrets/gateway", times=99, **answer)
    store = place.open()
    for attempt in (store.read, store.remove, lambda: store.write(FIRST, expected=None)):
        with pytest.raises(AppsError, match="Could not read the secret gateway") as failure:
            attempt()
        assert "its-value" not in repr(failure.value.describe(lambda value: value))
    assert place.writes == []
