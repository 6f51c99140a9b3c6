# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Mistakes in a profile of the user, and the messages about them before anything is changed."""

from __future__ import annotations

from pathlib import Path

import pytest

from ansible_collections.email_gateway.azure_apps.tests.unit.tenant import Tenant

UNKNOWN = "5b567255-7703-4780-807c-7be8301ae99b"
NOT_A_PROFILE = "mine.yml is malformed. It must contain the variable gateway_app_profile_content"
NOT_LISTS = "mine.yml is malformed. In an entry of permissions, application and delegated are lists of names"
NO_CREDENTIAL_TYPES = "Its credential_types have to be a list of client_secret, certificate and federated"
NO_MAILBOX_ROLES = "Its mailbox_roles have to be a list of names of permissions"
NOT_IN_TOKEN = "Its token_resource is microsoft_graph, of which it lists no application permission"
NOT_NAMES = "has to list at least one permission, each by its name"
# The text in braces is the value of gateway_app_profile_content.
MALFORMED = {
    "": NOT_A_PROFILE,
    "permissions: []": NOT_A_PROFILE,
    "gateway_app_profile_content: [a]": NOT_A_PROFILE,
    "{title: mine}": NOT_A_PROFILE,
    "{permisions: []}": NOT_A_PROFILE,
    "{permissions: [], aplication: 1}": NOT_A_PROFILE,
    "{permissions: {resource: microsoft_graph}}": NOT_A_PROFILE,
    "{permissions: [Mail.Send]}": NOT_A_PROFILE,
    "{permissions: [{resource: microsoft_graph, aplication: [Mail.Send]}]}": NOT_A_PROFILE,
    "{permissions: [{resource: [microsoft_graph], application: [Mail.Send]}]}": NOT_A_PROFILE,
    "{permissions: [], token_resource: [a]}": NOT_A_PROFILE,
    "{permissions: [], sign_in_audience: 7}": NOT_A_PROFILE,
    "{permissions: [], credential_types: certificate}": NO_CREDENTIAL_TYPES,
    "{permissions: [], credential_types: {certificate: true}}": NO_CREDENTIAL_TYPES,
    "{permissions: [], credential_types: }": NO_CREDENTIAL_TYPES,
    "{permissions: [], credential_types: []}": NO_CREDENTIAL_TYPES,
    "{permissions: [], credential_types: [[certificate]]}": NO_CREDENTIAL_TYPES,
    "{permissions: [], credential_types: [client_secret, password]}": NO_CREDENTIAL_TYPES,
    "{permissions: [], mailbox_roles: SMTP.SendAsApp}": NO_MAILBOX_ROLES,
    "{permissions: [], mailbox_roles: [7]}": NO_MAILBOX_ROLES,
    "{permissions: [{resource: microsoft_graph, application: Mail.Send}]}": NOT_LISTS,
    "{permissions: [{resource: microsoft_graph, application: {Mail.Send: true}}]}": NOT_LISTS,
    "{permissions: [{resource: microsoft_graph, delegated: }]}": NOT_LISTS,
    "{permissions: [{resource: microsoft_graph, application: []}]}": NOT_NAMES,
    "{permissions: [{resource: microsoft_graph, application: [7]}]}": NOT_NAMES,
    "{permissions: [{resource: microsoft_graph, application: [[Mail.Send]]}]}": NOT_NAMES,
    "{permissions: [{resource: microsoft_graph, application: [Mail Send]}]}": NOT_NAMES,
    f"{{permissions: [{{resource: microsoft_graph, application: [{UNKNOWN}]}}]}}": NOT_NAMES,
    f"{{permissions: [{{resource: microsoft_graph, delegated: [{UNKNOWN}]}}]}}": NOT_NAMES,
    "{permissions: [{resource: mail, application: [Mail.Send]}]}": "resource is 'mail', which is not",
    "{permissions: [{resource: microsoft_graph, application: [Mail.Send]},"
    " {resource: 00000003-0000-0000-C000-000000000000, application: [Mail.Read]}]}": "is listed twice",
    "{permissions: [{resource: exchange_online, application: [SMTP.SendAsApp]}]}": NOT_IN_TOKEN,
    "{permissions: [{resource: exchange_online, application: [SMTP.SendAsApp]},"
    " {resource: microsoft_graph, delegated: [User.Read]}], token_resource: microsoft_graph}": NOT_IN_TOKEN,
    "{permissions: [{resource: 00000003-0000-0000-c000-000000000000, application: [Mail.Send]}],"
    " token_resource: exchange_online}": "would prove none of its permissions. Set token_resource to microsoft_graph.",
    "a: [": "mine.yml cannot be read.",
    "- a list": "mine.yml cannot be read. It is not a dictionary",
}
# Mistakes that only the tenant can detect.
UNPUBLISHED = {
    "{permissions: [{resource: microsoft_graph, application: [Mail.Sent]}]}": "Did you mean Mail.Send",
    "{permissions: [{resource: 11111111-1111-1111-1111-111111111111, application: [A.B]}]}": "no"
    " service principal of the resource",
}


def refusal(tenant: Tenant, folder: Path, content: str) -> str:
    path = folder / "mine.yml"
    path.write_text(f"gateway_app_profile_content: {content}" if content.startswith("{") else content)
    return " ".join(tenant.fails("azure_app_profile_info", profile_file=str(path))["msg"].split())


@pytest.mark.parametrize("content", MALFORMED)
def test_a_malformed_profile_is_refused_before_any_request(tenant: Tenant, tmp_path: Path, content: str) -> None:
    assert MALFORMED[content] in refusal(tenant, tmp_path, content)
    assert tenant.server.requests() == []


@pytest.mark.parametrize("content", UNPUBLISHED)
def test_unpublished_permissions_are_refused(tenant: Tenant, tmp_path: Path, content: str) -> None:
    assert UNPUBLISHED[content] in refusal(tenant, tmp_path, content)
    assert tenant.writes == []


@pytest.mark.parametrize(
    "content",
    [
        "{permissions: [{resource: microsoft_graph, delegated: [User.Read]}], token_resource: exchange_online}",
        "{permissions: [{resource: 11111111-1111-1111-1111-111111111111, application: [A.B]}]}",
        "{permissions: [{resource: microsoft_graph, application: [User.Read.All]}],"
        " mailbox_roles: [SMTP.SendAsApp], token_resource: exchange_online}",
    ],
    ids=["delegated alone", "a resource without a name here", "roles of Exchange"],
)
def test_a_token_need_not_have_permissions_if_none_could_be_in_it(tenant: Tenant, tmp_path: Path, content: str) -> None:
    path = tmp_path / "mine.yml"
    path.write_text(f"gateway_app_profile_content: {content}")
    assert tenant.ok("azure_app_profile_info", profile_file=str(path), look_up=False)["expected_roles"] == []
