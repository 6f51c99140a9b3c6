# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Expectations of a job before it grants or withdraws: permissions, the application, the method, a confirmation."""

from __future__ import annotations

import json
import typing as t

import pytest

from ansible_collections.email_gateway.azure_apps.tests.unit.plugins.modules.consent_grants import (
    GATEWAY,
    MODULE,
    PERMISSIONS,
    ROLES,
    SCOPES,
    UNKNOWN,
    declared,
    granted_app_roles,
)
from ansible_collections.email_gateway.azure_apps.tests.unit.tenant import Json, Tenant


def _expected(*roles: str, scopes: t.Sequence[str] = (), resource: str = "microsoft_graph") -> Json:
    return {"resource": resource, "application": list(roles), "delegated": list(scopes)}


def test_expected_permissions_can_be_names_or_ids(tenant: Tenant) -> None:
    made = declared(tenant, scopes=SCOPES)
    by_id = next(
        permission["id"]
        for permission in tenant.ok(MODULE, check=True, **GATEWAY)["granted"]
        if permission["name"] == ROLES[0]
    )
    assert tenant.ok(MODULE, **GATEWAY, expected_permissions=[_expected(by_id, ROLES[1], scopes=SCOPES)])["changed"]
    assert granted_app_roles(tenant, made) == ROLES
    again = tenant.ok(MODULE, **GATEWAY, expected_permissions=[_expected(*ROLES, scopes=SCOPES)])
    assert not again["changed"]


@pytest.mark.parametrize(
    ("expected", "unexpected", "undeclared"),
    [
        ([], ["microsoft_graph: Mail.ReadWrite (application)", "microsoft_graph: User.Read.All (application)"], []),
        ([_expected(ROLES[0])], ["microsoft_graph: User.Read.All (application)"], []),
        ([_expected(*ROLES, "Mail.Send")], [], ["microsoft_graph: Mail.Send (application)"]),
        ([_expected(*ROLES, scopes=["User.Read"])], [], ["microsoft_graph: User.Read (delegated)"]),
        (
            # The same ids on another resource.
            [_expected(ROLES[1]), _expected(ROLES[0], resource="exchange_online")],
            ["microsoft_graph: Mail.ReadWrite (application)"],
            ["exchange_online: Mail.ReadWrite (application)"],
        ),
    ],
    ids=["nothing", "less", "more", "another kind", "another resource"],
)
def test_nothing_is_granted_if_other_permissions_are_declared(
    tenant: Tenant, expected: list[Json], unexpected: list[str], undeclared: list[str]
) -> None:
    made = declared(tenant)
    for check in (True, False):
        result = tenant.fails(MODULE, check=check, **GATEWAY, expected_permissions=expected)
        assert (result["error"]["unexpected"], result["error"]["undeclared"]) == (unexpected, undeclared)
        assert all(name in result["msg"] for name in (*unexpected, *undeclared))
    assert tenant.writes == []
    assert granted_app_roles(tenant, made) == []


def test_invalid_expectations_are_refused(tenant: Tenant) -> None:
    twice = [_expected(ROLES[0]), _expected(ROLES[1])]
    assert "listed twice" in tenant.fails(MODULE, **GATEWAY, expected_permissions=twice)["msg"]
    blank = [_expected("Mail ReadWrite")]
    assert "is not the name of a permission" in tenant.fails(MODULE, **GATEWAY, expected_permissions=blank)["msg"]
    withdrawn = tenant.fails(MODULE, **GATEWAY, state="absent", expected_permissions=[])
    assert "state=present only" in withdrawn["msg"]
    assert tenant.graph_requests == 0


def _handed_over(made: Json, **other: str) -> Json:
    return {"gateway": {"client_id": made["client_id"], "tenant_id": made["tenant_id"], **other}}


def test_consent_is_granted_to_the_application_of_an_earlier_job(tenant: Tenant) -> None:
    made = declared(tenant, roles=ROLES[:1])
    other = {"other": {"client_id": UNKNOWN}}
    lists: t.Any = ([other, _handed_over(made)], [json.dumps(_handed_over(made))], json.dumps([_handed_over(made)]), [])
    for expected in (
        _handed_over(made),
        json.dumps(_handed_over(made)),
        _handed_over(made, tenant_id=""),
        {},
        "",
        *lists,
    ):
        result = tenant.ok(MODULE, unique_name="gateway", expected_applications=expected)
        assert result["consented"] is True


@pytest.mark.parametrize("key", ["unique_name", "client_id"])
@pytest.mark.parametrize("other", [{"client_id": UNKNOWN}, {"tenant_id": UNKNOWN}])
def test_nothing_is_granted_to_another_application_than_the_expected_one(tenant: Tenant, key: str, other: Json) -> None:
    made = declared(tenant, roles=ROLES[:1])
    address = {key: made[key]}
    failure = tenant.fails(MODULE, **address, expected_applications=_handed_over(made, **other))
    assert "expected_applications lists the one with the client id" in failure["msg"]
    failure = tenant.fails(MODULE, **address, expected_applications={"another": {"client_id": made["client_id"]}})
    assert "expected_applications does not list it" in failure["msg"]
    assert tenant.writes == []


def test_two_expected_applications_of_one_name_are_refused(tenant: Tenant) -> None:
    made = declared(tenant)
    handed_over = [_handed_over(made), _handed_over(made, client_id=UNKNOWN)]
    failure = tenant.fails(MODULE, unique_name="gateway", expected_applications=handed_over)
    assert f"names two applications for gateway: those with the client ids {made['client_id']} and" in failure["msg"]
    assert tenant.writes == []


@pytest.mark.parametrize(
    "value",
    ["x", "[x]", [""], [[]], "a: [", ["x"], 7, {"gateway": "x"}, {"gateway": {}}, {"gateway": {"tenant_id": 1}}],
)
def test_malformed_expected_applications_are_refused_before_any_request(tenant: Tenant, value: Json) -> None:
    failure = tenant.fails(MODULE, unique_name="gateway", expected_applications=value)
    assert "expected_applications is malformed" in failure["msg"]
    assert tenant.server.requests() == []


def test_the_method_url_only_reads_the_grants(tenant: Tenant) -> None:
    declared(tenant, roles=ROLES[:1])
    result = tenant.ok(MODULE, unique_name="gateway", method="url")
    assert (result["changed"], result["consented"], result["granted"]) == (False, False, [])
    assert [permission["name"] for permission in result["missing"]] == ["Mail.ReadWrite"]
    assert result["consent_url"].endswith(f"adminconsent?client_id={result['client_id']}")
    assert tenant.writes == []
    tenant.ok(MODULE, unique_name="gateway")
    assert tenant.ok(MODULE, unique_name="gateway", method="url")["consented"] is True


@pytest.mark.parametrize("roles", [(), ("Application.Read.All",)])
def test_the_method_url_needs_no_right(tenant: Tenant, roles: tuple[str, ...]) -> None:
    made = declared(tenant, roles=ROLES[:1])
    tenant.sign_in_with(*roles)
    result = tenant.ok(MODULE, client_id=made["client_id"], method="url")
    assert result["consent_url"].endswith(made["client_id"])
    assert result["changed"] is False and result["consented"] in (None, False)
    if not roles:
        assert result["consented"] is None and result["missing"] == []


def test_the_method_url_refuses_another_application(tenant: Tenant) -> None:
    made = declared(tenant, roles=ROLES[:1])
    expected = _handed_over(made, client_id=UNKNOWN)
    tenant.fails(MODULE, unique_name="gateway", method="url", expected_applications=expected)


@pytest.mark.parametrize("confirm", [[], ["another"]])
def test_consent_is_not_withdrawn_without_confirmation(tenant: Tenant, confirm: list[str]) -> None:
    declared(tenant, roles=ROLES[:1])
    tenant.ok(MODULE, unique_name="gateway")
    tenant.clear_requests()
    failure = tenant.fails(MODULE, unique_name="gateway", state="absent", confirm=confirm)
    assert failure["error"]["names"] == ["Gateway", "gateway"]
    assert "set confirm to" in failure["msg"] and tenant.writes == []


@pytest.mark.parametrize("name", ["gateway", "Gateway"])
def test_either_name_confirms_a_withdrawal(tenant: Tenant, name: str) -> None:
    declared(tenant, roles=ROLES[:1])
    tenant.ok(MODULE, unique_name="gateway")
    result = tenant.ok(MODULE, unique_name="gateway", state="absent", confirm=["x", name])
    assert result["changed"] and result["granted"] == []


def test_the_original_display_name_confirms_a_withdrawal(tenant: Tenant) -> None:
    """If the unique name, which never changes, was derived from it."""
    made = tenant.ok("azure_app_registration", display_name="Mail gateway")
    tenant.application(appId=made["client_id"])["displayName"] = "Renamed in the portal"
    tenant.ok(PERMISSIONS, client_id=made["client_id"], application_permissions=["Mail.Send"])
    tenant.ok(MODULE, client_id=made["client_id"])
    result = tenant.ok(MODULE, client_id=made["client_id"], state="absent", confirm=["Mail gateway"])
    assert result["changed"]
