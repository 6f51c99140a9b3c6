# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""With a stand-in for AWX's API that follows its documentation."""

from __future__ import annotations

import base64
import collections.abc as c
import json
import typing as t
from pathlib import Path

import pytest

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.errors import (
    AppsError,
    ConflictError,
    InputError,
    OvertakenError,
)
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._awx.sign_in import awx_settings
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._store.contract import StoreContext
from ansible_collections.email_gateway.azure_apps.tests.stores.awx import Awx
from ansible_collections.email_gateway.azure_apps.tests.unit.plugins.plugin_utils.stores.contract import (
    FIRST,
    SECOND,
    SECRET,
    Json,
    Place,
    WriteOnlyContract,
    make_context,
)
from ansible_collections.email_gateway.azure_apps.tests.unit.tenant import VirtualTime

NAME = Awx.store["name"]


class AwxPlace(Place):
    def __init__(self, server: Awx, home: Path) -> None:
        self.server = server
        self.entry = dict(Awx.store)
        self.environ = {"CONTROLLER_HOST": server.url, "CONTROLLER_OAUTH_TOKEN": server.token, "HOME": str(home)}
        self.seen: list[StoreContext] = []

    def context(self) -> StoreContext:
        self.seen.append(make_context(self.environ))
        return self.seen[-1]

    def value(self) -> str | None:
        return self.server.inputs(NAME).get("client_secret")

    def fingerprint(self) -> t.Any:
        return json.dumps(self.server.credentials)

    def fill_with_foreign(self) -> None:
        by_hand = {"tenant_id": "theirs", "client_secret": "theirs-as-well"}
        item = {"id": 8, "name": NAME, "credential_type": 30, "organization": 1, "inputs": by_hand}
        self.server.credentials[8] = item

    def make_unwritable(self) -> str:
        self.server.objects.tables["credential_types"][30]["inputs"]["fields"].pop()
        return "has no credential type Mail gateway with the fields"


@pytest.fixture
def server() -> c.Iterator[Awx]:
    with Awx(seen=lambda: None) as server:
        yield server


@pytest.fixture
def place(server: Awx, tmp_path: Path, virtual_time: VirtualTime) -> AwxPlace:
    return AwxPlace(server, tmp_path)


class TestContract(WriteOnlyContract):
    @pytest.fixture
    def place(self, place: AwxPlace) -> Place:
        return place


def test_all_fields_are_texts_and_lists_are_json(place: AwxPlace) -> None:
    store = place.open()
    store.write(SECOND, expected=None)
    inputs = place.server.inputs(NAME)
    assert {type(value) for value in inputs.values()} == {str}
    assert json.loads(inputs["handed_over_to"]) == list(SECOND.handed_over_to)
    assert (inputs["key_id"], inputs["client_secret"]) == (SECOND.key_id, SECOND.client_secret)
    (credential,) = place.server.credentials.values()
    assert (credential["organization"], credential["credential_type"]) == (1, 30)
    assert store.reference() == {
        "type": "awx_credential",
        "credential_type": "Mail gateway",
        "name": NAME,
        "readable": False,
    }
    assert place.server.writes == ["POST /api/v2/credentials/"]


def test_a_credential_can_be_created_without_an_organization(place: AwxPlace) -> None:
    del place.entry["organization"]
    place.open().write(FIRST, expected=None)
    (credential,) = place.server.credentials.values()
    assert credential["organization"] is None


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"credential_type": "Machine"}, "has no credential type Machine with the fields"),
        ({"credential_type": "Nothing"}, "has no credential type Nothing"),
    ],
)
def test_an_unsuitable_credential_type_is_refused_in_advance(place: AwxPlace, changes: Json, words: str) -> None:
    place.entry.update(changes)
    with pytest.raises(ConflictError, match=words):
        place.open().check_writable(SECOND)
    assert place.server.writes == []


def test_another_secret_field_of_the_type_is_refused(place: AwxPlace) -> None:
    fields = place.server.objects.tables["credential_types"][30]["inputs"]["fields"]
    fields.append({"id": "more", "type": "string", "label": "More", "secret": True})
    with pytest.raises(ConflictError, match="of which only client_secret is secret"):
        place.open().check_writable(SECOND)


@pytest.mark.parametrize("name", [None, ["more"], {"more": 1}])
def test_a_field_of_the_type_without_a_name_is_ignored(place: AwxPlace, name: t.Any) -> None:
    place.server.objects.tables["credential_types"][30]["inputs"]["fields"].append({"id": name, "type": "string"})
    place.open().check_writable(SECOND)


@pytest.mark.parametrize("number", [None, "eight", [8]])
def test_an_object_without_a_number_is_refused_before_anything_is_written(place: AwxPlace, number: t.Any) -> None:
    place.open().write(FIRST, expected=None)
    (credential,) = place.server.credentials.values()
    credential["id"] = number
    for attempt in (place.open().remove, lambda: place.open().write(SECOND, expected=FIRST.without_value())):
        with pytest.raises(AppsError, match=r"Could not read the credential .* the answer has an unexpected form"):
            attempt()
    assert place.server.writes == ["POST /api/v2/credentials/"]


def test_an_unknown_organization_is_refused(place: AwxPlace) -> None:
    place.entry["organization"] = "Unknown"
    with pytest.raises(ConflictError, match="has no organization Unknown"):
        place.open().write(FIRST, expected=None)


def test_two_credentials_of_the_same_name_are_not_changed(place: AwxPlace) -> None:
    place.open().write(FIRST, expected=None)
    (credential,) = place.server.credentials.values()
    place.server.credentials[99] = {**credential, "id": 99}
    for attempt in (place.open().read, place.open().remove, lambda: place.open().write(SECOND, expected=None)):
        with pytest.raises(ConflictError, match="has 2 credentials"):
            attempt()
    assert len(place.server.credentials) == 2


def test_a_read_only_sign_in_is_reported_at_the_write(place: AwxPlace) -> None:
    place.environ["CONTROLLER_OAUTH_TOKEN"] = place.server.reader
    with pytest.raises(AppsError, match="Could not create the credential Mail gateway Vienna in AWX: You do not have"):
        place.open().write(FIRST, expected=None)
    assert place.server.credentials == {}


def test_a_refused_sign_in_and_an_unreachable_server_are_reported(place: AwxPlace) -> None:
    place.environ["CONTROLLER_OAUTH_TOKEN"] = "an-invalid-token-of-awx"
    with pytest.raises(
        AppsError, match=r"Authentication credentials were not provided. \(HTTP status 401\)"
    ) as failure:
        place.open().read()
    assert "CONTROLLER_OAUTH_TOKEN" in failure.value.next_step
    place.environ["CONTROLLER_HOST"] = "http://127.0.0.1:9"
    with pytest.raises(AppsError, match=r"Could not read the credential .* in AWX: .*cannot be reached") as failure:
        place.open().read()
    assert "CONTROLLER_HOST" in failure.value.next_step


def test_a_refused_write_is_reported_with_the_message_of_awx(place: AwxPlace) -> None:
    place.server.broken = True
    with pytest.raises(AppsError, match="A server error has occurred"):
        place.open().write(FIRST, expected=None)


def test_a_read_waits_as_long_as_awx_demands(place: AwxPlace, virtual_time: VirtualTime) -> None:
    place.server.busy = ["7", "12"]
    assert place.open().read() is None
    assert [int(seconds) for seconds in virtual_time.waited] == [7, 12]


def test_a_write_with_a_lost_response_is_checked(place: AwxPlace) -> None:
    store = place.open()
    for record, before in ((FIRST, None), (SECOND, FIRST.without_value())):
        place.server.lose_next_write = True
        store.write(record, expected=before)
        assert place.value() == record.client_secret
    assert [write.split()[0] for write in place.server.writes] == ["POST", "PATCH"]


def test_a_concurrent_removal_is_not_an_error(place: AwxPlace) -> None:
    store = place.open()
    store.write(FIRST, expected=None)
    place.server.credentials.clear()
    with pytest.raises(OvertakenError):
        store.write(SECOND, expected=FIRST.without_value())
    store.remove()


def test_user_name_and_password_are_sent_with_every_request_and_leave_no_token_behind(place: AwxPlace) -> None:
    del place.environ["CONTROLLER_OAUTH_TOKEN"]
    place.environ |= {"CONTROLLER_USERNAME": "gäte", "CONTROLLER_PASSWORD": "correct horse: battery"}
    place.server.token = place.server.basic = base64.b64encode("gäte:correct horse: battery".encode()).decode()
    store = place.open()
    store.write(FIRST, expected=None)
    assert place.server.writes == ["POST /api/v2/credentials/"]
    assert "correct horse" not in store.context.call.secrets.for_message("it is correct horse: battery")


def test_http_to_another_machine_and_an_unverified_certificate_cause_a_warning(place: AwxPlace) -> None:
    place.environ |= {"CONTROLLER_HOST": "http://awx.example.invalid", "CONTROLLER_VERIFY_SSL": "no"}
    store = place.open()
    with pytest.raises(AppsError):
        store.read()
    assert len(store.context.call.warnings) == 2


def _settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, **environ: str) -> t.Any:
    monkeypatch.chdir(tmp_path)
    return awx_settings({"HOME": str(tmp_path), **environ})


@pytest.mark.parametrize(
    ("host", "prefix", "url"),
    [
        ("awx.example.com", "", "https://awx.example.com/api/v2/"),
        ("http://awx.example.com:8052/", "", "http://awx.example.com:8052/api/v2/"),
        ("https://example.com/awx", "", "https://example.com/awx/api/v2/"),
        ("https://aap.example.com", "/api/controller/", "https://aap.example.com/api/controller/v2/"),
    ],
)
def test_the_address_is_the_one_that_awx_awx_would_use(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, host: str, prefix: str, url: str
) -> None:
    environ = {
        "CONTROLLER_HOST": host,
        "CONTROLLER_OAUTH_TOKEN": "t" * 9,
        "CONTROLLER_OPTIONAL_API_URLPATTERN_PREFIX": prefix,
    }
    assert _settings(tmp_path, monkeypatch, **environ).url == url


@pytest.mark.parametrize(
    "names",
    [
        ("CONTROLLER_HOST", "CONTROLLER_OAUTH_TOKEN", "CONTROLLER_VERIFY_SSL"),
        ("TOWER_HOST", "TOWER_OAUTH_TOKEN", "TOWER_VERIFY_SSL"),
        ("AAP_HOSTNAME", "AAP_TOKEN", "AAP_VALIDATE_CERTS"),
    ],
)
def test_all_names_of_the_variables_are_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, names: tuple[str, str, str]
) -> None:
    found = _settings(
        tmp_path, monkeypatch, **dict(zip(names, ("awx.example.com", "token-of-awx", "False"), strict=True))
    )
    assert (found.url, found.token, found.verify) == ("https://awx.example.com/api/v2/", "token-of-awx", False)
    assert "token-of-awx" not in repr(found)


@pytest.mark.parametrize("section", ["[general]\n", ""])
def test_the_environment_has_precedence_over_a_file_of_tower_cli(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, section: str
) -> None:
    text = "host = awx.example.com\nusername = admin\npassword = 50% of it\nverify_ssl = false\n"
    (tmp_path / ".tower_cli.cfg").write_text(section + text)
    (tmp_path / "tower_cli.cfg").write_text("username: other\n")
    found = _settings(tmp_path, monkeypatch)
    assert (found.username, found.password, found.verify) == ("other", "50% of it", False)
    found = _settings(tmp_path, monkeypatch, CONTROLLER_HOST="http://localhost")
    assert found.url == "http://localhost/api/v2/"


@pytest.mark.parametrize(
    ("environ", "words"),
    [
        ({}, "CONTROLLER_HOST is not set"),
        ({"CONTROLLER_HOST": "awx.example.com"}, "There is no sign-in to AWX"),
        ({"CONTROLLER_HOST": "awx.example.com", "CONTROLLER_USERNAME": "x"}, "There is no sign-in to AWX"),
        ({"CONTROLLER_HOST": "https://u:p@awx.example.com", "AAP_TOKEN": "t"}, "is not the address of a host"),
        ({"CONTROLLER_HOST": "https://[", "AAP_TOKEN": "t"}, "CONTROLLER_HOST is not the address of a host"),
        ({"AAP_HOSTNAME": "[::1", "AAP_TOKEN": "t"}, "CONTROLLER_HOST is not the address of a host"),
        (
            {"CONTROLLER_HOST": "a", "AAP_TOKEN": "t", "CONTROLLER_VERIFY_SSL": "perhaps"},
            "CONTROLLER_VERIFY_SSL is neither true nor false",
        ),
    ],
)
def test_an_invalid_sign_in_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, environ: dict[str, str], words: str
) -> None:
    with pytest.raises(InputError, match=words):
        _settings(tmp_path, monkeypatch, **environ)


def test_an_unreadable_file_is_reported_without_its_lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "tower_cli.cfg").write_text(f"[general\npassword {SECRET}\n")
    with pytest.raises(InputError, match=r"tower_cli\.cfg with the sign-in to AWX cannot be read") as failure:
        _settings(tmp_path, monkeypatch)
    assert SECRET not in str(failure.value)
