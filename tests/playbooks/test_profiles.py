# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""All profiles of the role, in one play with a host for each."""

from __future__ import annotations

import typing as t

import yaml

from ansible_collections.email_gateway.azure_apps.tests.playbooks.playbook_runner import Playbooks
from ansible_collections.email_gateway.azure_apps.tests.unit.paths import REPOSITORY
from ansible_collections.email_gateway.azure_apps.tests.unit.role_steps import EXCHANGE_ONLINE, MICROSOFT_GRAPH

RESOURCES = {"microsoft_graph": MICROSOFT_GRAPH, "exchange_online": EXCHANGE_ONLINE}
KINDS = {"application": "Role", "delegated": "Scope"}
Permissions = set[tuple[str, str, str]]  # the client id of the resource, Role or Scope, the name of the permission


def _contents() -> dict[str, dict[str, t.Any]]:
    folder = REPOSITORY / "roles/gateway_app/vars/profiles"
    return {
        path.stem: yaml.safe_load(path.read_text())["gateway_app_profile_content"]
        for path in sorted(folder.glob("*.yml"))
    }


def _wanted(content: dict[str, t.Any]) -> Permissions:
    return {
        (RESOURCES[entry["resource"]], shown, name)
        for entry in content["permissions"]
        for kind, shown in KINDS.items()
        for name in entry.get(kind, ())
    }


def _declared(playbooks: Playbooks, application: dict[str, t.Any]) -> Permissions:
    found = set()
    for entry in application["requiredResourceAccess"]:
        (offering,) = playbooks.tenant.service_principals(entry["resourceAppId"])
        names = {o["id"]: o["value"] for o in (*offering["appRoles"], *offering["oauth2PermissionScopes"])}
        found |= {(entry["resourceAppId"], one["type"], names[one["id"]]) for one in entry["resourceAccess"]}
    return found


def _granted(playbooks: Playbooks, application: dict[str, t.Any]) -> Permissions:
    emulated = playbooks.server.tenant
    (principal,) = playbooks.tenant.service_principals(application["appId"])
    found = set()
    for resource in RESOURCES.values():
        (offering,) = playbooks.tenant.service_principals(resource)
        roles = emulated.granted_roles(principal["id"], offering["id"], in_tokens=True)
        found |= {(resource, "Role", name) for name in roles}
        grants = [g for g in emulated.directory.grants.values() if g["clientId"] == principal["id"]]
        scopes = [g["scope"].split() for g in grants if g["resourceId"] == offering["id"]]
        found |= {(resource, "Scope", name) for names in scopes for name in names}
    return found


def test_every_profile_is_registered_with_its_permissions_and_verified(playbooks: Playbooks) -> None:
    contents = _contents()
    hosts = {
        profile: {"gateway_app_profile": profile, "gateway_app_unique_name": profile, "gateway_app_wait_timeout": 60}
        for profile in contents
    }
    (playbooks.folder / "inventory.yml").write_text(yaml.safe_dump({"mail_gateways": {"hosts": hosts}}))
    everybody = "groups.mail_gateways | map('extract', hostvars, ['gateway_app_result', '%s']) | list"
    shown = {f"all_{name}": f"{{{{ {everybody % name} }}}}" for name in ("proven", "missing_roles")}
    plays: list[dict[str, t.Any]] = [
        {"hosts": "mail_gateways", "gather_facts": False, "roles": ["email_gateway.azure_apps.gateway_app"]},
        {"hosts": "localhost", "gather_facts": False, "tasks": [{"ansible.builtin.set_fact": shown}]},
    ]
    run = playbooks.run(plays, "-i", "inventory.yml", show=list(shown)).ok()
    assert run.results == {"all_proven": [True] * len(contents), "all_missing_roles": [[]] * len(contents)}
    for profile, content in contents.items():
        application = playbooks.tenant.application(uniqueName=profile)
        assert application["signInAudience"] == content.get("sign_in_audience", "AzureADMyOrg"), profile
        assert _declared(playbooks, application) == _wanted(content), profile
        assert _granted(playbooks, application) == _wanted(content), profile
    assert len(playbooks.tenant.applications) == len(contents)

    again = playbooks.run(plays[:1], "-i", "inventory.yml").ok()
    assert again.writes == []
    assert again.output.count("changed=0 ") == len(contents)


def test_the_profiles_of_the_vendor_have_the_permissions_of_the_guide() -> None:
    """https://opswat.developerhub.io/docs/mdemail/6.3.1/configuration/azure-application"""
    contents = _contents()
    graph = [{"resource": "microsoft_graph", "application": ["Mail.ReadWrite"]}]
    assert contents["outbound_smtp"]["permissions"] == graph
    graph[0]["application"] = ["Group.Read.All", "GroupMember.Read.All", "Mail.ReadWrite", "User.Read.All"]
    assert contents["outbound_microsoft365"]["permissions"] == graph
