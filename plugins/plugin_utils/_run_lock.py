# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private plugin utility of email_gateway.azure_apps: it may change without notice.
"""Tells whether another ansible-playbook run on this machine still lives.

The lock is taken in the main process, as the action plugin is loaded, and inherited by every worker. The kernel gives
it back when the last of them is gone, however it ended: a worker that outlives a killed ansible-playbook still counts.
"""

from __future__ import annotations

import fcntl
import os
import socket

from ansible import constants as C

NAME = "azure_apps.run"


class RunLock:
    """One empty file in ansible-playbook's own temporary folder, which ansible-playbook removes at its end."""

    def __init__(self, folder: str) -> None:
        self.host = socket.gethostname()
        self.path = os.path.join(folder, NAME)
        self._file = os.open(self.path, os.O_CREAT | os.O_RDWR, 0o600)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:  # a file system without locks: claims then end by their time
            self.path = ""

    def alive(self, path: str) -> bool:
        """Whether the run that holds the lock at ``path`` lives. Raises OSError where that cannot be known."""
        if path == self.path:
            return True
        try:
            other = os.open(path, os.O_RDWR)
        except (FileNotFoundError, NotADirectoryError):
            return False
        try:
            fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(other)
        return False


RUN_LOCK = RunLock(C.DEFAULT_LOCAL_TMP)
