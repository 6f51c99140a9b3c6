# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.json import as_object
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.call import Call
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.module import Module
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._resources.operator_access import (
    OtherIdentity,
    operator_access_info,
)
from ansible_collections.email_gateway.azure_apps.plugins.modules.azure_operator_access_info import MODULE
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._action.controller_action import ControllerAction
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._action.identities import (
    Identity,
    other_identities,
)


class ActionModule(ControllerAction):
    """Runs the module azure_operator_access_info on the controller, where the variables of the play are known."""

    module_name = "azure_operator_access_info"
    declared = MODULE

    def module(self) -> Module:
        return self.declared._replace(run=self._access)

    def _access(self, call: Call) -> dict[str, t.Any]:
        identities = other_identities(
            as_object(call.params["profile_info"]), self._variable_environment, of_operator=call.environ
        )
        others = [_other(call, identity) for identity in identities]
        try:
            return operator_access_info(call, others)
        finally:
            for other in others:
                other.call.warn_of_clock()
                other.call.close()


def _other(call: Call, identity: Identity) -> OtherIdentity:
    """Warnings and secrets of its call are those of the task."""
    own = dataclasses.replace(call, environ=identity.environ)
    return OtherIdentity(own, identity.steps, known_as=f"The identity of {identity.variable}")
