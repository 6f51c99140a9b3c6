# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import collections.abc as c
import os
import signal

import pytest

from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils import _shared_memory
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._shared_memory import (
    BUCKETS,
    ENTRY,
    FIRST,
    HEAD,
    SharedMemory,
)

SMALL = 256 * 1024  # bytes


@pytest.fixture
def memory() -> SharedMemory:
    return SharedMemory()


def in_a_worker(work: c.Callable[[], object]) -> int:
    """Run in a forked process, as ansible-playbook runs a task; what the process ended with."""
    child = os.fork()
    if child == 0:
        try:
            work()
        except BaseException:
            os._exit(1)
        os._exit(0)
    return os.waitpid(child, 0)[1]


def test_workers_know_what_was_remembered_before_and_tell_what_they_learned(memory: SharedMemory) -> None:
    memory.remember("before", {"value": "t", "roles": ["ä"]}, seconds=60)

    def work() -> None:
        assert memory.recall("before") == {"value": "t", "roles": ["ä"]}
        memory.remember("within", 1, seconds=60)

    assert in_a_worker(work) == 0
    assert memory.recall("within") == 1
    assert in_a_worker(lambda: memory.remember("before", "changed", seconds=60)) == 0
    assert memory.recall("before") == "changed"


def test_what_was_never_remembered_is_none(memory: SharedMemory) -> None:
    assert memory.recall("token") is None


def test_false_is_remembered_as_false(memory: SharedMemory) -> None:
    memory.remember("created:x", False, seconds=60)
    assert memory.recall("created:x") is False


@pytest.mark.parametrize("seconds", [0, -1])
def test_what_has_expired_is_forgotten(memory: SharedMemory, seconds: float) -> None:
    memory.remember("kept", 1, seconds=60)
    memory.remember("token", "t", seconds=60)
    memory.remember("token", "t", seconds=seconds)
    assert memory.recall("token") is None
    assert memory.recall("kept") == 1


def test_two_runs_share_nothing(memory: SharedMemory) -> None:
    memory.remember("token", "t", seconds=60)
    assert SharedMemory().recall("token") is None


def test_a_full_table_is_begun_anew() -> None:
    memory = SharedMemory(size=SMALL)
    for number in range(100):
        memory.remember(f"token:{number}", "x" * 10_000, seconds=60)
        assert memory.recall(f"token:{number}") == "x" * 10_000
    assert memory.recall("token:0") is None
    assert memory.recall("token:98") == "x" * 10_000


def test_what_does_not_fit_at_all_is_not_remembered() -> None:
    memory = SharedMemory(size=SMALL)
    memory.remember("huge", "x" * SMALL, seconds=60)
    assert memory.recall("huge") is None
    memory.remember("token", "t", seconds=60)
    assert memory.recall("token") == "t"


def test_many_keys_are_kept_apart(memory: SharedMemory) -> None:
    """Also those that share a bucket."""
    for number in range(3 * BUCKETS):
        memory.remember(f"created:{number}", number, seconds=60)
    assert [memory.recall(f"created:{number}") for number in range(3 * BUCKETS)] == list(range(3 * BUCKETS))


def forked(work: c.Callable[[], object]) -> int:
    """As in_a_worker, but without waiting for its end; its process id."""
    child = os.fork()
    if child == 0:
        try:
            work()
        finally:
            os._exit(0)
    return child


def test_the_sign_in_lock_keeps_others_out_while_it_is_held(memory: SharedMemory) -> None:
    events, said = os.pipe()
    waiting, go = os.pipe()

    def first() -> None:
        with memory.exclusive():
            os.write(said, b"1")
            os.read(waiting, 1)
            os.write(said, b"3")

    def second() -> None:
        os.write(said, b"2")
        with memory.exclusive():
            os.write(said, b"4")

    workers = [forked(first)]
    seen = os.read(events, 1)
    workers.append(forked(second))
    seen += os.read(events, 1)
    os.write(go, b".")
    for worker in workers:
        os.waitpid(worker, 0)
    seen += os.read(events, 10)
    assert seen == b"1234"
    for end in (events, said, waiting, go):
        os.close(end)


def test_remembering_is_possible_while_the_sign_in_lock_is_held(memory: SharedMemory) -> None:
    with memory.exclusive(), memory.exclusive():
        memory.remember("token", "t", seconds=60)
        assert memory.recall("token") == "t"


def killed_while(hold: c.Callable[[], object]) -> None:
    """A worker takes hold of something and is killed before it lets go."""

    def work() -> None:
        hold()
        os.kill(os.getpid(), signal.SIGKILL)

    assert os.WTERMSIG(in_a_worker(work)) == signal.SIGKILL


def test_a_worker_killed_with_a_lock_does_not_stop_the_others_for_ever(
    memory: SharedMemory, monkeypatch: pytest.MonkeyPatch
) -> None:
    memory.remember("before", 1, seconds=60)
    monkeypatch.setattr(_shared_memory, "LOCK_TIMEOUT", 0.05)
    monkeypatch.setattr(_shared_memory, "TABLE_TIMEOUT", 0.05)
    killed_while(lambda: memory.exclusive().__enter__())
    killed_while(lambda: _shared_memory._locked(memory._table_lock, 0.05).__enter__())
    with memory.exclusive():
        memory.remember("token", "t", seconds=60)
    assert memory.recall("token") == "t"
    assert memory.recall("before") == 1


def test_an_entry_half_written_leaves_the_one_before(memory: SharedMemory) -> None:
    memory.remember("token", "t", seconds=60)
    free = HEAD.unpack_from(memory._block)[0]
    memory._block[free : free + ENTRY.size] = b"\xff" * ENTRY.size
    assert memory.recall("token") == "t"
    memory.remember("token", "again", seconds=60)
    assert memory.recall("token") == "again"


@pytest.mark.parametrize("damaged", [b"\xff", b"\x7f", b"\x00"])
def test_a_damaged_entry_is_none(memory: SharedMemory, damaged: bytes) -> None:
    """After a worker was killed with the lock, two may write at once."""
    memory.remember("token", "t", seconds=60)
    end = HEAD.unpack_from(memory._block)[0]
    for begin in (end - 1, FIRST):
        memory._block[begin:end] = damaged * (end - begin)
        assert memory.recall("token") is None
    memory.remember("token", "again", seconds=60)
    assert memory.recall("token") == "again"


def test_an_error_lets_go_of_the_lock(memory: SharedMemory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_shared_memory, "LOCK_TIMEOUT", 0.05)
    with pytest.raises(TypeError):
        memory.remember("set", {1}, seconds=60)
    with pytest.raises(RuntimeError), memory.exclusive():
        raise RuntimeError
    assert in_a_worker(lambda: _free(memory)) == 0


def _free(memory: SharedMemory) -> None:
    assert memory._sign_in_lock.acquire(block=False)
    assert memory._table_lock.acquire(block=False)
