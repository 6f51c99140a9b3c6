# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Creates a report of all applications of a tenant in this new process, and prints its peak memory.

Argument: the environment in JSON.
"""

from __future__ import annotations

import datetime
import importlib
import json
import sys

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.arguments import AUTH, ENDPOINT
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.errors import AppsError
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.run_memory import RunMemory
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.call import Call
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._report.build import build
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._report.structure import Report
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._report.tenant import read_tenant
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._report.page import html_page
from ansible_collections.email_gateway.azure_apps.tests.limits.memory_probe import LIBRARIES, largest


def _built(call: Call) -> Report:
    tenant = read_tenant(call, [], tag=None)
    return build(
        tenant.applications,
        tenants={call.tenant_id: tenant.display_name},
        gateways=[],
        tag="email_gateway.azure_apps",
        scope="mail",
        due_within_days=30,
        now=datetime.datetime.now(datetime.timezone.utc),
    )


def main() -> None:
    for library in LIBRARIES:
        importlib.import_module(library)
    options = {**AUTH.options, **ENDPOINT.options}
    params = {name: spec.get("default") for name, spec in options.items()}
    params |= {"request_timeout": 5, "wait_timeout": 1}
    call = Call(params=params, check_mode=False, environ=json.loads(sys.argv[1]), memory=RunMemory())
    outcome = {"before": largest(), "applications": 0, "page": 0, "msg": ""}
    try:
        report = _built(call)
        outcome["applications"], outcome["read"] = len(report["applications"]), largest()
        outcome["page"] = len(html_page(report))
    except AppsError as exc:
        outcome["msg"] = str(exc)
    print(json.dumps({**outcome, "largest": largest()}))


if __name__ == "__main__":
    main()
