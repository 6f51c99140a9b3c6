# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: azure_app_secret_claim
short_description: Let one run at a time make a client secret, and remember what it began
version_added: 1.0.0
description:
  - The value of a client secret exists once, in the answer to its creation. Claim before
    M(email_gateway.azure_apps.azure_app_secret) creates one, and end the claim when its value is kept.
  - Another run that uses the same file waits meanwhile. A run that was interrupted left its claim behind, by which the
    next one finds the secret whose value nobody knows.
  - A claim of a run on the same machine ends with that run, however it ended. One of another machine, as on a shared
    file system, ends after eight times its O(wait_timeout).
  - Hosts of one run do not wait for each other, since M(email_gateway.azure_apps.azure_app_secret) gives all of them
    the same new secret.
author:
  - email_gateway.azure_apps contributors (@email-gateway)
extends_documentation_fragment:
  - email_gateway.azure_apps._attributes
  - email_gateway.azure_apps._attributes.actiongroup
attributes:
  check_mode:
    support: full
    details:
      - Claims nothing, but returns what earlier runs left.
  diff_mode:
    support: none
  idempotent:
    support: full
options:
  path:
    description:
      - The file of claims on the controller. It is made when needed and removed when it is empty. It holds no secret.
    type: path
    required: true
  state:
    description: V(present) claims, V(absent) ends the claim of this run.
    type: str
    choices: [present, absent]
    default: present
  settled_starts:
    description:
      - With O(state=absent), the starts that need not be remembered any longer, as
        M(email_gateway.azure_apps.azure_app_secret) returned them. The others stay for a later run.
    type: list
    elements: str
    default: []
  wait_timeout:
    description: Seconds to wait for another run at most.
    type: int
    default: 180
seealso:
  - module: email_gateway.azure_apps.azure_app_secret
"""

EXAMPLES = r"""
- name: Keep other runs away, and learn what an interrupted one left
  email_gateway.azure_apps.azure_app_secret_claim:
    path: "{{ playbook_dir }}/mail-gateway.claims"
  register: claim

- name: Have a secret
  email_gateway.azure_apps.azure_app_secret:
    unique_name: mail-gateway
    description: mail gateway
    start: "{{ claim.start }}"
    lost_starts: "{{ claim.lost_starts }}"
  register: secret

- name: Keep its value
  email_gateway.azure_apps.azure_app_credential_file:
    path: "{{ playbook_dir }}/mail-gateway.vault.yml"
    content:
      client_secret: "{{ secret.client_secret }}"
  when: secret.client_secret is not none

- name: Let the next run in
  email_gateway.azure_apps.azure_app_secret_claim:
    path: "{{ playbook_dir }}/mail-gateway.claims"
    settled_starts: "{{ secret.settled_starts }}"
    state: absent
"""

RETURN = r"""
path:
  description: The file of claims, with links resolved.
  type: str
  returned: success
  sample: /srv/automation/mail-gateway.claims
start:
  description:
    - The start that the new secret has to get, for the option C(start) of
      M(email_gateway.azure_apps.azure_app_secret). Null where nothing was claimed.
  type: str
  returned: success
  sample: "2026-11-23T07:00:00.123456Z"
lost_starts:
  description: The starts of secrets that interrupted runs may have made.
  type: list
  elements: str
  returned: success
  sample: []
waited_seconds:
  description: How long another run was waited for.
  type: float
  returned: success
  sample: 0.0
error:
  description: What went wrong, for machines. See M(email_gateway.azure_apps.azure_app_registration).
  type: dict
  returned: failure
"""
