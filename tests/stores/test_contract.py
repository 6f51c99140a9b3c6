# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The contract of a store with the real programs: community.hashi_vault with an OpenBao server, and sops."""

from __future__ import annotations

import collections.abc as c
import itertools
import os
import shlex
import subprocess
import sys
import typing as t
from pathlib import Path

import pytest
import yaml

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.errors import AppsError, ConflictError
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._store.contract import StoreContext, open_stores
from ansible_collections.email_gateway.azure_apps.tests.stores.lookups import Lookups
from ansible_collections.email_gateway.azure_apps.tests.stores.openbao import OpenBao
from ansible_collections.email_gateway.azure_apps.tests.stores.sops_file import SopsFile
from ansible_collections.email_gateway.azure_apps.tests.unit.paths import COLLECTIONS, REPOSITORY
from ansible_collections.email_gateway.azure_apps.tests.unit.plugins.plugin_utils.stores.contract import (
    FIRST,
    SECOND,
    SECRET,
    Place,
    SharedPlace,
    SharedPlaceContract,
    StoreContract,
    make_context,
)

NUMBERS = itertools.count(1)


@pytest.fixture(scope="module")
def server(optional_stores: Path, tmp_path_factory: pytest.TempPathFactory) -> c.Iterator[OpenBao]:
    folder = tmp_path_factory.mktemp("bao") / "home"
    with OpenBao(optional_stores / "bin" / "bao", folder, seen=lambda: None) as made:
        yield made


@pytest.fixture(scope="module")
def lookups(optional_stores: Path, server: OpenBao) -> c.Iterator[Lookups]:
    environ = {
        **os.environ,
        "ANSIBLE_COLLECTIONS_PATH": f"{COLLECTIONS}:{optional_stores}",
        "PYTHONPATH": f"{os.environ.get('PYTHONPATH', '')}:{COLLECTIONS}:{optional_stores}",
        "VAULT_ADDR": server.url,
        "VAULT_TOKEN": server.token,
    }
    made = Lookups(environ)
    yield made
    made.close()


class BaoPlace(Place):
    def __init__(self, server: OpenBao, lookups: Lookups) -> None:
        self.server = server
        self.lookups = lookups
        self.name = f"gateways/vienna-{next(NUMBERS)}"
        self.entry = {"type": "hashi_vault", "name": self.name}
        lookups.environ["VAULT_TOKEN"] = server.token

    def context(self) -> StoreContext:
        return make_context({}, lookup=self.lookups)

    def value(self) -> str | None:
        return self.server.kept(self.name).get("client_secret")

    def fingerprint(self) -> t.Any:
        found = self.server.ask("GET", f"secret/metadata/{self.name}") or {"data": {"versions": {}}}
        return found["data"]["versions"], self.server.kept(self.name)

    def fill_with_foreign(self) -> None:
        self.server.ask("POST", f"secret/data/{self.name}", {"data": {"password": "of something else"}})

    def make_unwritable(self) -> str:
        self.server.ask("PUT", "sys/policies/acl/reader", {"policy": READER})
        made = self.server.ask("POST", "auth/token/create", {"policies": ["reader"]})
        self.lookups.environ["VAULT_TOKEN"] = made["auth"]["client_token"]
        return f"do not allow create, read, update on secret/data/{self.name}"


READER = 'path "secret/*" { capabilities = ["read"] }'


@pytest.fixture
def bao_place(server: OpenBao, lookups: Lookups) -> BaoPlace:
    return BaoPlace(server, lookups)


class TestHashiVault(StoreContract):
    @pytest.fixture
    def place(self, bao_place: BaoPlace) -> Place:
        return bao_place


def test_a_write_with_a_lost_response_is_checked_and_undelete_restores_a_credential(
    bao_place: BaoPlace,
) -> None:
    store = bao_place.open()
    bao_place.server.lose_next_write = True
    store.write(FIRST, expected=None)
    assert bao_place.server.kept(bao_place.name) == FIRST.content()
    store.remove()
    assert bao_place.open().read() is None
    bao_place.server.ask("PUT", f"secret/undelete/{bao_place.name}", {"versions": [1]})
    assert bao_place.open().read() == FIRST


def test_an_unreachable_server_or_a_refused_token_is_not_an_empty_vault(bao_place: BaoPlace) -> None:
    bao_place.open().write(FIRST, expected=None)
    bao_place.server.lose_reads = 99
    with pytest.raises(AppsError, match=f"Could not read secret/{bao_place.name} in HashiCorp Vault"):
        bao_place.open().read()
    bao_place.server.lose_reads = 0
    bao_place.lookups.environ["VAULT_TOKEN"] = "an-invalid-token-of-vault"
    with pytest.raises(AppsError, match=f"Could not read secret/{bao_place.name} in HashiCorp Vault") as failure:
        bao_place.open().read()
    assert "VAULT_ADDR" in failure.value.next_step


def test_a_missing_engine_or_one_of_version_1_is_refused(bao_place: BaoPlace) -> None:
    bao_place.server.ask("POST", "sys/mounts/old", {"type": "kv", "options": {"version": "1"}})
    policy = 'path "old/*" { capabilities = ["create", "read", "update"] }'
    bao_place.server.ask("PUT", "sys/policies/acl/old", {"policy": policy})
    made = bao_place.server.ask("POST", "auth/token/create", {"policies": ["old"]})
    bao_place.lookups.environ["VAULT_TOKEN"] = made["auth"]["client_token"]
    bao_place.entry["mount"] = "old"
    with pytest.raises(ConflictError, match="old of HashiCorp Vault is not a secrets engine of KV version 2"):
        bao_place.open().check_writable(SECOND)
    bao_place.entry["mount"] = "nowhere"
    with pytest.raises(AppsError, match=r"(?i)permission denied"):
        bao_place.open().check_writable(SECOND)


class SopsPlace(SharedPlace):
    def __init__(self, file: SopsFile, environ: dict[str, str]) -> None:
        self.file = file
        self.environ = {**environ, **file.variables, "ANSIBLE_REMOTE_TMP": str(file.path.parent / "none")}
        self.entry = dict(file.store)

    def context(self) -> StoreContext:
        return make_context(self.environ)

    def value(self) -> str | None:
        return self.file.kept().get("client_secret") if self.file.path.is_file() else None

    def fingerprint(self) -> t.Any:
        return self.file.path.read_bytes() if self.file.path.exists() else None

    def _put(self, content: dict[str, t.Any]) -> None:
        self.file.path.write_text(yaml.safe_dump(content))
        self.file._sops("encrypt", "--in-place", "--age", self.file.public, str(self.file.path))
        self.file.path.chmod(0o600)

    def fill_with_foreign(self) -> None:
        self._put({"gateway_app_credential": {"password": "foreign-password"}})

    def make_unwritable(self) -> str:
        self.file.rules.write_text("creation_rules: []\n")
        return "sops could not encrypt"

    def add_other_content(self) -> None:
        self._put({"foreign_variable": ["stays", 1, True, "yes", "2026-11-28"]})

    def other_content_is_there(self) -> bool:
        return bool(self.file.content()["foreign_variable"] == ["stays", 1, True, "yes", "2026-11-28"])

    def traces(self) -> list[str]:
        """The process list while sops ran, and all files."""
        found = [path for path in self.file.key.parent.rglob("*") if path.is_file()]
        return [f"{path} {path.read_bytes()!r}" for path in found]


@pytest.fixture
def sops_place(optional_stores: Path, tmp_path: Path) -> SopsPlace:
    environ = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
    return SopsPlace(SopsFile(optional_stores, tmp_path / "sops", environ), environ)


class TestSops(SharedPlaceContract):
    @pytest.fixture
    def place(self, sops_place: SopsPlace) -> SharedPlace:
        return sops_place


@pytest.mark.parametrize(
    "rule", ["encrypted_regex: ^password$", "unencrypted_regex: ^client_", "unencrypted_suffix: _secret"]
)
def test_a_rule_that_does_not_encrypt_the_client_secret_is_refused(sops_place: SopsPlace, rule: str) -> None:
    sops_place.file.rules.write_text(
        f"creation_rules:\n  - path_regex: .*\n    age: {sops_place.file.public}\n    {rule}\n"
    )
    with pytest.raises(ConflictError, match="would leave the client secret"):
        sops_place.open().check_writable(SECOND)
    with pytest.raises(ConflictError, match="would leave the client secret"):
        sops_place.open().write(FIRST, expected=None)
    assert not sops_place.file.path.exists()


def test_recipients_of_the_entry_are_sufficient(sops_place: SopsPlace) -> None:
    sops_place.file.rules.unlink()
    sops_place.entry["recipients"] = {"age": [sops_place.file.public]}
    sops_place.open().check_writable(SECOND)
    sops_place.open().write(FIRST, expected=None)
    assert sops_place.value() == SECRET


def test_a_missing_key_is_reported_and_nothing_is_overwritten(sops_place: SopsPlace) -> None:
    sops_place.open().write(FIRST, expected=None)
    before = sops_place.fingerprint()
    sops_place.environ["SOPS_AGE_KEY_FILE"] = "/nowhere"
    for attempt in (sops_place.open().read, lambda: sops_place.open().write(SECOND, expected=None)):
        with pytest.raises(ConflictError, match="sops could not decrypt"):
            attempt()
    assert sops_place.fingerprint() == before


PROGRAM_POLICY = """
path "secret/*" { capabilities = ["create", "read", "update", "delete"] }
path "sys/internal/ui/mounts/*" { capabilities = ["read"] }
"""


def test_the_example_with_vaults_own_program_stores_a_credential(
    server: OpenBao, tmp_path: Path, optional_stores: Path
) -> None:
    server.ask("PUT", "sys/policies/acl/program", {"policy": PROGRAM_POLICY})
    made = server.ask("POST", "auth/token/create", {"policies": ["program"]})
    environ = {
        "PATH": f"{optional_stores / 'bin'}:{os.environ['PATH']}",
        "HOME": str(tmp_path),
        "VAULT_PROGRAM": "bao",
        "BAO_ADDR": server.url,
        "BAO_TOKEN": made["auth"]["client_token"],
    }
    name = f"gateways/vienna-{next(NUMBERS)}"
    program = REPOSITORY / "docs" / "examples" / "stores" / "vault-cli"
    entry = {"type": "command", "argv": [sys.executable, str(program)], "settings": {"name": name, "mount": "secret"}}
    (store,) = open_stores([entry], make_context(environ))
    assert store.read() is None
    store.write(FIRST, expected=None)
    store.write(SECOND, expected=FIRST)
    assert (store.read(), server.kept(name)) == (SECOND, SECOND.content())
    store.remove()
    assert (store.read(), server.kept(name)) == (None, {})
    store.write(FIRST, expected=None)
    assert store.read() == FIRST


def _shown(place: Place, environ: dict[str, str], *, instead: tuple[str, str] = ("", "")) -> str:
    """The output of the command in the last lines of a run; ``instead`` replaces its program."""
    store = place.open()
    command = store.read_command(store.reference())
    name, *arguments = shlex.split(command)
    assert not instead[0] or name == instead[0]
    return subprocess.run(
        [instead[1] or name, *arguments], env=environ, check=True, capture_output=True, text=True
    ).stdout


def test_the_command_that_reads_a_secret_of_vault_works(
    bao_place: BaoPlace, optional_stores: Path, tmp_path: Path
) -> None:
    bao_place.open().write(FIRST, expected=None)
    environ = {"HOME": str(tmp_path), "BAO_ADDR": bao_place.server.url, "BAO_TOKEN": bao_place.server.token}
    assert _shown(bao_place, environ, instead=("vault", str(optional_stores / "bin" / "bao"))).strip() == SECRET


def test_the_command_that_reads_a_file_of_sops_works(sops_place: SopsPlace) -> None:
    sops_place.open().write(FIRST, expected=None)
    assert yaml.safe_load(_shown(sops_place, sops_place.environ))["gateway_app_credential"] == FIRST.content()
