# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private plugin utility of email_gateway.azure_apps: it may change without notice.
"""The common action plugin of the modules that prove the credential in the stores."""

from __future__ import annotations

import functools
import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.call import Call
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.module import Module
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._proof.own_credential import OpenStores
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._action.controller_action import ControllerAction
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._store.context import stores_of_task


class ProofAction(ControllerAction):
    """Runs ``proof`` with the stores of the task."""

    proof: t.ClassVar[t.Callable[[Call, OpenStores | None], dict[str, t.Any]]]

    def module(self) -> Module:
        return self.declared._replace(run=self._prove)

    def _prove(self, call: Call) -> dict[str, t.Any]:
        return type(self).proof(call, functools.partial(stores_of_task, self))
