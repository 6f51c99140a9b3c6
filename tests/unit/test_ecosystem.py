# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The surroundings of the collection: CI, external checks, releases. Each list there is compared with its source."""

from __future__ import annotations

import collections.abc as c
import io
import json
import os
import re
import runpy
import subprocess
import tarfile
import typing as t
from pathlib import Path

import pytest
import yaml

from ansible_collections.email_gateway.azure_apps.tests.matrix.versions import SUPPORTED
from ansible_collections.email_gateway.azure_apps.tests.unit.table_check import check_listed

ROOT = Path(__file__).resolve().parents[2]
WORKFLOW = ROOT / ".github/workflows/checks.yml"
STAGES = [line for line in (ROOT / ".ci/stages").read_text().splitlines() if line and not line.startswith("#")]
JUDGES = re.findall(r"^judge_(\w+)\(\)", (ROOT / ".ci/judges").read_text(), re.MULTILINE)


def _jobs() -> dict[str, t.Any]:
    jobs: dict[str, t.Any] = yaml.safe_load(WORKFLOW.read_text())["jobs"]
    return jobs


def test_every_stage_is_a_job_of_the_workflow() -> None:
    jobs = _jobs()
    listed = [*jobs["stage"]["strategy"]["matrix"]["stage"], "matrix"]
    check_listed(STAGES, listed, table="the stages in .github/workflows/checks.yml, as in .ci/stages")
    assert "make matrix" in jobs["core"]["steps"][-1]["run"]


def test_every_supported_ansible_core_is_a_job_of_the_workflow() -> None:
    cells = _jobs()["core"]["strategy"]["matrix"]["include"]
    cores = {core.name: core for core in SUPPORTED}
    check_listed(cores, [cell["core"] for cell in cells], table="the versions in .github/workflows/checks.yml")
    for cell in cells:
        assert cores[cell["core"]].runs_on(int(cell["python"].removeprefix("3."))), cell
        assert cores[cell["core"]].requirement == cell["requirement"]


@pytest.mark.parametrize("path", sorted((ROOT / ".github").rglob("*.yml")), ids=lambda path: path.name)
def test_workflows_only_run_existing_targets(path: Path) -> None:
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    called = re.findall(r"run: make ([a-z -]+)", path.read_text())
    assert {target for targets_ in called for target in targets_.split()} <= set(targets)


def test_a_function_has_its_body_below_it() -> None:
    """Otherwise ansible-test of ansible-core 2.16 and 2.17 reports E704. ruff format writes stubs so."""
    one_line = re.compile(r"^ *(async )?def .*: \.\.\.$", re.MULTILINE)
    sources = [path for folder in ("plugins", "extensions", "roles", "tests") for path in (ROOT / folder).rglob("*.py")]
    found = [str(path.relative_to(ROOT)) for path in sources if one_line.search(path.read_text())]
    assert found == [], "write a docstring instead of the three dots"


def test_every_check_is_run_unless_some_are_named() -> None:
    script = (ROOT / ".ci/judges").read_text()
    (default,) = re.findall(r"^\[ \$# -gt 0 \] \|\| set -- (.*)$", script, re.MULTILINE)
    assert default.split() == JUDGES
    assert " ".join(f"[{judge}]" for judge in JUDGES) in script


@pytest.mark.parametrize("exit_status", [0, 1])
def test_the_checks_fail_if_one_has_a_finding(tmp_path: Path, exit_status: int) -> None:
    """A copy of the script beside a fake .ci/dev that stands for the tools."""
    ci = tmp_path / ".ci"
    ci.mkdir()
    (ci / "judges").write_bytes((ROOT / ".ci/judges").read_bytes())
    (ci / "dev").write_text(
        f'#!/bin/sh\n[ "$1" = tree ] && echo {tmp_path} && exit\nshift 4\n[ "$2" != reuse ] || exit {exit_status}\n'
    )
    for script in ci.iterdir():
        script.chmod(0o755)
    done = subprocess.run([ci / "judges", "docs", "reuse", "sbom"], capture_output=True, text=True, check=False)
    assert done.returncode == exit_status, done.stderr
    verdicts = re.findall(r"^(\w+) +(no finding|FAILED) in \d+ s$", done.stdout, re.MULTILINE)
    assert verdicts == [
        ("docs", "no finding"),
        ("reuse", "FAILED" if exit_status else "no finding"),
        ("sbom", "no finding"),
    ]


def test_the_tools_of_the_checks_are_pinned() -> None:
    lines = (ROOT / "tests/requirements-judges.txt").read_text().splitlines()
    tools = [line for line in lines if line and line[0] not in "#-"]
    assert tools
    assert [line for line in tools if not re.fullmatch(r"[\w-]+==[\d.]+", line)] == []


def test_the_lower_bounds_of_the_libraries_are_tested() -> None:
    """``make lowest`` installs exactly the lower bounds of requirements.txt."""
    text = (ROOT / "requirements.txt").read_text()
    bounds = dict(re.findall(r"^([a-z]+)>=([\d.]+)$", text, re.MULTILINE))
    assert bounds.keys() == {"msal", "requests"}, "make lowest reads lines of the form name>=1.2"
    source = (ROOT / "extensions/eda/plugins/event_source/app_secret_expiry.py").read_text()
    for name, version in bounds.items():
        assert f"  - {name} >= {version}\n" in source, f"correct the version of {name} in app_secret_expiry.py"


def test_the_tests_with_the_oldest_libraries_exist() -> None:
    printed = subprocess.run(
        ["make", "-s", "-f", "-", "show"],
        input=f"include {ROOT / 'Makefile'}\nshow:\n\t@echo $(LOWEST_TESTS)\n",
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    assert len(printed) > 5
    assert [path for path in printed if not (ROOT / path.partition("::")[0]).is_file()] == []


def _tarball(path: Path, names: list[str], *, folders: c.Sequence[str] = (), time: int) -> Path:
    """As ansible-galaxy builds one: the lists first, the files in any order."""
    entries = [{"name": name} for name in (".", *folders, *names)]
    files = json.dumps({"files": entries, "format": 1}).encode()
    manifest = json.dumps({"file_manifest_file": {"name": "FILES.json", "chksum_sha256": "x"}}).encode()
    contents = {"MANIFEST.json": manifest, "FILES.json": files, **{name: name.encode() for name in names}}
    with tarfile.open(path, "w:gz") as archive:
        for name, content in contents.items():
            member = tarfile.TarInfo(name)
            member.size, member.mtime = len(content), time
            archive.addfile(member, io.BytesIO(content))
        for name in folders:
            member = tarfile.TarInfo(name)
            member.type = tarfile.DIRTYPE
            archive.addfile(member)
    return path


def test_the_same_files_give_the_same_tarball(tmp_path: Path) -> None:
    rewrite = runpy.run_path(str(ROOT / ".ci/reproducible.py"))["rewrite"]
    one = _tarball(tmp_path / "one.tar.gz", ["README.md", "meta/runtime.yml"], folders=["meta"], time=1)
    # Such as the one that a release leaves behind, and that git does not have.
    empty = ["changelogs", "changelogs/fragments"]
    other = _tarball(tmp_path / "other.tar.gz", ["meta/runtime.yml", "README.md"], folders=["meta", *empty], time=2)
    for path in (one, other):
        rewrite(path, time=1_700_000_000)
    assert one.read_bytes() == other.read_bytes()
    with tarfile.open(one) as archive:
        assert archive.getnames() == ["MANIFEST.json", "FILES.json", "README.md", "meta", "meta/runtime.yml"]
        assert {(member.mtime, member.uid, member.uname) for member in archive} == {(1_700_000_000, 0, "")}


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A repository with the files that ``.ci/release`` checks before it begins."""
    (tmp_path / ".ci").mkdir()
    (tmp_path / ".ci/release").write_bytes((ROOT / ".ci/release").read_bytes())
    (tmp_path / ".ci/release").chmod(0o755)
    (tmp_path / "changelogs/fragments").mkdir(parents=True)
    (tmp_path / "changelogs/fragments/1.yml").touch()
    (tmp_path / ".gitignore").write_text("/build/\n")
    own = ["-c", "user.name=test", "-c", "user.email=test@example.com"]
    for command in (["init", "-q"], ["add", "."], [*own, "commit", "-qm", "All"], ["tag", "1.0.0"]):
        subprocess.run(["git", *command], cwd=tmp_path, check=True)
    return tmp_path


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ([], "Name the version"),
        (["1.0"], "Name the version"),
        (["v1.1.0"], "Name the version"),
        (["1.0.0"], "The tag 1.0.0 already exists"),
        (["1.1.0", "--do"], "make check has not passed"),
    ],
)
def test_a_refused_release_changes_nothing(clone: Path, arguments: list[str], reason: str) -> None:
    assert reason in _refused(clone, *arguments)


def test_a_release_without_fragments_or_with_changes_is_refused(clone: Path) -> None:
    (clone / "new").touch()
    assert "not committed" in _refused(clone, "1.1.0")
    (clone / "new").unlink()
    subprocess.run(["git", "rm", "-q", "changelogs/fragments/1.yml"], cwd=clone, check=True)
    own = ["-c", "user.name=test", "-c", "user.email=test@example.com"]
    subprocess.run(["git", *own, "commit", "-qm", "None"], cwd=clone, check=True)
    assert not (clone / "changelogs/fragments").exists()  # so it is after each release
    assert _refused(clone, "1.1.0") == "There is nothing to release: changelogs/fragments has no file.\n"


def _refused(clone: Path, *arguments: str) -> str:
    done = subprocess.run([clone / ".ci/release", *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert not (clone / "build").exists()
    return done.stderr


def test_a_successful_check_records_its_commit(clone: Path) -> None:
    for name in ("check", "stages"):
        (clone / ".ci" / name).write_bytes((ROOT / ".ci" / name).read_bytes())
    (clone / ".ci/check").chmod(0o755)
    (clone / "make").write_text("#!/bin/sh\nexit $BROKEN\n")
    (clone / "make").chmod(0o755)
    (clone / "build").mkdir()
    own = ["-c", "user.name=test", "-c", "user.email=test@example.com"]
    subprocess.run(["git", "add", "."], cwd=clone, check=True)
    subprocess.run(["git", *own, "commit", "-qm", "Check"], cwd=clone, check=True)
    head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=clone, check=True, capture_output=True, text=True).stdout

    def checked(broken: str) -> str | None:
        environ = {**os.environ, "PATH": f"{clone}:{os.environ['PATH']}", "BROKEN": broken, "KEEP_GOING": ""}
        subprocess.run([clone / ".ci/check"], env=environ, capture_output=True, check=False)
        noted = clone / "build/checked"
        return noted.read_text() if noted.exists() else None

    assert checked("0") == head
    assert checked("1") is None
    (clone / "untracked").touch()
    assert checked("0") is None
