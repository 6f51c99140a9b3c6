# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: azure_smtp_oauth_info
short_description: Verify that an application can sign in to a mailbox by SMTP
version_added: 1.0.0
description:
  - Requests a token for Exchange Online with an application's own client id and client secret, and sends it to the SMTP
    server for a mailbox (C(STARTTLS), then C(AUTH XOAUTH2)), like a gateway that delivers by SMTP with OAuth. No mail
    is sent. The token is not returned, and is sent only over TLS to a server whose certificate was verified.
  - If the server refuses, the result explains the refusal, and contains the commands that an Exchange administrator
    has to run in Exchange Online PowerShell. The task does not fail for a refusal; it fails if there is no token, or no
    SMTP server that can be trusted.
  - A change by an Exchange administrator takes effect after minutes, a role assignment after up to two hours.
  - Without sending mail, only the sign-in can be verified. A missing permission for the mailbox has been seen to cause
    an error only at the end of a message.
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
  mailbox:
    description: The address of the mailbox that the gateway sends as.
    type: str
    required: true
  smtp_host:
    description: The SMTP server. In national clouds it has another name, which Microsoft's documentation lists.
    type: str
    default: smtp.office365.com
  smtp_port:
    description: The port of the SMTP server, on which it offers C(STARTTLS).
    type: int
    default: 587
  request_timeout:
    description: Seconds to wait for one answer, and for the whole dialogue with the SMTP server; from 1 to 3600.
    type: int
    default: 30
notes:
  - SMTP does not use a proxy, unlike the request for the token; the controller must be able to connect to the SMTP
    server directly.
requirements:
  - requests >= 2.28
  - msal >= 1.23
seealso:
  - module: email_gateway.azure_apps.azure_app_token_info
  - module: email_gateway.azure_apps.azure_mailbox_access_info
"""

EXAMPLES = r"""
- name: Verify that the gateway can sign in to its mailbox
  email_gateway.azure_apps.azure_smtp_oauth_info:
    tenant_id: "{{ mail_gateway.tenant_id }}"
    client_id: "{{ mail_gateway.client_id }}"
    client_secret: "{{ mail_gateway.client_secret }}"
    mailbox: gateway@example.com
  register: smtp

- name: Show what an Exchange administrator has to do
  ansible.builtin.debug:
    msg: "{{ [smtp.reason, smtp.next_step] + smtp.exchange_commands }}"
  when: not smtp.authenticated
"""

RETURN = r"""
authenticated:
  description: Whether the server accepted the token for the mailbox.
  type: bool
  returned: success
  sample: false
smtp_code:
  description:
    - The code of the decisive answer. Not set if the server does not offer the required commands, so that no token was
      sent.
  type: int
  returned: success
  sample: 535
enhanced_code:
  description: The enhanced code of that answer, if it has one.
  type: str
  returned: success
  sample: 5.7.3
reason:
  description: What the answer means.
  type: str
  returned: success
  sample: SMTP AUTH is disabled for the tenant.
next_step:
  description: What to do. Empty if there is nothing to do.
  type: str
  returned: success
  sample: An Exchange administrator has to allow it for gateway@example.com, see exchange_commands.
exchange_commands:
  description: Commands of Exchange Online PowerShell that solve the problem, if any, with all ids filled in.
  type: list
  elements: str
  returned: success
  sample: ["Set-CASMailbox -Identity 'gateway@example.com' -SmtpClientAuthenticationDisabled $false"]
service_principal_object_id:
  description: The object id of the application's service principal, which the Exchange commands need.
  type: str
  returned: success
  sample: 7f1e8d0a-9f5c-4a57-8c07-5f7c9d1a0b52
mailbox:
  description: The address of the mailbox.
  type: str
  returned: success
  sample: gateway@example.com
smtp_host:
  description: The SMTP server.
  type: str
  returned: success
  sample: smtp.office365.com
smtp_port:
  description: Its port.
  type: int
  returned: success
  sample: 587
scope:
  description: The scope that was requested. Enter it in the gateway if its form has a field for a scope.
  type: str
  returned: success
  sample: https://outlook.office365.com/.default
attempts:
  description: How often a token was requested.
  type: int
  returned: success
  sample: 1
waited_seconds:
  description: How long the check took.
  type: float
  returned: success
  sample: 0.6
roles:
  description: The application permissions that the token has, sorted.
  type: list
  elements: str
  returned: success
  sample: [SMTP.SendAsApp]
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
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._proof.smtp import smtp_info

OWN = ArgumentSpec(
    options={
        "mailbox": {"type": "str", "required": True},
        "smtp_host": {"type": "str", "default": "smtp.office365.com"},
        "smtp_port": {"type": "int", "default": 587},
    },
)

MODULE = Module(argument_spec=OWN + PROOF + AUTH + ENDPOINT, run=smtp_info)


def main() -> None:
    run_as_module(MODULE)


if __name__ == "__main__":
    main()
