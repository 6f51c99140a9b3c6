# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A credential task with time-outs, kills and other processes, all of them real."""

from __future__ import annotations

import collections.abc as c
import contextlib
import datetime
import fcntl
import os
import select
import signal
import time
import typing as t
from pathlib import Path

import pytest

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core import patience as _patience
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._http.client import HttpClient, Response
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._credential.claims import Claims
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._run.shared_memory import SharedMemory
from ansible_collections.email_gateway.azure_apps.tests.unit.credential_gateway import Gateway
from ansible_collections.email_gateway.azure_apps.tests.unit.tenant import Tenant

RENEWAL_REQUESTS = 7  # from the sign-in to the last one


class TimedOut(BaseException):
    """Like ansible-core's TaskTimeoutError."""


@pytest.fixture
def gateway(tenant: Tenant, tmp_path: Path) -> Gateway:
    tenant.register()
    made = Gateway(tenant, tmp_path, blind=(False, False))
    made.ok()
    return made


@pytest.fixture
def alarm() -> c.Iterator[None]:
    """The alarm that Ansible sets for a task with a time-out."""

    def stop(_number: int, _frame: t.Any) -> None:
        raise TimedOut

    before = signal.signal(signal.SIGALRM, stop)
    yield
    signal.signal(signal.SIGALRM, before)


def in_another_process(work: c.Callable[[], object]) -> int:
    """Returns its process id. Time is real there."""
    child = os.fork()
    if child == 0:
        try:
            _patience.time = time  # type: ignore[attr-defined]
            work()
        except BaseException:
            os._exit(1)
        os._exit(0)
    return child


def ended(child: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def test_a_renewal_has_the_expected_number_of_requests(gateway: Gateway) -> None:
    gateway.tenant.clear_requests()
    gateway.ok(rotate=True)
    assert len(gateway.tenant.server.requests()) == RENEWAL_REQUESTS


@pytest.mark.usefixtures("alarm")
@pytest.mark.parametrize("number", range(1, RENEWAL_REQUESTS + 1))
def test_a_time_out_at_any_request_loses_nothing(gateway: Gateway, number: int) -> None:
    old = gateway.stored
    # In the emulator's thread; Python calls the handler in the main thread, which waits for the response.
    gateway.tenant.server.faults.add(path=".", nth=number, then=lambda: os.kill(os.getpid(), signal.SIGALRM))
    with pytest.raises(TimedOut):
        gateway.run(rotate=True)
    assert callable(signal.getsignal(signal.SIGALRM))
    gateway.tenant.server.faults.clear()
    assert {*gateway.secrets} == {old.key_id, gateway.stored.key_id}
    gateway.check_promise()


@pytest.mark.usefixtures("alarm")
def test_a_time_out_during_the_writes_is_raised_after_all_stores_are_written(gateway: Gateway) -> None:
    def stop(step: str) -> None:
        if step == "written":
            gateway.shelves[0].then = None
            os.kill(os.getpid(), signal.SIGALRM)

    gateway.shelves[0].then = stop
    with pytest.raises(TimedOut):
        gateway.run(rotate=True)
    gateway.check_promise()
    assert len(gateway.stored.previous_key_ids) == 1


@pytest.mark.usefixtures("alarm")
def test_a_time_out_ends_the_wait_for_acceptance_and_removes_the_secret(gateway: Gateway) -> None:
    old = gateway.stored
    refusal = {"error": "invalid_client", "error_description": "AADSTS7000215: Invalid client secret provided."}

    def refuse_and_stop() -> None:
        gateway.tenant.server.faults.add(path="/token$", status=401, body=refusal, times=999)
        os.kill(os.getpid(), signal.SIGALRM)

    gateway.tenant.server.faults.add(path="addPassword", then=refuse_and_stop)
    with pytest.raises(TimedOut):
        gateway.run(rotate=True)
    gateway.tenant.server.faults.clear()
    assert gateway.stored == old
    assert {*gateway.secrets} == {old.key_id}
    assert not gateway.claims.exists()


@pytest.mark.parametrize("stop", [KeyboardInterrupt, SystemExit, ZeroDivisionError])
def test_any_exception_during_a_write_is_rolled_back(gateway: Gateway, stop: type[BaseException]) -> None:
    old = gateway.stored

    def interrupt(step: str) -> None:
        if step == "written":
            gateway.shelves[0].then = None
            raise stop

    gateway.shelves[0].then = interrupt
    with pytest.raises(stop):
        gateway.run(rotate=True)
    assert gateway.stored == old
    assert {*gateway.secrets} == {old.key_id}
    gateway.check_promise()


@pytest.mark.parametrize("processed", [True, False])
@pytest.mark.parametrize("number", range(1, RENEWAL_REQUESTS + 1))
def test_the_next_run_repairs_the_state_after_a_kill_at_any_request(
    gateway: Gateway, number: int, processed: bool
) -> None:
    old = gateway.stored.key_id
    seen = [0]

    def work() -> None:
        request = HttpClient.request

        def killed(client: HttpClient, *args: t.Any, **kwargs: t.Any) -> Response:
            seen[0] += 1
            if seen[0] == number and not processed:
                os._exit(9)
            answer = request(client, *args, **kwargs)
            if seen[0] == number:
                os._exit(9)
            return answer

        HttpClient.request = killed  # type: ignore[method-assign,assignment]
        gateway.run(rotate=True)

    ended(in_another_process(work))
    gateway.ok()
    assert {*gateway.secrets} <= {old, gateway.stored.key_id, *gateway.stored.previous_key_ids}
    assert gateway.ok()["changed"] is False
    gateway.check_promise(may_claim=True)


def test_two_concurrent_runs_create_one_secret(tenant: Tenant, tmp_path: Path) -> None:
    """Each with a temporary folder of its own, like two runs, or two containers with the same host name."""
    tenant.register()
    gateway = Gateway(tenant, tmp_path)
    gateway.same_run = True
    children = []
    for name in ("first", "second", "third"):
        (tmp_path / name).mkdir()

        def work(folder: Path = tmp_path / name) -> None:
            tenant.memory = SharedMemory(str(folder))
            gateway.ok()

        children.append(in_another_process(work))
    assert [ended(child) for child in children] == [0, 0, 0]
    assert len(gateway.secrets) == 1
    gateway.check_promise()


def test_parallel_hosts_of_one_run_create_one_secret(tenant: Tenant, tmp_path: Path) -> None:
    tenant.register()
    gateway = Gateway(tenant, tmp_path)
    gateway.same_run = True

    def work(host: str) -> None:
        gateway.host = host
        gateway.ok(rotate=True)

    children = [in_another_process(lambda host=host: work(host)) for host in ("one", "two", "three")]  # type: ignore[misc]
    assert [ended(child) for child in children] == [0, 0, 0]
    assert len(gateway.secrets) == 1
    gateway.check_promise()


def test_a_concurrent_run_is_waited_for_and_then_named(gateway: Gateway, tmp_path: Path) -> None:
    ready, started = os.pipe()
    go, finished = os.pipe()

    def work() -> None:
        def wait(step: str) -> None:
            if step == "write":
                gateway.shelves[0].then = None
                os.write(started, b".")
                os.read(go, 1)

        gateway.host = "slow"
        gateway.shelves[0].then = wait
        gateway.ok(rotate=True)

    child = in_another_process(work)
    try:
        assert select.select([ready], [], [], 30)[0], "the other process did not reach this point"
        gateway.run_folder = tmp_path / "another run"
        gateway.run_folder.mkdir()
        before = {*gateway.secrets}
        gateway.fails("for slow has been changing this credential", str(gateway.claims), rotate=True, wait_timeout=3)
        assert {*gateway.secrets} == before
        # A steady state does not wait for it.
        assert gateway.ok()["changed"] is False
        os.write(finished, b".")
        assert ended(child) == 0
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)
    gateway.check_promise()


def test_a_run_that_changes_nothing_does_not_wait_to_remove_an_old_claim(gateway: Gateway) -> None:
    left = Claims(str(gateway.claims), inventory_host="two")
    with left.locked(wait=True, seconds=1):
        left.claim(datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(days=9), seconds=1)
    with gateway.claims.open() as file:
        gateway.shelves[0].then = lambda _step: fcntl.flock(file, fcntl.LOCK_EX)
        assert gateway.ok()["changed"] is False
        assert gateway.claims.exists()
    gateway.shelves[0].then = None
    assert gateway.ok()["changed"] is False
    assert not gateway.claims.exists()
