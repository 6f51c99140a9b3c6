# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: azure_app_report_file
short_description: Write a report, and tell whether it tells something new
version_added: 1.0.0
description:
  - Writes a text into a file on the controller. The file is replaced atomically, and left alone where it holds the text
    already.
  - Where the text is a report of the role C(gateway_app_report), the task is V(changed) only if the report tells
    something else than the one before. If only the number of days left is another, the file is written without that.
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
  idempotent:
    support: full
options:
  path:
    description: The file on the controller. Missing directories are made, with mode 0700.
    type: path
    required: true
  text:
    description: The report.
    type: str
    required: true
  mode:
    description: The mode of the file, in octal digits.
    type: str
    default: "0640"
seealso:
  - module: email_gateway.azure_apps.azure_app_registration_info
"""

EXAMPLES = r"""
- name: Read all that are tagged
  email_gateway.azure_apps.azure_app_registration_info:
    tag: mail-gateway
  register: found

- name: Keep the report for a spreadsheet
  email_gateway.azure_apps.azure_app_report_file:
    path: "{{ playbook_dir }}/report.csv"
    text: >-
      {{ [found] | email_gateway.azure_apps.gateway_app_report(gateways=[], tag='mail-gateway')
         | email_gateway.azure_apps.gateway_app_report_view('csv') }}
"""

RETURN = r"""
path:
  description: The file, with links resolved.
  type: str
  returned: success
  sample: /srv/automation/report.html
written:
  description: Whether the file was written, or would be in check mode.
  type: bool
  returned: success
  sample: true
error:
  description: What went wrong, for machines. See M(email_gateway.azure_apps.azure_app_registration).
  type: dict
  returned: failure
"""
