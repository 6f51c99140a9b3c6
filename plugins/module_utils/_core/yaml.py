# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private module utility of email_gateway.azure_apps: it may change without notice.
"""YAML that a user wrote: no tag but YAML's own, and no template in it is evaluated."""

from __future__ import annotations

import typing as t

from ansible.module_utils.common.yaml import HAS_YAML, yaml_load

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.errors import MissingLibraryError


class Unreadable(Exception):
    """Its text is the reason why something cannot be read."""


def parse_yaml(content: bytes | str) -> t.Any:
    """Raises Unreadable, MissingLibraryError."""
    if not HAS_YAML:
        raise MissingLibraryError(
            "The Python library PyYAML is missing", next_step="Install PyYAML for the Python that runs the module."
        )
    try:
        if isinstance(content, bytes):
            content = content.decode("utf-8")
        return yaml_load(content)
    except Exception as exc:  # the errors of PyYAML cannot be named if it is missing
        raise Unreadable(str(exc)) from None
