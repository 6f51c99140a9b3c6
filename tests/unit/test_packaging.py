# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The tarball: its content, and that it works when installed with ansible-galaxy."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
import typing as t
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
NAME = "email_gateway.azure_apps"
MEGABYTE = 1024 * 1024

# Folders end in a slash.
ALLOWED = (
    "CHANGELOG.md",
    "CHANGELOG.rst",
    "CODE_OF_CONDUCT.md",
    "CONTRIBUTING.md",
    "COPYING",
    "FILES.json",
    "LICENSES/",
    "MANIFEST.json",
    "README.md",
    "REUSE.toml",
    "SECURITY.md",
    "changelogs/",
    "docs/",
    "execution-environment.yml",
    "extensions/eda/",
    "meta/",
    "playbooks/",
    "plugins/",
    "requirements.txt",
    "roles/",
    "tests/config.yml",
)
STRAY = ("__pycache__", ".pyc", ".orig", ".swp", ".retry", ".tar.gz", ".DS_Store", ".plugin-cache.yaml")


class Ansible:
    """Ansible's commands, with a home folder and a folder of collections that contain nothing else."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.collections = home / "collections"
        own = {name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")}
        self._environment = {
            **own,
            "ANSIBLE_COLLECTIONS_PATH": str(self.collections),
            "ANSIBLE_HOME": str(home),
            "ANSIBLE_LOCALHOST_WARNING": "False",
            "ANSIBLE_NOCOLOR": "1",
            "HOME": str(home),
        }

    def __call__(self, command: str, *arguments: str | Path) -> str:
        """Run one command and return its output; a failure shows the complete output."""
        result = subprocess.run(
            [sys.executable, "-m", "ansible", command, *map(str, arguments)],
            capture_output=True,
            check=False,
            cwd=self.home,
            env=self._environment,
            text=True,
            timeout=120,
        )
        assert result.returncode == 0, f"ansible {command} failed:\n{result.stdout}\n{result.stderr}"
        return result.stdout

    def json(self, command: str, *arguments: str | Path) -> dict[str, t.Any]:
        """The same for a command that prints one JSON object."""
        answer: dict[str, t.Any] = json.loads(self(command, *arguments))
        return answer


@pytest.fixture(scope="module")
def ansible(tmp_path_factory: pytest.TempPathFactory) -> Ansible:
    """Ansible, still without a collection."""
    return Ansible(tmp_path_factory.mktemp("packaging"))


@pytest.fixture(scope="module")
def tarball(ansible: Ansible) -> Path:
    """The built collection."""
    ansible("galaxy", "collection", "build", ROOT, "--output-path", ansible.home)
    (built,) = ansible.home.glob("*.tar.gz")
    return built


@pytest.fixture(scope="module")
def installed(ansible: Ansible, tarball: Path) -> Path:
    """The installed collection, without access to a server."""
    ansible("galaxy", "collection", "install", "--offline", "--force", "-p", ansible.collections, tarball)
    return ansible.collections / "ansible_collections" / NAME.replace(".", "/")


def names(folder: str, pattern: str) -> set[str]:
    """The full names of the plugins or playbooks in a folder of the repository."""
    return {f"{NAME}.{path.stem}" for path in (ROOT / folder).glob(pattern) if not path.name.startswith("_")}


def test_the_tarball_contains_no_stray_files(tarball: Path) -> None:
    with tarfile.open(tarball) as archive:
        files = [member.name for member in archive if not member.isdir()]
        links = [member.name for member in archive if member.issym() or member.islnk()]
    unexpected = [name for name in files if not any(name == good or name.startswith(good) for good in ALLOWED)]
    assert unexpected == [], "add these to build_ignore in galaxy.yml, or to ALLOWED in tests/unit/test_packaging.py"
    stray = [name for name in files if name.endswith(STRAY) or "__pycache__" in name]
    assert stray == [], "add these to build_ignore in galaxy.yml"
    assert links == []


def test_the_tarball_contains_all_that_users_need(tarball: Path) -> None:
    with tarfile.open(tarball) as archive:
        files = {member.name for member in archive if not member.isdir()}
    public = {
        path.relative_to(ROOT).as_posix()
        for folder in ("meta", "plugins", "roles", "playbooks", "extensions/eda", "LICENSES")
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert public - files == set(), "take these out of build_ignore in galaxy.yml"
    assert {"README.md", "COPYING", "CHANGELOG.md", "requirements.txt"} - files == set()


def test_the_tarball_is_small(tarball: Path) -> None:
    assert tarball.stat().st_size < MEGABYTE


def test_the_tarball_is_named_after_its_version(tarball: Path) -> None:
    galaxy = yaml.safe_load((ROOT / "galaxy.yml").read_text(encoding="utf-8"))
    assert tarball.name == f"{galaxy['namespace']}-{galaxy['name']}-{galaxy['version']}.tar.gz"


def test_the_installed_collection_has_the_built_files(ansible: Ansible, installed: Path) -> None:
    assert (installed / "MANIFEST.json").is_file()
    ansible("galaxy", "collection", "verify", "--offline", NAME)


def test_every_installed_module_is_documented(ansible: Ansible, installed: Path) -> None:
    modules = names("plugins/modules", "*.py")
    assert modules
    assert set(ansible.json("doc", "--list", "--json", NAME)) == modules
    pages = ansible.json("doc", "--json", *sorted(modules))
    assert {name for name, page in pages.items() if not (page["doc"] and page["examples"] and page["return"])} == set()


def test_every_installed_role_is_documented(ansible: Ansible, installed: Path) -> None:
    roles = names("roles", "*")
    assert roles
    listed = ansible.json("doc", "--type", "role", "--list", "--json", NAME)
    assert {name for name, role in listed.items() if "main" in role["entry_points"]} == roles


def test_every_installed_playbook_can_be_run_by_name(ansible: Ansible, installed: Path) -> None:
    playbooks = names("playbooks", "*.yml")
    assert playbooks
    ansible("playbook", "--syntax-check", *sorted(playbooks))


EVENT_SOURCE = """
import asyncio, runpy, sys
source = runpy.run_path(sys.argv[1])
try:
    asyncio.run(source["main"](None, {"days": -1}))
except ValueError as refused:
    print(refused, [module.__file__ for name, module in sys.modules.items() if name.endswith("._report.expiry")])
"""


@pytest.mark.parametrize("others", ["none", "namespace", "package"])
def test_the_installed_event_source_runs(installed: Path, tmp_path: Path, others: str) -> None:
    """As in ansible-rulebook: by its path, without Ansible's loader, possibly with others."""
    folder = tmp_path / "ansible_collections" / "email_gateway" / "azure_apps" / "plugins" / "module_utils"
    folder.mkdir(parents=True)
    (folder / "_report").mkdir()
    (folder / "_report" / "expiry.py").write_text("raise ImportError('another release')")
    if others == "package":
        (tmp_path / "ansible_collections" / "__init__.py").touch()
    path = installed / "extensions" / "eda" / "plugins" / "event_source" / "app_secret_expiry.py"
    environ = {"PATH": os.environ["PATH"], **({} if others == "none" else {"PYTHONPATH": str(tmp_path)})}
    result = subprocess.run(
        [sys.executable, "-c", EVENT_SOURCE, str(path)],
        capture_output=True,
        check=False,
        cwd=tmp_path / "ansible_collections",
        env=environ,
        text=True,
        timeout=120,
    )
    assert result.stdout.startswith("days is -1."), result.stdout + result.stderr
    assert str(installed) in result.stdout


def test_the_event_source_reports_a_missing_collection(installed: Path, tmp_path: Path) -> None:
    """A copy elsewhere does not belong to a collection."""
    path = installed / "extensions" / "eda" / "plugins" / "event_source" / "app_secret_expiry.py"
    copy = tmp_path / path.name
    copy.write_bytes(path.read_bytes())
    result = subprocess.run(
        [sys.executable, "-c", EVENT_SOURCE, str(copy)],
        capture_output=True,
        check=False,
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"]},
        text=True,
        timeout=120,
    )
    assert "cannot be imported" in result.stderr, result.stderr


def test_requirements_are_the_same_everywhere() -> None:
    asked = {
        path: [line for line in (ROOT / path).read_text(encoding="utf-8").splitlines() if line and line[0] != "#"]
        for path in ("requirements.txt", "meta/ee-requirements.txt")
    }
    assert asked["requirements.txt"] == asked["meta/ee-requirements.txt"], "write the same lines into both files"
    unbound = [line for line in asked["requirements.txt"] if ">=" not in line]
    assert unbound == [], "write the oldest version that is supported into requirements.txt"
