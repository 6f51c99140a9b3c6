# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private plugin utility of email_gateway.azure_apps: it may change without notice.
"""What a running task of ansible-playbook gives to its stores."""

from __future__ import annotations

import contextlib
import os
import typing as t

from ansible.plugins.loader import lookup_loader

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.json import as_list, text_or_empty
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.call import Call
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._run.plain import plain
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._run.private_ansible import (
    Templating,
    vault_secrets,
)
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._store.contract import (
    LookupMissing,
    Store,
    StoreContext,
    open_stores,
)


def stores_of_task(templating: Templating, call: Call) -> list[Store]:
    """The stores in the options of the task that runs."""
    params = call.params
    context = store_context(
        templating,
        call,
        default_path=text_or_empty(params, "store_path"),
        default_vault_id=text_or_empty(params, "store_vault_id"),
    )
    return open_stores(as_list(params["stores"]), context)


def store_context(
    templating: Templating, call: Call, *, default_path: str = "", default_vault_id: str = ""
) -> StoreContext:
    """``templating`` is the action plugin that runs, or a host of its play; ``call`` the call of its module."""
    return StoreContext(
        call=call,
        vault_secrets=vault_secrets(templating.loader),
        lookup=TaskLookup(templating, environ=call.environ),
        default_path=default_path,
        default_vault_id=default_vault_id,
    )


class TaskLookup:
    """The ``Lookup`` of a running task."""

    def __init__(self, templating: Templating, *, environ: t.Mapping[str, str]) -> None:
        self._templating = templating
        self._environ = environ

    def __call__(self, name: str, terms: t.Sequence[str], **options: t.Any) -> list[t.Any]:
        # Options of a lookup may come from environment variables, which Ansible and libraries read from os.environ.
        with _environment(self._environ):
            plugin = self._find(name)
            variables = self._templating.templar.available_variables
            found: list[t.Any] = plain(plugin.run(list(terms), variables=variables, **options))
        return found

    def _find(self, name: str) -> t.Any:
        plugin = lookup_loader.get(name, loader=self._templating.loader, templar=self._templating.templar)
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
    os.environ.update(wanted)
