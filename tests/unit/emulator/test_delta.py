# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""delta of applications and service principals: pages, changes, removals, tokens."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.email_gateway.azure_apps.tests.unit.graph_client import Client

Json = dict[str, Any]
DAY = 24 * 3600


class Follower:
    """A client that follows the changes of a collection."""

    def __init__(self, client: Client, kind: str = "applications", query: str = "") -> None:
        self.client = client
        self.link = f"/{kind}/delta{query}"

    def round(self, **headers: str) -> list[Json]:
        """All entries up to the next deltaLink."""
        entries: list[Json] = []
        while True:
            answer = self.client.get(self.link, headers=headers)
            assert answer.status_code == 200, answer.text
            body = answer.json()
            entries += body["value"]
            assert ("@odata.nextLink" in body) != ("@odata.deltaLink" in body)
            self.link = body.get("@odata.nextLink") or body["@odata.deltaLink"]
            if "@odata.deltaLink" in body:
                return entries

    def names(self) -> list[str]:
        return [entry["displayName"] for entry in self.round()]


def test_the_first_round_returns_everything_and_later_ones_the_changes(operator: Client) -> None:
    created = operator.application("one")
    follower = Follower(operator)
    first = operator.get(follower.link).json()
    assert first["@odata.context"].endswith("/$metadata#applications")
    assert {"Gateway operator", "one"} == set(follower.names())
    assert follower.round() == []
    path = f"/applications/{created['id']}"
    operator.patch(path, {"web": {"homePageUrl": "https://example.com"}})
    operator.application("two")
    one, two = follower.round()
    assert (one["web"]["homePageUrl"], two["displayName"]) == ("https://example.com", "two")
    operator.post(f"{path}/addPassword", {})
    (changed,) = follower.round()
    assert changed["passwordCredentials"][0]["secretText"] is None
    assert follower.round() == []


def test_removals_restores_and_purges_are_reported(operator: Client) -> None:
    created = operator.application("one")
    follower = Follower(operator)
    follower.round()
    operator.delete(f"/applications/{created['id']}")
    assert follower.round() == [{"id": created["id"], "@removed": {"reason": "changed"}}]
    operator.post(f"/directory/deletedItems/{created['id']}/restore")
    assert follower.names() == ["one"]
    operator.delete(f"/applications/{created['id']}")
    follower.round()
    operator.delete(f"/directory/deletedItems/{created['id']}")
    assert follower.round() == [{"id": created["id"], "@removed": {"reason": "deleted"}}]
    assert follower.round() == []


@pytest.mark.parametrize("option", ["$deltatoken", "$deltaToken"])
def test_a_latest_token_only_returns_later_changes(operator: Client, option: str) -> None:
    operator.application("before")
    follower = Follower(operator, query=f"?{option}=latest")
    assert follower.round() == []
    operator.application("after")
    assert follower.names() == ["after"]


def test_changes_between_two_pages_are_reported(operator: Client) -> None:
    made = [operator.application(f"app {number}") for number in range(5)]
    follower = Follower(operator, query="?$top=2&$select=displayName")
    first = operator.get(follower.link).json()
    assert [set(entry) for entry in first["value"]] == [{"id", "displayName"}] * 2
    assert first["@odata.nextLink"].partition("?")[2].startswith("$skiptoken=")
    follower.link = first["@odata.nextLink"]
    operator.patch(f"/applications/{made[0]['id']}", {"displayName": "changed"})
    rest = follower.names()
    assert rest == ["app 1", "app 2", "app 3", "app 4"]
    assert follower.names() == ["changed"]


def test_changes_are_paged(operator: Client) -> None:
    follower = Follower(operator, query="?$top=2")
    follower.round()
    for number in range(5):
        operator.application(f"app {number}")
    assert follower.names() == [f"app {number}" for number in range(5)]


def test_only_changes_of_selected_properties_are_reported(operator: Client) -> None:
    created = operator.application("one")
    follower = Follower(operator, query="?$select=displayName,notes")
    assert operator.get(follower.link).json()["@odata.context"].endswith("#applications(displayName,notes)")
    follower.round()
    operator.patch(f"/applications/{created['id']}", {"description": "not followed"})
    assert follower.round() == []
    operator.patch(f"/applications/{created['id']}", {"notes": "followed"})
    assert follower.round() == [{"id": created["id"], "displayName": "one", "notes": "followed"}]
    operator.patch(f"/applications/{created['id']}", {"notes": "again"})
    assert follower.round(Prefer="return=minimal") == [{"id": created["id"], "notes": "again"}]


def test_a_delta_can_be_limited_to_specific_objects(operator: Client) -> None:
    one, two, three = (operator.application(name) for name in ("one", "two", "three"))
    follower = Follower(operator, query=f"?$filter=id eq '{one['id']}' or id eq '{two['id']}'")
    assert follower.names() == ["one", "two"]
    for created in (one, three):
        operator.patch(f"/applications/{created['id']}", {"notes": "x"})
    assert follower.names() == ["one"]
    assert operator.get("/applications/delta?$filter=displayName eq 'one'").status_code == 400


def test_changes_of_an_application_are_changes_of_its_service_principal(operator: Client) -> None:
    created = operator.application("one")
    principal = operator.service_principal(created["appId"])
    follower = Follower(operator, "servicePrincipals", "?$deltatoken=latest")
    follower.round()
    operator.patch(f"/applications/{created['id']}", {"displayName": "renamed"})
    assert follower.names() == ["renamed"]
    operator.delete(f"/applications/{created['id']}")
    assert follower.round() == [{"id": principal["id"], "@removed": {"reason": "changed"}}]


@pytest.mark.parametrize("path", ["delta()", "microsoft.graph.delta()", "graph.delta", "microsoft.graph.delta"])
def test_all_spellings_of_the_function_are_accepted(operator: Client, path: str) -> None:
    assert operator.get(f"/applications/{path}").status_code == 200


def test_tokens_expire_after_seven_days(emulator: Any, operator: Client) -> None:
    follower = Follower(operator)
    follower.round()
    operator.application("one")
    emulator.clock.advance(6 * DAY)
    operator._token = None
    link, names = follower.link, follower.names()
    assert names == ["one"]
    emulator.clock.advance(2 * DAY)
    operator._token = None
    error = operator.get(link).json()["error"]
    assert error["code"] == "syncStateNotFound"
    assert follower.round() == [], "each round has its own token"


def test_a_reset_of_the_tenant_requires_a_new_start(emulator: Any, operator: Client) -> None:
    follower = Follower(operator)
    follower.round()
    emulator.reset()
    answer = operator.get(follower.link)
    assert (answer.status_code, answer.json()["error"]["code"]) == (410, "resyncRequired")
    assert operator.get(answer.headers["location"]).status_code == 200


@pytest.mark.parametrize(
    "query", ["$deltatoken=x", "$skiptoken=eyJ9", "$deltatoken=bnVsbA", "$top=0", "$select=nonsense"]
)
def test_invalid_queries_are_refused(operator: Client, query: str) -> None:
    assert operator.get(f"/applications/delta?{query}").status_code == 400


def test_a_token_is_refused_for_another_collection(operator: Client) -> None:
    follower = Follower(operator)
    follower.round()
    token = follower.link.partition("$deltatoken=")[2]
    assert operator.get(f"/servicePrincipals/delta?$deltatoken={token}").status_code == 400
    assert operator.get(f"/applications?$deltatoken={token}").status_code == 400


def test_delta_needs_read_rights(client_with: Any) -> None:
    assert client_with().get("/applications/delta").status_code == 403
    for role in ("Application.Read.All", "Application.ReadWrite.OwnedBy", "Directory.Read.All"):
        assert client_with(role).get("/servicePrincipals/delta").status_code == 200


def test_no_change_is_lost_with_lagging_replicas(emulator: Any, operator: Client) -> None:
    emulator.tenant.settings.update({"replica_delays": [0, 30]})
    follower = Follower(operator, query="?$deltatoken=latest")
    follower.round()
    made = {operator.application(f"app {number}")["displayName"] for number in range(10)}
    seen: set[str] = set()
    for _turn in range(6):
        emulator.clock.advance(10)
        seen |= set(follower.names())
    assert seen == made
