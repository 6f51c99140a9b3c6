# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: azure_app_credential_info
short_description: Show the stored credential of an application
version_added: 1.0.0
description:
  - Reads the stores of M(email_gateway.azure_apps.azure_app_secret), M(email_gateway.azure_apps.azure_app_certificate)
    and M(email_gateway.azure_apps.azure_app_federated_credential), and shows the most recent credential in them.
  - The client secret itself is returned on request only.
  - If a store cannot be read, a note reports it, and the other stores are read. No request is sent to the tenant.
author:
  - email_gateway.azure_apps contributors (@email-gateway)
extends_documentation_fragment:
  - email_gateway.azure_apps._auth
  - email_gateway.azure_apps._endpoint
  - email_gateway.azure_apps._attributes
  - email_gateway.azure_apps._attributes.info
  - email_gateway.azure_apps._attributes.actiongroup
options:
  stores:
    description:
      - The stores of the credential, as in the option of the same name of
        M(email_gateway.azure_apps.azure_app_secret). Each entry has a C(type) and the settings of that type.
    type: list
    elements: dict
    required: true
  store_path:
    description: The file of a store of the type C(ansible_vault) whose entry has no C(path).
    type: path
  store_vault_id:
    description: The vault id of a store of the type C(ansible_vault) whose entry has no C(vault_id).
    type: str
  include_value:
    description: Return the credential with its value, under RV(credential).
    type: bool
    default: false
notes:
  - The options for the sign-in are used by a store of the type C(azure_key_vault) only.
seealso:
  - module: email_gateway.azure_apps.azure_app_secret
  - module: email_gateway.azure_apps.azure_app_token_info
"""

EXAMPLES = r"""
- name: Read which credential is in the file
  email_gateway.azure_apps.azure_app_credential_info:
    stores:
      - type: ansible_vault
        path: "{{ playbook_dir }}/mail-gateway.vault.yml"
  register: stored

- name: Show when it expires
  ansible.builtin.debug:
    msg: "{{ stored.expires or 'There is no credential yet.' }}"

- name: Read it with its value, for a task that configures something
  email_gateway.azure_apps.azure_app_credential_info:
    stores:
      - type: ansible_vault
        path: "{{ playbook_dir }}/mail-gateway.vault.yml"
    include_value: true
  register: stored_with_value
  no_log: true
"""

RETURN = r"""
exists:
  description: Whether a store has a credential.
  type: bool
  returned: success
  sample: true
type:
  description: V(client_secret), V(certificate) or V(federated), or null.
  type: str
  returned: success
  sample: client_secret
client_id:
  description: The client id of the application, or null.
  type: str
  returned: success
  sample: b2466de6-5867-4b23-83ff-449c85f44ba1
tenant_id:
  description: The id of the tenant, or null.
  type: str
  returned: success
  sample: 4d2a2a6e-2a26-4d0c-8a40-6a2f7ac7b8c1
key_id:
  description: The key id of the credential, or null.
  type: str
  returned: success
  sample: 621a4ce4-826c-4fd2-9460-c24c9dd3ed89
start:
  description: From when it is valid, or null.
  type: str
  returned: success
  sample: "2026-11-23T07:00:00Z"
expires:
  description: When it expires, or null.
  type: str
  returned: success
  sample: "2027-11-23T07:00:00Z"
profile:
  description: The permission profile for which it was created, or null.
  type: str
  returned: success
  sample: outbound_smtp
previous_key_ids:
  description: The key ids of replaced credentials that have not been removed yet.
  type: list
  elements: str
  returned: success
  sample: []
handed_over_to:
  description: The hosts that got the credential.
  type: list
  elements: str
  returned: success
  sample: []
pending_hosts:
  description: The hosts that had an earlier credential and do not have this one yet.
  type: list
  elements: str
  returned: success
  sample: []
stores:
  description: Where the credential is stored, without a secret.
  type: list
  elements: dict
  returned: success
  sample:
    - type: ansible_vault
      path: /srv/automation/mail-gateway.vault.yml
      variable: gateway_app_credential
notes:
  description: Stores that cannot be read, contain another credential or cannot return a value, one line each.
  type: list
  elements: str
  returned: success
  sample: []
credential:
  description:
    - The credential with its value, as it is stored, with O(include_value=true). Otherwise null.
    - The output of a task that returns it is hidden, as with C(no_log). A registered variable contains it.
  type: dict
  returned: success
  sample: null
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
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._credential.options import refuse_stores
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.call import Call
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.module import Module, run_as_module

OWN = ArgumentSpec(
    options={
        "stores": {"type": "list", "elements": "dict", "required": True},
        "store_path": {"type": "path"},
        "store_vault_id": {"type": "str"},
        "include_value": {"type": "bool", "default": False},
    },
)


def run(call: Call) -> dict[str, object]:
    refuse_stores(call.params)
    raise AssertionError("O(stores) is required")


MODULE = Module(argument_spec=OWN + AUTH + ENDPOINT, run=run, secret_results=("credential",))


def main() -> None:
    run_as_module(MODULE)


if __name__ == "__main__":
    main()
