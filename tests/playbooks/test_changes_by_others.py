# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role in a tenant that others also change. Single cases: tests/unit/plugins/modules/changes_by_others."""

from __future__ import annotations

from ansible_collections.email_gateway.azure_apps.tests.playbooks.playbook_runner import Playbooks
from ansible_collections.email_gateway.azure_apps.tests.unit.graph_client import Client

RIGHTS = ("Application.ReadWrite.All", "AppRoleAssignment.ReadWrite.All", "Directory.Read.All")


def test_the_role_repairs_changes_by_others_and_keeps_their_additions(playbooks: Playbooks) -> None:
    first = playbooks.register().ok().results["gateway_app_result"]
    hand = Client(playbooks.server, *playbooks.server.add_operator(list(RIGHTS)))
    path, principal = f"/applications/{first['application_object_id']}", first["service_principal_object_id"]
    by_hand = hand.post(f"{path}/addPassword", {"passwordCredential": {"displayName": "Mail gateway"}}).json()
    tags = [*playbooks.tenant.application(uniqueName="gateway")["tags"], "theirs"]
    for answer in (
        hand.patch(path, {"displayName": "Renamed by hand", "tags": tags, "requiredResourceAccess": []}),
        hand.post(f"{path}/removePassword", {"keyId": first["key_id"]}),
        hand.delete(f"/servicePrincipals/{principal}"),
    ):
        assert answer.status_code == 204, answer.text

    predicted = playbooks.register("--check", gateway_app_tags=[]).ok()
    assert predicted.writes == []
    assert "changed=0 " not in predicted.output
    second = playbooks.register(gateway_app_tags=[]).ok().results["gateway_app_result"]
    assert second["changed"] is True
    assert second["proven"] is True
    assert second["service_principal_object_id"] == principal, "Exchange Online knows it by this id"
    current = playbooks.tenant.application(uniqueName="gateway")
    assert current["displayName"] == "Gateway"
    assert current["tags"] == tags
    assert {entry["keyId"] for entry in current["passwordCredentials"]} == {by_hand["keyId"], second["key_id"]}
    third = playbooks.register(gateway_app_tags=[]).ok()
    assert third.writes == []
    assert "changed=0 " in third.output

    assert hand.patch(f"/servicePrincipals/{principal}", {"accountEnabled": False}).status_code == 204
    refused = playbooks.register().failed("sign-in was switched off", "Enabled for users to sign-in")
    assert refused.writes == []
