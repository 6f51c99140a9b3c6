# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private documentation fragment of email_gateway.azure_apps: it may change without notice.
from __future__ import annotations


class ModuleDocFragment:
    """Where the tenant is, and how long to wait for it."""

    DOCUMENTATION = r"""
options:
  cloud_environment:
    description:
      - The national cloud of the tenant.
      - If not set, E(AZURE_CLOUD_ENVIRONMENT) is used, else V(AzureCloud).
    type: str
    choices: [AzureCloud, AzureUSGovernment, AzureUSGovernmentDoD, AzureChinaCloud]
  authority_url:
    description:
      - The sign-in host as C(https://HOST[:PORT]), for an endpoint that is not one of the national clouds.
      - If not set, E(AZURE_AUTHORITY_HOST) is used.
    type: str
  graph_url:
    description:
      - The Microsoft Graph host as C(https://HOST[:PORT]), for an endpoint that is not one of the national clouds.
      - If not set, E(AZURE_GRAPH_URL) is used.
    type: str
  ca_file:
    description:
      - A file with the certificate authorities to trust instead of the ones that come with Python's C(certifi).
      - If not set, E(REQUESTS_CA_BUNDLE) or E(SSL_CERT_FILE) is used.
    type: path
  request_timeout:
    description: Seconds to wait for one answer, from 1 to 3600.
    type: int
    default: 30
  wait_timeout:
    description:
      - Seconds that the task may spend waiting in all, from 1 to 3600. That covers throttling, replication lag after a
        create, and the retries after a lost connection.
    type: int
    default: 180
notes:
  - E(HTTPS_PROXY) and E(NO_PROXY) are honoured. Redirects are not followed.
"""
