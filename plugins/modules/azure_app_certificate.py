# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: azure_app_certificate
short_description: Create, renew and remove certificates of an application
version_added: 1.0.0
description:
  - Ensures that an application can sign in with a certificate that has enough days left, instead of a client secret.
  - With O(path), it creates a key and a self-signed certificate. The private key is in that file on the controller
    and nowhere else. If the certificate has too few days left, a new one is registered beside the old one.
  - With O(certificate_file), it registers your own certificate.
  - With O(stores), the path of the key and the replaced certificates are recorded in the stores, and one task manages
    the whole life cycle of the certificate.
  - Without O(stores), it removes one certificate by its key id, and never any other.
author:
  - email_gateway.azure_apps contributors (@email-gateway)
extends_documentation_fragment:
  - email_gateway.azure_apps._application
  - email_gateway.azure_apps._auth
  - email_gateway.azure_apps._endpoint
  - email_gateway.azure_apps._attributes
  - email_gateway.azure_apps._attributes.actiongroup
  - email_gateway.azure_apps._stores
attributes:
  check_mode:
    support: full
    details:
      - It writes no file either.
  diff_mode:
    support: full
  idempotent:
    support: full
    details:
      - A new certificate is created when the last one has fewer than O(renew_before_days) days left.
options:
  path:
    description:
      - The PEM file for the private key and its certificate, readable by its owner only. With O(state=present), set
        either this or O(certificate_file).
      - A new key is first written to a file with this name and C(.new). It replaces the file when the tenant shows its
        certificate, so that the file can always be used. After an interruption, the next run continues from there.
      - The previous key is stored in a file with this name and C(.old), as long as its certificate is registered
        and valid.
      - A file that this module did not create, or created for another application, is never overwritten.
      - If the tenant no longer has the certificate of the file, a new key is created.
    type: path
  certificate_file:
    description:
      - A file with your own certificate in PEM or DER form, for an RSA key with at least 2048 bits. Only the
        certificate is read.
      - It must have at least O(renew_before_days) days left.
    type: path
  description:
    description:
      - The description of the certificate, which the portal shows, with at most 90 characters. Needed with
        O(state=present). The description of an already registered certificate is not changed.
    type: str
  subject:
    description:
      - The common name of a certificate that the module creates, with at most 64 characters. If it is set, a
        certificate with another common name is not used. By default it is the beginning of O(description).
    type: str
  lifetime_days:
    description: Days that a certificate created by the module is valid, from 1 to 3650. The tenant's policy may allow
      fewer.
    type: int
    default: 180
  renew_before_days:
    description: A new certificate is created if the existing one has fewer days left than this.
    type: int
    default: 30
  replaced_key_id:
    description:
      - With O(path), the key id of a certificate to replace, even if it has enough days left. A new one is created
        unless there is already another one. Use this after an incident.
    type: str
  key_id:
    description: With O(state=absent) and without O(stores), the key id of the certificate to remove.
    type: str
notes:
  - The Python library C(cryptography), which C(msal) needs as well, must be installed.
  - Microsoft Graph accepts the certificates of an application only as a whole list. The module reads the list
    immediately before and after the write. A certificate that another client adds in between is lost.
seealso:
  - module: email_gateway.azure_apps.azure_app_secret
  - module: email_gateway.azure_apps.azure_app_federated_credential
  - module: email_gateway.azure_apps.azure_app_token_info
"""

EXAMPLES = r"""
- name: Ensure that there is a key whose certificate is valid for at least another month
  email_gateway.azure_apps.azure_app_certificate:
    unique_name: mail-gateway
    description: mail gateway
    path: "{{ playbook_dir }}/mail-gateway.pem"
    lifetime_days: 365
    renew_before_days: 30
  register: certificate

- name: Prove that it works
  email_gateway.azure_apps.azure_app_token_info:
    tenant_id: "{{ mail_gateway.tenant_id }}"
    client_id: "{{ certificate.client_id }}"
    client_certificate_path: "{{ certificate.path }}"
    fresh_secret: "{{ certificate.fresh }}"

- name: Register a certificate of a public key infrastructure
  email_gateway.azure_apps.azure_app_certificate:
    unique_name: mail-gateway
    description: issued in Vienna
    certificate_file: "{{ playbook_dir }}/mail-gateway.crt"

- name: Remove the previous certificates, once no gateway uses them
  email_gateway.azure_apps.azure_app_certificate:
    unique_name: mail-gateway
    key_id: "{{ item }}"
    state: absent
  loop: "{{ certificate.other_key_ids }}"

- name: Manage a certificate, and record its key id in a store
  email_gateway.azure_apps.azure_app_certificate:
    unique_name: mail-gateway
    description: recorded in a store
    path: "{{ playbook_dir }}/recorded-in-a-store.pem"
    stores:
      - type: ansible_vault
        path: "{{ playbook_dir }}/certificate.vault.yml"
"""

RETURN = r"""
key_id:
  description: The key id of the certificate, or null.
  type: str
  returned: success
  sample: 0a38d4f5-2f3b-4c19-8f04-86b0e5a5e0b8
description:
  description: The description of the certificate, or null.
  type: str
  returned: success
  sample: mail gateway
thumbprint:
  description: Its SHA-1 thumbprint, or null.
  type: str
  returned: success
  sample: F9D4365AFC13FC27446AD529035997B32991AE85
start:
  description: From when the certificate is valid, or null.
  type: str
  returned: success
  sample: "2026-11-23T06:55:00Z"
end:
  description: When the certificate expires, or null.
  type: str
  returned: success
  sample: "2027-11-23T07:00:00Z"
days_left:
  description: Whole days until then, or null.
  type: int
  returned: success
  sample: 365
fresh:
  description: Whether the certificate is so new that the identity platform may still refuse it for some seconds.
  type: bool
  returned: success
  sample: false
other_key_ids:
  description: The key ids of other certificates with the same description, for example of one that was renewed.
  type: list
  elements: str
  returned: success
  sample: []
certificate_count:
  description: How many certificates the application has in total.
  type: int
  returned: success
  sample: 1
path:
  description: The file with the key and the certificate, or null if the module has none.
  type: str
  returned: success
  sample: /srv/automation/mail-gateway.pem
old_path:
  description: The file with the previous key, as long as that can be used, or null.
  type: str
  returned: success
  sample: null
client_id:
  description: The client id of the application.
  type: str
  returned: success
  sample: b2466de6-5867-4b23-83ff-449c85f44ba1
application_object_id:
  description: The object id of the application, or null.
  type: str
  returned: success
  sample: 4877ab89-6ac2-4663-826b-fc79af2ad2e4
tenant_id:
  description: The id of the tenant.
  type: str
  returned: with O(stores)
  sample: 4d2a2a6e-2a26-4d0c-8a40-6a2f7ac7b8c1
removed_key_ids:
  description: The key ids of credentials that were removed.
  type: list
  elements: str
  returned: with O(stores)
  sample: []
stores:
  description: Where the credential is stored, without a secret.
  type: list
  elements: dict
  returned: with O(stores)
  sample:
    - type: ansible_vault
      path: /srv/automation/mail-gateway.vault.yml
      variable: gateway_app_credential
previous_key_ids:
  description: The key ids of replaced credentials that are still in the tenant, and are removed by O(state=pruned).
  type: list
  elements: str
  returned: with O(stores)
  sample: []
handed_over:
  description: Whether all hosts got the credential, or nothing has to be handed over.
  type: bool
  returned: with O(stores)
  sample: true
handed_over_to:
  description: The hosts that got the credential.
  type: list
  elements: str
  returned: with O(stores)
  sample: []
pending_hosts:
  description: The hosts that did not get it yet.
  type: list
  elements: str
  returned: with O(stores)
  sample: []
hand_over:
  description: Whether your tasks have to hand the credential over for the host of the task now. Never in check mode.
  type: bool
  returned: with O(stores)
  sample: false
prune:
  description: Whether O(state=pruned) has something to remove now.
  type: bool
  returned: with O(stores)
  sample: false
notes:
  description: Messages for the user, one line each.
  type: list
  elements: str
  returned: with O(stores)
  sample: []
error:
  description: Details of the error, for programs. See M(email_gateway.azure_apps.azure_app_registration).
  type: dict
  returned: failure
  sample:
    kind: graph
    status: 403
    code: Authorization_RequestDenied
    request_id: 403392b6-bf9e-4e66-88f7-1777c74678ab
"""

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.arguments import (
    APPLICATION,
    AUTH,
    ENDPOINT,
    ArgumentSpec,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._credential.options import (
    WITH_STORES,
    refuse_stores,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.call import Call
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.converge import converge
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.module import Module, run_as_module
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._resources.certificate import (
    CertificateOptions,
    CertificateResource,
)

OWN = ArgumentSpec(
    options={
        "path": {"type": "path"},
        "certificate_file": {"type": "path"},
        "description": {"type": "str"},
        "subject": {"type": "str"},
        "lifetime_days": {"type": "int", "default": 180},
        "renew_before_days": {"type": "int", "default": 30},
        "replaced_key_id": {"type": "str", "no_log": False},
        "key_id": {"type": "str", "no_log": False},
    },
    mutually_exclusive=(
        ("path", "certificate_file", "key_id"),
        ("subject", "certificate_file"),
        ("replaced_key_id", "certificate_file", "key_id"),
        ("stores", "certificate_file"),
        ("stores", "key_id"),
        ("stores", "replaced_key_id"),
    ),
    required_if=(
        ("state", "present", ("description",)),
        ("state", "present", ("path", "certificate_file"), True),
    ),
)


def run(call: Call) -> dict[str, object]:
    refuse_stores(call.params)
    return converge(call, CertificateResource(call, CertificateOptions.of(call.params, call.now)))


MODULE = Module(argument_spec=OWN + WITH_STORES + APPLICATION + AUTH + ENDPOINT, run=run)


def main() -> None:
    run_as_module(MODULE)


if __name__ == "__main__":
    main()
