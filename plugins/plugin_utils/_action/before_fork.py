# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private plugin utility of email_gateway.azure_apps: it may change without notice.
"""What most tasks need is imported once, in the process of ansible-playbook that forks a worker for each task.

Ansible compiles the files of a collection from source in every process that imports them.
"""

from __future__ import annotations

import contextlib
import importlib

LIBRARIES = ("requests", "msal")


def import_libraries() -> None:
    """One that is missing or broken is no failure here: the first task that needs it reports it, see import_library."""
    for name in LIBRARIES:
        with contextlib.suppress(Exception):
            importlib.import_module(name)


def import_all(names: tuple[str, ...]) -> None:
    """Files of this collection, by their full names."""
    for name in names:
        importlib.import_module(name)
