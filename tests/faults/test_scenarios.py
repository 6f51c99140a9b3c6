# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Problems that are not a fault of one request: many runs at once, stores that fail, a worker that outlives its run."""

from __future__ import annotations

import concurrent.futures
import contextlib
import datetime
import shutil
import signal
import sys
import typing as t

import pytest

from ansible_collections.email_gateway.azure_apps.tests.faults.promise import broken_promises
from ansible_collections.email_gateway.azure_apps.tests.playbooks.playbook_runner import Playbooks, Run
from ansible_collections.email_gateway.azure_apps.tests.playbooks.warm_playbook import Process

EIGHT = 8


def _at_once(runs: t.Sequence[t.Callable[[], Run]]) -> list[Run]:
    with concurrent.futures.ThreadPoolExecutor(len(runs)) as pool:
        return [job.result() for job in [pool.submit(run) for run in runs]]


def _made_due(playbooks: Playbooks) -> str:
    """Set the end of the stored secret to five days from now; returns its key id."""
    key_id: str = playbooks.stored()["key_id"]
    soon = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=5)
    for credential in playbooks.tenant.application(uniqueName="gateway")["passwordCredentials"]:
        if credential["keyId"] == key_id:
            credential["endDateTime"] = soon.strftime("%Y-%m-%dT%H:%M:%SZ")
    return key_id


def _register(playbooks: Playbooks, **variables: t.Any) -> t.Callable[[], Run]:
    return lambda: playbooks.register(gateway_app_wait_timeout=120, **variables)


def test_eight_runs_at_once_for_one_gateway_create_one_secret(playbooks: Playbooks) -> None:
    for run in _at_once([_register(playbooks)] * EIGHT):
        run.ok()
    assert broken_promises(playbooks) == []
    assert not playbooks.claims.exists()


def test_eight_runs_at_once_renew_a_due_secret_once(playbooks: Playbooks) -> None:
    playbooks.register().ok()
    old = _made_due(playbooks)
    for run in _at_once([_register(playbooks)] * EIGHT):
        run.ok()
    assert broken_promises(playbooks, kept=[old]) == []


def test_eight_runs_at_once_for_eight_gateways_succeed(playbooks: Playbooks) -> None:
    names = [f"gateway{number}" for number in range(EIGHT)]
    runs = [_register(playbooks, gateway_app_unique_name=name, gateway_app_display_name=name) for name in names]
    for run in _at_once(runs):
        run.ok()
    assert len(playbooks.tenant.applications) == EIGHT
    for name in names:
        assert broken_promises(playbooks, unique_name=name) == []


def test_several_hosts_of_one_run_can_share_an_application(playbooks: Playbooks) -> None:
    variables = {
        "gateway_app_profile": "outbound_microsoft365",
        "gateway_app_display_name": "Gateway",
        "gateway_app_unique_name": "gateway",
        "gateway_app_wait_timeout": 60,
    }
    play = {
        "hosts": "all",
        "gather_facts": False,
        "vars": variables,
        "roles": ["email_gateway.azure_apps.gateway_app"],
    }
    path = playbooks.folder / "shared.yml"
    path.write_text(str([play]))
    hosts = "gateway1,gateway2,gateway3,"
    playbooks.command("ansible-playbook", "-i", hosts, str(path)).ok()
    assert broken_promises(playbooks) == []
    assert playbooks.command("ansible-playbook", "-i", hosts, str(path)).ok().writes == []


def test_runs_in_separate_folders_do_not_remove_each_other_s_secret(playbooks: Playbooks) -> None:
    playbooks.register().ok()
    first = playbooks.stored()["key_id"]
    elsewhere = playbooks.folder / "elsewhere.vault.yml"
    playbooks.register(gateway_app_store_path=str(elsewhere)).ok()
    live = {c["keyId"] for c in playbooks.tenant.application(uniqueName="gateway")["passwordCredentials"]}
    assert len(live) == 2
    assert first in live


@pytest.mark.parametrize("due", [False, True], ids=["register", "rotate"])
@pytest.mark.parametrize(
    ("limit", "made"), [(64, False), (700, True)], ids=["not even the claim fits", "the store does not fit"]
)
def test_a_full_disk_loses_no_secret(playbooks: Playbooks, due: bool, limit: int, made: bool) -> None:
    """No file may grow beyond the limit, so that a write fails as on a full disk."""
    kept = []
    if due:
        playbooks.register().ok()
        kept = [_made_due(playbooks)]
    playbooks.environ["LIMIT"] = str(limit)
    limited = playbooks.folder / "bin" / "ansible-playbook"
    limited.parent.mkdir()
    limited.write_text(
        f"#!{sys.executable}\nimport os, resource, sys\n"
        f"resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {limit}))\n"
        f"os.execv({shutil.which('ansible-playbook', path=playbooks.environ['PATH'])!r}, sys.argv)\n"
    )
    limited.chmod(0o755)
    # Python before 3.14 would keep compiled files that were cut off at the limit, and later runs would use them.
    environ = {"PATH": f"{limited.parent}:{playbooks.environ['PATH']}", "PYTHONDONTWRITEBYTECODE": "1"}
    run = playbooks.register(environ=environ)
    run.failed("File too large" if made else "could not be")
    assert any(entry.path.endswith("addPassword") for entry in run.writes) == made
    live = [c["keyId"] for c in playbooks.tenant.application(uniqueName="gateway")["passwordCredentials"]]
    assert live == kept
    playbooks.register().ok()
    assert broken_promises(playbooks, kept=kept) == []


@pytest.mark.skipif(sys.platform != "linux", reason="needs a folder that takes no files, not even from root")
def test_a_store_in_a_folder_that_accepts_no_files_loses_no_secret(playbooks: Playbooks) -> None:
    run = playbooks.register(gateway_app_store_path="/proc/gateway/gateway.vault.yml").failed("could not be opened")
    assert not any(entry.path.endswith("addPassword") for entry in run.writes)
    playbooks.register().ok()
    assert broken_promises(playbooks) == []


def test_a_store_that_is_removed_between_creating_and_storing_is_created_again(playbooks: Playbooks) -> None:
    playbooks.server.faults.add(path="/addPassword$", then=lambda: shutil.rmtree(playbooks.store.parent))
    playbooks.register().ok()
    assert broken_promises(playbooks) == []


def test_a_store_that_becomes_unwritable_between_creating_and_storing_is_rolled_back(playbooks: Playbooks) -> None:
    playbooks.break_store_after_create(playbooks.store)
    playbooks.register().failed("could not be stored", "removed from the tenant again")
    assert playbooks.tenant.application(uniqueName="gateway")["passwordCredentials"] == []
    playbooks.store.parent.unlink()
    playbooks.register().ok()
    assert broken_promises(playbooks) == []


def test_a_run_waits_for_the_worker_of_a_killed_run(playbooks: Playbooks) -> None:
    """Only ansible-playbook is killed, while its worker waits for the response with the new secret."""
    killed: list[Process] = []
    rest: list[Run] = []

    def kill() -> None:
        killed[0].send_signal(signal.SIGKILL)

    playbooks.server.faults.add(path="addPassword", then=kill, delay_after=4.0)
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        first = pool.submit(playbooks.register, started=killed.append)
        with contextlib.suppress(TimeoutError):
            while not killed or killed[0].poll() is None:
                first.exception(timeout=0.2)
        playbooks.server.faults.clear()
        rest.append(playbooks.register(gateway_app_wait_timeout=60))
        first.result()
    rest[0].ok()
    assert broken_promises(playbooks) == []


def test_a_lost_store_is_created_again_and_the_old_secret_is_named(playbooks: Playbooks) -> None:
    """The old secret keeps working for gateways that still use it; only a person knows when it can be removed."""
    playbooks.register().ok()
    old = playbooks.stored()["key_id"]
    playbooks.store.unlink()
    run = playbooks.register().ok()
    assert broken_promises(playbooks, kept=[old]) == []
    assert old in run.output
