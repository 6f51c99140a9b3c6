# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run a command in a network of its own, and in it a client for which names of Microsoft's lead to loopback.

Some clients have no setting for the address of Microsoft Graph. For them the emulator listens on port 443 of loopback,
and /etc/hosts has the names: both in namespaces of the kernel, which end with the command and need no privileges where
user namespaces are allowed. Nothing outside of this machine can be reached from there, which proves that no test needs
it. If namespaces are refused, the command runs unchanged, and the environment variable CLIENTS_NO_NAMES has the reason.

    own_network.py COMMAND ...                   in a network of its own
    own_network.py --names ADDRESS COMMAND ...   in there: the names lead to this address, for this command only
"""

from __future__ import annotations

import fcntl
import os
import socket
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

NAMES = ("graph.microsoft.com", "login.microsoftonline.com", "management.azure.com")
REFUSED = "CLIENTS_NO_NAMES"
_INSIDE, _NAMES = "--inside", "--names"
# From linux/sockios.h and linux/if.h.
_SIOCSIFFLAGS, _IFF_UP_AND_RUNNING = 0x8914, 0x41


def with_names(address: str) -> list[str]:
    """The arguments before a command in such a network that make the names lead to this address."""
    return ["unshare", "--mount", sys.executable, __file__, _NAMES, address]


def main(command: list[str]) -> None:
    if command[0] == _INSIDE:
        _switch_loopback_on()
        os.execvp(command[1], command[1:])
    if command[0] == _NAMES:
        _lay_over_hosts(command[1])
        os.execvp(command[2], command[2:])
    enter = ["unshare", "--net", "--mount", "--map-root-user", sys.executable, __file__, _INSIDE]
    reason = _refusal([*enter, *with_names("127.0.0.1"), "true"])
    if reason:
        os.environ[REFUSED] = reason
        os.execvp(command[0], command)
    os.environ[REFUSED] = ""
    os.execvp(enter[0], [*enter, *command])


def _refusal(trial: list[str]) -> str:
    """The reason why namespaces are not available; empty if they are."""
    try:
        tried = subprocess.run(trial, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    except OSError as error:
        return f"unshare cannot be run ({error.strerror})"
    if tried.returncode == 0:
        return ""
    return (tried.stderr.strip().splitlines() or [f"unshare ended with {tried.returncode}"])[-1]


def _switch_loopback_on() -> None:
    with socket.socket() as any_socket:
        fcntl.ioctl(any_socket, _SIOCSIFFLAGS, struct.pack("16sH14s", b"lo", _IFF_UP_AND_RUNNING, b""))


def _lay_over_hosts(address: str) -> None:
    """Mount another file over /etc/hosts, in this process's own namespace."""
    # The mount keeps the file, so that its name can be removed.
    with tempfile.TemporaryDirectory() as folder:
        hosts = Path(folder) / "hosts"
        hosts.write_text(f"127.0.0.1 localhost\n{address} {' '.join(NAMES)}\n::1 localhost\n", encoding="utf-8")
        subprocess.run(["mount", "--bind", str(hosts), "/etc/hosts"], check=True)


if __name__ == "__main__":
    main(sys.argv[1:])
