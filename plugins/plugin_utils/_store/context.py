# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private plugin utility of email_gateway.azure_apps: it may change without notice.
"""What a running task of ansible-playbook gives to its stores."""

from __future__ import annotations

import contextlib
import os
import typing as t

from ansible.plugins.action import ActionBase
from ansible.plugins.loader import lookup_loader

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.call import Call
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._run.plain import plain
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._store.contract import (
    LookupMissing,
    StoreContext,
)


def action_context(
    action: ActionBase, call: Call, *, default_path: str = "", default_vault_id: str = ""
) -> StoreContext:
    """``action`` is the action plugin that runs; ``call`` its module's call."""
    return StoreContext(
        call=call,
        vault_secrets=list(action._loader._vault.secrets or ()),
        lookup=ActionLookup(action, environ=call.environ),
        default_path=default_path,
        default_vault_id=default_vault_id,
    )


class ActionLookup:
    """The ``Lookup`` of an action plugin."""

    def __init__(self, action: t.Any, *, environ: t.Mapping[str, str]) -> None:
        self._action = action
        self._environ = environ

    def __call__(self, name: str, terms: t.Sequence[str], **options: t.Any) -> list[t.Any]:
        # Options of a lookup may come from environment variables, which Ansible and libraries read from os.environ.
        with _environment(self._environ):
            plugin = self._find(name)
            variables = self._action._templar.available_variables
            found: list[t.Any] = plain(plugin.run(list(terms), variables=variables, **options))
        return found

    def _find(self, name: str) -> t.Any:
        plugin = lookup_loader.get(name, loader=self._action._loader, templar=self._action._templar)
        if plugin is None:
            raise LookupMissing(name)
        return plugin


@contextlib.contextmanager
def _environment(environ: t.Mapping[str, str]) -> t.Iterator[None]:
    """The tasks of a loop share a process, so that what one sets has to go."""
    before = dict(os.environ)
    try:
        _set_environment(environ)
        yield
    finally:
        _set_environment(before)


def _set_environment(wanted: t.Mapping[str, str]) -> None:
    for name in os.environ.keys() - wanted.keys():
        del os.environ[name]
    for name, value in wanted.items():
        if os.environ.get(name) != value:
            os.environ[name] = value
