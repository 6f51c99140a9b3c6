# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private plugin utility of email_gateway.azure_apps: it may change without notice.
"""What stores have in common that keep the credential as one variable of an encrypted file of variables."""

from __future__ import annotations

import abc
import shlex
import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.lists import selected, without
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._credential.record import Record
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._store.contract import VARIABLE, Store, record_of
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._store.variables_file import VariablesFile


class VariablesStore(Store):
    """A subclass sets ``path`` and opens the file. Other variables of the file stay.

    ``viewer`` is the command that shows a file to a person.
    """

    viewer: t.ClassVar[str]
    path: str

    @classmethod
    def place_of(cls, reference: t.Mapping[str, t.Any]) -> str:
        return f"{reference['path']} ({cls.viewer.split()[0]})"

    @classmethod
    def read_command(cls, reference: t.Mapping[str, t.Any]) -> str:
        return f"{cls.viewer} {shlex.quote(reference['path'])}"

    @abc.abstractmethod
    def file(self) -> VariablesFile:
        """Raises AppsError if the means to read it are missing."""

    def read(self) -> Record | None:
        record = self._record(self.file().read())
        self.keep_out_of_messages(record)
        return record

    def check_writable(self, expected: Record) -> None:
        self.file().check_writable()

    def write(self, record: Record, *, expected: Record | None) -> None:
        self.keep_out_of_messages(record)
        file = self.file()
        variables = file.read()
        current = self._record(variables)
        self.check_expected(current, expected)
        if current != record:
            file.write({**variables, VARIABLE: record.content()})
        elif not file.private:
            file.make_private()

    def remove(self) -> None:
        file = self.file()
        variables = file.read()
        if VARIABLE not in variables:
            return
        self._record(variables)  # raises if it is not ours to remove
        others = selected(variables, without(variables, (VARIABLE,)))
        if others:
            file.write(others)
        else:
            file.remove()

    def reference(self) -> dict[str, t.Any]:
        return {"type": self.type, "path": self.path, "variable": VARIABLE}

    def needs_rewrite(self) -> bool:
        file = self.file()
        return file.exists and not file.private

    @property
    def local_paths(self) -> tuple[str, ...]:
        return (self.path,)

    @property
    def place(self) -> tuple[str, ...]:
        return ("file", self.path)

    def _record(self, variables: dict[str, t.Any]) -> Record | None:
        return record_of(variables.get(VARIABLE), where=f"The variable {VARIABLE} in {self.path}")
