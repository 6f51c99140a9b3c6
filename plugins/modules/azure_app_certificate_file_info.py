# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: azure_app_certificate_file_info
short_description: Tell what certificate a key file holds
version_added: 1.0.0
description:
  - Reads the public part of a file that M(email_gateway.azure_apps.azure_app_certificate) wrote, and can tell
    beforehand whether that module could write it. Asks no tenant.
  - A missing file is no error. A file that the module did not make is one.
author:
  - email_gateway.azure_apps contributors (@email-gateway)
extends_documentation_fragment:
  - email_gateway.azure_apps._attributes
  - email_gateway.azure_apps._attributes.info
  - email_gateway.azure_apps._attributes.actiongroup
options:
  path:
    description: The PEM file on the controller.
    type: path
    required: true
  check_writable:
    description: Also fail where the file could not be written.
    type: bool
    default: false
notes:
  - The Python library C(cryptography), which C(msal) needs as well, has to be installed.
seealso:
  - module: email_gateway.azure_apps.azure_app_certificate
"""

EXAMPLES = r"""
- name: See what is there
  email_gateway.azure_apps.azure_app_certificate_file_info:
    path: "{{ playbook_dir }}/mail-gateway.pem"
  register: key

- name: Call somebody before it expires
  ansible.builtin.assert:
    that: not key.exists or key.days_left > 14
    fail_msg: The certificate {{ key.thumbprint }} expires on {{ key.end }}.
"""

RETURN = r"""
path:
  description: The file, with links resolved.
  type: str
  returned: success
  sample: /srv/automation/mail-gateway.pem
exists:
  description: Whether there is a key in the file that can be used.
  type: bool
  returned: success
  sample: true
client_id:
  description: The client id of the application that the key was made for, or null.
  type: str
  returned: success
  sample: b2466de6-5867-4b23-83ff-449c85f44ba1
thumbprint:
  description: The SHA-1 thumbprint of the certificate, or null.
  type: str
  returned: success
  sample: F9D4365AFC13FC27446AD529035997B32991AE85
common_name:
  description: The common name in the certificate, or null.
  type: str
  returned: success
  sample: mail gateway
start:
  description: From when the certificate is valid, or null.
  type: str
  returned: success
  sample: "2026-11-23T06:55:00Z"
end:
  description: When the certificate expires, or null.
  type: str
  returned: success
  sample: "2027-11-23T07:00:00Z"
days_left:
  description: Whole days until then, or null.
  type: int
  returned: success
  sample: 365
private:
  description: Whether the files that are there are for their owner alone.
  type: bool
  returned: success
  sample: true
old_path:
  description: The file with the key before it, or null.
  type: str
  returned: success
  sample: null
error:
  description: What went wrong, for machines. See M(email_gateway.azure_apps.azure_app_registration).
  type: dict
  returned: failure
"""

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.arguments import ArgumentSpec
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.call import Module, run_as_module
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._resources.certificate_file_info import (
    certificate_file_info,
)

OWN = ArgumentSpec(
    options={
        "path": {"type": "path", "required": True},
        "check_writable": {"type": "bool", "default": False},
    },
)

MODULE = Module(argument_spec=OWN, run=certificate_file_info)


def main() -> None:
    run_as_module(MODULE)


if __name__ == "__main__":
    main()
