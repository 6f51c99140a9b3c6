# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: azure_app_credential_file
short_description: Keep an application's credential in a file encrypted by ansible-vault
version_added: 1.0.0
description:
  - Writes variables into a file on the controller, encrypted with the vault password of the run. Later plays read it
    with C(vars_files) or M(ansible.builtin.include_vars), as any other file encrypted by C(ansible-vault).
  - The file is replaced atomically, with mode 0600, and is in clear nowhere, not even in a temporary file.
author:
  - email_gateway.azure_apps contributors (@email-gateway)
extends_documentation_fragment:
  - email_gateway.azure_apps._attributes
  - email_gateway.azure_apps._attributes.actiongroup
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
    details:
      - Shows the names of the variables, not their values.
  idempotent:
    support: full
    details:
      - An unchanged content is not encrypted again.
options:
  path:
    description: The file on the controller. Missing directories are made, with mode 0700.
    type: path
    required: true
  content:
    description:
      - The variables. Needed with O(state=present). Other variables that the file holds stay.
    type: dict
  vault_id:
    description:
      - The vault id of the password to encrypt with. The default is C(vault_encrypt_identity) of the Ansible
        configuration, else the first password of the run.
    type: str
  state:
    description: Whether the file shall be there.
    type: str
    choices: [present, absent]
    default: present
seealso:
  - module: email_gateway.azure_apps.azure_app_credential_file_info
  - module: email_gateway.azure_apps.azure_app_secret
"""

EXAMPLES = r"""
- name: Keep the credential of the mail gateway
  email_gateway.azure_apps.azure_app_credential_file:
    path: "{{ playbook_dir }}/mail-gateway.vault.yml"
    content:
      mail_gateway:
        tenant_id: "{{ registration.tenant_id }}"
        client_id: "{{ registration.client_id }}"
        client_secret: "{{ secret.client_secret }}"
  no_log: true

- name: Read it in a later play
  ansible.builtin.include_vars:
    file: "{{ playbook_dir }}/mail-gateway.vault.yml"
  no_log: true
"""

RETURN = r"""
path:
  description: The file, with links resolved.
  type: str
  returned: success
  sample: /srv/automation/mail-gateway.vault.yml
state:
  description: Whether the file is there.
  type: str
  returned: success
  sample: present
error:
  description: What went wrong, for machines. See M(email_gateway.azure_apps.azure_app_registration).
  type: dict
  returned: failure
"""
