# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""POST /v1.0/$batch."""

from __future__ import annotations

from typing import Any


def step(number: int, method: str = "GET", url: str = "/organization", **more: Any) -> dict[str, Any]:
    if "body" in more:
        more.setdefault("headers", {"Content-Type": "application/json"})
    return {"id": str(number), "method": method, "url": url, **more}


def test_each_request_of_a_batch_has_its_own_status(operator: Any, emulator: Any) -> None:
    answer = operator.post(
        "/$batch",
        {
            "requests": [
                step(1, "POST", "/applications", body={"displayName": "batched"}),
                step(2, url="/applications/unknown"),
                step(3, url="/organization", dependsOn=["2"]),
                step(4, url="/applications?$filter=displayName eq 'batched'", dependsOn=["1"]),
            ]
        },
    )
    assert answer.status_code == 200
    answers = {entry["id"]: entry for entry in answer.json()["responses"]}
    assert {key: entry["status"] for key, entry in answers.items()} == {"1": 201, "2": 404, "3": 424, "4": 200}
    assert len(answers["4"]["body"]["value"]) == 1
    assert answers["2"]["body"]["error"]["code"] == "Request_ResourceNotFound"
    (write,) = emulator.writes()
    outer = next(entry for entry in emulator.requests() if entry.path.endswith("$batch"))
    assert (write.path, write.status, write.outer) == ("/v1.0/applications", 201, outer.index)


def test_the_outer_token_authorises_each_request_of_a_batch(client_with: Any) -> None:
    reader = client_with("Organization.Read.All")
    answer = reader.post(
        "/$batch", {"requests": [step(1), step(2, "POST", "/applications", body={"displayName": "x"})]}
    )
    assert [entry["status"] for entry in answer.json()["responses"]] == [200, 403]


def test_invalid_and_oversized_batches_are_refused(operator: Any, emulator: Any) -> None:
    assert operator.post("/$batch", {"requests": [step(number) for number in range(20)]}).status_code == 200
    too_many = operator.post("/$batch", {"requests": [step(number) for number in range(21)]})
    assert too_many.status_code == 400
    refused: list[Any] = [{}, {"requests": []}, {"requests": [step(1), step(1)]}, {"requests": [{"id": "1"}]}, []]
    for wrong in refused:
        assert operator.post("/$batch", wrong).status_code == 400, wrong
    assert operator.session.post(f"{emulator.graph}/v1.0/$batch", json={}, timeout=10).status_code == 401


def test_a_fault_can_throttle_one_request_of_a_batch(operator: Any, emulator: Any) -> None:
    emulator.faults.add(method="GET", path="^/v1.0/organization", nth=2, status=429, headers={"Retry-After": "2"})
    answer = operator.post("/$batch", {"requests": [step(1), step(2), step(3)]})
    assert [entry["status"] for entry in answer.json()["responses"]] == [200, 429, 200]
    assert answer.json()["responses"][1]["headers"]["Retry-After"] == "2"
