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
  - Others that the application has are left alone.
author:
  - email_gateway.azure_apps contributors (@email-gateway)
extends_documentation_fragment:
  - email_gateway.azure_apps._application
  - email_gateway.azure_apps._auth
  - email_gateway.azure_apps._endpoint
  - email_gateway.azure_apps._attributes
  - email_gateway.azure_apps._attributes.actiongroup
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
      - The name of the credential, of at most 120 letters, digits, hyphens, dots and underscores. It cannot be changed
        later. An application has at most 20 credentials.
    type: str
    required: true
  issuer:
    description:
      - The https address that the tokens name as their issuer (C(iss)), to the letter. Needed with O(state=present).
    type: str
  subject:
    description:
      - The subject that the tokens are for (C(sub)), to the letter. Needed with O(state=present). An application cannot
        have two credentials with the same issuer and subject.
    type: str
  audiences:
    description: The audience that the tokens are for (C(aud)). Microsoft Graph wants a list, and takes one entry in it.
    type: list
    elements: str
    default: ["api://AzureADTokenExchange"]
  description:
    description: What the credential is for. If not set, it stays what it is.
    type: str
  state:
    description: Whether the credential shall be there.
    type: str
    choices: [present, absent]
    default: present
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
  description: The audience. Empty where there is no credential.
  type: list
  elements: str
  returned: success
  sample: ["api://AzureADTokenExchange"]
description:
  description: What the credential is for, or null.
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
error:
  description: What went wrong, for machines. See M(email_gateway.azure_apps.azure_app_registration).
  type: dict
  returned: failure
"""

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.arguments import (
    APPLICATION,
    AUTH,
    ENDPOINT,
    ONE_APPLICATION,
    STATE,
    ArgumentSpec,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.call import (
    Module,
    converge,
    run_as_module,
)
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
    },
    required_if=(("state", "present", ("issuer", "subject")),),
)

MODULE = Module(
    argument_spec=OWN + APPLICATION + ONE_APPLICATION + STATE + AUTH + ENDPOINT,
    run=lambda call: converge(call, FederatedCredentialResource(call)),
)


def main() -> None:
    run_as_module(MODULE)


if __name__ == "__main__":
    main()
