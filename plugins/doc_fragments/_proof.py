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
    description:
      - The tenant, by its id or one of its verified domain names.
      - Required without O(stores), which keep the tenant id beside the credential.
    type: str
  client_id:
    description:
      - The client id of the application.
      - Required without O(stores). With them, a stored credential of another application is not used.
    type: str
  client_secret:
    description:
      - The value of the client secret.
      - Give exactly one of O(client_secret), O(client_certificate_path), O(client_assertion), O(client_assertion_file)
        and O(stores). Only a federated credential in O(stores) is used together with O(client_assertion) or
        O(client_assertion_file).
    type: str
  client_certificate_path:
    description:
      - A PEM file with a private key that needs no password, and its certificate, as
        M(email_gateway.azure_apps.azure_app_certificate) writes it. Needs the Python library C(cryptography).
    type: path
  client_assertion:
    description: A token of an issuer that a federated credential of the application trusts.
    type: str
  client_assertion_file:
    description: A file with such a token, as Kubernetes mounts it.
    type: path
  key_id:
    description:
      - The key id of the credential in O(stores) that is meant, as the task returned it that created or checked it. Any
        by default.
      - What that task learned from a token in the same run is used again, without another request.
    type: str
  poll:
    description:
      - Ask again, for O(wait_timeout) seconds at most, while the answer is not the expected one but may become it. With
        V(false), one answer decides.
      - With O(stores), one answer also decides in check mode, in which earlier tasks have only predicted what they do.
    type: bool
    default: true
  fresh_secret:
    description:
      - Whether the credential was created moments ago, so that its refusal may only mean that it is not known
        everywhere yet. With V(false), a refused credential is not waited for, while what was granted moments ago is.
    type: bool
    default: true
"""
