# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The parts of `make clients`: the network of its own, the table, the installation."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from ansible_collections.email_gateway.azure_apps.tests.clients import own_network
from ansible_collections.email_gateway.azure_apps.tests.clients.life import Life, table

ROOT = Path(__file__).resolve().parents[2]
PRINT_REFUSED = [sys.executable, "-c", f"import os; print(os.environ[{own_network.REFUSED!r}])"]


def in_own_network(folder: Path) -> str:
    """The value of the variable in a command; `unshare` is looked for in the folder."""
    command = [sys.executable, own_network.__file__, *PRINT_REFUSED]
    environ = {**os.environ, "PATH": str(folder)}
    return subprocess.run(command, env=environ, capture_output=True, text=True, check=True).stdout


def test_without_namespaces_the_command_runs_unchanged(tmp_path: Path) -> None:
    assert in_own_network(tmp_path) == "unshare cannot be run (No such file or directory)\n"


def test_the_reason_of_a_refusal_is_passed_on(tmp_path: Path) -> None:
    refusing = tmp_path / "unshare"
    refusing.write_text("#!/bin/sh\necho 'unshare failed: Operation not permitted' >&2\nexit 1\n")
    refusing.chmod(0o755)
    assert in_own_network(tmp_path) == "unshare failed: Operation not permitted\n"


def test_a_call_is_correct_once_its_response_is_checked() -> None:
    life = Life("a client", "1.0")
    with life.call("create"):
        pass
    life.check_state([1], [1])
    with pytest.raises(AssertionError), life.call("read"):
        raise AssertionError
    with pytest.raises(AssertionError, match=r"after read: the tenant holds 1 instead of 2"):
        life.check_state(1, 2)
    assert (life.tried, life.right, life.looks) == (["create", "read"], 1, 1)


def test_the_table_sums_up_the_tests_of_a_client() -> None:
    first = Life("b", "1.0", tried=["x", "y"], right=2, looks=1)
    second = Life("b", "1.0", tried=["z"], right=0, looks=0)
    other = Life("a", "2.0", tried=["x"], right=1, looks=5)
    _head, *lines = table(life.as_property() for life in (first, second, other))
    assert [line.split() for line in lines] == [["a", "2.0", "1", "1", "5"], ["b", "1.0", "3", "2", "1"]]


def test_all_versions_are_pinned_without_a_registry() -> None:
    for path in sorted((ROOT / "tests" / "clients").glob("requirements-*.txt")):
        lines = [line for line in path.read_text().splitlines() if line and not line.startswith("#")]
        assert lines and all(re.fullmatch(r"[a-z0-9-]+==[0-9][a-z0-9.]*", line) for line in lines), path
    packages = (ROOT / "tests" / "clients" / "package.json").read_text()
    versions = re.findall(r'"@[a-z0-9/-]+": "(.*)"', packages)
    assert len(versions) == 3 and all(re.fullmatch(r"[0-9]+\.[0-9]+\.[0-9]+", version) for version in versions)
    assert "://" not in packages


def test_an_unknown_client_is_an_error() -> None:
    done = subprocess.run([ROOT / ".ci/dev", "clients", "nosuch"], capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "azure-cli, azure-azcollection or node, not nosuch" in done.stderr
