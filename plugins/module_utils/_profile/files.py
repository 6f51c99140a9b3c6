# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private module utility of email_gateway.azure_apps: it may change without notice.
"""Files that a user names, and the profiles that come with the role: where they are, and what they hold.

A relative path is looked for beside the playbook first, as Ansible's own keywords do, then in the working folder.
"""

from __future__ import annotations

import os
import typing as t
from pathlib import Path

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core import small_file
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.checks import shown
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.errors import InputError, reason_of
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.yaml import Unreadable, parse_yaml

ROLE_PROFILES = Path(__file__).parents[3] / "roles" / "gateway_app" / "vars" / "profiles"
CONTENT = "gateway_app_profile_content"
LONGEST_REASON = 300  # characters of the message of a parser


def load_yaml(path: str) -> t.Any:
    """The content of a file in YAML, without ansible-playbook's own means. Raises Unreadable, MissingLibraryError."""
    try:
        content = small_file.read(path)
    except OSError as exc:
        raise Unreadable(reason_of(exc)) from None
    return parse_yaml(content)


class Files(t.NamedTuple):
    """How files are found and read. ``folders`` are those in which a relative path is looked for, in order.

    ``load`` gives the content of a file in YAML. It raises Unreadable.
    """

    folders: tuple[str, ...]
    load: t.Callable[[str], t.Any] = load_yaml

    def find(self, path: str, *, name: str, what: str) -> str:
        """The absolute path of a file that is there. ``name`` is the option or variable that has it.

        Raises InputError, which lists the folders.
        """
        expanded = os.path.expanduser(os.path.expandvars(path))
        candidates = []
        for folder in self.folders:
            candidate = os.path.abspath(os.path.join(folder, expanded))
            if os.path.isfile(candidate):
                return candidate
            candidates.append(candidate)
        raise InputError(
            f"There is no file {shown(path)}: looked for {' and '.join(dict.fromkeys(candidates))}",
            next_step=f"Set {name} to {what}; a relative path is looked for beside the playbook, then in the working"
            " folder.",
        )

    def read_profile(self, path: str, *, name: str) -> t.Any:
        """What the variable for a profile in a file is; {} if the file does not have it. Raises InputError."""
        try:
            content = self.load(path)
        except Unreadable as exc:
            raise _unreadable(name, " ".join(str(exc).split())[:LONGEST_REASON]) from None
        if content is None:  # an empty file
            return {}
        if not isinstance(content, dict):
            raise _unreadable(name, "It is not a dictionary in YAML.")
        return content.get(CONTENT, {})


def shipped_profiles() -> dict[str, Path]:
    """The files of the profiles that come with the role, by name."""
    return {path.stem: path for path in sorted(ROLE_PROFILES.glob("*.yml"))}


def _unreadable(name: str, reason: str) -> InputError:
    return InputError(
        f"The profile {name} cannot be read. {reason}",
        next_step=f"Set O(profile_file) to a file in YAML that has the variable {CONTENT}.",
    )
