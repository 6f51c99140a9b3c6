# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private plugin utility of email_gateway.azure_apps: it may change without notice.
"""The credential types that the playbook awx_setup makes in AWX. Pure."""

from __future__ import annotations

import collections
import itertools
import re
import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.json import objects, texts
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.lists import first, selected, without
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._awx.checks import Json

# What a person sees of a field, and nothing depends on.
COSMETIC = ("label", "help_text")


class Types(t.NamedTuple):
    """The credential types to make or change, and what a person has to do about those that AWX does not change."""

    wanted: list[Json]
    notes: list[str]

    @classmethod
    def of(cls, declared: t.Iterable[Json], found: Json) -> Types:
        """AWX refuses other fields for a type that a credential uses, so that a new one is made beside it."""
        wanted: list[Json] = []
        notes: list[str] = []
        users: dict[t.Any, list[str]] = collections.defaultdict(list)  # of each type, the credentials
        for credential in found["credentials"]:
            users[credential["credential_type"]].append(credential["name"])
        for kind in declared:
            current = _of_this_type(kind["name"], found["credential_types"])
            reused = _reused(kind, current, users)
            if reused is not None:
                wanted.append(reused)
            elif not current:
                wanted.append(dict(kind))
            else:
                name = f"{kind['name']} {len(current) + 1}"
                wanted.append({**kind, "name": name})
                in_use = itertools.chain.from_iterable(users[held["id"]] for held in current)
                notes.append(_moving(kind["name"], name, list(in_use)))
        return cls(wanted, notes)


def _reused(kind: Json, current: t.Sequence[Json], users: t.Mapping[t.Any, list[str]]) -> Json | None:
    """A type with the same fields, or else one that no credential uses; None if there is neither."""
    same = first(current, lambda held: _fields(held) == _fields(kind))
    reused = same or first(current, lambda held: not users[held["id"]])
    if reused is None:
        return None
    if users[reused["id"]]:
        return {**kind, "name": reused["name"], "inputs": reused["inputs"]}
    return {**kind, "name": reused["name"]}


def _of_this_type(name: str, found: t.Iterable[Json]) -> list[Json]:
    """Those of the name, and of the name with a number, the first one first."""
    numbered = re.compile(re.escape(name) + "( [0-9]+)?")
    same = [held for held in found if numbered.fullmatch(held["name"])]
    return sorted(same, key=lambda held: (len(held["name"]), held["name"]))


def names_of(entries: t.Iterable[Json]) -> list[str]:
    return [entry["name"] for entry in entries]


def _fields(kind: Json) -> tuple[list[Json], list[str]]:
    """What AWX goes by: it adds the type of a field that has none."""
    inputs = kind["inputs"]
    fields = []
    for field in objects(inputs.get("fields")):
        fields.append({"type": "string", **selected(field, without(field, COSMETIC))})
    return fields, texts(inputs.get("required"))


def _moving(name: str, new: str, users: list[str]) -> str:
    return (
        f"The credential type {name} has other fields now. AWX does not change the fields of a type that a credential"
        f" uses ({', '.join(users)}), so {new} is created beside it. The old credentials stay in use. Create"
        " credentials of the new type in AWX with the same values, which AWX itself does not show; set"
        " awx_setup_operator_credential, awx_setup_consent_credential or awx_setup_mailbox_credential to their names,"
        " run this again, and delete the old ones."
    )
