# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Claims against real locks: other runs are real processes."""

from __future__ import annotations

import datetime
import json
import os
import signal
import subprocess
import sys
import typing as t
from pathlib import Path

import pytest

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.errors import ConflictError
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._claims import Claims
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._run_lock import RunLock

START = datetime.datetime(2026, 11, 23, 7, 0, 0, 123456, datetime.timezone.utc)
WRITTEN = "2026-11-23T07:00:00.123456Z"
LATER = START + datetime.timedelta(seconds=1)
OTHER_RUN = """
import datetime, sys
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._claims import Claims
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._run_lock import RUN_LOCK
start = datetime.datetime.fromisoformat(sys.argv[2])
Claims(sys.argv[1], run=RUN_LOCK, host="other").take(start, seconds=600)
print("claimed", flush=True)
sys.stdin.read()
"""


def _run(folder: Path, name: str = "run") -> RunLock:
    (folder / name).mkdir(exist_ok=True)
    return RunLock(str(folder / name))


@pytest.fixture
def path(tmp_path: Path) -> str:
    return str(tmp_path / "sub" / "gateway.claims")


@pytest.fixture
def claims(tmp_path: Path, path: str) -> Claims:
    return Claims(path, run=_run(tmp_path), host="localhost")


@pytest.fixture
def other_run(path: str) -> t.Iterator[subprocess.Popen[str]]:
    """A process of its own that has claimed and lives."""
    with subprocess.Popen(
        [sys.executable, "-c", OTHER_RUN, path, START.isoformat()],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "claimed\n"
        yield process
        process.kill()


def test_a_claim_that_ended_leaves_no_file(claims: Claims, path: str) -> None:
    assert claims.lost_starts() == []
    assert claims.take(START, seconds=60) == (None, [])
    assert oct(os.stat(path).st_mode & 0o777) == "0o600"
    assert oct(os.stat(os.path.dirname(path)).st_mode & 0o777) == "0o700"
    claims.end([WRITTEN])
    assert not os.path.exists(path)
    claims.end([WRITTEN])


def test_what_was_not_settled_is_remembered(claims: Claims) -> None:
    claims.take(START, seconds=60)
    claims.end([])
    assert claims.lost_starts() == [WRITTEN]
    blocked_by, lost = claims.take(LATER, seconds=60)
    assert (blocked_by, lost) == (None, [WRITTEN])


def test_another_run_is_in_the_way_for_as_long_as_it_lives(claims: Claims, other_run: subprocess.Popen[str]) -> None:
    blocked_by, lost = claims.take(LATER, seconds=60)
    assert blocked_by is not None and "for other" in str(blocked_by)
    assert lost == []
    assert claims.lost_starts() == []
    other_run.send_signal(signal.SIGKILL)
    other_run.wait()
    assert claims.lost_starts() == [WRITTEN]
    assert claims.take(LATER, seconds=60) == (None, [WRITTEN])


def test_a_worker_that_outlives_its_run_still_counts(claims: Claims, path: str) -> None:
    script = OTHER_RUN.replace("print(", "import os\nif os.fork():\n    os._exit(0)\nprint(")
    with subprocess.Popen(
        [sys.executable, "-c", script, path, START.isoformat()],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    ) as parent:
        assert parent.stdout is not None and parent.stdin is not None
        assert parent.stdout.readline() == "claimed\n"
        parent.wait()
        assert claims.take(LATER, seconds=60)[0] is not None
        parent.stdin.close()  # ends the worker
        assert parent.stdout.read() == ""
        assert claims.take(LATER, seconds=60) == (None, [WRITTEN])


def test_hosts_of_one_run_do_not_wait_for_each_other(tmp_path: Path, path: str) -> None:
    run = _run(tmp_path)
    first, second = (Claims(path, run=run, host=host) for host in ("one", "two"))
    assert first.take(START, seconds=60) == (None, [])
    assert second.take(LATER, seconds=60) == (None, []), "the secret of a host that is at work is not lost"
    first.end([WRITTEN])
    assert os.path.exists(path)


def test_an_earlier_claim_of_the_same_host_in_the_same_run_is_over(claims: Claims) -> None:
    claims.take(START, seconds=60)
    assert claims.take(LATER, seconds=60) == (None, [WRITTEN])


@pytest.mark.parametrize(("until", "blocks"), [("2999-01-01T00:00:00Z", True), ("2026-01-01T00:00:00Z", False)])
def test_a_run_on_another_machine_is_in_the_way_until_its_time_is_over(
    claims: Claims, path: str, until: str, blocks: bool
) -> None:
    entry = {"start": WRITTEN, "machine": "elsewhere", "run": "/x/azure_apps.run", "host": "h", "until": until}
    os.makedirs(os.path.dirname(path))
    Path(path).write_text(json.dumps([{**entry, "ended": False}]))
    assert (claims.take(LATER, seconds=60)[0] is not None) == blocks


@pytest.mark.parametrize("content", ["precious", "[1]", '[{"start": "x"}]', '{"a": 1}', "[null]"])
def test_a_file_of_somebody_else_is_left_as_it_is(claims: Claims, path: str, content: str) -> None:
    os.makedirs(os.path.dirname(path))
    Path(path).write_text(content)
    with pytest.raises(ConflictError, match="no file of claims"):
        claims.take(START, seconds=60)
    assert Path(path).read_text() == content


def test_the_rest_of_a_longer_list_is_no_trouble(claims: Claims, path: str) -> None:
    """A run that was killed between writing and cutting off leaves one."""
    claims.take(START, seconds=60)
    with open(path, "a", encoding="ascii") as file:
        file.write('"host": "x", "until": "2026')
    assert claims.take(LATER, seconds=60) == (None, [WRITTEN])


def test_a_place_that_cannot_hold_the_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    claims = Claims(str(tmp_path / "file" / "gateway.claims"), run=_run(tmp_path), host="localhost")
    with pytest.raises(ConflictError, match=r"gateway\.claims could not be opened"):
        claims.take(START, seconds=60)
