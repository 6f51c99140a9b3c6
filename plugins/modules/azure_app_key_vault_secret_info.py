# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: azure_app_key_vault_secret_info
short_description: Read a secret from an Azure Key Vault
version_added: 1.0.0
description:
  - Reads the latest version of a secret, with its times and its tags. A missing one is no error.
  - The identity needs the role Key Vault Secrets User at the vault, or the secret permission Get of an access policy.
author:
  - email_gateway.azure_apps contributors (@email-gateway)
extends_documentation_fragment:
  - email_gateway.azure_apps._auth
  - email_gateway.azure_apps._endpoint
  - email_gateway.azure_apps._attributes
  - email_gateway.azure_apps._attributes.info
  - email_gateway.azure_apps._attributes.actiongroup
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
seealso:
  - module: email_gateway.azure_apps.azure_app_key_vault_secret
notes:
  - The token is asked for Azure Key Vault. A ready token for Microsoft Graph (E(AZURE_ACCESS_TOKEN)) is no good for it,
    and is not sent to it.
"""

EXAMPLES = r"""
- name: Read the client secret of the mail gateway
  email_gateway.azure_apps.azure_app_key_vault_secret_info:
    vault_url: https://mail-gateways.vault.azure.net
    name: mail-gateway-vienna
  register: kept
"""

RETURN = r"""
exists:
  description: Whether there is a secret of the name.
  type: bool
  returned: success
  sample: true
value:
  description:
    - Its value. Null where there is none.
    - The output of a task that returns one is hidden, as with C(no_log). A registered variable holds it.
  type: str
  returned: success
  sample: null
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
    ArgumentSpec,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.call import Module, run_as_module
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._resources.key_vault_secret import (
    key_vault_secret_info,
)

OWN = ArgumentSpec(
    options={
        "vault_url": {"type": "str", "required": True},
        "name": {"type": "str", "required": True},
    },
)

MODULE = Module(argument_spec=OWN + AUTH + ENDPOINT, run=key_vault_secret_info, secret_results=("value",))


def main() -> None:
    run_as_module(MODULE)


if __name__ == "__main__":
    main()
