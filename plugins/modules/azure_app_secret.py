# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: azure_app_secret
short_description: Create, renew and remove client secrets of an application
version_added: 1.0.0
description:
  - Ensures that an application has a client secret with a given description that is valid long enough. If it has
    none, a new one is created beside the old one, which stays valid.
  - With O(stores), one task manages the whole life cycle. It reads the stores, tries the stored value at the identity
    platform, and creates a new secret if needed. The new secret is written to all stores, or removed again. The value
    is never in a result, variable or fact.
  - Without O(stores), the value is returned once, by the run that creates the secret. It can never be read again.
  - It only removes secrets that it created, or that O(key_id) names.
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
    details:
      - A new secret is created when the last one with the description has fewer than O(renew_before_days) days left.
options:
  description:
    description: The description of the secret, which the portal shows. Needed with O(state=present).
    type: str
  key_id:
    description: With O(state=absent) and without O(stores), the key id of the secret to remove.
    type: str
  lifetime_days:
    description: Days that a new secret is valid, from 1 to 3650. The tenant's policy may allow fewer.
    type: int
    default: 180
  end_date:
    description:
      - The end of a new secret, as a date (the secret is valid until the end of that day), or as a point in time with
        its time zone. Use it instead of O(lifetime_days).
    type: str
  renew_before_days:
    description: A new secret is created if the existing one has fewer days left than this.
    type: int
    default: 30
  stored_key_id:
    description:
      - Without O(stores), the key id of the secret whose value you have stored. If it is set, only that secret is
        used, and a new one is created if the tenant no longer has it. Set it to an empty string if you have no value.
    type: str
seealso:
  - module: email_gateway.azure_apps.azure_app_credential_info
  - module: email_gateway.azure_apps.azure_app_token_info
"""

EXAMPLES = r"""
- name: Ensure that there is a valid client secret in an encrypted file
  email_gateway.azure_apps.azure_app_secret:
    unique_name: mail-gateway
    description: mail gateway
    lifetime_days: 365
    renew_before_days: 30
    stores:
      - type: ansible_vault
        path: "{{ playbook_dir }}/mail-gateway.vault.yml"
  register: secret

- name: Remove the secrets that it replaced, a week later
  email_gateway.azure_apps.azure_app_secret:
    unique_name: mail-gateway
    state: pruned
    stores:
      - type: ansible_vault
        path: "{{ playbook_dir }}/mail-gateway.vault.yml"

- name: Ensure that a client secret is valid for another month, and return the value of a new one
  email_gateway.azure_apps.azure_app_secret:
    unique_name: mail-gateway
    description: another gateway
  register: other
  no_log: true

- name: Remove one secret
  email_gateway.azure_apps.azure_app_secret:
    unique_name: mail-gateway
    key_id: "{{ other.key_id }}"
    state: absent
"""

RETURN = r"""
client_secret:
  description:
    - Without O(stores), the value of the secret, in the run that created it. Null in every other run and with
      O(stores).
    - The output of a task that returns a value is hidden, as with C(no_log). Only a registered variable contains it, so
      use C(register), or the value is lost.
  type: str
  returned: success
  sample: null
key_id:
  description: The key id of the secret, or null.
  type: str
  returned: success
  sample: 621a4ce4-826c-4fd2-9460-c24c9dd3ed89
description:
  description: The description of the secret.
  type: str
  returned: success
  sample: mail gateway
start:
  description: From when the secret is valid, or null.
  type: str
  returned: success
  sample: "2026-11-23T07:00:00Z"
end:
  description: When the secret expires, or null.
  type: str
  returned: success
  sample: "2027-11-23T07:00:00Z"
days_left:
  description: Whole days until then, or null.
  type: int
  returned: success
  sample: 365
hint:
  description: The first three characters of the value, as the tenant shows them, or null.
  type: str
  returned: success
  sample: 3w2
fresh:
  description: Whether the secret is so new that the identity platform may still refuse it for some seconds.
  type: bool
  returned: success
  sample: false
other_key_ids:
  description: The key ids of other secrets with the same description, for example of one that was renewed.
  type: list
  elements: str
  returned: success
  sample: []
removed_key_ids:
  description:
    - The key ids of secrets that were removed, by O(state=absent), because their value was lost, or because they were
      replaced.
  type: list
  elements: str
  returned: success
  sample: []
secret_count:
  description: How many secrets the application has in total.
  type: int
  returned: success
  sample: 1
client_id:
  description: The client id of the application.
  type: str
  returned: success
  sample: b2466de6-5867-4b23-83ff-449c85f44ba1
application_object_id:
  description: The object id of the application, or null.
  type: str
  returned: success
  sample: 4877ab89-6ac2-4663-826b-fc79af2ad2e4
tenant_id:
  description: The id of the tenant.
  type: str
  returned: with O(stores)
  sample: 4d2a2a6e-2a26-4d0c-8a40-6a2f7ac7b8c1
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
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._resources.secret import SecretResource
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._resources.secret_options import SecretOptions

OWN = ArgumentSpec(
    options={
        "description": {"type": "str"},
        "key_id": {"type": "str", "no_log": False},
        "lifetime_days": {"type": "int", "default": 180},
        "end_date": {"type": "str"},
        "renew_before_days": {"type": "int", "default": 30},
        "stored_key_id": {"type": "str", "no_log": False},
    },
    mutually_exclusive=(("description", "key_id"), ("stores", "stored_key_id"), ("stores", "key_id")),
    required_if=(("state", "present", ("description",)),),
)


def run(call: Call) -> dict[str, object]:
    refuse_stores(call.params)
    return converge(call, SecretResource(call, SecretOptions.of(call.params, call.now), call.memory))


MODULE = Module(
    argument_spec=OWN + WITH_STORES + APPLICATION + AUTH + ENDPOINT,
    run=run,
    secret_results=("client_secret",),
)


def main() -> None:
    run_as_module(MODULE)


if __name__ == "__main__":
    main()
