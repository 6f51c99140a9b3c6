# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The table of rights, compared with the emulator, which enforces Microsoft's documentation: the listed rights are
sufficient, and fewer are refused."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.rights import (
    DIRECTORY_ROLES,
    MEMBER,
    RIGHTS,
    STEPS,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._resources.rights_check import Identity, judge
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._sign_in.identity_platform import read_claims
from ansible_collections.email_gateway.azure_apps.tests.unit.tenant import Json, Tenant
from graph_emulator.directory import directory_roles
from graph_emulator.directory.rights import RIGHTS as enforced
from graph_emulator.identity.tokens import process_key
from graph_emulator.identity.user_tokens import SignIn, access_token

KEY: Json = {"unique_name": "gateway"}
BY_TOKEN_ALONE = sorted(name for name, step in STEPS.items() if step.rights)
MAIL: Json = {**KEY, "roles": ["Mail.ReadWrite"]}
ROLE, SCOPE, ELSEWHERE = ["Mail.ReadWrite"], ["User.Read"], ["SMTP.SendAsApp"]


class Walk:
    """One step of the role, prepared by an identity with all rights and done by one without them."""

    def __init__(self, tenant: Tenant, folder: Path) -> None:
        self.tenant = tenant
        self.folder = folder

    def prepare(self, step: str, *, owner: str | None) -> None:
        """The required objects; ``owner`` is the object id of the identity, if it is to own them."""
        tenant = self.tenant
        (self.folder / "key.pem").unlink(missing_ok=True)
        if step == "register":
            return
        made = tenant.register(display_name="Gateway")
        if step in ("consent_application", "withdraw_consent", "look_up"):
            tenant.ok("azure_app_graph_permissions", **KEY, application_permissions=ROLE)
        if step == "consent_application_elsewhere":
            tenant.ok(
                "azure_app_graph_permissions", **KEY, resource="exchange_online", application_permissions=ELSEWHERE
            )
        if step in ("consent_delegated", "withdraw_delegated"):
            tenant.ok("azure_app_graph_permissions", **KEY, delegated_permissions=SCOPE)
        if step in ("withdraw_consent", "withdraw_delegated", "look_up"):
            tenant.ok("azure_admin_consent", **KEY)
        if owner:
            for object_id in (made["application_object_id"], made["service_principal_object_id"]):
                tenant.server.tenant.directory.owners.setdefault(object_id, []).append(owner)
        if step == "restore":
            tenant.ok("azure_app_registration", display_name="Gateway", **KEY, state="absent")

    def take(self, step: str) -> Json:
        """The result of the module of the step."""
        registration = {"display_name": "Gateway", **KEY}
        module, options = {
            "look_up": ("azure_app_registration_info", KEY),
            "register": ("azure_app_registration", registration),
            "restore": ("azure_app_registration", registration),
            "owners": ("azure_app_registration", {**registration, "owners": [self.tenant.user_id("megan")]}),
            "retire": ("azure_app_registration", {**registration, "state": "absent"}),
            "purge": ("azure_app_registration", {**registration, "state": "absent", "purge": True}),
            "declare_permissions": ("azure_app_graph_permissions", {**KEY, "application_permissions": ROLE}),
            "client_secret": ("azure_app_secret", {**KEY, "description": "d"}),
            "certificate": (
                "azure_app_certificate",
                {**KEY, "description": "d", "path": str(self.folder / "key.pem")},
            ),
            "federated_credential": (
                "azure_app_federated_credential",
                {**KEY, "name": "cluster", "issuer": "https://cluster.example", "subject": "gateway"},
            ),
            "consent_application": ("azure_admin_consent", KEY),
            "consent_application_elsewhere": ("azure_admin_consent", KEY),
            "consent_delegated": ("azure_admin_consent", KEY),
            "withdraw_consent": ("azure_admin_consent", {**KEY, "state": "absent"}),
            "withdraw_delegated": ("azure_admin_consent", {**KEY, "state": "absent"}),
            "mailbox_scope": ("azure_app_mailbox_scope", {**MAIL, "scope": {"tenant": True}}),
            "mailbox_scope_group": ("azure_app_mailbox_scope", {**MAIL, "scope": {"group": "Gateway Mailboxes"}}),
            "mailbox_scope_users": (
                "azure_app_mailbox_scope",
                {**MAIL, "scope": {"users": [self.tenant.mailbox("megan")]}},
            ),
            "mailbox_scope_administrative_unit": (
                "azure_app_mailbox_scope",
                {**MAIL, "scope": {"administrative_unit": "Branch Office"}},
            ),
        }[step]
        result = self.tenant.run(module, **options)
        if step == "look_up" and not result.get("failed"):
            assert result["applications"][0]["consented"] is True, "the grants were read as well"
        return result


@pytest.fixture
def walk(tenant: Tenant, tmp_path: Path) -> Walk:
    return Walk(tenant, tmp_path)


def _application(tenant: Tenant, permissions: t.Sequence[str]) -> tuple[dict[str, str], str, str]:
    """The environment, object id and token of an operator with exactly these permissions."""
    client_id, secret = tenant.server.add_operator(list(permissions))
    tenant.also_operates(client_id)
    (principal,) = tenant.service_principals(client_id)
    server = tenant.server
    form = f"grant_type=client_credentials&client_id={client_id}&client_secret={secret}&scope={server.graph}/.default"
    body, _client = server.emulator.identity.token(server.tenant_id, form=form.encode(), authorization=None)
    return server.environment(client_id, secret), principal["id"], str(body["access_token"])


def _person(tenant: Tenant, scopes: t.Iterable[str], roles: t.Iterable[str]) -> tuple[dict[str, str], str, str]:
    """The same for a person with these directory roles, at a client with these delegated permissions."""
    server = tenant.server
    user = server.tenant.directory.users[tenant.user_id("adele")]
    server.tenant.directory.user_roles[user["id"]] = frozenset(DIRECTORY_ROLES[role] for role in roles)
    (client,) = tenant.service_principals(server.client_id)
    token = access_token(
        process_key(),
        server.tenant,
        SignIn(client, user, "0"),
        audience=server.graph,
        names=list(scopes),
        base_claims=frozenset(),
    )
    environ = {k: v for k, v in server.environment().items() if k not in ("AZURE_CLIENT_ID", "AZURE_SECRET")}
    return {**environ, "AZURE_ACCESS_TOKEN": token}, user["id"], token


def _refused(result: Json, verdict: t.Any) -> None:
    """By the server, for the predicted reason."""
    assert verdict.possible is False
    assert result.get("failed") is True and result["error"]["status"] == 403, result
    assert result["error"]["right"] in verdict.missing
    assert verdict.add


@pytest.mark.parametrize("step", BY_TOKEN_ALONE)
def test_the_listed_rights_of_an_application_are_sufficient_and_fewer_are_refused(walk: Walk, step: str) -> None:
    tenant = walk.tenant
    for number, needed in enumerate(STEPS[step].needs[:2]):
        for left_out in (None, *needed):
            permissions = [permission for permission in needed if permission != left_out]
            tenant.server.reset()
            tenant.__init__(tenant.server)  # type: ignore[misc]
            environ, object_id, token = _application(tenant, permissions)
            walk.prepare(step, owner=object_id if "Application.ReadWrite.OwnedBy" in needed else None)
            identity = Identity.of(read_claims(token))
            assert (identity.kind, identity.permissions) == ("application", frozenset(permissions))
            verdict = judge(step, identity, owns=True if step == "register" else None)
            tenant.environ = environ
            result = walk.take(step)
            description = f"{step} with {permissions}: {result.get('msg')}"
            if left_out is None:
                assert not result.get("failed"), description
                assert verdict.possible is True
                assert verdict.only_owned is ("Application.ReadWrite.OwnedBy" in needed and step != "register")
            else:
                _refused(result, verdict)
                assert left_out in verdict.add or number > 0, "the way to the least privileged set is named"


@pytest.mark.parametrize("step", BY_TOKEN_ALONE)
def test_the_listed_rights_of_a_person_are_sufficient_and_fewer_are_refused(walk: Walk, step: str) -> None:
    tenant, row = walk.tenant, STEPS[step]
    cases: list[tuple[tuple[str, ...], tuple[str, ...], bool]] = []
    for scopes in row.needs_delegated[:2]:
        cases += [(tuple(s for s in scopes if s != left_out), row.roles[:1], False) for left_out in scopes]
        cases += [(scopes, row.roles[:1], True)]
    cases += [(row.needs_delegated[0], (role,), True) for role in (*row.roles[1:], "Global Administrator")]
    if row.roles:
        cases.append((row.needs_delegated[0], (), False))
    for scopes, roles, enough in cases:
        tenant.server.reset()
        tenant.__init__(tenant.server)  # type: ignore[misc]
        walk.prepare(step, owner=None)
        environ, _object_id, token = _person(tenant, scopes, roles)
        identity = Identity.of(read_claims(token))
        assert (identity.kind, identity.permissions, identity.roles) == (
            "person",
            frozenset(scopes),
            frozenset({*(DIRECTORY_ROLES[role] for role in roles), MEMBER}),
        )
        verdict = judge(step, identity, owns=False)
        tenant.environ = environ
        result = walk.take(step)
        if enough:
            assert not result.get("failed"), f"{step} with {scopes}, {roles}: {result.get('msg')}"
            assert verdict.possible is True
        else:
            _refused(result, verdict)


# The emulator's name of each right.
ROWS = {
    "read_application": "read applications",
    "read_assignments": "read app role assignments",
    "write_application": "change applications",
    "create_service_principal": "create service principals",
    "purge_application": "purge applications",
    "change_owners": "change owners",
    "assign_app_role": "change app role assignments",
    "assign_other_app_role": "change app role assignments",
    "unassign_app_role": "delete app role assignments",
    "read_grant": "read permission grants",
    "write_grant": "change permission grants",
    "read_exchange_roles": "read roles of Exchange",
    "write_exchange_roles": "change roles of Exchange",
    "read_group": "read groups",
    "read_user": "read users",
    "read_administrative_unit": "read administrative units",
}


@pytest.mark.parametrize("name", RIGHTS)
def test_each_right_matches_the_emulator(name: str) -> None:
    """All alternatives, also those that no step is tried with."""
    right = RIGHTS[name]
    row = enforced[ROWS[name]]

    def sets(alternatives: t.Iterable[tuple[str, ...]]) -> set[frozenset[str]]:
        return {frozenset(alternative) for alternative in alternatives}

    own = name == "create_service_principal"  # created for the own application, anywhere
    assert sets(right.application) | (sets(right.owned) if own else set()) == sets(row.anywhere)
    assert own or sets(right.owned) == sets(row.owned)
    assert sets(right.scopes) == sets(row.delegated.scopes)
    by = row.delegated.by
    if name == "assign_app_role":
        assert row.delegated.graph_roles_by is not None
        by = row.delegated.graph_roles_by
    roles = {DIRECTORY_ROLES[role] for role in (*right.roles, "Global Administrator")}
    assert by == ({MEMBER} if right.members else roles)
    assert row.delegated.own_by == {DIRECTORY_ROLES[role] for role in right.own_roles} | (
        {MEMBER} if right.members_own else set()
    )


def test_the_directory_roles_are_the_published_ones() -> None:
    assert DIRECTORY_ROLES == directory_roles.BY_NAME
    assert MEMBER == directory_roles.MEMBER
    assert {role for right in RIGHTS.values() for role in (*right.roles, *right.own_roles)} < set(DIRECTORY_ROLES)


def test_a_right_for_own_applications_does_not_apply_to_others() -> None:
    identity = Identity("application", frozenset({"Application.ReadWrite.OwnedBy"}))
    verdict = judge("client_secret", identity, owns=False)
    assert (verdict.possible, verdict.add) == (False, "the application permission Application.ReadWrite.All")
    assert judge("client_secret", identity, owns=True).possible is True


@pytest.mark.parametrize(
    "claims",
    [{}, {"roles": "x"}, {"scp": 7, "wids": "x"}, {"oid": [], "appid": {}}],
    ids=["opaque", "no list", "other types", "other ids"],
)
def test_rights_that_a_token_does_not_show_are_unknown(claims: Json) -> None:
    verdict = judge("register", Identity.of(claims), owns=None)
    assert (verdict.possible, verdict.missing) == (None, ())
    assert "cannot be read" in verdict.note


def test_rights_of_directory_roles_are_unknown_if_the_token_has_none() -> None:
    identity = Identity.of({"scp": "Application.ReadWrite.All", "oid": "o", "appid": "a"})
    assert judge("register", identity, owns=None).possible is None
    assert judge("look_up", identity, owns=None).possible is True
    assert judge("consent_application", identity, owns=None).possible is False, "the scope is missing in any case"
