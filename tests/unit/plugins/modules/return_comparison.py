# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Compares a module's RETURN with results: missing, undocumented and wrongly typed values."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.email_gateway.azure_apps.tests.unit.tenant import Json

OF_ANSIBLE = frozenset({"changed", "failed", "msg", "diff", "warnings", "_ansible_no_log"})
TYPES: dict[str, tuple[type, ...]] = {
    "str": (str,),
    "int": (int,),
    "float": (float, int),
    "bool": (bool,),
    "list": (list,),
    "dict": (dict,),
}


@dataclasses.dataclass(frozen=True)
class Comparison:
    """Findings are sentences. ``valued`` are the paths that had a value other than null, or an empty list."""

    findings: set[str] = dataclasses.field(default_factory=set)
    valued: set[str] = dataclasses.field(default_factory=set)

    def members(self, documented: Json, found: Json, *, above: str = "") -> None:
        """``found`` has exactly the members of ``documented``; those with a condition of their own may be missing."""
        for name in found.keys() - documented.keys():
            self.findings.add(f"{above}{name} is returned, but not documented")
        for name, description in documented.items():
            if name in found:
                self.value(description, found[name], path=f"{above}{name}")
            elif not (above and "returned" in description):
                self.findings.add(f"{above}{name} is documented, but not returned")

    def value(self, description: Json, value: t.Any, *, path: str) -> None:
        """Any value may be null: its description has the condition."""
        if value is None or value == []:
            return
        self.valued.add(path)
        if not _is_of(description["type"], value):
            self.findings.add(f"{path} is documented as {description['type']}, but is {type(value).__name__}")
        elif description["type"] == "list":
            for entry in value:
                self._entry(description, entry, path=path)
        elif "contains" in description:
            self.members(description["contains"], value, above=f"{path}.")

    def _entry(self, description: Json, entry: t.Any, *, path: str) -> None:
        if not _is_of(description["elements"], entry):
            self.findings.add(f"{path} is documented with {description['elements']}, but has {type(entry).__name__}")
        elif "contains" in description:
            self.members(description["contains"], entry, above=f"{path}.")


def _is_of(name: str, value: t.Any) -> bool:
    return isinstance(value, TYPES[name]) and (name == "bool" or not isinstance(value, bool))


def paths(documented: Json, *, above: str = "") -> set[str]:
    """All documented values, also nested ones."""
    found: set[str] = set()
    for name, description in documented.items():
        found.add(f"{above}{name}")
        found |= paths(description.get("contains", {}), above=f"{above}{name}.")
    return found


def without_members(documented: Json, *, above: str = "") -> set[str]:
    """Dictionaries whose members are not documented."""
    found: set[str] = set()
    for name, description in documented.items():
        if "dict" in (description["type"], description.get("elements")) and "contains" not in description:
            found.add(f"{above}{name}")
        found |= without_members(description.get("contains", {}), above=f"{above}{name}.")
    return found
