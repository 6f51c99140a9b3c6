# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The emulator as a process: its output, and how it ends."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests

PACKAGE = Path(__file__).resolve().parents[3] / "roles" / "graph_emulator" / "files" / "graph_emulator"


@contextmanager
def started(*arguments: str, by_path: bool = False) -> Iterator[tuple[subprocess.Popen[str], dict[str, Any]]]:
    target = [str(PACKAGE)] if by_path else ["-m", "graph_emulator"]
    process = subprocess.Popen(
        [sys.executable, *target, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=tempfile.gettempdir(),
        env={**os.environ, "PYTHONPATH": str(PACKAGE.parent), "PYTHONDONTWRITEBYTECODE": "1"},
    )
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
        assert line, process.communicate()[1]
        yield process, json.loads(line)
    finally:
        process.terminate()
        process.communicate(timeout=10)


@pytest.mark.parametrize("by_path", [False, True])
def test_the_emulator_starts_serves_and_stops(by_path: bool) -> None:
    with started(by_path=by_path) as (process, announced):
        assert {"graph", "authority", "tenant_id", "client_id", "client_secret", "ca_file"} <= set(announced)
        assert {"smtp_host", "smtp_port"} <= set(announced)
        session = requests.Session()
        session.verify, session.trust_env = announced["ca_file"], False
        answer = session.post(
            f"{announced['authority']}/{announced['tenant_id']}/oauth2/v2.0/token",
            timeout=10,
            data={
                "grant_type": "client_credentials",
                "client_id": announced["client_id"],
                "client_secret": announced["client_secret"],
                "scope": "https://graph.microsoft.com/.default",
            },
        )
        assert answer.status_code == 200
        process.send_signal(signal.SIGTERM)
        output, errors = process.communicate(timeout=5)
        assert (process.returncode, output, errors) == (0, "", "")
        assert not Path(announced["ca_file"]).parent.exists()


def test_the_commands_for_azure_cli_are_printed() -> None:
    with started("--paste") as (process, announced):
        assert process.stderr is not None
        exported, *commands = (shlex.split(process.stderr.readline()) for _line in range(4))
        folder = Path(announced["ca_file"]).parent
        assert exported == [
            "export",
            f"REQUESTS_CA_BUNDLE={announced['ca_file']}",
            f"AZURE_CONFIG_DIR={folder / 'azure'}",
            "AZURE_CORE_INSTANCE_DISCOVERY=false",
            "AZURE_CORE_COLLECT_TELEMETRY=false",
        ]
        register, choose, login = commands
        assert register == [
            *("az", "cloud", "register", "--name", "GraphEmulator"),
            *("--endpoint-resource-manager", announced["resource_manager"]),
        ]
        assert choose == ["az", "cloud", "set", "--name", "GraphEmulator"]
        assert login == [
            *("az", "login", "--service-principal", "--username", announced["client_id"]),
            *("--password", announced["client_secret"], "--tenant", announced["tenant_id"], "--allow-no-subscriptions"),
        ]


def test_a_used_port_is_reported() -> None:
    with started() as (_process, announced):
        port = announced["graph"].rpartition(":")[2]
        second = subprocess.run(
            [sys.executable, str(PACKAGE), "--port", port], capture_output=True, text=True, timeout=20, check=False
        )
    assert second.returncode == 2
    assert second.stdout == ""
    assert second.stderr.count("\n") == 1 and port in second.stderr


def test_an_interrupt_removes_the_files_in_the_state_directory(tmp_path: Path) -> None:
    with started("--state-dir", str(tmp_path), "--secret-delay", "1.5") as (process, announced):
        assert announced["ca_file"] == str(tmp_path / "ca.pem")
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=5)
        assert process.returncode == 0
    assert list(tmp_path.iterdir()) == []


def test_a_missing_dependency_is_reported(tmp_path: Path) -> None:
    (tmp_path / "uvicorn.py").write_text("raise ModuleNotFoundError(\"No module named 'uvicorn'\", name='uvicorn')\n")
    done = subprocess.run(
        [sys.executable, "-m", "graph_emulator"],
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
        env={**os.environ, "PYTHONPATH": f"{tmp_path}{os.pathsep}{PACKAGE.parent}", "PYTHONDONTWRITEBYTECODE": "1"},
    )
    assert done.returncode == 1
    assert "uvicorn" in done.stderr and done.stderr.count("\n") == 1
