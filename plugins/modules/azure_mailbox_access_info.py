# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: azure_mailbox_access_info
short_description: Verify which mailboxes an application can read, and which it cannot
version_added: 1.0.0
description:
  - Requests a token for Microsoft Graph with an application's own client id and client secret, and checks that it
    reaches the mailboxes that it must reach, and none of those that it must not. No mail is read, only the id of the
    inbox.
  - A permission for mail that is granted in Entra ID is valid for all mailboxes of the tenant. Role assignments in
    Exchange Online (RBAC for Applications) with a scope are valid in addition to it, so the scope has an effect only if
    that permission is not granted.
  - A mailbox that does not exist proves nothing, so it is never as expected. If some mailboxes are not as expected, the
    task does not fail; it fails only if there is no token or no meaningful answer.
  - A change by an Exchange administrator takes effect after minutes, a role assignment after up to two hours.
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
  mailboxes_allowed:
    description: Addresses of mailboxes that the application must reach.
    type: list
    elements: str
  mailboxes_denied:
    description: Addresses of mailboxes that it must not reach.
    type: list
    elements: str
requirements:
  - requests >= 2.28
  - msal >= 1.23
seealso:
  - module: email_gateway.azure_apps.azure_app_token_info
  - module: email_gateway.azure_apps.azure_smtp_oauth_info
"""

EXAMPLES = r"""
- name: Verify that the gateway reaches its own mailbox, but not another one
  email_gateway.azure_apps.azure_mailbox_access_info:
    tenant_id: "{{ mail_gateway.tenant_id }}"
    client_id: "{{ mail_gateway.client_id }}"
    client_secret: "{{ mail_gateway.client_secret }}"
    mailboxes_allowed: [gateway@example.com]
    mailboxes_denied: [director@example.com]
  register: access

- name: Show what is not as expected
  ansible.builtin.debug:
    msg: "{{ [item.mailbox, item.reason, item.next_step] + item.exchange_commands }}"
  loop: "{{ access.mailboxes | rejectattr('as_expected') }}"
"""

RETURN = r"""
proven:
  description: Whether every mailbox is as expected.
  type: bool
  returned: success
  sample: true
mailboxes:
  description: The mailboxes, the allowed ones first.
  type: list
  elements: dict
  returned: success
  contains:
    mailbox:
      description: The address.
      type: str
      sample: director@example.com
    expected:
      description: V(allowed) or V(denied).
      type: str
      sample: denied
    reachable:
      description: Whether the application reaches it.
      type: bool
      sample: false
    as_expected:
      description: Whether this was verified to be as expected.
      type: bool
      sample: true
    status:
      description: The HTTP status of Microsoft Graph's answer.
      type: int
      sample: 403
    code:
      description: The code of the error, such as C(ErrorAccessDenied); not set if there is none.
      type: str
      sample: ErrorAccessDenied
    reason:
      description: What the answer means.
      type: str
      sample: The application has no right to the mailbox.
    next_step:
      description: What to do. Empty if it is as expected.
      type: str
      sample: ""
    exchange_commands:
      description:
        - Commands of Exchange Online PowerShell that solve the problem or show more, if any, with all ids filled in.
        - If a role has to be assigned, it is C(Application Mail.ReadWrite), unless the token has another permission.
          Its scope is all of O(mailboxes_allowed).
      type: list
      elements: str
      sample: []
  sample:
    - mailbox: director@example.com
      expected: denied
      reachable: false
      as_expected: true
      status: 403
      code: ErrorAccessDenied
      reason: The application has no right to the mailbox.
      next_step: ""
      exchange_commands: []
attempts:
  description: How often a token was requested.
  type: int
  returned: success
  sample: 1
waited_seconds:
  description: How long the checks took.
  type: float
  returned: success
  sample: 0.6
roles:
  description: The application permissions that the token has, sorted.
  type: list
  elements: str
  returned: success
  sample: [Mail.ReadWrite]
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
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._proof.mailbox import mailbox_access
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._proof.options import PROOF

OWN = ArgumentSpec(
    options={
        "mailboxes_allowed": {"type": "list", "elements": "str"},
        "mailboxes_denied": {"type": "list", "elements": "str"},
    },
)

MODULE = Module(argument_spec=OWN + PROOF + AUTH + ENDPOINT, run=mailbox_access)


def main() -> None:
    run_as_module(MODULE)


if __name__ == "__main__":
    main()
