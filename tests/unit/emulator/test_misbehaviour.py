# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Replication lag, injected faults, the journal, the clock and the admin interface."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from graph_emulator.wire.admin import HEADERS


def test_lag_causes_misleading_responses_for_a_number_of_requests(emulator: Any, operator: Any) -> None:
    emulator.settings.update({"lag": 2})
    created = operator.application()
    path = f"/applications/{created['id']}"
    assert [operator.get(path).status_code for _attempt in range(3)] == [404, 404, 200]
    other = operator.application()
    refused = [operator.post("/servicePrincipals", {"appId": other["appId"]}) for _attempt in range(3)]
    assert [answer.status_code for answer in refused] == [400, 400, 201]
    assert refused[0].json()["error"]["details"][0]["code"] == "NoBackingApplicationObject"
    graph = emulator.tenant.service_principal_by("appId", "00000003-0000-0000-c000-000000000000")
    body = {"principalId": refused[2].json()["id"], "resourceId": graph["id"], "appRoleId": graph["appRoles"][0]["id"]}
    answers = [operator.post(f"/servicePrincipals/{graph['id']}/appRoleAssignedTo", body) for _attempt in range(3)]
    assert [answer.status_code for answer in answers] == [400, 400, 201]
    assert answers[0].json()["error"]["message"] == "Not a valid reference update."


def test_lag_hides_objects_from_lists(emulator: Any, operator: Any) -> None:
    emulator.settings.update({"lag": 1})
    operator.application("late")
    listed = [len(operator.get("/applications?$filter=displayName eq 'late'").json()["value"]) for _attempt in range(2)]
    assert listed == [0, 1]


def test_a_fault_replaces_the_response_to_the_nth_request(emulator: Any, operator: Any) -> None:
    emulator.faults.add(method="POST", path="/addPassword$", nth=2, times=2, status=503, headers={"Retry-After": "1"})
    created = operator.application()
    path = f"/applications/{created['id']}/addPassword"
    assert [operator.post(path, {}).status_code for _attempt in range(4)] == [200, 503, 503, 200]
    assert len(operator.get(f"/applications/{created['id']}").json()["passwordCredentials"]) == 2


def test_a_fault_after_processing_only_loses_the_response(emulator: Any, operator: Any) -> None:
    created = operator.application()
    path = f"/applications/{created['id']}"
    emulator.faults.add(path="/addPassword$", close_before=True)
    with pytest.raises(requests.ConnectionError):
        operator.post(f"{path}/addPassword", {})
    assert operator.get(path).json()["passwordCredentials"] == []
    emulator.faults.add(path="/addPassword$", close_after=True)
    with pytest.raises(requests.ConnectionError):
        operator.post(f"{path}/addPassword", {})
    assert len(operator.get(path).json()["passwordCredentials"]) == 1
    emulator.faults.add(path="/addPassword$", status=504, processed=True)
    assert operator.post(f"{path}/addPassword", {}).status_code == 504
    assert len(operator.get(path).json()["passwordCredentials"]) == 2


def test_responses_can_be_corrupted(emulator: Any, operator: Any) -> None:
    emulator.faults.add(path="/organization", invalid_json=True)
    answer = operator.get("/organization")
    assert answer.status_code == 200
    with pytest.raises(requests.exceptions.JSONDecodeError):
        answer.json()
    emulator.faults.add(path="/organization", content_type="text/html")
    assert operator.get("/organization").headers["content-type"] == "text/html"
    emulator.faults.add(path="/organization", truncate=True)
    with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
        operator.get("/organization")
    emulator.faults.add(
        path="/oauth2/v2.0/token", status=502, body="<html>bad gateway</html>", content_type="text/html"
    )
    assert operator.ask_token().text == "<html>bad gateway</html>"
    emulator.faults.add(path="/organization", delay=0.05)
    assert operator.get("/organization").elapsed.total_seconds() >= 0.05


MEGABYTES = 50 * 1024 * 1024
# The fault, the client's view of a POST to addPassword, and whether the password exists afterwards.
FAULTS: dict[str, tuple[dict[str, Any], str, bool]] = {
    "status": ({"status": 503}, "503 application/json", False),
    "status, processed": ({"status": 503, "processed": True}, "503 application/json", True),
    "status without body": ({"status": 204}, "204 application/json", False),
    "status, headers and body": (
        {"status": 429, "headers": {"Retry-After": "0.5"}, "body": {"error": {}}},
        "429 application/json after 0.5",
        False,
    ),
    "a body that is text": (
        {"status": 502, "body": "<p>", "content_type": "text/html"},
        "502 text/html no JSON",
        False,
    ),
    "closed before it is processed": ({"close_before": True}, "ConnectionError", False),
    "closed after it was processed": ({"close_after": True}, "ConnectionError", True),
    "cut in the middle": ({"truncate": True}, "ChunkedEncodingError", True),
    "later than the client waits": ({"delay": 0.4}, "ReadTimeout", True),
    "late but in time": ({"delay": 0.05}, "200 application/json", True),
    "wrong content type": ({"content_type": "text/html"}, "200 text/html", True),
    "invalid JSON": ({"invalid_json": True}, "200 application/json no JSON", True),
    "50 MB": ({"oversize": MEGABYTES}, f"200 application/json {MEGABYTES}", True),
    "50 MB of an error": ({"status": 500, "oversize": MEGABYTES}, f"500 application/json {MEGABYTES}", False),
}


@pytest.mark.parametrize("name", FAULTS)
def test_every_fault_has_its_effect(emulator: Any, operator: Any, name: str) -> None:
    import time

    rule, wanted, takes_effect = FAULTS[name]
    created = operator.application()
    path = f"/v1.0/applications/{created['id']}"
    headers = {"Authorization": f"Bearer {operator.token}"}
    emulator.faults.add(method="POST", path="/addPassword$", **rule)
    try:
        answer = operator.session.post(
            f"{emulator.graph}{path}/addPassword", json={}, headers=headers, timeout=0.2 if rule.get("delay") else 5
        )
        seen = f"{answer.status_code} {answer.headers['content-type'].partition(';')[0]}"
        seen += f" after {answer.headers['retry-after']}" if "retry-after" in answer.headers else ""
        seen += f" {len(answer.content)}" if len(answer.content) > 10_000 else ""
        if answer.content and not isinstance(parsed(answer), dict):
            seen += " no JSON"
    except requests.RequestException as error:
        seen = type(error).__name__
    assert seen == wanted
    if wanted == "ReadTimeout":
        time.sleep(rule["delay"])
    # Exactly one request had the fault, and the connection can be used for the next one.
    assert len(operator.get(f"/applications/{created['id']}").json()["passwordCredentials"]) == takes_effect
    assert operator.post(f"/applications/{created['id']}/addPassword", {}).status_code == 200


def parsed(answer: Any) -> Any:
    try:
        return answer.json()
    except requests.exceptions.JSONDecodeError:
        return None


@pytest.mark.parametrize("rule", [{"invalid_json": True}, {"oversize": 100}, {"status": 204}, {"truncate": True}])
def test_faults_can_affect_responses_without_a_body(emulator: Any, operator: Any, rule: dict[str, Any]) -> None:
    created = operator.application()
    emulator.faults.add(method="PATCH", **rule)
    answer = operator.patch(f"/applications/{created['id']}", {"notes": "x"})
    assert answer.status_code == (200 if rule.keys() & {"invalid_json", "oversize"} else 204)
    assert operator.get("/organization").status_code == 200


@pytest.mark.parametrize(
    "rule",
    [
        {"path": "("},
        {"status": "503"},
        {"status": 100},
        {"delay": -1},
        {"oversize": -1},
        {"nth": 0},
        {"unknown": 1},
    ],
)
def test_invalid_faults_are_refused(emulator: Any, operator: Any, rule: dict[str, Any]) -> None:
    answer = operator.session.post(f"{emulator.graph}/_emulator/faults", json=rule, headers=HEADERS, timeout=10)
    assert answer.status_code == 400 and answer.json()["error"]


@pytest.mark.parametrize(("processed", "stored"), [(False, 0), (True, 1)])
def test_faults_affect_the_requests_of_a_batch(emulator: Any, operator: Any, processed: bool, stored: int) -> None:
    created = operator.application()
    emulator.faults.add(path="/addPassword$", status=503, processed=processed)
    requests_ = [
        {
            "id": "1",
            "method": "POST",
            "url": f"/applications/{created['id']}/addPassword",
            "body": {},
            "headers": {"Content-Type": "application/json"},
        }
    ]
    (answer,) = operator.post("/$batch", {"requests": requests_}).json()["responses"]
    assert answer["status"] == 503
    assert len(operator.get(f"/applications/{created['id']}").json()["passwordCredentials"]) == stored


@pytest.mark.parametrize("status", [409, 429, 500, 503])
def test_a_fault_without_a_body_gets_a_matching_one(emulator: Any, operator: Any, status: int) -> None:
    emulator.faults.add(path="/organization", status=status)
    answer = operator.get("/organization")
    assert answer.status_code == status
    assert answer.json()["error"]["code"]


def test_the_journal_records_requests(emulator: Any, operator: Any) -> None:
    operator.session.headers["User-Agent"] = "tests/1"
    operator.application("seen")
    operator.get("/applications?$top=5")
    (write,) = emulator.writes()
    assert (write.method, write.path, write.status) == ("POST", "/v1.0/applications", 201)
    assert write.body == {"displayName": "seen"}
    assert (write.client_id, write.user_agent) == (operator.client_id, "tests/1")
    assert [entry.path.rpartition("/")[2] for entry in emulator.requests()] == ["token", "applications", "applications"]
    assert emulator.requests()[0].client_id == operator.client_id
    assert emulator.requests()[-1].query == "$top=5"


def test_the_admin_interface_works(emulator: Any, operator: Any) -> None:
    def admin(action: str, body: Any = None) -> Any:
        return operator.session.post(
            f"{emulator.graph}/_emulator/{action}", json=body or {}, headers=HEADERS, timeout=10
        )

    assert admin("settings", {"secret_delay": 5}).json()["secret_delay"] == 5
    assert admin("settings", {"nonsense": 5}).status_code == 400
    assert admin("clock", {"advance": 60}).json()["offset"] == 60
    assert admin("clock", {}).status_code == 400
    made = admin("operators", {"roles": ["Application.Read.All"]}).json()
    assert operator.ask_token(client_id=made["client_id"], client_secret=made["client_secret"]).status_code == 200
    assert admin("operators", {"roles": ["Nonsense"]}).status_code == 400
    assert admin("faults", {"path": "/organization", "status": 503}).status_code == 200
    assert admin("faults", {"nonsense": 1}).status_code == 400
    assert operator.get("/organization").status_code == 503
    assert admin("policy", {"isEnabled": True}).json()["isEnabled"] is True
    assert admin("nonsense").status_code == 404
    entries = operator.session.get(f"{emulator.graph}/_emulator/journal", timeout=10).json()["entries"]
    assert entries[-1]["path"] == "/v1.0/organization"
    assert admin("reset").status_code == 200
    assert emulator.settings.secret_delay == 0 and emulator.clock.offset == 0
    assert operator.get("/policies/defaultAppManagementPolicy").json()["isEnabled"] is False
    state = operator.session.get(f"{emulator.graph}/_emulator/state", timeout=10).json()
    assert len(state["applications"]) == 1


def test_a_reset_is_quick_and_keeps_tokens_valid(emulator: Any, operator: Any) -> None:
    import time

    operator.application()
    started = time.perf_counter()
    emulator.reset()
    assert time.perf_counter() - started < 0.02
    assert len(operator.get("/applications").json()["value"]) == 1


def test_no_concurrent_update_is_lost(emulator: Any, operator: Any, client_with: Any) -> None:
    from concurrent.futures import ThreadPoolExecutor

    created = operator.application()
    path = f"/applications/{created['id']}/addPassword"
    clients = [client_with("Application.ReadWrite.All") for _attempt in range(4)]

    def add_some(client: Any) -> list[int]:
        return [client.post(path, {}).status_code for _attempt in range(5)]

    with ThreadPoolExecutor(4) as pool:
        statuses = [status for result in pool.map(add_some, clients) for status in result]
    assert statuses == [200] * 20
    assert len(operator.get(f"/applications/{created['id']}").json()["passwordCredentials"]) == 20


def test_simultaneous_upserts_create_one_application(operator: Any, client_with: Any) -> None:
    from concurrent.futures import ThreadPoolExecutor

    clients = [client_with("Application.ReadWrite.All") for _attempt in range(6)]

    def upsert(client: Any) -> int:
        status: int = client.upsert("/applications(uniqueName='one')", {"displayName": "one"}).status_code
        return status

    with ThreadPoolExecutor(6) as pool:
        statuses = sorted(pool.map(upsert, clients))
    assert statuses == [201, *[204] * 5]
    assert len(operator.get("/applications?$filter=uniqueName eq 'one'").json()["value"]) == 1


def test_a_bug_of_the_emulator_is_a_status_500(emulator: Any, operator: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    assert operator.token
    monkeypatch.setattr(emulator.tenant.directory, "organization", None)
    answer = operator.get("/organization")
    assert (answer.status_code, answer.json()["error"]["code"]) == (500, "InternalServerError")
    (trace,) = emulator.internal_errors
    assert "Traceback" in trace
    assert emulator.journal.entries()[-1].status == 500
    emulator.internal_errors.clear()


@pytest.mark.parametrize(
    ("headers", "words"),
    [
        ({"X-Graph-Emulator": "admin", "Content-Type": "text/plain"}, "application/json"),
        ({"Content-Type": "application/json"}, "X-Graph-Emulator: admin"),
        ({**HEADERS, "Content-Type": "application/json", "Origin": "https://evil.example"}, "https://evil.example"),
        ({**HEADERS, "Content-Type": "application/json", "Host": "evil.example"}, "localhost"),
    ],
)
def test_requests_of_a_foreign_page_are_refused(
    operator: Any, emulator: Any, headers: dict[str, str], words: str
) -> None:
    url = f"{emulator.graph}/_emulator/clock"
    answer = operator.session.post(url, data='{"advance": 60}', headers=headers, timeout=10)
    assert (answer.status_code, words in answer.json()["error"]) == (403, True)
    assert emulator.clock.offset == 0


@pytest.mark.parametrize("name", ["state", "journal"])
def test_requests_with_a_foreign_host_name_are_refused(operator: Any, emulator: Any, name: str) -> None:
    answer = operator.session.get(f"{emulator.graph}/_emulator/{name}", headers={"Host": "evil.example"}, timeout=10)
    assert answer.status_code == 403
