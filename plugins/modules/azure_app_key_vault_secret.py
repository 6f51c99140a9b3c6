# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: azure_app_key_vault_secret
short_description: Keep a client secret in an Azure Key Vault
version_added: 1.0.0
description:
  - Sets a secret with its value, its times and its tags. A new value makes a new version; where the value is the same,
    times and tags of the version are changed. A secret that is what it shall be is left alone.
  - Where a secret of the name was deleted and can be recovered, it is recovered first, since its name is taken.
  - The identity needs the role Key Vault Secrets Officer at the vault, or the secret permissions Get, Set, Delete and
    Recover of an access policy (Purge for O(purge)).
author:
  - email_gateway.azure_apps contributors (@email-gateway)
extends_documentation_fragment:
  - email_gateway.azure_apps._auth
  - email_gateway.azure_apps._endpoint
  - email_gateway.azure_apps._attributes
  - email_gateway.azure_apps._attributes.actiongroup
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
    details:
      - Shows whether the value changes, not what it is.
  idempotent:
    support: full
options:
  vault_url:
    description:
      - The vault as C(https://HOST[:PORT]). It has to be one of the cloud that is signed in to.
    type: str
    required: true
  name:
    description: The name of the secret, 1 to 127 letters, digits and hyphens.
    type: str
    required: true
  value:
    description: The value. Needed with O(state=present).
    type: str
  not_before:
    description:
      - When it becomes valid, such as V(2026-11-23T08:00:00Z). The vault keeps whole seconds, and gives the value out
        before, too.
    type: str
  expires:
    description: When it expires, so that the vault's own events and policies about expiry hold for it.
    type: str
  tags:
    description: Its tags, 15 at most with 256 characters each. Others are taken away. They are no secret.
    type: dict
  state:
    description:
      - V(absent) deletes it with all of its versions. The vault keeps it for a while, so that it can be recovered.
    type: str
    choices: [present, absent]
    default: present
  purge:
    description: With O(state=absent), also purge it, for good. A vault may forbid that.
    type: bool
    default: false
seealso:
  - module: email_gateway.azure_apps.azure_app_key_vault_secret_info
  - module: email_gateway.azure_apps.azure_app_secret
notes:
  - The token is asked for Azure Key Vault. A ready token for Microsoft Graph (E(AZURE_ACCESS_TOKEN)) is no good for it,
    and is not sent to it.
"""

EXAMPLES = r"""
- name: Keep the client secret of the mail gateway
  email_gateway.azure_apps.azure_app_key_vault_secret:
    vault_url: https://mail-gateways.vault.azure.net
    name: mail-gateway-vienna
    value: "{{ secret.client_secret }}"
    expires: "{{ secret.end }}"
    tags:
      client-id: "{{ registration.client_id }}"
      key-id: "{{ secret.key_id }}"
"""

RETURN = r"""
state:
  description: Whether there is a secret of the name.
  type: str
  returned: success
  sample: present
vault_url:
  description: The vault.
  type: str
  returned: success
  sample: https://mail-gateways.vault.azure.net
name:
  description: The name of the secret.
  type: str
  returned: success
  sample: mail-gateway-vienna
secret_id:
  description:
    - The address of the version, by which others read it.
    - Null where there is none, and in check mode for one that would be made.
  type: str
  returned: success
  sample: https://mail-gateways.vault.azure.net/secrets/mail-gateway-vienna/6f1f9a3c2b7d4e0f8a5b6c7d8e9f0a1b
version:
  description: The version. Null where RV(secret_id) is.
  type: str
  returned: success
  sample: 6f1f9a3c2b7d4e0f8a5b6c7d8e9f0a1b
enabled:
  description: Whether it can be read. Null where there is no secret.
  type: bool
  returned: success
  sample: true
not_before:
  description: When it becomes valid. Null where the vault was not told.
  type: str
  returned: success
  sample: "2026-11-23T08:00:00Z"
expires:
  description: When it expires. Null where the vault was not told.
  type: str
  returned: success
  sample: "2027-05-22T08:00:00Z"
tags:
  description: The tags.
  type: dict
  returned: success
  sample: {client-id: b2466de6-5867-4b23-83ff-449c85f44ba1}
error:
  description: What went wrong, for machines. See M(email_gateway.azure_apps.azure_app_registration).
  type: dict
  returned: failure
"""

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.arguments import (
    AUTH,
    ENDPOINT,
    STATE,
    ArgumentSpec,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.call import (
    Module,
    converge,
    run_as_module,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._resources.key_vault_secret import (
    VaultSecretResource,
)

OWN = ArgumentSpec(
    options={
        "vault_url": {"type": "str", "required": True},
        "name": {"type": "str", "required": True},
        "value": {"type": "str", "no_log": True},
        "not_before": {"type": "str"},
        "expires": {"type": "str"},
        "tags": {"type": "dict"},
        "purge": {"type": "bool", "default": False},
    },
    required_if=(("state", "present", ("value",)),),
)

MODULE = Module(argument_spec=OWN + STATE + AUTH + ENDPOINT, run=lambda call: converge(call, VaultSecretResource(call)))


def main() -> None:
    run_as_module(MODULE)


if __name__ == "__main__":
    main()
