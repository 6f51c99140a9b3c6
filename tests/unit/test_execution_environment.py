# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The execution environment for AWX: the output of ansible-builder for its definition. No container is built."""

from __future__ import annotations

import importlib.metadata
import os
import re
import subprocess
import sys
import typing as t
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
NAME = "email_gateway.azure_apps"
DEFINITION = ROOT / "execution-environment.yml"


def _run(*command: str | Path, cwd: Path) -> str:
    """Without access to the clone."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")}
    environ |= {
        "HOME": str(cwd),
        "ANSIBLE_HOME": str(cwd),
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
    }
    done = subprocess.run(
        list(map(str, command)), cwd=cwd, env=environ, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return done.stdout


def _create(definition: Path, folder: Path) -> Path:
    """The context from which a container would be built."""
    context = folder / "context"
    _run("ansible-builder", "create", "-f", definition, "-c", context, "--output-filename", "Containerfile", cwd=folder)
    return context


def _collections(context: Path) -> list[dict[str, t.Any]]:
    found: list[dict[str, t.Any]] = yaml.safe_load((context / "_build" / "requirements.yml").read_text())["collections"]
    return found


@pytest.fixture(scope="module")
def tarball(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tarball")
    _run("ansible-galaxy", "collection", "build", ROOT, "--output-path", folder, cwd=folder)
    return next(folder.glob("*.tar.gz"))


def test_the_context_contains_the_collection(tmp_path: Path) -> None:
    context = _create(DEFINITION, tmp_path)
    definition = yaml.safe_load(DEFINITION.read_text())
    assert (definition["version"], [c["name"] for c in _collections(context)]) == (3, [NAME])
    recipe = (context / "Containerfile").read_text()
    assert f'ARG EE_BASE_IMAGE="{definition["images"]["base_image"]["name"]}"' in recipe
    assert f'ARG ANSIBLE_INSTALL_REFS="{definition["dependencies"]["ansible_core"]["package_pip"]} ' in recipe
    assert "ansible-galaxy collection install" in recipe
    # The requirements of a collection are looked up in the collection, in its last stage but one.
    assert "introspect" in recipe


def test_the_definition_requires_a_supported_ansible_core() -> None:
    asked = yaml.safe_load(DEFINITION.read_text())["dependencies"]["ansible_core"]["package_pip"]
    assert asked == "ansible-core" + yaml.safe_load((ROOT / "meta/runtime.yml").read_text())["requires_ansible"]


def test_the_requirements_of_the_optional_stores_can_be_uncommented(tmp_path: Path) -> None:
    text = re.sub(r"^( +)# (- .*)$", r"\1\2", DEFINITION.read_text(), flags=re.MULTILINE)
    text = re.sub(r"^( +)# (python|system):$", r"\1\2:", text, flags=re.MULTILINE)
    definition = tmp_path / "with_stores.yml"
    definition.write_text(text)
    context = _create(definition, tmp_path)
    names = [c["name"] for c in _collections(context)]
    assert names == [NAME, "awx.awx", "community.hashi_vault"]
    assert (context / "_build" / "requirements.txt").read_text().split() == ["hvac>=2.3"]


def test_a_local_tarball_can_be_used_instead(tmp_path: Path, tarball: Path) -> None:
    """As docs/awx.md describes; its own requirements are then found in it, and nothing else is required."""
    (page,) = re.findall(
        r"```yaml\n# execution-environment\.yml\n(.*?)```", (ROOT / "docs/awx.md").read_text(), re.DOTALL
    )
    changes = yaml.safe_load(page.replace("email_gateway-azure_apps-1.0.0.tar.gz", tarball.name))
    definition = {**yaml.safe_load(DEFINITION.read_text()), "additional_build_files": changes["additional_build_files"]}
    definition["dependencies"]["galaxy"] = changes["dependencies"]["galaxy"]
    (tmp_path / "own.yml").write_text(yaml.safe_dump(definition))
    (tmp_path / tarball.name).write_bytes(tarball.read_bytes())
    context = _create(tmp_path / "own.yml", tmp_path)
    installed = tmp_path / "installed"
    # The line of the Containerfile, run in its folder.
    _run(
        *(
            "ansible-galaxy",
            "collection",
            "install",
            "--offline",
            "-r",
            "requirements.yml",
            "--collections-path",
            installed,
        ),
        cwd=context / "_build",
    )
    assert (installed / "ansible_collections/email_gateway/azure_apps/MANIFEST.json").is_file()
    found = yaml.safe_load(_run("ansible-builder", "introspect", installed, cwd=tmp_path))
    wanted = [line for line in (ROOT / "meta/ee-requirements.txt").read_text().splitlines() if line and line[0] != "#"]
    # Each followed by the collections that require it.
    assert sorted(str(line).partition("#")[0].strip() for line in found["python"]) == sorted(wanted)
    assert all(NAME in line for line in found["python"])
    assert found["system"] == []


def test_certificates_need_no_additional_requirements() -> None:
    """The key pairs are created with cryptography, which msal requires."""
    assert any(re.match(r"cryptography\b", line) for line in importlib.metadata.requires("msal") or [])
