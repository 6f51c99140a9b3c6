# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private plugin utility of email_gateway.azure_apps: it may change without notice.
"""A YAML file of variables that sops encrypts: by the program itself, on standard input and output.

Source: documentation of sops 3.9 (commands encrypt and decrypt, ``--filename-override``, creation rules).
"""

from __future__ import annotations

import os
import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core import json as _json
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core import small_file
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.errors import ConflictError
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._store.contract import VARIABLE
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._store.program import (
    find_program,
    run_program,
)
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._store.variables_file import (
    VariablesFile,
    yaml_of,
)

if t.TYPE_CHECKING:
    from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.call import Call

INSTALL = "Install sops 3.9 or newer on the controller: https://getsops.io"
KEYS_STEP = "Check recipients in O(stores), .sops.yaml, and the keys that the environment of the run names."
TRIAL = "a-trial-of-sops-without-any-secret"


class SopsFile(VariablesFile):
    """``recipients`` are lists of keys by the name of sops's option, with underscores; empty for .sops.yaml."""

    def __init__(self, path: str, *, recipients: t.Mapping[str, t.Sequence[str]], call: Call) -> None:
        """Raises MissingLibraryError if there is no program."""
        super().__init__(path)
        self._recipients = recipients
        self._call = call
        self._program = find_program("sops", call.environ, needed_by="A store of the type sops", install=INSTALL)

    def decrypted(self) -> t.Any:
        small_file.check_size(self.path)
        return _json.parse(self._run("decrypt", "--input-type", "yaml", "--output-type", "json", self.path))

    def check_path(self) -> None:
        folder = os.path.dirname(self.path)
        if not os.path.isdir(folder):
            raise ConflictError(f"Could not write {self.path}: there is no folder {folder}", next_step="Create it.")
        super().check_path()

    def check_encryption(self) -> None:
        """Encrypt something harmless, which finds missing rules and keys."""
        self.encrypted({VARIABLE: {"client_secret": TRIAL}})

    def encrypted(self, variables: t.Mapping[str, t.Any]) -> bytes:
        """The client secret must not be in it in clear, as it would be under a rule such as encrypted_regex."""
        text = yaml_of(variables)
        arguments = [f"--{kind.replace('_', '-')}={','.join(keys)}" for kind, keys in self._recipients.items()]
        types = ["--input-type", "yaml", "--output-type", "yaml"]
        name = ["--filename-override", os.path.basename(self.path)]
        output = self._run("encrypt", *arguments, *types, *name, "/dev/stdin", text=text.encode())
        secret = _json.as_object(variables.get(VARIABLE)).get("client_secret")
        if secret and secret.encode() in output:
            raise ConflictError(
                f"sops would leave the client secret in {self.path} in clear text",
                next_step="Remove unencrypted_suffix, encrypted_suffix, unencrypted_regex or encrypted_regex from the"
                " rule in .sops.yaml for this file.",
            )
        return output

    def _run(self, command: str, *arguments: str, text: bytes = b"") -> bytes:
        """What a command of sops writes. Raises ConflictError."""
        folder = os.path.dirname(self.path)  # sops looks for .sops.yaml from there upwards
        done = run_program(
            [self._program, command, *arguments],
            title=f"sops, asked for {self.path},",
            text=text,
            environ=self._call.environ,
            seconds=self._call.endpoint.wait_timeout,
            folder=folder,
        )
        if done.status != 0:
            reason = done.reason(self._call.secrets.masked_whole)
            raise ConflictError(f"sops could not {command} {self.path}: {reason}", next_step=KEYS_STEP)
        return done.output
