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
      - V(certificate) does so with O(auth_certificate_path) instead of the secret.
      - V(federated_token) does so with the token of another issuer, in O(auth_federated_token) or
        O(auth_federated_token_file).
      - V(managed_identity) signs in as the Azure machine on which the controller runs, or as the user-assigned
        identity O(auth_client_id). Needs C(msal) 1.29 or newer. V(auto) never selects it.
      - V(access_token) uses O(auth_access_token) as it is.
      - V(cli) gets a token from the Azure CLI on the controller, as C(az account get-access-token) does.
      - V(device_code) signs in as the person who signed in during this run with
        M(email_gateway.azure_apps.azure_device_login).
      - V(auto) selects the method whose options are set, else the method of the section that O(auth_profile) names,
        else the method whose environment variables are set or that the section of E(AZURE_PROFILE) describes. If none
        of them is set, it selects V(device_code) if a person signed in during this run, else the section C([default])
        of C(~/.azure/credentials), else V(cli).
      - Two methods at once are an error, except E(AZURE_FEDERATED_TOKEN_FILE), which a cluster sets for every pod. It
        is used only if no other method is set.
      - "If not set, the environment variable E(ANSIBLE_AZURE_AUTH_SOURCE) is used, else V(auto)."
    type: str
    choices: [auto, client_secret, certificate, federated_token, managed_identity, device_code, access_token, cli]
  auth_tenant_id:
    description:
      - The tenant to sign in to, by its id or one of its verified domain names.
      - If not set, E(AZURE_TENANT) or E(AZURE_TENANT_ID) is used. Different values in the two are an error.
      - A token for any other tenant is refused.
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
  auth_certificate_path:
    description:
      - A file with the private key of the application to sign in as, an RSA key, and its certificate, in PEM form or as
        PKCS#12 (PFX). Needs the Python library C(cryptography).
      - If not set, E(AZURE_X509_CERTIFICATE_PATH) or E(AZURE_CLIENT_CERTIFICATE_PATH) is used. Different values in the
        two are an error.
    type: path
  auth_certificate_password:
    description:
      - The password of that file, if it has one.
      - If not set, E(AZURE_CLIENT_CERTIFICATE_PASSWORD) is used.
    type: str
  auth_certificate_send_chain:
    description:
      - Also send the certificate and those of its issuers in the file. This is needed for applications that trust a
        certificate by its subject and issuer.
      - If not set, E(AZURE_CLIENT_SEND_CERTIFICATE_CHAIN) is used, else V(false).
    type: bool
  auth_federated_token:
    description:
      - The token to sign in with. A federated credential of the application must trust its issuer.
      - If not set, E(AZURE_FEDERATED_TOKEN) is used.
    type: str
  auth_federated_token_file:
    description:
      - A file with such a token, for example one that a cluster keeps up to date. It is read for each sign-in.
      - If not set, E(AZURE_FEDERATED_TOKEN_FILE) is used.
    type: path
  auth_access_token:
    description:
      - An access token for Microsoft Graph.
      - If not set, E(AZURE_ACCESS_TOKEN) is used.
    type: str
requirements:
  - requests >= 2.28
  - msal >= 1.23
notes:
  - For each field, an option takes precedence over the section of O(auth_profile), and this section over the
    environment variable. An empty value counts as not set. The task's C(environment) keyword is supported.
  - All tasks of one C(ansible-playbook) run share one sign-in for each identity. The token is kept in memory only.
"""
