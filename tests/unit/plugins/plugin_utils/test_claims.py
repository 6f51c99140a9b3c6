# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Claims with real locks: other runs are real processes."""

from __future__ import annotations

import collections.abc as c
import datetime
import fcntl
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.errors import ConflictError, InputError
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._credential.action import claims_path
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._credential.claims import Claims, this_kernel

START = datetime.datetime(2026, 11, 23, 7, 0, 0, 123456, datetime.timezone.utc)
WRITTEN = "2026-11-23T07:00:00.123456Z"
LATER = START + datetime.timedelta(seconds=1)
# Another container with the same kernel: it has another temporary folder, and perhaps the same host name.
OTHER_RUN = """
import datetime, sys
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._credential.claims import Claims
claims = Claims(sys.argv[1], inventory_host="other")
with claims.locked(wait=True, seconds=10):
    claims.claim(datetime.datetime.fromisoformat(sys.argv[2]), seconds=600)
    print("claimed", flush=True)
    sys.stdin.read()
"""


def test_claims_need_a_store_in_a_file_or_a_path() -> None:
    with pytest.raises(InputError, match="no store is a file") as failure:
        claims_path([], None)
    assert "O(store_path)" in failure.value.next_step
    assert claims_path([], "/srv/gateway") == "/srv/gateway.claims"


@pytest.fixture
def path(tmp_path: Path) -> str:
    return str(tmp_path / "sub" / "gateway.claims")


@pytest.fixture
def claims(path: str) -> Claims:
    return Claims(path, inventory_host="localhost")


def start_other_run(path: str, folder: Path, script: str = OTHER_RUN) -> subprocess.Popen[str]:
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "ANSIBLE_LOCAL_TEMP": str(folder)}
    process = subprocess.Popen(
        [sys.executable, "-c", script, path, START.isoformat()],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environ,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "claimed\n"
    return process


@pytest.fixture
def other_run(path: str, tmp_path: Path) -> c.Iterator[subprocess.Popen[str]]:
    """A process of its own that has made a claim and is running."""
    with start_other_run(path, tmp_path / "of another run") as process:
        yield process
        process.kill()


def left_by(claims: Claims, start: datetime.datetime) -> None:
    """A run that ended without settling its claim."""
    with claims.locked(wait=True, seconds=1):
        claims.claim(start, seconds=60)


def is_locked(claims: Claims) -> bool:
    with claims.locked(wait=False, seconds=1) as got:
        return not got


def test_a_settled_claim_leaves_no_file(claims: Claims, path: str) -> None:
    assert claims.look() == []
    assert not os.path.exists(os.path.dirname(path)), "reading creates nothing"
    with claims.locked(wait=True, seconds=1) as got:
        assert got is True
        claims.claim(START, seconds=60)
        assert oct(os.stat(path).st_mode & 0o777) == "0o600"
        assert oct(os.stat(os.path.dirname(path)).st_mode & 0o777) == "0o700"
        assert json.loads(Path(path).read_text())[0]["start"] == WRITTEN
        claims.settle([START])
    assert not os.path.exists(path)


def test_a_name_that_is_too_long_for_a_file_is_refused(tmp_path: Path) -> None:
    claims = Claims(str(tmp_path / "new" / ("g" * 300) / "gateway.claims"), inventory_host="localhost")
    with (
        pytest.raises(ConflictError, match=r"could not be opened: .* longer than"),
        claims.locked(wait=True, seconds=1),
    ):
        pass
    assert os.listdir(tmp_path) == []


def test_an_unsettled_claim_is_kept_until_it_is_settled(claims: Claims, path: str) -> None:
    left_by(claims, START)
    assert claims.look() == [START]
    with claims.locked(wait=True, seconds=1):
        assert claims.unconfirmed_starts == [START]
        claims.claim(LATER, seconds=60)
        assert claims.unconfirmed_starts == [START], "its own start is not searched for"
        claims.settle([LATER])
    assert claims.look() == [START]
    with claims.locked(wait=True, seconds=1):
        claims.settle([START])
    assert not os.path.exists(path)


@pytest.mark.usefixtures("other_run")
def test_the_lock_of_another_run_lasts_until_it_ends(claims: Claims) -> None:
    assert is_locked(claims)
    assert claims.look() == [], "it will settle its start itself"
    with pytest.raises(ConflictError, match=r"for other has been changing this credential") as failure:
        with claims.locked(wait=True, seconds=0.1):
            pass
    assert claims.path in failure.value.message
    assert "wait_timeout" in failure.value.next_step


def test_a_killed_run_releases_its_lock_and_leaves_its_claim(claims: Claims, other_run: subprocess.Popen[str]) -> None:
    other_run.send_signal(signal.SIGKILL)
    other_run.wait()
    assert claims.look() == [START]
    with claims.locked(wait=True, seconds=1):
        assert claims.unconfirmed_starts == [START]


def test_a_worker_that_outlives_its_run_keeps_the_lock(claims: Claims, path: str, tmp_path: Path) -> None:
    script = OTHER_RUN.replace("    print(", "    import os\n    if os.fork():\n        os._exit(0)\n    print(")
    with start_other_run(path, tmp_path, script) as parent:
        assert parent.stdout is not None and parent.stdin is not None
        parent.wait()
        assert is_locked(claims)
        parent.stdin.close()  # ends the worker
        assert parent.stdout.read() == ""
        assert claims.look() == [START]


@pytest.mark.parametrize(("until", "blocks"), [("2999-01-01T00:00:00Z", True), ("2026-01-01T00:00:00Z", False)])
@pytest.mark.parametrize("ended", [True, False])
def test_a_claim_of_another_kernel_is_respected_until_it_expires(
    claims: Claims, path: str, until: str, blocks: bool, ended: bool
) -> None:
    entry = {"start": WRITTEN, "kernel": "another", "host_name": "elsewhere", "inventory_host": "h", "until": until}
    os.makedirs(os.path.dirname(path))
    Path(path).write_text(json.dumps([{**entry, "ended": ended}]))
    assert is_locked(claims) is (blocks and not ended)
    assert claims.look() == ([] if blocks and not ended else [START])


@pytest.mark.parametrize(("seconds", "blocks"), [(3600, True), (-1, False)])
def test_without_locks_every_claim_expires(
    claims: Claims, path: str, monkeypatch: pytest.MonkeyPatch, seconds: float, blocks: bool
) -> None:
    def unsupported(_file: int, _operation: int) -> None:
        raise OSError(95, "Operation not supported")

    until = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds)
    entry = {"start": WRITTEN, "kernel": this_kernel(), "host_name": "here", "inventory_host": "h"}
    os.makedirs(os.path.dirname(path))
    Path(path).write_text(json.dumps([{**entry, "until": until.isoformat().replace("+00:00", "Z")}]))
    monkeypatch.setattr(fcntl, "flock", unsupported)
    assert is_locked(claims) is blocks
    assert claims.look() == ([] if blocks else [START])


NO_START = '[{"start": "x", "kernel": "k", "host_name": "h", "inventory_host": "h", "until": "2026-01-01T00:00:00Z"}]'


NO_END = NO_START.replace('"x"', f'"{WRITTEN}"').replace('"2026-01-01T00:00:00Z"', "0")
NO_HOST = NO_START.replace('"x"', f'"{WRITTEN}"').replace('"inventory_host": "h"', '"inventory_host": null')


@pytest.mark.parametrize(
    "content", ["precious", "[1]", '[{"start": "x"}]', NO_START, NO_END, NO_HOST, '{"a": 1}', "[null]", "[" * 100_000]
)
def test_a_foreign_file_is_not_changed(claims: Claims, path: str, content: str) -> None:
    os.makedirs(os.path.dirname(path))
    Path(path).write_text(content)
    with pytest.raises(ConflictError, match="not a claims file"):
        left_by(claims, START)
    assert Path(path).read_text() == content


def test_the_remains_of_a_longer_list_are_ignored(claims: Claims, path: str) -> None:
    """Left by a run that was killed between writing and truncating."""
    left_by(claims, START)
    with open(path, "a", encoding="ascii") as file:
        file.write('"host": "x", "until": "2026')
    assert claims.look() == [START]


def test_a_link_is_not_followed(claims: Claims, path: str, tmp_path: Path) -> None:
    os.makedirs(os.path.dirname(path))
    (tmp_path / "target").write_text("precious")
    os.symlink(tmp_path / "target", path)
    with pytest.raises(ConflictError, match="could not be opened"):
        left_by(claims, START)
    assert (tmp_path / "target").read_text() == "precious"


def test_a_place_where_the_file_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    claims = Claims(str(tmp_path / "file" / "gateway.claims"), inventory_host="localhost")
    with pytest.raises(ConflictError, match=r"gateway\.claims could not be opened"):
        left_by(claims, START)
