# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private plugin utility of email_gateway.azure_apps: it may change without notice.
"""A place that a program of the user reads and writes, as git's and docker's credential helpers do.

The protocol is in docs/stores.md. Nothing secret is in an argument or in the environment of the program.
"""

from __future__ import annotations

import base64
import json
import os
import shlex
import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core import json as _json
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.arguments import ArgumentSpec
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.environment import SECRET_VARIABLES
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.errors import (
    ConflictError,
    InputError,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.lists import without
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._credential import life
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._credential.record import Record
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._store.contract import (
    Store,
    StoreContext,
    record_of,
)
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._store.program import find_program, run_program

DOCUMENTATION = r"""
options:
  argv:
    description:
      - The program and its arguments. C(read), C(write) or C(remove) is added as the last argument.
      - A program name with a slash is a path; other names are searched for in E(PATH).
    type: list
    elements: str
    required: true
  settings:
    description:
      - Anything that the program needs to find the place, such as names. It gets them in the request. Do not put
        secrets here.
    type: dict
    default: {}
  readable:
    description:
      - Whether C(read) returns the client secret. If not, its C(client_secret) is C(null).
    type: bool
    default: true
"""
VERSION = 1
# The operator's sign-in, which the program has no use for. IDENTITY_HEADER and MSI_SECRET are of managed identities.
HIDDEN_PREFIXES = ("AZURE_", "ANSIBLE_AZURE_", "ARM_", "ANSIBLE_VAULT_")
HIDDEN_VARIABLES = SECRET_VARIABLES | {"IDENTITY_HEADER", "MSI_SECRET"}
Json = dict[str, t.Any]


class Command(Store):
    """The program has no conditional write: it is asked again what there is right before."""

    type = "command"
    argument_spec = ArgumentSpec(
        options={
            "argv": {"type": "list", "elements": "str", "required": True},
            "settings": {"type": "dict", "default": {}},
            "readable": {"type": "bool", "default": True},
        }
    )

    def __init__(self, settings: t.Mapping[str, t.Any], context: StoreContext) -> None:
        super().__init__(settings, context)
        argv: list[str] = settings["argv"]
        if not argv or not argv[0].strip():
            raise InputError("argv is empty", next_step="Set argv to a program and its arguments.")
        program = os.path.expanduser(argv[0])
        if os.sep in program:
            program = os.path.abspath(program)
        self._argv = [program, *argv[1:]]
        self.can_give_back = settings["readable"]

    def read(self) -> Record | None:
        answer = _json.parse(self._ask("read").strip() or b"{}")
        if not isinstance(answer, dict):
            raise ConflictError(
                f"{self.title} did not return a JSON object for read",
                next_step="Let it write the credential, or {} if there is none. See docs/stores.md.",
            )
        record = record_of(answer, where=f"The answer of {self.title}")
        if record is None:
            return None
        if self.can_give_back and not life.is_known(record):
            raise ConflictError(
                f"{self.title} returned a credential without its client_secret",
                next_step="Correct the program, or set readable to false in O(stores).",
            )
        self.keep_out_of_messages(record)
        return self.as_read(record)

    def check_writable(self, expected: Record) -> None:
        """Only the program knows whether it may write."""
        self._program()

    def write(self, record: Record, *, expected: Record | None) -> None:
        self.keep_out_of_messages(record)
        self.check_expected(self.read(), expected)
        if record == expected:
            return
        try:
            self._ask("write", credential=record.content())
        except ConflictError:
            # It may have failed, or been stopped, after it had written.
            if self.read_after_failure() != self.as_read(record):
                raise

    def remove(self) -> None:
        if self.read() is not None:
            self._ask("remove")

    def reference(self) -> dict[str, t.Any]:
        settings = dict(self.settings["settings"])
        return {"type": self.type, "argv": list(self._argv), "settings": settings, "readable": self.can_give_back}

    @classmethod
    def place_of(cls, reference: t.Mapping[str, t.Any]) -> str:
        settings = "".join(f" {name}={value}" for name, value in sorted(reference["settings"].items()))
        return f"the program {shlex.join(reference['argv'])}{settings}"

    @classmethod
    def read_command(cls, reference: t.Mapping[str, t.Any]) -> str:
        """In base64: Ansible's output puts backslashes before the quotes of JSON."""
        if not reference["readable"]:
            return ""
        request = json.dumps({"version": VERSION, "action": "read", "settings": reference["settings"]})
        encoded = base64.b64encode(request.encode()).decode()
        return f"echo {encoded} | base64 --decode | {shlex.join([*reference['argv'], 'read'])}"

    @property
    def place(self) -> tuple[str, ...]:
        return (self.type, json.dumps([self._argv, self.settings["settings"]], sort_keys=True))

    @property
    def title(self) -> str:
        return " ".join(self._argv)

    def _program(self) -> str:
        return find_program(
            self._argv[0],
            self.context.call.environ,
            needed_by="A store of the type command",
            install="Correct argv in O(stores), or make the program executable (chmod +x).",
        )

    def _ask(self, action: str, **more: Json) -> bytes:
        """What the program writes; only ``read`` has to be answered."""
        call = self.context.call
        request = {"version": VERSION, "action": action, "settings": self.settings["settings"], **more}
        done = run_program(
            [self._program(), *self._argv[1:], action],
            title=f"{self.title} {action}",
            text=json.dumps(request).encode() + b"\n",
            environ=_without_sign_in(call.environ),
            seconds=call.endpoint.wait_timeout,
        )
        if done.status != 0:
            raise ConflictError(
                f"{self.title} could not {action} the credential: {done.reason(call.secrets.masked_whole)}",
                next_step="See docs/stores.md for what the program gets and has to answer.",
                status=done.status,
            )
        call.wrote_elsewhere |= action != "read"
        return done.output


def _without_sign_in(environ: t.Mapping[str, str]) -> dict[str, str]:
    shown = without(environ, HIDDEN_VARIABLES)
    return {name: environ[name] for name in shown if not name.startswith(HIDDEN_PREFIXES)}


STORE = Command
