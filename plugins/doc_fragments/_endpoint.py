# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private documentation fragment of email_gateway.azure_apps: it may change without notice.
from __future__ import annotations


class ModuleDocFragment:
    """Where the tenant is, and how long to wait for it."""

    DOCUMENTATION = r"""
options:
  auth_profile:
    description:
      - A section of C(~/.azure/credentials), the file of C(azure.azcollection). Its C(cloud_environment) says in which
        cloud the tenant is. Modules that sign in to Microsoft Graph do so with its C(client_id), C(tenant) and
        C(secret), C(x509_certificate_path), C(oidc_token) or C(oidc_token_file_path).
      - Each option goes before what the section says, and that before the environment variables.
      - If not set, E(AZURE_PROFILE) is used. Such a section counts as much as the other variables, so that one which
        says something else is an error.
      - A section that is not there is an error. The section C([default]) counts by itself only where neither an option
        nor a variable says who signs in, before the Azure CLI does.
      - C(ad_user), C(password) and C(adfs_authority_url) are refused; other keys have no meaning here. A C(%) stands
        for itself. Where other users can read a file with a secret, each task warns.
    type: str
  cloud_environment:
    description:
      - The national cloud of the tenant.
      - If not set, E(AZURE_CLOUD_ENVIRONMENT) is used, or the section of O(auth_profile), else V(AzureCloud).
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
