# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private documentation fragment of email_gateway.azure_apps: it may change without notice.
from __future__ import annotations


class ModuleDocFragment:
    """The endpoints of the tenant, and how long to wait for them."""

    DOCUMENTATION = r"""
options:
  auth_profile:
    description:
      - A section of C(~/.azure/credentials), the file of C(azure.azcollection). Its C(cloud_environment) is the cloud
        of the tenant. Modules that sign in to Microsoft Graph use its C(client_id), C(tenant) and C(secret),
        C(x509_certificate_path), C(oidc_token) or C(oidc_token_file_path).
      - Each option takes precedence over the section, and the section over the environment variables.
      - If not set, E(AZURE_PROFILE) is used. This section has the same precedence as the other variables, so that
        different values are an error.
      - A section that does not exist is an error. The section C([default]) is used automatically only if no option and
        no variable is set for the sign-in; it is tried before the Azure CLI.
      - C(ad_user), C(password) and C(adfs_authority_url) are refused; other keys are ignored. A C(%) has no special
        meaning. If other users can read a file with a secret, each task warns.
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
      - Seconds that the task may wait in total, from 1 to 3600. This includes throttling, replication lag after a
        create, and retries after a lost connection.
    type: int
    default: 180
notes:
  - E(HTTPS_PROXY) and E(NO_PROXY) are supported. Redirects are not followed.
"""
