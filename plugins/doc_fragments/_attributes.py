# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private documentation fragment of email_gateway.azure_apps: it may change without notice.
from __future__ import annotations


class ModuleDocFragment:
    """How the modules of this collection behave."""

    DOCUMENTATION = r"""
options: {}
attributes:
  check_mode:
    description: Can run in check mode, in which it sends no write and returns the predicted result.
  diff_mode:
    description: Returns what changed in diff mode, by names rather than ids, and never a secret.
  idempotent:
    description: If run twice in a row with the same options, the second run changes nothing.
  action:
    description: Has an action plugin of the same name.
    support: full
    details:
      - The task runs on the controller, inside C(ansible-playbook), for every host. It does not connect to the host,
        and needs neither C(delegate_to) nor C(become).
      - So the Python libraries must be installed for the Python that runs C(ansible-playbook).
"""

    INFO = r"""
options: {}
attributes:
  check_mode:
    support: full
    details:
      - It only reads.
  diff_mode:
    support: N/A
    details:
      - It only reads.
  idempotent:
    support: full
    details:
      - It only reads.
"""

    ACTIONGROUP = r"""
options: {}
attributes:
  action_group:
    description: Use C(group/email_gateway.azure_apps.all) in C(module_defaults) to set defaults for this module.
    support: full
    membership:
      - email_gateway.azure_apps.all
    details:
      - Options for the sign-in or the endpoint that a module does not have are ignored, so that you can set the same
        defaults for the whole group.
"""
