# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private plugin utility of email_gateway.azure_apps: it may change without notice.
"""A variables file that ansible-vault encrypts, written whole or not at all, and never in clear."""

from __future__ import annotations

import os
import typing as t

import yaml
from ansible import constants as C
from ansible.errors import AnsibleError
from ansible.parsing.vault import VaultLib, is_encrypted, match_encrypt_secret

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core import private_file, small_file
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.errors import ConflictError, InputError

ROOM = 7  # bytes that a name has to leave for the file beside it whose name ends with ".claims"
PASSWORD_STEP = "Pass --vault-id or --vault-password-file, set ANSIBLE_VAULT_PASSWORD_FILE, or add a vault credential."


class VaultFile:
    """One file, read and written with the vault secrets that ansible-playbook was given."""

    def __init__(self, path: str, *, secrets: t.Sequence[tuple[str, t.Any]] | None, vault_id: str | None) -> None:
        """``secrets`` are pairs of vault id and secret. Raises InputError if there is none at all."""
        self.path = os.path.realpath(path)
        self._vault_id = vault_id or C.DEFAULT_VAULT_ENCRYPT_IDENTITY
        if not secrets:
            raise InputError(
                f"There is no vault password, so that {self.path} can be neither read nor written",
                next_step=PASSWORD_STEP,
            )
        self._secrets = list(secrets)

    @property
    def exists(self) -> bool:
        return os.path.lexists(self.path)

    @property
    def private(self) -> bool:
        """Readable by its owner alone."""
        return self.exists and private_file.is_private(self.path)

    def read(self) -> dict[str, t.Any] | None:
        """The variables; None if there is no file. Raises ConflictError for a file that must not be overwritten."""
        if not self.exists:
            return None
        if not os.path.isfile(self.path):
            raise ConflictError(f"{self.path} is not a regular file", next_step="Choose another path.")
        try:
            content = small_file.read(self.path)
        except OSError as exc:
            raise ConflictError(
                f"Could not read {self.path}: {exc.strerror}", next_step="Check the path and its permissions."
            ) from None
        if not is_encrypted(content):
            raise ConflictError(
                f"{self.path} is not encrypted by ansible-vault, and is not changed",
                next_step="Move it away, or choose another path.",
            )
        try:
            variables = yaml.safe_load(VaultLib(self._secrets).decrypt(content))
        except AnsibleError:
            raise ConflictError(
                f"Could not decrypt {self.path} with the vault passwords of this run",
                next_step=f"Use the password that it was encrypted with. {PASSWORD_STEP}",
            ) from None
        except yaml.YAMLError:
            variables = None
        if not isinstance(variables, dict):
            raise ConflictError(
                f"{self.path} contains no variables, and is not changed",
                next_step="Move it away, or choose another path.",
            )
        return variables

    def check_writable(self) -> None:
        """Raises ConflictError if ``write`` would fail, as far as that can be known before."""
        self._encrypting_secret()
        reason = private_file.obstacle(self.path, room=ROOM)
        if reason:
            raise ConflictError(
                f"Could not write {self.path}: {reason}", next_step="Choose another path, or correct its permissions."
            )

    def write(self, variables: t.Mapping[str, t.Any]) -> None:
        """Replace the file atomically, readable by its owner alone.

        Raises ConflictError; the old file is then intact.
        """
        self.check_writable()
        vault_id, secret = self._encrypting_secret()
        text = "---\n" + yaml.safe_dump(dict(variables), default_flow_style=False, sort_keys=False, allow_unicode=True)
        encrypted = VaultLib(self._secrets).encrypt(text, secret=secret, vault_id=vault_id)
        try:
            private_file.write(self.path, encrypted)
        except OSError as exc:
            raise ConflictError(
                f"Could not write {self.path}: {exc.strerror}",
                next_step="Check the disk and the permissions of the directory.",
            ) from None

    def make_private(self) -> None:
        """Raises ConflictError."""
        private_file.make_private(self.path)

    def remove(self) -> None:
        """Raises ConflictError."""
        private_file.remove(self.path)

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
