# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Client secrets created by a task with stores, with the remains of earlier runs."""

from __future__ import annotations

import datetime
import importlib
import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core import times
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.call import Call
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.converge import converge
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._resources.secret import (
    SecretResource,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._resources.secret_options import SecretOptions
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._resources.secret_records import ClientSecrets
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._action.controller_action import call_module
from ansible_collections.email_gateway.azure_apps.tests.unit.tenant import (
    MODULES,
    Json,
    Tenant,
)

MODULE = "azure_app_secret"
GATEWAY: Json = {"unique_name": "gateway", "description": "mail gateway"}
SCHEDULE: Json = {"lifetime_days": 90, "renew_before_days": 30}
UNKNOWN = "11111111-1111-1111-1111-111111111111"


def utc_now() -> datetime.datetime:
    return datetime.datetime.now(datetime.timezone.utc)


def as_task(tenant: Tenant, *, check: bool = False, **options: t.Any) -> Json:
    """Run the module as a task with stores does: with the content of the stores and the remains of earlier runs."""
    declared = importlib.import_module(f"{MODULES}.{MODULE}").MODULE
    inner: Json = {name: times.parse(options.pop(name)) for name in ("stored_start", "start") if name in options}
    inner["stored_hint"] = options.pop("stored_hint", None)
    inner["unconfirmed_starts"] = tuple(map(times.parse, options.pop("unconfirmed_starts", ())))

    def run(call: Call) -> Json:
        asked = SecretOptions.of(call.params, call.now)._replace(**inner)
        return converge(call, Recorded(call, asked, call.memory))

    module = declared._replace(run=run)
    result = call_module(module, MODULE, options, check_mode=check, environ=tenant.environ, memory=tenant.memory)
    assert not result.get("failed"), result
    return result


class Recorded(SecretResource):
    """Also returns the starts that are confirmed."""

    def result(self, state: ClientSecrets) -> Json:
        return {**super().result(state), "confirmed_starts": sorted(map(times.written, state.confirmed_starts))}


def forbid(tenant: Tenant, **restriction: t.Any) -> None:
    """An app management policy for the whole tenant."""
    policy = tenant.server.tenant.directory.policy
    policy["isEnabled"] = True
    policy["applicationRestrictions"] = {
        "passwordCredentials": [
            {"state": "enabled", "restrictForAppsCreatedAfterDateTime": "2019-01-01T00:00:00Z", **restriction}
        ],
        "keyCredentials": [],
    }


START = "2026-11-23T07:00:00.123456Z"
