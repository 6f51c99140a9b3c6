# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private plugin utility of email_gateway.azure_apps: it may change without notice.
"""Which application each host of a run has, as the role registered it.

From the memory of the run: Ansible's hostvars evaluate all variables of a host for each access, which in a fleet is
done for every other host.
"""

from __future__ import annotations

import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.json import as_object, text_or_empty
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.run_memory import WHOLE_RUN, RunMemory
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._run.plain import plain

# What the role registers for each host.
REGISTRATION = "__gateway_app_registration"


def note_registered(memory: RunMemory, host: str, result: t.Mapping[str, t.Any]) -> None:
    memory.remember(_key(host), text_or_empty(result, "client_id"), seconds=WHOLE_RUN)


def registered_client_id(memory: RunMemory, host: str, hostvars: t.Mapping[str, t.Any]) -> str:
    """ "" for a host whose application is not known."""
    known = memory.recall(_key(host))
    if isinstance(known, str):
        return known
    if host not in hostvars:
        return ""
    return text_or_empty(as_object(plain(hostvars[host].get(REGISTRATION))), "client_id")


def _key(host: str) -> str:
    return f"registered:{host}"
