# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private documentation fragment of email_gateway.azure_apps: it may change without notice.
from __future__ import annotations


class ModuleDocFragment:
    """How the operator signs in."""

    DOCUMENTATION = r"""
options:
  auth_source:
    description:
      - How to sign in to Microsoft Graph.
      - V(client_secret) signs in as an application with O(auth_client_id), O(auth_client_secret) and O(auth_tenant_id).
      - V(access_token) uses O(auth_access_token) as it is.
      - V(cli) asks the Azure CLI on the controller, as C(az account get-access-token) does.
      - V(auto) takes the way whose options are given, else the way whose environment variables are set, else V(cli).
        Two ways at once are an error.
      - "If not set, the environment variable E(ANSIBLE_AZURE_AUTH_SOURCE) is used, else V(auto)."
    type: str
    choices: [auto, client_secret, access_token, cli]
  auth_tenant_id:
    description:
      - The tenant to sign in to, by its id or one of its verified domain names.
      - If not set, E(AZURE_TENANT) or E(AZURE_TENANT_ID) is used. Different values in the two are an error.
      - A token for another tenant than this one is refused.
    type: str
  auth_client_id:
    description:
      - The client id of the application to sign in as.
      - If not set, E(AZURE_CLIENT_ID) is used.
    type: str
  auth_client_secret:
    description:
      - The client secret of the application to sign in as.
      - If not set, E(AZURE_SECRET) or E(AZURE_CLIENT_SECRET) is used. Different values in the two are an error.
    type: str
  auth_access_token:
    description:
      - An access token for Microsoft Graph.
      - If not set, E(AZURE_ACCESS_TOKEN) is used.
    type: str
requirements:
  - requests >= 2.28
  - msal >= 1.23
notes:
  - An option goes before its environment variable, field by field, and a blank counts as not set. The task's
    C(environment) keyword is honoured.
  - All tasks of one C(ansible-playbook) run share one sign-in for each identity. The token is kept in memory only.
"""
