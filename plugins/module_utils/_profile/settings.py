# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private module utility of email_gateway.azure_apps: it may change without notice.
"""The settings of the role gateway_app by name, each read as its type. Errors name the role's variable.

Ansible validates the arguments of a role, but passes them on as they were written: a number may still be a text.
"""

from __future__ import annotations

import re
import typing as t

from ansible.module_utils.parsing.convert_bool import boolean

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.checks import check_characters, shown
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.errors import InputError
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.lists import without
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.printable import shortened
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._profile.variables import PREFIX, SETTINGS

PATHS = ("after_new_secret", "certificate_path", "mailbox_commands_file", "profile_file", "store_path")


class Settings:
    """What a setting is not in is at its default."""

    def __init__(self, values: t.Mapping[str, t.Any]) -> None:
        """Raises InputError for a member that the role does not have, and for texts with impossible characters."""
        check_members("settings", values, SETTINGS, f"Use the names of the role's variables without {PREFIX}.")
        for name, value in values.items():
            check_characters(PREFIX + name, value, is_path=name in PATHS)
        self._values = values

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def raw(self, name: str, default: object) -> t.Any:
        return self._values.get(name, default)

    def text(self, name: str, default: str = "", *, what: str = "a text") -> str:
        value = self._values.get(name, default)
        if not isinstance(value, str):
            raise wrong(name, value, f"Set it to {what}.")
        return value

    def path(self, name: str, *, of_what: str = "a file") -> str:
        """As it was written; empty if there is none."""
        return self.text(name, what=f"the path of {of_what}")

    def flag(self, name: str, default: bool = False) -> bool:
        value = self._values.get(name, default)
        try:
            return bool(boolean(value))
        except TypeError:
            raise wrong(name, value, "Set it to true or false.") from None

    def number(self, name: str, default: int, *, lowest: int, highest: int) -> int:
        """An integer, also one that is written as text. A fraction, 1e9 and a number of another alphabet are none."""
        value = self._values.get(name, default)
        text = str(value).strip()
        if not re.fullmatch("[0-9]{1,10}", text) or not lowest <= int(text) <= highest:
            raise wrong(name, value, f"Set it to a number from {lowest} to {highest}.")
        return int(text)

    def choice(self, name: str, default: str, *, choices: t.Sequence[str]) -> str:
        value = self._values.get(name, default)
        if value not in choices:
            raise wrong(name, value, f"Set it to one of {', '.join(choices)}.")
        return str(value)

    def choices(self, name: str, default: t.Sequence[str], *, choices: t.Sequence[str]) -> tuple[str, ...]:
        """A list of at least one of the choices; also one text with commas, as Ansible's lists may be written."""
        value = self._values.get(name, default)
        if isinstance(value, str):
            value = list(map(str.strip, value.split(",")))
        if not isinstance(value, (list, tuple)) or not value or without(value, choices):
            raise wrong(name, self._values.get(name), f"List at least one of {', '.join(choices)}.")
        return tuple(value)

    def is_filled(self, name: str) -> bool:
        return bool(self._values.get(name))


def check_members(name: str, value: t.Iterable[object], known: t.Container[object], next_step: str) -> None:
    """Raises InputError for the names of members that are not known."""
    unknown = sorted(map(str, without(value, known)))
    if unknown:
        raise InputError(f"{name} has the unknown members {', '.join(unknown)}", next_step=next_step)


def wrong(name: str, value: t.Any, next_step: str) -> InputError:
    """The refusal of a setting, in the role's words."""
    return InputError(f"{PREFIX}{name} is {written(value)}", next_step=next_step)


def written(value: t.Any) -> str:
    """A value of a user in a message, quoted if it is text, and not endless."""
    if isinstance(value, str):
        return shown(value)
    return shortened(str(value))
