# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import stat
import typing as t
from pathlib import Path

import pytest
import yaml
from ansible.parsing.vault import VaultLib, VaultSecret

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.errors import ConflictError, InputError
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._store.contract import StoreContext, open_stores
from ansible_collections.email_gateway.azure_apps.tests.unit.plugins.plugin_utils.stores.contract import (
    FIRST,
    SECOND,
    Json,
    SharedPlace,
    SharedPlaceContract,
    make_context,
)

PASSWORD = VaultSecret(b"open sesame")
VAULT = VaultLib([("default", PASSWORD)])


class VaultFilePlace(SharedPlace):
    def __init__(self, path: Path) -> None:
        self.path = path
        self.entry = {"type": "ansible_vault", "path": str(path)}

    def context(self) -> StoreContext:
        return make_context({})

    def content(self) -> Json:
        return yaml.safe_load(VAULT.decrypt(self.path.read_bytes())) if self.path.exists() else {}

    def put(self, content: Json) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.write_bytes(VAULT.encrypt(yaml.safe_dump(content), secret=PASSWORD))
        self.path.chmod(0o600)

    def value(self) -> str | None:
        return t.cast("str | None", self.content().get("gateway_app_credential", {}).get("client_secret"))

    def fingerprint(self) -> t.Any:
        return self.path.read_bytes() if self.path.is_file() else self.path.exists()

    def fill_with_foreign(self) -> None:
        self.put({"gateway_app_credential": {"password": "foreign-password"}})

    def make_unwritable(self) -> str:
        if self.path.exists():
            self.path.unlink()
        self.path.mkdir(parents=True)
        return "it is a directory"

    def add_other_content(self) -> None:
        self.put({"foreign_variable": ["stays", 1]})

    def other_content_is_there(self) -> bool:
        return self.content().get("foreign_variable") == ["stays", 1]

    def traces(self) -> list[str]:
        files = [path for path in self.path.parent.rglob("*") if path.is_file()]
        return [f"{path} {path.read_bytes()!r}" for path in files]


@pytest.fixture
def place(tmp_path: Path) -> VaultFilePlace:
    return VaultFilePlace(tmp_path / "a" / "gateway.vault.yml")


class TestContract(SharedPlaceContract):
    @pytest.fixture
    def place(self, place: VaultFilePlace) -> SharedPlace:
        return place


def test_a_missing_folder_is_created_for_its_owner(place: VaultFilePlace) -> None:
    before = os.umask(0)
    try:
        place.open().write(FIRST, expected=None)
    finally:
        os.umask(before)
    assert stat.S_IMODE(place.path.parent.stat().st_mode) == 0o700
    assert [path.name for path in place.path.parent.iterdir()] == [place.path.name], "no temporary file is left"


def test_a_file_without_other_content_is_removed(place: VaultFilePlace) -> None:
    place.open().write(FIRST, expected=None)
    place.open().remove()
    assert not place.path.exists()


def test_an_entry_without_a_path_uses_the_defaults_of_the_task(place: VaultFilePlace) -> None:
    for entry in ({"type": "ansible_vault"}, {"type": "ansible_vault", "path": "", "vault_id": None}):
        (store,) = open_stores([entry], make_context({}, default_path=str(place.path)))
        assert store.reference()["path"] == str(place.path)
        assert store.local_paths == (str(place.path),)
    with pytest.raises(InputError, match=r"Entry 1 of O\(stores\), of the type ansible_vault: path is not set"):
        open_stores([{"type": "ansible_vault"}], make_context({}))


def test_an_unknown_vault_id_is_refused_before_anything_is_written(place: VaultFilePlace) -> None:
    place.entry["vault_id"] = "unknown"
    with pytest.raises(InputError, match="no vault password with the vault id 'unknown'"):
        place.open().check_writable(SECOND)
    assert not place.path.exists()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"plain: true\n", "is not encrypted by ansible-vault"),
        (VAULT.encrypt("just text", secret=PASSWORD), "contains no variables"),
        (VAULT.encrypt("gateway_app_credential: text", secret=PASSWORD), "does not contain a credential"),
        (VAULT.encrypt("gateway_app_credential: {client_id: 5}", secret=PASSWORD), "client_id with another type"),
        (VAULT.encrypt("{gateway_app_credential: {key_id: x}}", secret=PASSWORD), "contains no client_id"),
        (VaultLib([("x", VaultSecret(b"another"))]).encrypt("{}", secret=VaultSecret(b"another")), "Could not decrypt"),
    ],
)
def test_a_foreign_file_is_not_changed(place: VaultFilePlace, content: bytes, words: str) -> None:
    place.path.parent.mkdir()
    place.path.write_bytes(content)
    for attempt in (place.open().read, place.open().remove, lambda: place.open().write(FIRST, expected=None)):
        with pytest.raises(ConflictError, match=words):
            attempt()
    assert place.path.read_bytes() == content


def test_removing_does_not_change_a_file_without_the_variable(place: VaultFilePlace) -> None:
    place.add_other_content()
    before = place.fingerprint()
    place.open().remove()
    assert place.fingerprint() == before
