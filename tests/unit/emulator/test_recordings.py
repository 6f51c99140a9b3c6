# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Recorded traffic with the real Microsoft Graph, replayed against the emulator in the same order.

Ids, times and secrets are mapped; everything else must be equal: status, keys and their order, types, nulls, values,
@odata.context, and the relevant headers.
"""

from __future__ import annotations

import copy
import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from graph_emulator.catalogue import RESOURCE_MANAGER_APP_ID

GUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
TIME = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,7})?Z$")
RECORDINGS = (
    "app_create_idempotent",
    "app_federated_credential",
    "app_optional_claims",
    "app_owner",
    "app_permission",
    "app_show_missing",
    "graph_service_principal",
    "rbac_cert",
    "rbac_idempotent",
    "sp_app_role_assignments",
    "sp_credential",
    "sp_get_by_app_id_as_id",
    "sp_owner",
    "sp_show_missing",
)

# The intended differences, each with its reason.
NEWER_KEYS = {
    # In the recording of 2024-09, absent from those of 2022 and 2023; serviceManagementReference also from 2021.
    "nativeAuthenticationApisEnabled",
    "uniqueName",
    "samlMetadataUrl",
    "servicePrincipalLockConfiguration",
    "requestSignatureVerification",
    "redirectUriSettings",
    "serviceManagementReference",
}
OTHER_ORDER = {
    # The position of these two changed between the recordings of 2022-02, 2022-05 and 2023-12; the emulator follows the
    # last.
    "verifiedPublisher",
    "resourceSpecificApplicationPermissions",
    # Only in the recording of 2021.
    "optionalClaims",
}
OTHER_VALUES = {
    "publisherDomain": "the tenant's own domain",
    "hint": "the first characters of a random secret",
    "secretText": "a random secret; the recording replaced it",
}
GROWN_LISTS = {
    "appRoles": "Microsoft Graph's permissions have grown since 2022",
    "oauth2PermissionScopes": "as appRoles",
    "servicePrincipalNames": "Microsoft's own names in another order",
    "resourceSpecificApplicationPermissions": "not part of the emulated surface",
}


class Replay:
    """One recording, replayed against the emulator."""

    def __init__(self, recording: dict[str, Any], operator: Any, name: str) -> None:
        self.exchanges = recording["exchanges"]
        self.operator = operator
        self.server = operator.server
        self.name = name
        self.ids: dict[str, str] = {}

    def run(self) -> int:
        self.plant_what_was_there_before()
        done = 0
        for exchange in self.exchanges:
            self.replay(exchange)
            done += 1
        return done

    def plant_what_was_there_before(self) -> None:
        """Users and service principals that the recording reads but does not create."""
        directory = self.server.tenant.directory
        created = {
            (exchange["response"]["body"] or {}).get("id")
            for exchange in self.exchanges
            if exchange["request"]["method"] == "POST"
        }
        for exchange in self.exchanges:
            path, body = exchange["request"]["path_and_query"], exchange["response"]["body"] or {}
            if path.startswith("/v1.0/users/"):
                directory.users[body["id"]] = {key: value for key, value in body.items() if "@" not in key}
            for found in body.get("value", [body]) if isinstance(body, dict) else []:
                if found.get("servicePrincipalType") and found["id"] not in created:
                    principal = {key: value for key, value in found.items() if "@" not in key}
                    if self.name == "graph_service_principal" or found["appId"] == RESOURCE_MANAGER_APP_ID:
                        ours = self.server.tenant.service_principal_by("appId", found["appId"])
                        self.ids[found["id"]] = ours["id"]
                    else:
                        directory.service_principals[found["id"]] = copy.deepcopy(principal)
            if "/appRoleAssignments" in path or "/transitiveMemberOf" in path:
                object_id = path.split("/")[3]
                like = next(iter(directory.service_principals.values()))
                directory.service_principals[object_id] = {**like, "id": object_id}

    def mapped(self, text: str) -> str:
        return GUID.sub(lambda match: self.ids.get(match.group(0), match.group(0)), text)

    def replay(self, exchange: dict[str, Any]) -> None:
        request, wanted = exchange["request"], exchange["response"]
        body = request["body"]
        if request["method"] == "POST" and request["path_and_query"] == "/v1.0/applications":
            # The default audience has changed since; the request uses the one that was the default then.
            body = {**body, "signInAudience": wanted["body"]["signInAudience"]}
        if body is not None:
            body = json.loads(self.mapped(json.dumps(body)))
        answer = self.operator(request["method"], self.server.graph + self.mapped(request["path_and_query"]), json=body)
        where = f"{self.name} {exchange['index']} {request['method']} {request['path_and_query']}"
        assert answer.status_code == wanted["status"], f"{where}: {answer.text}"
        self.compare_headers(answer.headers, wanted["headers"], where)
        if wanted["body"] is None:
            assert answer.content == b"", where
            return
        self.compare(answer.json(), wanted["body"], where)
        if request["method"] == "POST" and "/" not in request["path_and_query"].removeprefix("/v1.0/"):
            self.owned_by_the_recorded_user(answer.json())

    def owned_by_the_recorded_user(self, created: dict[str, Any]) -> None:
        """The recordings' creator is a signed-in user: owner of the application, not of the service principal."""
        if "directoryObjects" in created["@odata.context"]:
            return
        is_application = "publisherDomain" in created
        users = [
            user
            for user, item in self.server.tenant.directory.users.items()
            if item["userPrincipalName"] == "example@example.com"
        ]
        self.server.tenant.directory.owners[created["id"]] = users if is_application else []

    def compare_headers(self, actual: Any, wanted: dict[str, str], where: str) -> None:
        for name, value in wanted.items():
            assert name in actual, f"{where}: header {name}"
            if name in ("content-type", "odata-version", "x-ms-resource-unit", "cache-control"):
                assert actual[name] == value, f"{where}: header {name}"
            if name == "location":
                shape = GUID.sub("{id}", urlsplit(value).path)
                assert GUID.sub("{id}", urlsplit(actual[name]).path) == shape, where

    def compare(self, actual: Any, wanted: Any, where: str) -> None:
        if isinstance(wanted, dict):
            assert isinstance(actual, dict), where
            shown = [key for key in actual if key in wanted or key not in NEWER_KEYS]
            fixed = [key for key in shown if key not in OTHER_ORDER]
            assert sorted(shown) == sorted(wanted), where
            assert fixed == [key for key in wanted if key not in OTHER_ORDER], f"{where}: order"
            for key in wanted:
                if key not in OTHER_VALUES or (actual[key] is None) != (wanted[key] is None):
                    self.compare(actual[key], wanted[key], f"{where} {key}")
        elif isinstance(wanted, list):
            assert isinstance(actual, list), where
            key = where.rpartition(" ")[2]
            if key in GROWN_LISTS and self.name == "graph_service_principal":
                self.compare_grown(actual, wanted, where, key)
                return
            assert len(actual) == len(wanted), where
            for left, right in zip(actual, wanted, strict=True):
                self.compare(left, right, where)
        else:
            self.compare_scalar(actual, wanted, where)

    def compare_grown(self, actual: list[Any], wanted: list[Any], where: str, key: str) -> None:
        if key == "servicePrincipalNames":
            assert sorted(actual) == sorted(wanted), where
        elif key != "resourceSpecificApplicationPermissions":
            assert list(actual[0]) == list(wanted[0]), where
            ours = {entry["id"]: entry["value"] for entry in actual}
            assert len(actual) > len(wanted)
            for entry in wanted:
                if entry["id"] in ours:
                    assert ours[entry["id"]] == entry["value"]

    def compare_scalar(self, actual: Any, wanted: Any, where: str) -> None:
        assert type(actual) is type(wanted), f"{where}: {actual!r} is not like {wanted!r}"
        if not isinstance(wanted, str):
            assert actual == wanted, where
        elif where.endswith("@odata.context"):
            base = self.server.graph
            assert actual == self.mapped(wanted).replace("https://graph.microsoft.com", base), where
        elif TIME.match(wanted) or TIME.match(f"{wanted}Z"):
            assert len(actual.partition(".")[0]) == len(wanted.partition(".")[0]), where
            assert ("." in actual) == ("." in wanted), f"{where}: {actual} against {wanted}"
        elif GUID.fullmatch(wanted):
            assert GUID.fullmatch(actual), where
            assert self.ids.setdefault(wanted, actual) == actual, f"{where}: another id than before"
        else:
            assert actual == self.mapped(wanted), where


@pytest.mark.parametrize("name", RECORDINGS)
def test_a_recording_is_reproduced(operator: Any, oracle: Path, name: str) -> None:
    recording = json.loads((oracle / "recorded" / f"{name}.json").read_text(encoding="utf-8"))
    assert Replay(recording, operator, name).run() > 0


def test_all_recordings_are_used(oracle: Path) -> None:
    present = {path.stem for path in (oracle / "recorded").glob("*.json")}
    # The token endpoint is compared in test_identity; the samples are not traffic.
    assert present - {"token_endpoint", "not_recorded_samples"} == set(RECORDINGS)


def test_the_sample_of_an_assignment_is_reproduced(operator: Any, oracle: Path) -> None:
    """A realistic response in pnp/cli-microsoft365; azure-cli makes no such call."""
    samples = json.loads((oracle / "recorded" / "not_recorded_samples.json").read_text(encoding="utf-8"))
    wanted = samples["exchanges"][0]["response"]["body"]
    graph = operator.get("/servicePrincipals(appId='00000003-0000-0000-c000-000000000000')").json()
    principal = operator.service_principal(operator.application()["appId"])
    answer = operator.post(
        f"/servicePrincipals/{principal['id']}/appRoleAssignments",
        {"principalId": principal["id"], "resourceId": graph["id"], "appRoleId": graph["appRoles"][0]["id"]},
    )
    assert answer.status_code == 201
    assert list(answer.json()) == list(wanted)
    assert answer.json()["@odata.context"].endswith(
        f"/v1.0/$metadata#servicePrincipals('{principal['id']}')/appRoleAssignments/$entity"
    )
    assert len(answer.json()["id"]) == len(wanted["id"])
    assert answer.json()["principalType"] == "ServicePrincipal"
