# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files of a user are read with a size limit, and as plain YAML."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import pytest

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core import small_file
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core import yaml as _yaml
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.errors import (
    ConflictError,
    InputError,
    MissingLibraryError,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.yaml import Unreadable
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._profile.files import load_yaml
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._resources.expected_applications import (
    ExpectedApplications,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._sign_in.user_file import read_file
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._store.vault_file import VaultFile


@pytest.fixture
def large(tmp_path: Path) -> Path:
    """300 MB that take no space on the disk."""
    path = tmp_path / "large"
    with path.open("wb") as file:
        file.write(b"$ANSIBLE_VAULT;1.1;AES256\n")
        file.truncate(300 * 10**6)
    path.chmod(0o600)
    return path


def test_a_file_of_exactly_the_limit_is_read(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"x" * 100)
    assert small_file.read(str(path), largest=100) == b"x" * 100
    for largest in (0, 99):
        with pytest.raises(OSError, match="larger than"):
            small_file.read(str(path), largest=largest)
        with pytest.raises(OSError, match="larger than"):
            small_file.check_size(str(path), largest=largest)


def test_a_large_file_is_refused_with_little_memory(large: Path) -> None:
    tracemalloc.start()
    with pytest.raises(ConflictError, match="larger than 1024 KiB"):
        VaultFile(str(large), secrets=[("default", None)], vault_id=None).read()
    with pytest.raises(Unreadable, match="larger than 1024 KiB"):
        load_yaml(str(large))
    with pytest.raises(InputError, match="larger than"):
        read_file(str(large), option="assertion_file")
    _now, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 8 * 2**20


@pytest.mark.parametrize("tag", ["!vault", "!unsafe", "!!python/object/apply:os.system", "!mine"])
def test_only_standard_yaml_tags_are_interpreted(tmp_path: Path, tag: str) -> None:
    path = tmp_path / "profile.yml"
    path.write_text(f"gateway_app_profile_content: {{title: {tag} x}}\n")
    with pytest.raises(Unreadable):
        load_yaml(str(path))


def test_a_missing_pyyaml_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_yaml, "HAS_YAML", False)
    (tmp_path / "profile.yml").write_text("a: 1\n")
    for read in (lambda: load_yaml(str(tmp_path / "profile.yml")), lambda: ExpectedApplications.of("name", "{}")):
        with pytest.raises(MissingLibraryError, match="PyYAML is missing"):
            read()


def test_a_template_is_not_evaluated(tmp_path: Path) -> None:
    path = tmp_path / "profile.yml"
    path.write_text("gateway_app_profile_content: {title: \"{{ lookup('pipe', 'touch pwned') }}\"}\n")
    assert load_yaml(str(path))["gateway_app_profile_content"]["title"] == "{{ lookup('pipe', 'touch pwned') }}"
