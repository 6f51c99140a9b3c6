# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private documentation fragment of email_gateway.azure_apps: it may change without notice.
from __future__ import annotations


class ModuleDocFragment:
    """The application's own credential, which a proof uses."""

    DOCUMENTATION = r"""
options:
  tenant_id:
    description:
      - The tenant, by its id or one of its verified domain names.
      - Required without O(stores), which contain the tenant id as well.
    type: str
  client_id:
    description:
      - The client id of the application.
      - Required without O(stores). With them, a stored credential of another application is not used.
    type: str
  client_secret:
    description:
      - The value of the client secret.
      - Set exactly one of O(client_secret), O(client_certificate_path), O(client_assertion), O(client_assertion_file)
        and O(stores). Only a federated credential in O(stores) is used together with O(client_assertion) or
        O(client_assertion_file).
    type: str
  client_certificate_path:
    description:
      - A PEM file with a private key that needs no password, and its certificate, as
        M(email_gateway.azure_apps.azure_app_certificate) writes it. Needs the Python library C(cryptography).
    type: path
  client_assertion:
    description: The token to sign in with. A federated credential of the application must trust its issuer.
    type: str
  client_assertion_file:
    description: A file with such a token, for example one that Kubernetes mounts.
    type: path
  key_id:
    description:
      - The key id of the credential in O(stores) to use, as returned by the task that created or checked it. By
        default, any credential is used.
      - If that task got a token in the same run, its roles are used again, without another request.
    type: str
  poll:
    description:
      - Try again, for O(wait_timeout) seconds at most, while the answer is not the expected one but may still change.
        With V(false), the first answer is the result.
      - With O(stores), the first answer is also the result in check mode, in which earlier tasks have changed nothing.
    type: bool
    default: true
  fresh_secret:
    description:
      - Whether the credential was created moments ago, so that it may be refused only because of replication. With
        V(false), a refused credential is not tried again; the module still waits for permissions that were granted
        moments ago.
    type: bool
    default: true
"""
