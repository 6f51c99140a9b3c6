# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Replicas that lag behind, token buckets, and writes that come too close to each other."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from graph_emulator.wire.admin import HEADERS
from graph_emulator.wire.server import EmulatorServer

CREATE = "Application.ReadWrite.OwnedBy"
GRAPH = "00000003-0000-0000-c000-000000000000"


def statuses(answers: list[Any]) -> set[int]:
    return {answer.status_code for answer in answers}


# Replicas


def test_a_fresh_object_is_only_visible_to_some_reads(emulator: Any, operator: Any) -> None:
    emulator.settings.update({"replica_delays": [0, 30]})
    created = operator.application("fresh")
    paths = (f"/applications/{created['id']}", f"/applications(appId='{created['appId']}')")
    for path in paths:
        assert statuses([operator.get(path) for _attempt in range(16)]) == {200, 404}
    listed = [
        len(operator.get("/applications?$filter=displayName eq 'fresh'").json()["value"]) for _attempt in range(16)
    ]
    assert set(listed) == {0, 1}
    emulator.clock.advance(31)
    for path in paths:
        assert statuses([operator.get(path) for _attempt in range(16)]) == {200}


def test_the_seed_decides_which_reads_are_stale(emulator: Any, operator: Any) -> None:
    def outcomes(seed: int) -> list[int]:
        emulator.reset()
        assert operator.token
        emulator.settings.update({"replica_delays": [0, 5, 30], "weather_seed": seed})
        created = operator.application()
        return [operator.get(f"/applications/{created['id']}").status_code for _attempt in range(12)]

    assert outcomes(1) == outcomes(1)
    assert len({tuple(outcomes(seed)) for seed in range(4)}) > 1


def test_updates_are_seen_later(emulator: Any, operator: Any) -> None:
    created = operator.application("before")
    path = f"/applications/{created['id']}"
    emulator.settings.update({"replica_delays": [0, 30]})
    assert operator.patch(path, {"displayName": "after"}).status_code == 204
    names = [operator.get(path).json()["displayName"] for _attempt in range(16)]
    assert set(names) == {"before", "after"}
    assert len({operator.get(f"{path}?$select=displayName").text for _attempt in range(16)}) == 2
    assert statuses([operator.delete(path)]) == {204}
    assert statuses([operator.get(path) for _attempt in range(16)]) == {200, 404}


def test_replicas_return_different_numbers_of_secrets(emulator: Any, operator: Any) -> None:
    created = operator.application()
    path = f"/applications/{created['id']}"
    emulator.settings.update({"replica_delays": [0, 15, 40]})
    for _number in range(2):
        assert operator.post(f"{path}/addPassword", {}).status_code == 200
        emulator.clock.advance(10)
    counts = {len(operator.get(path).json()["passwordCredentials"]) for _attempt in range(30)}
    assert counts == {0, 1, 2}


def test_writes_to_lagging_replicas_are_refused_and_not_performed(emulator: Any, operator: Any, oracle: Path) -> None:
    known = {entry["id"]: entry for entry in json.loads((oracle / "errors.json").read_text())["errors"]}
    assert operator.token
    emulator.settings.update({"replica_delays": [30]})

    def refused_for_now(path: str, body: Any, error: str) -> Any:
        """The same write twice: before and after the replica knows the required object."""
        before = json.dumps(emulator.tenant.snapshot()["applications"])
        assert_like(operator.post(path, body), known[error])
        assert json.dumps(emulator.tenant.snapshot()["applications"]) == before
        emulator.clock.advance(31)
        answer = operator.post(path, body)
        assert answer.status_code < 300, answer.text
        return answer.json() if answer.content else None

    app = operator.application()
    path = f"/applications/{app['id']}"
    assert_like(operator.patch(path, {"notes": "x"}), known["graph_404_after_create_write"])
    added = refused_for_now(f"{path}/addPassword", {}, "graph_404_after_create_write")
    refused_for_now(f"{path}/removePassword", {"keyId": added["keyId"]}, "graph_400_remove_unknown_password")
    body = {"appId": operator.application()["appId"]}
    principal = refused_for_now("/servicePrincipals", body, "graph_400_sp_no_backing_application")
    resource = emulator.tenant.service_principal_by("appId", GRAPH)
    body = {"principalId": principal["id"], "resourceId": resource["id"], "appRoleId": resource["appRoles"][0]["id"]}
    path = f"/servicePrincipals/{resource['id']}/appRoleAssignedTo"
    refused_for_now(path, body, "graph_400_invalid_reference_update")


def assert_like(answer: Any, known: dict[str, Any]) -> None:
    """Status, code and message as in errors.json, where <...> and ids match anything."""
    error, wanted = answer.json()["error"], known["body"]["error"]
    assert (answer.status_code, error["code"]) == (known["status"], wanted["code"])
    pattern = re.sub(r"<[^>]*>", ".+", re.sub(r"([.()'])", r"\\\1", wanted["message"]))
    assert re.fullmatch(pattern, error["message"]), error["message"]


def test_owned_by_gets_a_misleading_refusal_for_a_fresh_application(
    emulator: Any, client_with: Any, oracle: Path
) -> None:
    known = {entry["id"]: entry for entry in json.loads((oracle / "errors.json").read_text())["errors"]}
    client = client_with(CREATE)
    emulator.settings.update({"replica_delays": [0, 30]})
    app_ids = [client.application()["appId"] for _attempt in range(8)]
    answers = [client.post("/servicePrincipals", {"appId": app_id}) for app_id in app_ids]
    assert statuses(answers) == {201, 403}
    refused = next(answer for answer in answers if answer.status_code == 403)
    assert_like(refused, known["graph_403_sp_not_in_local_tenant"])


def test_unique_names_are_read_from_replicas(emulator: Any, operator: Any) -> None:
    emulator.settings.update({"replica_delays": [0, 300]})
    path = "/applications(uniqueName='one')"
    assert operator.upsert(path, {"displayName": "one"}).status_code == 201
    assert statuses([operator.get(path) for _attempt in range(16)]) == {200, 404}
    # Regardless of the replica, there is only one application.
    assert statuses([operator.upsert(path, {"displayName": "one"}) for _attempt in range(16)]) == {204}


def test_the_sign_in_lags_behind(emulator: Any, operator: Any) -> None:
    app = operator.application()
    emulator.settings.update({"replica_delays": [0, 30]})
    operator.service_principal(app["appId"])
    emulator.clock.advance(10)
    secret = operator.post(f"/applications/{app['id']}/addPassword", {}).json()["secretText"]

    def codes() -> set[int]:
        answers = [operator.ask_token(client_id=app["appId"], client_secret=secret).json() for _attempt in range(16)]
        return {code for answer in answers for code in answer.get("error_codes", [0])}

    assert codes() == {0, 7000229}
    emulator.clock.advance(25)
    assert codes() == {0, 7000215}
    emulator.clock.advance(6)
    assert codes() == {0}


# Throttling


def test_resource_units_depend_on_the_request(operator: Any) -> None:
    def units(path: str) -> str:
        return str(operator.get(path).headers["x-ms-resource-unit"])

    created = operator.application()
    assert units("/applications") == "2"
    assert units("/applications?$select=id") == "1"
    assert units("/applications?$top=5") == "1"
    assert units("/applications?$top=20") == "2"
    assert units("/applications?$expand=owners") == "3"
    assert units(f"/applications/{created['id']}?$select=id&$top=5") == "1"
    asked = operator.post("/directoryObjects/getByIds", {"ids": [created["id"]]})
    assert asked.headers["x-ms-resource-unit"] == "3"


def test_requests_are_throttled_by_resource_units(emulator: Any, operator: Any, oracle: Path) -> None:
    assert operator.token
    emulator.settings.update({"throttle_units": 10})
    answers = [operator.get("/applications") for _attempt in range(8)]
    assert [answer.status_code for answer in answers] == [200] * 5 + [429] * 3
    percentages = [answer.headers.get("x-ms-throttle-limit-percentage") for answer in answers]
    assert percentages[:4] == [None] * 4 and 0.9 < float(percentages[4]) <= 1
    refused = answers[5]
    known = {entry["id"]: entry for entry in json.loads((oracle / "errors.json").read_text())["errors"]}["graph_429"]
    wanted = known["body"]["error"]
    error = refused.json()["error"]
    assert (error["code"], error["message"]) == (wanted["code"], wanted["message"])
    assert error["innerError"].keys() >= wanted["innerError"].keys()
    assert re.fullmatch(r"\d+\.\d+", refused.headers["retry-after"])
    assert refused.headers["x-ms-throttle-information"] == "ResourceUnitLimitExceeded"
    scope = f"Tenant_Application/ReadWrite/{operator.client_id}/{emulator.tenant_id}"
    assert refused.headers["x-ms-throttle-scope"] == scope
    emulator.clock.advance(float(refused.headers["retry-after"]))
    assert operator.get("/applications").status_code == 200


def test_writes_are_throttled_separately_from_reads(emulator: Any, operator: Any, client_with: Any) -> None:
    emulator.settings.update({"throttle_writes": 2})
    answers = [operator.post("/applications", {"displayName": "x"}) for _attempt in range(3)]
    assert [answer.status_code for answer in answers] == [201, 201, 429]
    assert answers[2].headers["x-ms-throttle-information"] == "WriteLimitExceeded"
    assert "/Write/" in answers[2].headers["x-ms-throttle-scope"]
    assert 0 < float(answers[2].headers["retry-after"]) <= 75
    assert operator.get("/applications").status_code == 200
    # The buckets belong to one application.
    assert client_with("Application.ReadWrite.All").application()


@pytest.mark.parametrize(("size", "units"), [("S", 3500), ("M", 5000), ("L", 8000)])
def test_each_size_of_tenant_has_its_limits(emulator: Any, operator: Any, size: str, units: int) -> None:
    from graph_emulator.weather.throttle import limits

    emulator.settings.update({"throttle": size})
    assert limits(emulator.settings) == (units, 3000)
    assert operator.get("/applications").status_code == 200
    emulator.settings.update({"throttle_units": 7})
    assert limits(emulator.settings) == (7, 3000)


def test_each_request_of_a_batch_is_throttled_separately(emulator: Any, operator: Any) -> None:
    assert operator.token
    emulator.settings.update({"throttle_units": 4})
    requests = [{"id": str(number), "method": "GET", "url": "/applications"} for number in range(4)]
    answer = operator.post("/$batch", {"requests": requests})
    assert answer.status_code == 200
    inner = answer.json()["responses"]
    assert [entry["status"] for entry in inner] == [200, 200, 429, 429]
    assert float(inner[2]["headers"]["retry-after"]) > 0


# Close writes


def test_close_writes_are_refused_in_three_ways(emulator: Any, operator: Any, oracle: Path) -> None:
    emulator.settings.update({"concurrency_window": 5})
    path = f"/applications/{operator.application()['id']}"
    assert operator.post(f"{path}/addPassword", {}).status_code == 200
    answers = [operator.post(f"{path}/addPassword", {}) for _attempt in range(3)]
    known = {entry["id"]: entry for entry in json.loads((oracle / "errors.json").read_text())["errors"]}
    for answer, status in zip(answers, (409, 503, 400), strict=True):
        assert_like(answer, known[f"graph_{status}_concurrency"])
    assert len(operator.get(path).json()["passwordCredentials"]) == 1
    other = operator.application()
    assert operator.patch(f"/applications/{other['id']}", {"notes": "another object"}).status_code == 204
    emulator.clock.advance(5)
    assert operator.patch(f"/applications(appId='{other['appId']}')", {"notes": "later"}).status_code == 204


def test_a_refused_write_does_not_count(emulator: Any, operator: Any) -> None:
    emulator.settings.update({"concurrency_window": 5})
    path = f"/applications/{operator.application()['id']}"
    assert operator.patch(path, {"nonsense": 1}).status_code == 400
    assert operator.patch(path, {"notes": "x"}).status_code == 204
    emulator.clock.advance(4)
    assert operator.patch(path, {"notes": "y"}).status_code == 409
    emulator.clock.advance(1.5)
    assert operator.patch(path, {"notes": "y"}).status_code == 204


# Switches


def test_settings_can_be_changed_with_the_admin_interface(emulator: Any, operator: Any) -> None:
    def settings(body: Any) -> Any:
        return operator.session.post(f"{emulator.graph}/_emulator/settings", json=body, headers=HEADERS, timeout=10)

    wanted = {"replica_delays": [0, 2.5], "throttle": "M", "concurrency_window": 0.3, "weather_seed": 7}
    assert settings(wanted).json().items() >= wanted.items()
    for wrong in ({"throttle": "XL"}, {"replica_delays": 3}, {"replica_delays": [-1]}, {"throttle_units": "many"}):
        assert settings(wrong).status_code == 400
    emulator.reset()
    assert emulator.settings.replica_delays == () and emulator.settings.throttle == ""


def test_settings_can_be_arguments() -> None:
    server = EmulatorServer(
        replica_delays=[0, 3], throttle="S", throttle_units=9, throttle_writes=8, concurrency_window=0.5, weather_seed=4
    )
    try:
        server.reset()
        assert (
            server.settings.as_dict().items()
            >= {
                "replica_delays": (0.0, 3.0),
                "throttle": "S",
                "throttle_units": 9,
                "throttle_writes": 8,
                "concurrency_window": 0.5,
                "weather_seed": 4,
            }.items()
        )
    finally:
        server.close()


def test_settings_can_be_command_line_options() -> None:
    from graph_emulator.cli import parser

    chosen = parser().parse_args(["--replica-delays", "0,3,20", "--throttle", "L", "--concurrency-window", "0.3"])
    assert (chosen.replica_delays, chosen.throttle, chosen.concurrency_window) == ((0, 3, 20), "L", 0.3)
