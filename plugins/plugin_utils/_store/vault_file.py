# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private plugin utility of email_gateway.azure_apps: it may change without notice.
"""A variables file that ansible-vault encrypts."""

from __future__ import annotations

import os
import typing as t

import yaml
from ansible import constants as C
from ansible.errors import AnsibleError
from ansible.parsing.vault import VaultLib, is_encrypted, match_encrypt_secret

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core import small_file
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.errors import ConflictError, InputError
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._store.variables_file import (
    VariablesFile,
    yaml_of,
)

PASSWORD_STEP = "Pass --vault-id or --vault-password-file, set ANSIBLE_VAULT_PASSWORD_FILE, or add a vault credential."


class VaultFile(VariablesFile):
    """One file, read and written with the vault secrets that ansible-playbook was given."""

    room = len(".claims")

    def __init__(self, path: str, *, secrets: t.Sequence[tuple[str, t.Any]] | None, vault_id: str | None) -> None:
        """``secrets`` are pairs of vault id and secret. Raises InputError if there is none at all."""
        super().__init__(os.path.realpath(path))
        self._vault_id = vault_id or C.DEFAULT_VAULT_ENCRYPT_IDENTITY
        if not secrets:
            raise InputError(
                f"There is no vault password, so that {self.path} can be neither read nor written",
                next_step=PASSWORD_STEP,
            )
        self._secrets = list(secrets)

    def decrypted(self) -> t.Any:
        content = small_file.read(self.path)
        if not is_encrypted(content):
            raise ConflictError(
                f"{self.path} is not encrypted by ansible-vault, and is not changed",
                next_step="Move it away, or choose another path.",
            )
        try:
            return yaml.safe_load(VaultLib(self._secrets).decrypt(content))
        except AnsibleError:
            raise ConflictError(
                f"Could not decrypt {self.path} with the vault passwords of this run",
                next_step=f"Use the password that it was encrypted with. {PASSWORD_STEP}",
            ) from None
        except yaml.YAMLError:
            return None

    def check_encryption(self) -> None:
        self._encrypting_secret()

    def encrypted(self, variables: t.Mapping[str, t.Any]) -> bytes:
        vault_id, secret = self._encrypting_secret()
        text = f"---\n{yaml_of(variables)}"
        content: bytes = VaultLib(self._secrets).encrypt(text, secret=secret, vault_id=vault_id)
        return content

    def _encrypting_secret(self) -> tuple[str, t.Any]:
        try:
            found: tuple[str, t.Any] = match_encrypt_secret(self._secrets, encrypt_vault_id=self._vault_id)
        except AnsibleError:
            known = ", ".join(vault_id for vault_id, _secret in self._secrets)
            raise InputError(
                f"There is no vault password with the vault id {self._vault_id!r} to encrypt {self.path} with",
                next_step=f"Set vault_id to one of: {known}; or pass --vault-id {self._vault_id}@FILE.",
            ) from None
        return found
