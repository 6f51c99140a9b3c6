# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private plugin utility of email_gateway.azure_apps: it may change without notice.
"""Ansible's own kinds of strings, lists and dicts as Python's."""

from __future__ import annotations

import datetime
import typing as t


def plain(value: t.Any) -> t.Any:
    """Ansible's own kinds of strings, lists and dicts (tagged, unsafe, vaulted) as Python's, which libraries expect."""
    if isinstance(value, dict):
        return {plain(name): plain(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, (bool, type(None))):
        return value
    if isinstance(value, float):
        return float(value)
    if isinstance(value, int):
        return int(value)
    if isinstance(value, datetime.date):  # an unquoted date in a playbook; a point in time is one too
        return value.isoformat()
    if not isinstance(value, str):
        value = str(value)
    # str() leaves a subclass of str whose __str__ returns itself, as Ansible's unsafe text does, what it is.
    return str.__str__(value)


def as_texts(variables: t.Mapping[t.Any, t.Any]) -> dict[str, str]:
    """Environment variables: names and values are texts, whatever was written in YAML."""
    return {str(name): str(value) for name, value in variables.items()}
