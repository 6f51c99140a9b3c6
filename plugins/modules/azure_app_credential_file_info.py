# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: azure_app_credential_file_info
short_description: Read a credential from a file encrypted by ansible-vault
version_added: 1.0.0
description:
  - Reads the variables that M(email_gateway.azure_apps.azure_app_credential_file) wrote, and can tell beforehand
    whether they could be written again.
  - A missing file is no error.
author:
  - email_gateway.azure_apps contributors (@email-gateway)
extends_documentation_fragment:
  - email_gateway.azure_apps._attributes
  - email_gateway.azure_apps._attributes.info
  - email_gateway.azure_apps._attributes.actiongroup
options:
  path:
    description: The file on the controller.
    type: path
    required: true
  vault_id:
    description: The vault id that the file would be encrypted with. It matters with O(check_writable=true) only.
    type: str
  check_writable:
    description:
      - Also fail where the file could not be written, so that no secret is made that could not be kept.
    type: bool
    default: false
seealso:
  - module: email_gateway.azure_apps.azure_app_credential_file
"""

EXAMPLES = r"""
- name: Read what is kept
  email_gateway.azure_apps.azure_app_credential_file_info:
    path: "{{ playbook_dir }}/mail-gateway.vault.yml"
    check_writable: true
  register: kept
  no_log: true
"""

RETURN = r"""
path:
  description: The file, with links resolved.
  type: str
  returned: success
  sample: /srv/automation/mail-gateway.vault.yml
exists:
  description: Whether the file is there.
  type: bool
  returned: success
  sample: true
content:
  description:
    - The variables. Empty where there is no file.
    - The output of a task that returns any is hidden, as with C(no_log). A registered variable holds them.
  type: dict
  returned: success
  sample: {}
error:
  description: What went wrong, for machines. See M(email_gateway.azure_apps.azure_app_registration).
  type: dict
  returned: failure
"""
