# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: azure_app_secret
short_description: Keep a client secret of an application alive
version_added: 1.0.0
description:
  - Makes sure that an application has a client secret with a given description that has enough days left. Where it has
    none, a new one is created beside the old one, so that whoever still uses the old one goes on working.
  - The value of a secret exists once. It is returned by the run that creates it, and can never be read again.
  - Removes one secret by its key id, or by a description that only one secret has. It never removes another.
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
    details:
      - A new secret is made once the last one with the description has fewer than O(renew_before_days) days left.
options:
  description:
    description: The description of the secret, which the portal shows. Needed with O(state=present).
    type: str
  key_id:
    description: With O(state=absent), the key id of the secret to remove.
    type: str
  lifetime_days:
    description: Days that a new secret is valid, from 1 to 3650. The tenant's policy may allow fewer.
    type: int
    default: 180
  end_date:
    description:
      - When a new secret expires, as a date, whose last second counts, or as a point in time with its zone. Use it
        instead of O(lifetime_days).
    type: str
  renew_before_days:
    description: A secret with fewer days left than this is not enough, and a new one is made.
    type: int
    default: 30
  held_key_id:
    description:
      - The key id of the secret whose value you hold. If it is given, only that secret counts, and a new one is made
        where the tenant does not have it any more. An empty string says that you hold none.
    type: str
  held_hint:
    description:
      - The first three characters of the value that you hold. A secret with another hint does not count.
    type: str
  held_start:
    description:
      - From when the secret that you hold is valid, as it was returned with its key id. It makes the module
        wait for a secret that is too young to be in every answer of Microsoft Graph, instead of making another.
    type: str
  start:
    description:
      - From when a new secret is valid, a point in time to the microsecond that no other secret has. Remember it
        before, and a later run finds the secret by it, should this one never learn its value. By default the module
        chooses it.
    type: str
  lost_starts:
    description:
      - The O(start) of secrets whose value an earlier run may never have learnt. What the application still holds of
        them is removed, except for the one with O(held_key_id).
    type: list
    elements: str
    default: []
  state:
    description: Whether the secret shall be there.
    type: str
    choices: [present, absent]
    default: present
seealso:
  - module: email_gateway.azure_apps.azure_app_credential_file
  - module: email_gateway.azure_apps.azure_app_token_info
"""

EXAMPLES = r"""
- name: Have a secret that lasts for another month at least
  email_gateway.azure_apps.azure_app_secret:
    unique_name: mail-gateway
    description: mail gateway
    lifetime_days: 365
    renew_before_days: 30
  register: secret
  no_log: true

- name: Keep its value; it cannot be read again
  email_gateway.azure_apps.azure_app_credential_file:
    path: "{{ playbook_dir }}/mail-gateway.vault.yml"
    content:
      client_id: "{{ secret.client_id }}"
      client_secret: "{{ secret.client_secret }}"
  when: secret.client_secret is not none
  no_log: true

- name: Remove one secret
  email_gateway.azure_apps.azure_app_secret:
    unique_name: mail-gateway
    key_id: "{{ secret.key_id }}"
    state: absent
"""

RETURN = r"""
client_secret:
  description:
    - The value of the secret, in the run that created it. Null in every other run.
    - The output of a task that returns a value is hidden, as with C(no_log). A registered variable holds it, so
      register the task, or the value is lost.
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
  description: Whether the secret is so young that the identity platform may still refuse it for some seconds.
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
  description: The key ids of secrets that were removed because nobody knows their value. See O(lost_starts).
  type: list
  elements: str
  returned: success
  sample: []
settled_starts:
  description: Those of O(lost_starts) and O(start) that need not be remembered any longer.
  type: list
  elements: str
  returned: success
  sample: []
secret_count:
  description: How many secrets the application has in all.
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
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._resources.secret import SecretResource

OWN = ArgumentSpec(
    options={
        "description": {"type": "str"},
        "key_id": {"type": "str", "no_log": False},
        "lifetime_days": {"type": "int", "default": 180},
        "end_date": {"type": "str"},
        "renew_before_days": {"type": "int", "default": 30},
        "held_key_id": {"type": "str", "no_log": False},
        "held_hint": {"type": "str"},
        "held_start": {"type": "str"},
        "start": {"type": "str"},
        "lost_starts": {"type": "list", "elements": "str", "default": []},
    },
    mutually_exclusive=(("description", "key_id"),),
    required_if=(("state", "present", ("description",)), ("state", "absent", ("description", "key_id"), True)),
)

MODULE = Module(
    argument_spec=OWN + APPLICATION + ONE_APPLICATION + STATE + AUTH + ENDPOINT,
    run=lambda call: converge(call, SecretResource(call)),
    secret_results=("client_secret",),
)


def main() -> None:
    run_as_module(MODULE)


if __name__ == "__main__":
    main()
