# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: azure_app_token_info
short_description: Prove by a token that an application's credential works
version_added: 1.0.0
description:
  - Requests a new token with an application's own client id and a client secret, a certificate or an assertion of
    another issuer, and shows which roles the token has and which of the expected ones are missing. The token itself is
    not returned.
  - With O(stores), the credential is read from the stores of the credential modules. If there is no credential to try,
    RV(proven) is V(false) and RV(notes) shows why; the task does not fail.
  - A new credential is refused for some seconds, and a new consent is in tokens only after a while. So the module tries
    again, for O(wait_timeout) seconds at most.
author:
  - email_gateway.azure_apps contributors (@email-gateway)
extends_documentation_fragment:
  - email_gateway.azure_apps._proof
  - email_gateway.azure_apps._stored_credential
  - email_gateway.azure_apps._auth
  - email_gateway.azure_apps._endpoint
  - email_gateway.azure_apps._attributes
  - email_gateway.azure_apps._attributes.info
  - email_gateway.azure_apps._attributes.actiongroup
options:
  resource:
    description: The resource that the token is for.
    type: str
    choices: [microsoft_graph, exchange_online]
    default: microsoft_graph
  expected_roles:
    description: Application permissions that the token must have.
    type: list
    elements: str
  fail_if_missing:
    description:
      - Fail if the token still does not have all of O(expected_roles) at the end. With V(false), this is only returned.
      - In check mode, the task does not fail for this.
    type: bool
    default: false
  profile_info:
    description:
      - The registered result of M(email_gateway.azure_apps.azure_app_profile_info). For options that the task does not
        set, its C(module_options) are used.
    type: dict
requirements:
  - requests >= 2.28
  - msal >= 1.23
seealso:
  - module: email_gateway.azure_apps.azure_app_secret
  - module: email_gateway.azure_apps.azure_app_certificate
  - module: email_gateway.azure_apps.azure_app_federated_credential
  - module: email_gateway.azure_apps.azure_admin_consent
  - module: email_gateway.azure_apps.azure_mailbox_access_info
  - module: email_gateway.azure_apps.azure_smtp_oauth_info
"""

EXAMPLES = r"""
- name: Prove that the gateway's credential works
  email_gateway.azure_apps.azure_app_token_info:
    tenant_id: "{{ mail_gateway.tenant_id }}"
    client_id: "{{ mail_gateway.client_id }}"
    client_secret: "{{ mail_gateway.client_secret }}"
    expected_roles: [Mail.ReadWrite]
  register: proof
  failed_when: not proof.proven

- name: Prove the credential in the stores
  email_gateway.azure_apps.azure_app_token_info:
    stores:
      - type: ansible_vault
        path: /srv/automation/mail-gateway.vault.yml
    expected_roles: [Mail.ReadWrite]
    fail_if_missing: true

- name: Prove that its key and certificate work
  email_gateway.azure_apps.azure_app_token_info:
    tenant_id: "{{ mail_gateway.tenant_id }}"
    client_id: "{{ mail_gateway.client_id }}"
    client_certificate_path: "{{ playbook_dir }}/mail-gateway.pem"
"""

RETURN = r"""
proven:
  description: Whether a token was issued and has every expected role.
  type: bool
  returned: success
  sample: true
roles:
  description: The application permissions that the token has, sorted.
  type: list
  elements: str
  returned: success
  sample: [Mail.ReadWrite]
missing_roles:
  description: The expected roles that it does not have.
  type: list
  elements: str
  returned: success
  sample: []
unexpected_roles:
  description: The roles that it has in addition to the expected ones. Empty without O(expected_roles).
  type: list
  elements: str
  returned: success
  sample: []
scope:
  description: The scope that was requested. Enter it in the gateway if its form has a field for a scope.
  type: str
  returned: success
  sample: https://graph.microsoft.com/.default
audience:
  description: The resource that the token is for. Not set if there was no token.
  type: str
  returned: success
  sample: https://graph.microsoft.com
expires:
  description: When the token expires; the credential itself is valid longer. Not set if there was no token.
  type: str
  returned: success
  sample: "2026-11-23T08:00:00Z"
attempts:
  description: How often a token was requested; 0 if the credential task of the same run already had one.
  type: int
  returned: success
  sample: 1
waited_seconds:
  description: How long this took.
  type: float
  returned: success
  sample: 0.2
tenant_id:
  description: The id of the tenant.
  type: str
  returned: success
  sample: 3f2504e0-4f89-41d3-9a0c-0305e82c3301
client_id:
  description: The client id of the application.
  type: str
  returned: success
  sample: b2466de6-5867-4b23-83ff-449c85f44ba1
key_id:
  description: The key id of the credential that was proven, if it is known.
  type: str
  returned: success
  sample: 76ea6dcd-848c-4fc5-a125-af079be6f636
notes:
  description: Messages for the user, for example which store cannot be read. Empty without O(stores).
  type: list
  elements: str
  returned: success
  sample: []
error:
  description: Details of the error, for programs. See M(email_gateway.azure_apps.azure_app_registration).
  type: dict
  returned: failure
  sample:
    kind: graph
    status: 403
    code: Authorization_RequestDenied
    request_id: 403392b6-bf9e-4e66-88f7-1777c74678ab
"""

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.arguments import (
    AUTH,
    ENDPOINT,
    ArgumentSpec,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.module import Module, run_as_module
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._proof.options import PROOF
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._proof.token import token_info

OWN = ArgumentSpec(
    options={
        "resource": {"type": "str", "choices": ["microsoft_graph", "exchange_online"], "default": "microsoft_graph"},
        "expected_roles": {"type": "list", "elements": "str"},
        "fail_if_missing": {"type": "bool", "default": False},
        "profile_info": {"type": "dict"},
    },
)

MODULE = Module(argument_spec=OWN + PROOF + AUTH + ENDPOINT, run=token_info)


def main() -> None:
    run_as_module(MODULE)


if __name__ == "__main__":
    main()
