# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs one module in this new process, and prints its peak memory before and after.

Arguments: the module, its environment and its options, the latter two in JSON.
"""

from __future__ import annotations

import importlib
import json
import re
import sys
from pathlib import Path

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.run_memory import RunMemory
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.call import Call

LIBRARIES = ("requests", "msal", "jwt")  # msal imports the last one on first use


def largest() -> float:
    """Peak physical memory so far, in MiB. Not ru_maxrss, which starts with that of the process before exec."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    assert found is not None
    return int(found[1]) / 1024


def main() -> None:
    name, environ, options = sys.argv[1], json.loads(sys.argv[2]), json.loads(sys.argv[3])
    module = importlib.import_module(f"ansible_collections.email_gateway.azure_apps.plugins.modules.{name}").MODULE
    for library in LIBRARIES:
        importlib.import_module(library)
    params = {option: spec.get("default") for option, spec in module.argument_spec.options.items()}
    call = Call(params={**params, **options}, check_mode=False, environ=environ, memory=RunMemory())
    before = largest()
    result = module.execute(call)
    outcome = {"failed": result.get("failed", False), "msg": result.get("msg", ""), "kind": result.get("error", {})}
    print(
        json.dumps(
            {**outcome, "before": before, "largest": largest(), "applications": len(result.get("applications", []))}
        )
    )


if __name__ == "__main__":
    main()
