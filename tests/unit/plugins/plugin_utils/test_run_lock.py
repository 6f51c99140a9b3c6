# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lock of an application among the hosts of one run, which are processes of their own."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

import pytest

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.errors import ConflictError
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._shared_memory import SharedMemory

CLIENT_ID = "b2466de6-5867-4b23-83ff-449c85f44ba1"
ANOTHER = "4877ab89-6ac2-4663-826b-fc79af2ad2e4"


@pytest.fixture
def memory(tmp_path: Path) -> SharedMemory:
    return SharedMemory(str(tmp_path))


def another_host(memory: SharedMemory, client_id: str) -> str:
    """What another host of the run gets: "" if the lock was free, else the message."""
    told, tell = os.pipe()
    child = os.fork()
    if child == 0:
        memory._locks._locked.clear()  # a worker is forked before its task takes a lock
        try:
            with memory.application_lock(client_id, seconds=0.1, holder="The task for two"):
                pass
        except ConflictError as exc:
            os.write(tell, exc.message.encode())
        os._exit(0)
    os.waitpid(child, 0)
    os.close(tell)
    with os.fdopen(told) as file:
        return file.read()


def test_one_host_at_a_time_and_the_message_names_it(memory: SharedMemory) -> None:
    with memory.application_lock(CLIENT_ID, seconds=1, holder="The task for one"):
        assert "The task for one of this run" in another_host(memory, CLIENT_ID.upper())
        assert another_host(memory, ANOTHER) == ""
    assert another_host(memory, CLIENT_ID) == ""


def test_a_task_that_holds_it_passes(memory: SharedMemory) -> None:
    with memory.application_lock(CLIENT_ID, seconds=1), memory.application_lock(CLIENT_ID, seconds=1):
        assert another_host(memory, CLIENT_ID) != ""
    assert another_host(memory, CLIENT_ID) == ""


def test_a_host_that_was_killed_lets_go(memory: SharedMemory) -> None:
    child = os.fork()
    if child == 0:
        with memory.application_lock(CLIENT_ID, seconds=1):
            os._exit(9)
    os.waitpid(child, 0)
    assert another_host(memory, CLIENT_ID) == ""


def test_it_is_never_left_out(memory: SharedMemory, monkeypatch: pytest.MonkeyPatch) -> None:
    def unsupported(_file: int, _operation: int) -> None:
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(fcntl, "flock", unsupported)
    with (
        pytest.raises(ConflictError, match="cannot be used for locks") as failure,
        memory.application_lock(CLIENT_ID, seconds=1),
    ):
        pass
    assert "ANSIBLE_LOCAL_TEMP" in failure.value.next_step
