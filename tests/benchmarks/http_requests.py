# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""HTTP requests of the role, first run and steady state, sign-in and proof included, from the tenant's own journal.

make benchmark
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from graph_emulator.wire.server import EmulatorServer

# One of them is the discovery of the token endpoint by msal.
LIMITS = {"first run": 20, "steady state": 9}


def main() -> int:
    over = False
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "vault-password").write_text("a password for this measurement")
        for profile in ("outbound_smtp", "outbound_microsoft365"):
            with EmulatorServer() as server:
                environ = {
                    **os.environ,
                    **server.environment(),
                    "ANSIBLE_VAULT_PASSWORD_FILE": str(folder / "vault-password"),
                }
                for run, limit in LIMITS.items():
                    server.journal.clear()
                    store = folder / f"{profile}.vault.yml"
                    variables = [f"gateway_app_profile={profile}", f"gateway_app_store_path={store}"]
                    subprocess.run(
                        ["ansible-playbook", "email_gateway.azure_apps.register", "-e", " ".join(variables)],
                        env=environ,
                        check=True,
                        stdout=subprocess.DEVNULL,
                    )
                    count = len(server.requests())
                    over |= count > limit
                    print(f"  {profile:24s} {run:14s} {count:3d} HTTP requests (limit {limit})")
    return int(over)


if __name__ == "__main__":
    sys.exit(main())
