# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: azure_device_login
short_description: Sign a person in for this run with a code on another device
version_added: 1.0.0
description:
  - Without O(wait), it asks for a code and returns it at once, so that the next task can show it. With O(wait), it
    waits until somebody has opened the page, typed the code and signed in.
  - The following tasks of the same C(ansible-playbook) run, also in other plays and playbooks, then sign in as this
    person with O(email_gateway.azure_apps.azure_app_registration#module:auth_source=device_code), or with V(auto) where
    nothing else is set. The sign-in is renewed as long as the run takes, and serves Azure Key Vault as well.
  - The sign-in is kept in the memory of the run only. It is in no file, no result, no log and no command line.
  - Where somebody has signed in in this run already, both forms say so and ask for no code. The module changes nothing
    in the tenant, and does the same in check mode.
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
        them, it is the home tenant of whoever signs in.
    type: str
  auth_client_id:
    description:
      - The client id of the application through which the person signs in. It needs the delegated permissions of what
        the run does, and has to allow public client flows.
      - If not set, it is the Azure CLI, C(04b07795-8ddb-461a-bbee-02f9e1bf7b46). Microsoft allows it for Microsoft
        Graph and Azure Key Vault beforehand, so that nobody has to consent. What it may do is what the person may do.
      - E(AZURE_CLIENT_ID) does not count here, since it names an application that signs in as itself.
    type: str
  wait:
    description: Wait for the person, instead of telling a code.
    type: bool
    default: false
  sign_in_timeout:
    description:
      - Seconds to wait for the person, from 1 to 3600. The code's own lifetime, 15 minutes, bounds it as well.
    type: int
    default: 900
requirements:
  - requests >= 2.28
  - msal >= 1.23
notes:
  - Tenants can forbid this way to sign in by a policy of Conditional Access for authentication flows. Use the Azure CLI
    there (C(az login)).
  - Whoever is asked for such a code should know the run that asks for it. Never pass a code on to somebody else.
seealso:
  - module: email_gateway.azure_apps.azure_app_registration
"""

EXAMPLES = r"""
- name: Ask for a code
  email_gateway.azure_apps.azure_device_login:
    auth_tenant_id: contoso.onmicrosoft.com
  register: login

- name: Show it
  ansible.builtin.debug:
    msg: "{{ login.message }}"

- name: Wait until somebody has signed in
  email_gateway.azure_apps.azure_device_login:
    auth_tenant_id: contoso.onmicrosoft.com
    wait: true

- name: Whatever comes next signs in as this person
  email_gateway.azure_apps.azure_app_registration_info:
    auth_source: device_code
"""

RETURN = r"""
signed_in:
  description: Whether somebody has signed in in this run.
  type: bool
  returned: success
  sample: false
message:
  description: What to tell the person, in one line.
  type: str
  returned: success
  sample: To sign in, open the page https://microsoft.com/devicelogin and enter the code A1B2C3D4E.
user_code:
  description: The code to type. Null where somebody has signed in already.
  type: str
  returned: success
  sample: A1B2C3D4E
verification_uri:
  description: The page on which to type it. Null where somebody has signed in already.
  type: str
  returned: success
  sample: https://microsoft.com/devicelogin
expires:
  description: When the code expires. Null where somebody has signed in already.
  type: str
  returned: success
  sample: "2026-11-23T08:15:00Z"
tenant_id:
  description: The id of the tenant that was signed in to. Null before that.
  type: str
  returned: success
  sample: 3f2504e0-4f89-41d3-9a0c-0305e82c3301
account:
  description: The name of the person who signed in. Null before that.
  type: str
  returned: success
  sample: adele@contoso.onmicrosoft.com
error:
  description: What went wrong, for machines. See M(email_gateway.azure_apps.azure_app_registration).
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
