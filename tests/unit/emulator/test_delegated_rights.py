# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rights of users: the intersection of the token's scopes and the user's directory roles."""

from __future__ import annotations

from typing import Any

import pytest

from graph_emulator import catalogue
from graph_emulator.caller import Caller
from graph_emulator.directory import directory_roles
from graph_emulator.directory.rights import RIGHTS, require, require_some
from graph_emulator.errors import GraphError

from .device_code_flow import ADMIN, PLAIN, People, public_client

GLOBAL, PRIVILEGED = "Global Administrator", "Privileged Role Administrator"
APPLICATION, CLOUD, DEVELOPER = "Application Administrator", "Cloud Application Administrator", "Application Developer"
NONE = ""
EVERYBODY = (GLOBAL, PRIVILEGED, APPLICATION, CLOUD, DEVELOPER, NONE)
ADMINS = (GLOBAL, APPLICATION, CLOUD)
GRAPH_APP = "00000003-0000-0000-c000-000000000000"
EXCHANGE_APP = "00000002-0000-0ff1-ce00-000000000000"


@pytest.fixture
def people(emulator: Any, operator: Any) -> People:
    return People(emulator, operator.session)


class User:
    """The plain user with one directory role, signed in at Azure CLI."""

    def __init__(self, people: People, role: str) -> None:
        people.give(PLAIN, *([role] if role else []))
        self.people = people
        self.object_id = people.object_id(PLAIN)
        self.token = people.sign_in(PLAIN)["access_token"]

    def __call__(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        return self.people.ask(self.token, method, path, body, **headers)


def assign(user: User, operator: Any, app_id: str, value: str) -> Any:
    resource = operator.get(f"/servicePrincipals(appId='{app_id}')").json()
    (role,) = [entry["id"] for entry in resource["appRoles"] if entry["value"] == value]
    principal = operator.service_principal(operator.application()["appId"])
    return user(
        "POST",
        f"/servicePrincipals/{resource['id']}/appRoleAssignedTo",
        {"principalId": principal["id"], "resourceId": resource["id"], "appRoleId": role},
    )


def read(user: User, _operator: Any) -> Any:
    return user("GET", "/applications")


def create(user: User, _operator: Any) -> Any:
    return user("POST", "/applications", {"displayName": "mine"})


def change_own(user: User, operator: Any) -> Any:
    created = owned(user, operator)
    return user("POST", f"/applications/{created['id']}/addPassword", {})


def principal_of_own(user: User, operator: Any) -> Any:
    return user("POST", "/servicePrincipals", {"appId": owned(user, operator)["appId"]})


def change_foreign(user: User, operator: Any) -> Any:
    return user("PATCH", f"/applications/{operator.application()['id']}", {"notes": "x"})


def principal_of_foreign(user: User, operator: Any) -> Any:
    return user("POST", "/servicePrincipals", {"appId": operator.application()["appId"]})


def purge(user: User, operator: Any) -> Any:
    created = owned(user, operator)
    operator.delete(f"/applications/{created['id']}")
    return user("DELETE", f"/directory/deletedItems/{created['id']}")


def consent_graph(user: User, operator: Any) -> Any:
    return assign(user, operator, GRAPH_APP, "Mail.Send")


def consent_exchange(user: User, operator: Any) -> Any:
    return assign(user, operator, EXCHANGE_APP, "SMTP.SendAsApp")


def consent_delegated(user: User, operator: Any) -> Any:
    graph = operator.get(f"/servicePrincipals(appId='{GRAPH_APP}')").json()
    principal = operator.service_principal(operator.application()["appId"])
    return user(
        "POST",
        "/oauth2PermissionGrants",
        {"clientId": principal["id"], "consentType": "AllPrincipals", "resourceId": graph["id"], "scope": "User.Read"},
    )


def owned(user: User, operator: Any) -> Any:
    reference = f"https://graph.microsoft.com/v1.0/users/{user.object_id}"
    return operator.application("theirs", **{"owners@odata.bind": [reference]})


TABLE = [
    (read, EVERYBODY),
    (create, EVERYBODY),
    (change_own, EVERYBODY),
    (change_foreign, ADMINS),
    (principal_of_own, (*ADMINS, DEVELOPER)),
    (principal_of_foreign, ADMINS),
    (purge, (GLOBAL, APPLICATION)),
    (consent_graph, (GLOBAL, PRIVILEGED)),
    (consent_exchange, (*ADMINS, PRIVILEGED)),
    (consent_delegated, (*ADMINS, PRIVILEGED)),
]


@pytest.mark.parametrize("role", EVERYBODY)
@pytest.mark.parametrize(("act", "allowed"), TABLE, ids=[act.__name__ for act, _allowed in TABLE])
def test_each_directory_role_has_its_rights(
    people: People, operator: Any, act: Any, allowed: tuple[str, ...], role: str
) -> None:
    answer = act(User(people, role), operator)
    if role in allowed:
        assert answer.status_code < 300, answer.text
    else:
        error = answer.json()["error"]
        assert (answer.status_code, error["code"]) == (403, "Authorization_RequestDenied")
        assert error["message"] == "Insufficient privileges to complete the operation."


@pytest.mark.parametrize("role", EVERYBODY)
def test_users_cannot_register_applications_if_the_tenant_forbids_it(people: People, role: str) -> None:
    assert people.control("users", {"allowedToCreateApps": False}).json() == {"allowedToCreateApps": False}
    user = User(people, role)
    expected = 201 if role in (*ADMINS, DEVELOPER) else 403
    assert user("POST", "/applications", {"displayName": "mine"}).status_code == expected
    upserted = user("PATCH", "/applications(uniqueName='mine')", {"displayName": "mine"}, Prefer="create-if-missing")
    assert upserted.status_code == expected


def test_the_creator_becomes_an_owner(people: People, operator: Any) -> None:
    user = User(people, NONE)
    created = user("POST", "/applications", {"displayName": "mine"}).json()
    owners = operator.get(f"/applications/{created['id']}/owners").json()["value"]
    assert [owner["id"] for owner in owners] == [user.object_id]


def test_a_role_has_no_effect_without_the_scope(people: People, operator: Any) -> None:
    """The Global Administrator at a client that can only read the signed-in user."""
    created = public_client(operator)
    token = people.sign_in(ADMIN, client=people.client(created["appId"]), scopes=("User.Read",))["access_token"]
    assert people.ask(token, "GET", "/me").status_code == 200
    assert people.ask(token, "GET", f"/users/{people.object_id(ADMIN)}").status_code == 200
    for method, path in (
        ("GET", "/applications"),
        ("POST", "/applications"),
        ("GET", "/users"),
        ("GET", f"/users/{people.object_id(PLAIN)}"),
        ("GET", "/oauth2PermissionGrants"),
    ):
        assert people.ask(token, method, path).status_code == 403, path


def test_a_role_takes_effect_with_the_next_token(people: People, operator: Any) -> None:
    user = User(people, NONE)
    people.give(PLAIN, GLOBAL)
    path = f"/applications/{operator.application()['id']}"
    assert user("PATCH", path, {"notes": "x"}).status_code == 403
    token = people.sign_in(PLAIN)["access_token"]
    assert people.ask(token, "PATCH", path, {"notes": "x"}).status_code == 204


def test_me_is_only_for_users(operator: Any) -> None:
    answer = operator.get("/me")
    assert answer.status_code == 400
    assert answer.json()["error"]["message"] == "/me request is only valid with delegated authentication flow."


def test_an_unknown_directory_role_is_refused(people: People) -> None:
    for body in ({"directory_roles": ["King"]}, {"directory_roles": "x"}, {"mailbox": "no"}, {"user": "unknown-user"}):
        answer = people.control("users", {"user": people.name(PLAIN), **body})
        assert answer.status_code == 400, body


# The table itself, without a server

EVERY_ROLE = frozenset({*directory_roles.BY_NAME.values(), directory_roles.MEMBER})


def allowed(right: str, *, scopes: tuple[str, ...], wids: frozenset[str], owned: bool = False) -> bool:
    caller = Caller("client", "user", frozenset(), scopes=frozenset(scopes), wids=wids, delegated=True)
    try:
        require(caller, right, owned=owned)
        require_some(caller, right)
    except GraphError as error:
        assert error.status == 403
        return False
    return True


@pytest.mark.parametrize("right", sorted(RIGHTS))
def test_each_scope_alternative_is_sufficient_and_fewer_scopes_are_not(right: str) -> None:
    row = RIGHTS[right].delegated
    assert row.scopes or row.own_scopes, "a row without rights for users"
    assert not allowed(right, scopes=(), wids=EVERY_ROLE, owned=True)
    assert not allowed(right, scopes=("Calendars.Read",), wids=EVERY_ROLE, owned=True)
    for alternative in row.scopes:
        assert allowed(right, scopes=alternative, wids=EVERY_ROLE), alternative
        assert not allowed(right, scopes=alternative, wids=frozenset(), owned=True), alternative
        for left_out in alternative:
            rest = tuple(scope for scope in alternative if scope != left_out)
            assert not allowed(right, scopes=rest, wids=EVERY_ROLE, owned=True), rest
    for alternative in row.own_scopes:
        assert allowed(right, scopes=alternative, wids=EVERY_ROLE, owned=True), alternative
        assert not allowed(right, scopes=alternative, wids=EVERY_ROLE), alternative


def test_rights_only_name_published_scopes() -> None:
    values = {entry.value for entry in catalogue.permissions("microsoft_graph") if entry.kind == "scope"}
    for name, right in RIGHTS.items():
        for alternative in (*right.delegated.scopes, *right.delegated.own_scopes):
            assert set(alternative) <= values, name
