# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: azure_device_login
short_description: Sign a person in for this run with a code on another device
version_added: 1.0.0
description:
  - Without O(wait), it requests a code and returns it immediately, so that the next task can show it. With O(wait), it
    waits until a person has opened the page, entered the code and signed in.
  - The following tasks of the same C(ansible-playbook) run, also in other plays and playbooks, then sign in as this
    person with O(email_gateway.azure_apps.azure_app_registration#module:auth_source=device_code), or with V(auto) if
    nothing else is set. The sign-in is renewed until the run ends, and is also valid for Azure Key Vault.
  - The sign-in is stored only in the memory of the run. It is not in a file, a result, a log or a command line.
  - If a person has already signed in during this run, both forms return this and request no code. The module changes
    nothing in the tenant, and does the same in check mode.
author:
  - email_gateway.azure_apps contributors (@email-gateway)
extends_documentation_fragment:
  - email_gateway.azure_apps._endpoint
  - email_gateway.azure_apps._attributes
  - email_gateway.azure_apps._attributes.info
  - email_gateway.azure_apps._attributes.actiongroup
options:
  auth_tenant_id:
    description:
      - The tenant to sign in to, by its id or one of its verified domain names.
      - If not set, E(AZURE_TENANT) or E(AZURE_TENANT_ID) is used, or the section of O(auth_profile). Without any of
        them, it is the home tenant of the person who signs in.
    type: str
  auth_client_id:
    description:
      - The client id of the application with which the person signs in. It needs the delegated permissions for the
        tasks of the run, and must allow public client flows.
      - If not set, it is the Azure CLI, C(04b07795-8ddb-461a-bbee-02f9e1bf7b46). Microsoft has allowed it for Microsoft
        Graph and Azure Key Vault, so no consent is needed. The run can do what the person can do.
      - E(AZURE_CLIENT_ID) is not used here, since it names an application that signs in as itself.
    type: str
  wait:
    description: Wait for the person to sign in, instead of returning a code.
    type: bool
    default: false
  sign_in_timeout:
    description:
      - Seconds to wait for the person, from 1 to 3600. The code itself is valid for 15 minutes.
    type: int
    default: 900
requirements:
  - requests >= 2.28
  - msal >= 1.23
notes:
  - A tenant can block this sign-in with a Conditional Access policy for authentication flows. In this case, use the
    Azure CLI (C(az login)).
  - Enter such a code only if you know the run that requested it. Never pass a code on to another person.
seealso:
  - module: email_gateway.azure_apps.azure_app_registration
"""

EXAMPLES = r"""
- name: Request a code
  email_gateway.azure_apps.azure_device_login:
    auth_tenant_id: contoso.onmicrosoft.com
  register: login

- name: Show it
  ansible.builtin.debug:
    msg: "{{ login.message }}"

- name: Wait until the person has signed in
  email_gateway.azure_apps.azure_device_login:
    auth_tenant_id: contoso.onmicrosoft.com
    wait: true

- name: Sign in as this person in the next tasks
  email_gateway.azure_apps.azure_app_registration_info:
    auth_source: device_code
"""

RETURN = r"""
signed_in:
  description: Whether a person has signed in during this run.
  type: bool
  returned: success
  sample: false
message:
  description: The message for the person, in one line.
  type: str
  returned: success
  sample: To sign in, open the page https://microsoft.com/devicelogin and enter the code A1B2C3D4E.
user_code:
  description: The code to enter. Null if a person has already signed in.
  type: str
  returned: success
  sample: A1B2C3D4E
verification_uri:
  description: The page on which to enter it. Null if a person has already signed in.
  type: str
  returned: success
  sample: https://microsoft.com/devicelogin
expires:
  description: When the code expires. Null if a person has already signed in.
  type: str
  returned: success
  sample: "2026-11-23T08:15:00Z"
tenant_id:
  description: The id of the tenant of the sign-in. Null before the sign-in.
  type: str
  returned: success
  sample: 3f2504e0-4f89-41d3-9a0c-0305e82c3301
account:
  description: The name of the person who signed in. Null before the sign-in.
  type: str
  returned: success
  sample: adele@contoso.onmicrosoft.com
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
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._resources.device_login import device_login

OWN = ArgumentSpec(
    options={
        "auth_tenant_id": AUTH.options["auth_tenant_id"],
        "auth_client_id": AUTH.options["auth_client_id"],
        "wait": {"type": "bool", "default": False},
        "sign_in_timeout": {"type": "int", "default": 900},
    },
)

MODULE = Module(argument_spec=OWN + ENDPOINT, run=device_login)


def main() -> None:
    run_as_module(MODULE)


if __name__ == "__main__":
    main()
