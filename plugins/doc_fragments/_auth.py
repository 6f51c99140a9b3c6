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
      - V(managed_identity) signs in as the machine of Azure that the controller runs on, or as the user-assigned
        identity O(auth_client_id). Needs C(msal) 1.29 or newer. V(auto) never takes it.
      - V(access_token) uses O(auth_access_token) as it is.
      - V(cli) asks the Azure CLI on the controller, as C(az account get-access-token) does.
      - V(device_code) signs in as the person who did so in this run with
        M(email_gateway.azure_apps.azure_device_login).
      - V(auto) takes the way whose options are given, else the way of the section that O(auth_profile) names, else the
        way whose environment variables are set or that the section of E(AZURE_PROFILE) describes. Where none of them
        says anything, it takes V(device_code) if a person signed in in this run, else the section C([default]) of
        C(~/.azure/credentials), else V(cli).
      - Two ways at once are an error, but for E(AZURE_FEDERATED_TOKEN_FILE), which a cluster sets for every pod. It
        counts only where no other way is set.
      - "If not set, the environment variable E(ANSIBLE_AZURE_AUTH_SOURCE) is used, else V(auto)."
    type: str
    choices: [auto, client_secret, certificate, federated_token, managed_identity, device_code, access_token, cli]
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
      - Send the certificate and those of its issuers in the file along. Applications that trust a certificate by its
        subject and issuer need that.
      - If not set, E(AZURE_CLIENT_SEND_CERTIFICATE_CHAIN) is used, else V(false).
    type: bool
  auth_federated_token:
    description:
      - A token of an issuer that a federated credential of the application to sign in as trusts.
      - If not set, E(AZURE_FEDERATED_TOKEN) is used.
    type: str
  auth_federated_token_file:
    description:
      - A file with such a token, as a cluster keeps it up to date. It is read for each sign-in.
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
  - An option goes before the section of O(auth_profile), and that before the environment variable, field by field. A
    blank counts as not set. The task's C(environment) keyword is honoured.
  - All tasks of one C(ansible-playbook) run share one sign-in for each identity. The token is kept in memory only.
"""
