# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: azure_app_federated_credential
short_description: Let an application sign in with tokens of another issuer
version_added: 1.0.0
description:
  - Manages one federated identity credential of an application. With it, a workload that has a token of an issuer that
    you trust, such as Kubernetes or a build service, signs in without a secret.
  - Other credentials of the application are not changed.
  - With O(stores), its name is recorded in the stores, and one task manages the whole life cycle of the credential.
    O(rotate) has no effect.
author:
  - email_gateway.azure_apps contributors (@email-gateway)
extends_documentation_fragment:
  - email_gateway.azure_apps._application
  - email_gateway.azure_apps._auth
  - email_gateway.azure_apps._endpoint
  - email_gateway.azure_apps._attributes
  - email_gateway.azure_apps._attributes.actiongroup
  - email_gateway.azure_apps._stores
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: full
options:
  name:
    description:
      - The name of the credential, with at most 120 letters, digits, hyphens, dots and underscores. It cannot be
        changed later. An application has at most 20 credentials.
    type: str
    required: true
  issuer:
    description:
      - The https address that the tokens name as their issuer (C(iss)), exactly. Needed with O(state=present).
    type: str
  subject:
    description:
      - The subject of the tokens (C(sub)), exactly. Needed with O(state=present). An application cannot have two
        credentials with the same issuer and subject.
    type: str
  audiences:
    description: The audience of the tokens (C(aud)). Microsoft Graph requires a list, and accepts one entry in it.
    type: list
    elements: str
    default: ["api://AzureADTokenExchange"]
  description:
    description: The purpose of the credential. If not set, it is not changed.
    type: str
  assertion_file:
    description: With O(stores) and O(verify_token), a file with a token of the issuer, to try the credential with.
    type: path
  renew_before_days:
    description:
      - With O(stores) and O(hand_over), days that a replaced credential stays for a host that was removed from the
        inventory before it got the new one. A federated credential itself does not expire.
    type: int
    default: 30
seealso:
  - module: email_gateway.azure_apps.azure_app_certificate
  - module: email_gateway.azure_apps.azure_app_secret
  - module: email_gateway.azure_apps.azure_app_token_info
"""

EXAMPLES = r"""
- name: Let a service account of Kubernetes sign in
  email_gateway.azure_apps.azure_app_federated_credential:
    unique_name: mail-gateway
    name: cluster-vienna
    issuer: https://oidc.example.com/cluster-vienna
    subject: system:serviceaccount:mail:gateway

- name: Remove it
  email_gateway.azure_apps.azure_app_federated_credential:
    unique_name: mail-gateway
    name: cluster-vienna
    state: absent

- name: Manage a federated credential, and record its name in a store
  email_gateway.azure_apps.azure_app_federated_credential:
    unique_name: mail-gateway
    name: cluster-graz
    issuer: https://oidc.example.com/cluster-graz
    subject: system:serviceaccount:mail:gateway
    verify_token: false
    stores:
      - type: ansible_vault
        path: "{{ playbook_dir }}/federated.vault.yml"
"""

RETURN = r"""
federated_credential_id:
  description: The id of the credential, or null.
  type: str
  returned: success
  sample: afa0b8e1-6644-4693-948c-df7cc4fabb05
name:
  description: The name of the credential.
  type: str
  returned: success
  sample: cluster-vienna
issuer:
  description: The issuer, or null.
  type: str
  returned: success
  sample: https://oidc.example.com/cluster-vienna
subject:
  description: The subject, or null.
  type: str
  returned: success
  sample: system:serviceaccount:mail:gateway
audiences:
  description: The audience. Empty if there is no credential.
  type: list
  elements: str
  returned: success
  sample: ["api://AzureADTokenExchange"]
description:
  description: The purpose of the credential, or null.
  type: str
  returned: success
  sample: null
other_names:
  description: The names of the application's other federated credentials.
  type: list
  elements: str
  returned: success
  sample: []
client_id:
  description: The client id of the application, or null.
  type: str
  returned: success
  sample: b2466de6-5867-4b23-83ff-449c85f44ba1
application_object_id:
  description: The object id of the application, or null.
  type: str
  returned: success
  sample: 4877ab89-6ac2-4663-826b-fc79af2ad2e4
key_id:
  description: The same as RV(federated_credential_id), under the name that other types of credentials use.
  type: str
  returned: with O(stores)
  sample: afa0b8e1-6644-4693-948c-df7cc4fabb05
start:
  description: When the credential was stored first. Microsoft Graph shows no start.
  type: str
  returned: with O(stores)
  sample: "2026-11-23T07:00:00Z"
end:
  description: Always null, since it does not expire.
  type: str
  returned: with O(stores)
  sample: null
days_left:
  description: Always null, since it does not expire.
  type: int
  returned: with O(stores)
  sample: null
fresh:
  description: Whether the credential was created or changed by this task.
  type: bool
  returned: with O(stores)
  sample: false
tenant_id:
  description: The id of the tenant.
  type: str
  returned: with O(stores)
  sample: 4d2a2a6e-2a26-4d0c-8a40-6a2f7ac7b8c1
removed_key_ids:
  description: The key ids of credentials that were removed.
  type: list
  elements: str
  returned: with O(stores)
  sample: []
stores:
  description: Where the credential is stored, without a secret.
  type: list
  elements: dict
  returned: with O(stores)
  sample:
    - type: ansible_vault
      path: /srv/automation/mail-gateway.vault.yml
      variable: gateway_app_credential
previous_key_ids:
  description: The key ids of replaced credentials that are still in the tenant, and are removed by O(state=pruned).
  type: list
  elements: str
  returned: with O(stores)
  sample: []
handed_over:
  description: Whether all hosts got the credential, or nothing has to be handed over.
  type: bool
  returned: with O(stores)
  sample: true
handed_over_to:
  description: The hosts that got the credential.
  type: list
  elements: str
  returned: with O(stores)
  sample: []
pending_hosts:
  description: The hosts that did not get it yet.
  type: list
  elements: str
  returned: with O(stores)
  sample: []
hand_over:
  description: Whether your tasks have to hand the credential over for the host of the task now. Never in check mode.
  type: bool
  returned: with O(stores)
  sample: false
prune:
  description: Whether O(state=pruned) has something to remove now.
  type: bool
  returned: with O(stores)
  sample: false
notes:
  description: Messages for the user, one line each.
  type: list
  elements: str
  returned: with O(stores)
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
    APPLICATION,
    AUTH,
    ENDPOINT,
    ArgumentSpec,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._credential.options import (
    WITH_STORES,
    refuse_stores,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.call import Call
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.converge import converge
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.module import Module, run_as_module
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._resources.federated_credential import (
    FederatedCredentialResource,
)

OWN = ArgumentSpec(
    options={
        "name": {"type": "str", "required": True},
        "issuer": {"type": "str"},
        "subject": {"type": "str"},
        "audiences": {"type": "list", "elements": "str", "default": ["api://AzureADTokenExchange"]},
        "description": {"type": "str"},
        "assertion_file": {"type": "path"},
        "renew_before_days": {"type": "int", "default": 30},
    },
    required_if=(("state", "present", ("issuer", "subject")),),
)


def run(call: Call) -> dict[str, object]:
    refuse_stores(call.params)
    return converge(call, FederatedCredentialResource(call))


MODULE = Module(argument_spec=OWN + WITH_STORES + APPLICATION + AUTH + ENDPOINT, run=run)


def main() -> None:
    run_as_module(MODULE)


if __name__ == "__main__":
    main()
