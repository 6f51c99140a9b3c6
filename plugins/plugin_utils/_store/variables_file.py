# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private plugin utility of email_gateway.azure_apps: it may change without notice.
"""An encrypted YAML file of variables: written whole or not at all, and never in clear."""

from __future__ import annotations

import abc
import os
import typing as t

import yaml

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core import private_file
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.errors import ConflictError


class VariablesFile(abc.ABC):
    """A subclass decrypts and encrypts with the means of this run. Methods raise AppsError."""

    room = 0  # bytes that the name has to leave for a file beside it with a longer name

    def __init__(self, path: str) -> None:
        self.path = path

    @property
    def exists(self) -> bool:
        return os.path.lexists(self.path)

    @property
    def private(self) -> bool:
        """Readable by its owner alone."""
        return self.exists and private_file.is_private(self.path)

    def read(self) -> dict[str, t.Any]:
        """The variables; {} if there is no file. Raises ConflictError for a file that must not be overwritten."""
        if not self.exists:
            return {}
        if not os.path.isfile(self.path):
            raise ConflictError(f"{self.path} is not a regular file", next_step="Choose another path.")
        with private_file.as_conflict(f"read {self.path}", next_step="Check the path and its permissions."):
            variables = self.decrypted()
        if not isinstance(variables, dict):
            raise ConflictError(
                f"{self.path} contains no variables, and is not changed",
                next_step="Move it away, or choose another path.",
            )
        return variables

    def check_writable(self) -> None:
        """Raises AppsError if ``write`` would fail, as far as that can be known before."""
        self.check_path()
        self.check_encryption()

    def check_path(self) -> None:
        """Raises ConflictError if there can be no such file."""
        reason = private_file.obstacle(self.path, room=self.room)
        if reason:
            raise ConflictError(
                f"Could not write {self.path}: {reason}", next_step="Choose another path, or correct its permissions."
            )

    def write(self, variables: t.Mapping[str, t.Any]) -> None:
        """Replace the file by one that is encrypted already, readable by its owner alone.

        Raises AppsError; the old file is then intact.
        """
        self.check_path()
        encrypted = self.encrypted(variables)
        with private_file.as_conflict(
            f"write {self.path}", next_step="Check the disk and the permissions of the directory."
        ):
            private_file.write(self.path, encrypted)

    def make_private(self) -> None:
        private_file.make_private(self.path)

    def remove(self) -> None:
        private_file.remove(self.path)

    @abc.abstractmethod
    def decrypted(self) -> t.Any:
        """The content, which may be anything. Raises OSError or AppsError."""

    @abc.abstractmethod
    def check_encryption(self) -> None:
        """Raises AppsError if ``encrypted`` would fail, as far as that can be known before."""

    @abc.abstractmethod
    def encrypted(self, variables: t.Mapping[str, t.Any]) -> bytes:
        """The content of the file with these variables. Raises AppsError."""


def yaml_of(variables: t.Mapping[str, t.Any]) -> str:
    """In the order that they have, as a person would write them."""
    text: str = yaml.safe_dump(dict(variables), default_flow_style=False, sort_keys=False, allow_unicode=True)
    return text
