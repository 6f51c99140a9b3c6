# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private documentation fragment of email_gateway.azure_apps: it may change without notice.
from __future__ import annotations


class ModuleDocFragment:
    """The application's own credential, which a proof is about."""

    DOCUMENTATION = r"""
options:
  tenant_id:
    description: The tenant, by its id or one of its verified domain names.
    type: str
    required: true
  client_id:
    description: The client id of the application.
    type: str
    required: true
  client_secret:
    description: The value of the client secret.
    type: str
    required: true
  poll:
    description:
      - Ask again, for O(wait_timeout) seconds at most, while the answer is not the expected one but may become it. With
        V(false), one answer decides.
    type: bool
    default: true
  fresh_secret:
    description:
      - Whether the secret was made moments ago, so that its refusal may only mean that it is not known everywhere yet.
        With V(false), a refused secret is not waited for, while what was granted moments ago is.
    type: bool
    default: true
"""
