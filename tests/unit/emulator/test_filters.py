# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Expressions of $filter: the objects that they select, and expressions that Graph refuses."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.email_gateway.azure_apps.tests.unit.graph_client import Client

EVENTUAL = {"ConsistencyLevel": "eventual"}
# The displayed names of service principals; the operator's and Microsoft's exist as well.
CHOSEN = {
    "accountEnabled eq false": {"off"},
    "accountEnabled and displayName eq 'on'": {"on"},
    "displayName ge 'on' and displayName le 'on'": {"on"},
    "displayName gt 'om' and displayName lt 'oo'": {"on"},
    "displayName in ('on','off','neither')": {"on", "off"},
    "tags/any(t:t eq 'gateway')": {"on"},
    "tags/any(t:t eq 'gateway') or displayName eq 'off'": {"on", "off"},
    "notes eq null and displayName eq 'on'": {"on"},
    "not (displayName eq 'on') and endswith(displayName,'off')": {"off"},
}
REFUSED = {
    "displayName": "must evaluate to a single boolean value",
    "'x' eq 'x'": "left side of a comparison must be a property",
    "accountEnabled gt true": "incompatible types",
    "displayName eq 7": "incompatible types",
    "startswith(accountEnabled,'x')": "No function signature",
    "length(displayName) eq 2": "",
    "displayName/any(t:t eq 'x')": "following a collection",
    "colour eq 'x'": "Could not find a property named 'colour'",
    "displayName eq": "",
}


@pytest.fixture
def principals(operator: Client) -> Client:
    on = operator.service_principal(operator.application("on")["appId"])
    off = operator.service_principal(operator.application("off")["appId"])
    operator.patch(f"/servicePrincipals/{on['id']}", {"tags": ["gateway"]})
    operator.patch(f"/servicePrincipals/{off['id']}", {"accountEnabled": False})
    return operator


def filtered(client: Client, expression: str) -> Any:
    return client.get("/servicePrincipals", params={"$filter": expression, "$count": "true"}, headers=EVENTUAL)


@pytest.mark.parametrize("expression", CHOSEN)
def test_a_filter_selects_objects(principals: Client, expression: str) -> None:
    answer = filtered(principals, expression)
    assert answer.status_code == 200, answer.text
    assert {entry["displayName"] for entry in answer.json()["value"]} == CHOSEN[expression]


@pytest.mark.parametrize("expression", REFUSED)
def test_a_filter_is_refused(operator: Client, expression: str) -> None:
    answer = filtered(operator, expression)
    assert answer.status_code == 400, answer.text
    assert REFUSED[expression] in answer.json()["error"]["message"]


def test_in_accepts_fifteen_values_unless_the_query_is_advanced(principals: Client) -> None:
    """Recorded in microsoft-graph-docs-contrib issue 1238."""
    on = [entry["appId"] for entry in filtered(principals, "displayName eq 'on'").json()["value"]]
    for count, status in ((15, 200), (16, 400)):
        values = ",".join(f"'{value}'" for value in [*on, *map(str, range(count - 1))])
        answer = principals.get("/servicePrincipals", params={"$filter": f"appId in ({values})"})
        assert answer.status_code == status, answer.text
        assert filtered(principals, f"appId in ({values})").status_code == 200
    error = answer.json()["error"]
    assert (error["code"], "operators: 16. Max allowed: 15." in error["message"]) == ("Request_UnsupportedQuery", True)


@pytest.mark.parametrize("name", ["appId", "id", "appDisplayName"])
def test_in_selects_objects_with_and_without_an_index(principals: Client, name: str) -> None:
    wanted = filtered(principals, "displayName in ('on','off')").json()["value"]
    values = ",".join(f"'{entry[name]}'" for entry in wanted)
    found = principals.get("/servicePrincipals", params={"$filter": f"{name} in ({values})"}).json()["value"]
    assert {entry["id"] for entry in wanted} <= {entry["id"] for entry in found}
    assert {entry[name] for entry in found} == {entry[name] for entry in wanted}


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"$search": '"displayName:x"'}, "ConsistencyLevel"),
        ({"$orderby": "tags"}, "Unsupported sort property"),
        ({"$orderby": "displayName", "$filter": "displayName eq 'x'"}, "Sorting not supported"),
        ({"$expand": "owners,appRoleAssignments"}, "Unsupported expand"),
        ({"$expand": "colour"}, "Could not find a property named 'colour'"),
        ({"$top": "many"}, "$top"),
        ({"$top": "1000"}, "Invalid page size"),
        ({"$filter": " "}, "is empty"),
    ],
)
def test_an_invalid_option_is_refused(operator: Client, options: dict[str, str], words: str) -> None:
    answer = operator.get("/servicePrincipals", params=options)
    assert answer.status_code == 400, answer.text
    assert words in answer.json()["error"]["message"]
