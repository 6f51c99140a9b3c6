# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private documentation fragment of email_gateway.azure_apps: it may change without notice.
from __future__ import annotations


class ModuleDocFragment:
    """Which application a module is about."""

    DOCUMENTATION = r"""
options:
  client_id:
    description:
      - The client id of the application, called appId in Microsoft Graph.
      - Set exactly one of O(client_id), O(object_id) and O(unique_name).
    type: str
  object_id:
    description: The object id of the application (not that of its service principal).
    type: str
  unique_name:
    description: The unique name of the application.
    type: str
"""
