# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The optional stores, with the real collections, a real OpenBao server and the real sops."""

from __future__ import annotations

import collections.abc as c
import fcntl
import json
import os
import subprocess
import sys
import typing as t
from pathlib import Path

import pytest
import yaml

from ansible_collections.email_gateway.azure_apps.tests.unit.openbao import OpenBao
from ansible_collections.email_gateway.azure_apps.tests.unit.playbook_runner import (
    COLLECTIONS,
    LOUD,
    REPOSITORY,
    Playbooks,
    Run,
)
from ansible_collections.email_gateway.azure_apps.tests.unit.tenant import Json

STORES = REPOSITORY / "build" / "stores"
VAULT: Json = {"type": "hashi_vault", "name": "gateways/vienna"}
FILE: Json = {"type": "ansible_vault"}
DUE: Json = {"gateway_app_rotate_now": True}
# sops gets the secret as the option of a module, so that the role refuses these. They hold in a loud run as well.
NO_FILES: dict[str, t.Any] = {"ANSIBLE_KEEP_REMOTE_FILES": "False", "ANSIBLE_DEBUG": "False"}


@pytest.fixture(scope="session")
def programs() -> Path:
    """Made once, by whichever worker comes first."""
    (REPOSITORY / "build").mkdir(exist_ok=True)
    with (REPOSITORY / "build" / "stores.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        subprocess.run([str(REPOSITORY / ".ci" / "dev"), "stores"], check=True, stdin=subprocess.DEVNULL)
    return STORES / "bin"


@pytest.fixture
def bao(programs: Path, tmp_path: Path, playbooks: Playbooks) -> c.Iterator[OpenBao]:
    server = OpenBao(programs / "bao", tmp_path / "bao")
    _with_collections(playbooks)
    playbooks.environ |= {"VAULT_ADDR": server.url, "VAULT_TOKEN": server.token}
    playbooks.issued.add(server.token)
    yield server
    server.stop()


class SopsFile:
    """A file of sops, and how a person looks into it."""

    def __init__(self, folder: Path, environ: dict[str, str]) -> None:
        folder.mkdir()
        self.path = folder / "vienna.sops.yml"
        self.environ = environ
        self.store: Json = {"type": "sops", "path": str(self.path)}

    def content(self) -> Json:
        shown = subprocess.run(
            ["sops", "decrypt", "--output-type", "json", str(self.path)],
            env=self.environ,
            capture_output=True,
            check=True,
        )
        content: Json = json.loads(shown.stdout)
        return content

    def kept(self) -> Json:
        kept: Json = self.content()["gateway_app_credential"]
        return kept


@pytest.fixture
def sops(programs: Path, tmp_path: Path, playbooks: Playbooks) -> SopsFile:
    _with_collections(playbooks)
    made = subprocess.run(
        [sys.executable, "-c", "from pyrage import x25519 as x; i = x.Identity.generate(); print(i, i.to_public())"],
        env={**os.environ, "PYTHONPATH": str(STORES)},
        capture_output=True,
        text=True,
        check=True,
    )
    identity, public = made.stdout.split()
    key = tmp_path / "age.key"
    key.write_text(f"{identity}\n")
    playbooks.own.add(key)
    playbooks.issued.add(identity)
    playbooks.environ |= {"PATH": f"{programs}:{playbooks.environ['PATH']}", "SOPS_AGE_KEY_FILE": str(key), **NO_FILES}
    file = SopsFile(tmp_path / "sops", playbooks.environ)
    (file.path.parent / ".sops.yaml").write_text(
        yaml.safe_dump({"creation_rules": [{"path_regex": r"\.sops\.yml$", "age": public}]})
    )
    return file


def _with_collections(playbooks: Playbooks) -> None:
    playbooks.environ |= {
        "ANSIBLE_COLLECTIONS_PATH": f"{COLLECTIONS}:{STORES}",
        # hvac and nothing else; the collections are found by Ansible.
        "PYTHONPATH": str(STORES),
    }


def _quiet(playbooks: Playbooks, **variables: t.Any) -> Run:
    return playbooks.register(environ=NO_FILES, **variables)


def _secrets(playbooks: Playbooks) -> set[str]:
    return {item["keyId"] for item in playbooks.tenant.application(uniqueName="gateway")["passwordCredentials"]}


def test_vault_keeps_the_credential_through_a_rotation(playbooks: Playbooks, bao: OpenBao) -> None:
    stores: Json = {"gateway_app_stores": [VAULT]}
    check = playbooks.register("--check", **stores).ok()
    assert (check.writes, bao.writes()) == ([], [])
    result = playbooks.register(environ=LOUD, **stores).ok().results["gateway_app_result"]
    assert result["stores"] == [{"type": "hashi_vault", "mount": "secret", "name": "gateways/vienna"}]
    kept = bao.kept()
    assert (kept["key_id"], kept["handed_over"], kept["previous_key_ids"]) == (result["key_id"], True, [])
    bao.requests.clear()
    again = playbooks.register(**stores).ok()
    assert (again.writes, bao.writes(), "changed=0 " in again.output) == ([], [], True)
    # A lost answer: the write is read back, and is neither repeated nor taken back.
    playbooks.server.faults.add(path="/addPassword$", then=lambda: setattr(bao, "lose_next_write", True))
    rotated = playbooks.register(entry="rotate", **DUE, **stores).ok().results["gateway_app_result"]
    assert bao.kept()["previous_key_ids"] == [result["key_id"]]
    assert bao.kept()["key_id"] == rotated["key_id"] != result["key_id"]


def test_a_lost_vault_is_filled_again_and_one_that_is_down_costs_nothing(playbooks: Playbooks, bao: OpenBao) -> None:
    stores: Json = {"gateway_app_stores": [VAULT, FILE]}
    bao.down = True
    refused = playbooks.register(**stores).failed("gateways/vienna in HashiCorp Vault", "Check VAULT_ADDR")
    assert refused.writes == []
    bao.down = False
    playbooks.register(**stores).ok()
    first = bao.kept()
    assert first == playbooks.stored()
    bao.ask("DELETE", "secret/data/gateways/vienna")
    assert playbooks.register(**stores).ok().writes == []
    assert bao.kept() == first
    playbooks.server.faults.add(path="/addPassword$", then=lambda: setattr(bao, "down", True))
    playbooks.register(**DUE, **stores).failed("could not be kept")
    assert playbooks.stored() == first
    bao.down = False
    playbooks.server.faults.clear()
    playbooks.register(**stores).ok()
    assert bao.kept() == playbooks.stored()
    assert first["key_id"] in _secrets(playbooks)


def test_what_somebody_else_writes_to_vault_stays(playbooks: Playbooks, bao: OpenBao) -> None:
    stores: Json = {"gateway_app_stores": [FILE, VAULT]}
    theirs = {"data": {"client_secret": "of somebody else"}}
    playbooks.server.faults.add(
        path="/addPassword$", then=lambda: bao.ask("POST", "secret/data/gateways/vienna", theirs)
    )
    playbooks.register(**stores).failed("could not be kept", "check-and-set", "removed from the tenant again")
    assert bao.kept() == theirs["data"]
    assert _secrets(playbooks) == set()
    assert not playbooks.store.exists()


@pytest.mark.parametrize("refused", ["policy", "no engine", "other content"])
def test_vault_is_refused_before_anything_is_made(playbooks: Playbooks, bao: OpenBao, refused: str) -> None:
    store, words = dict(VAULT), ""
    if refused == "policy":
        token = bao.ask("POST", "auth/token/create", {"policies": ["reader"]})["auth"]["client_token"]
        bao.ask("PUT", "sys/policies/acl/reader", {"policy": 'path "secret/data/*" { capabilities = ["read"] }'})
        # In the environment of the role, which wins.
        words = "does not allow create, read, update on secret/data/gateways/vienna"
        extra = playbooks.folder / "extra.yml"
        extra.write_text(yaml.safe_dump({"gateway_app_environment": {"VAULT_TOKEN": token}}))
        playbooks.own.add(extra)
        playbooks.issued.add(token)
        run = playbooks.register("-e", f"@{extra}", gateway_app_stores=[store])
    elif refused == "no engine":
        store["mount"] = "nowhere"
        run, words = playbooks.register(gateway_app_stores=[store]), "Permission Denied"
    else:
        bao.ask("POST", "secret/data/gateways/vienna", {"data": {"password": "of something else"}})
        run, words = playbooks.register(gateway_app_stores=[store]), "holds more than a credential"
    assert run.failed(words).writes == []
    assert bao.writes() == []


def test_sops_keeps_the_credential_through_a_rotation(playbooks: Playbooks, sops: SopsFile) -> None:
    stores: Json = {"gateway_app_stores": [sops.store]}
    assert playbooks.register("--check", environ=NO_FILES, **stores).ok().writes == []
    assert not sops.path.exists()
    result = playbooks.register(environ={**LOUD, **NO_FILES}, **stores).ok().results["gateway_app_result"]
    kept = sops.kept()
    assert (kept["key_id"], kept["handed_over"], kept["previous_key_ids"]) == (result["key_id"], True, [])
    assert sops.path.stat().st_mode & 0o777 == 0o600
    before = sops.path.read_bytes()
    again = _quiet(playbooks, **stores).ok()
    assert (again.writes, "changed=0 " in again.output, sops.path.read_bytes()) == ([], True, before)
    rotated = _quiet(playbooks, entry="rotate", **DUE, **stores).ok().results["gateway_app_result"]
    assert sops.kept()["previous_key_ids"] == [result["key_id"]]
    assert sops.kept()["key_id"] == rotated["key_id"] != result["key_id"]


def test_a_sops_file_that_fails_is_taken_back_and_one_that_is_lost_is_filled(
    playbooks: Playbooks, sops: SopsFile
) -> None:
    stores: Json = {"gateway_app_stores": [FILE, sops.store]}
    _quiet(playbooks, **stores).ok()
    first = sops.kept()
    assert first == playbooks.stored()
    sops.path.unlink()
    assert _quiet(playbooks, **stores).ok().writes == []
    assert sops.kept() == first

    theirs = sops.path.read_bytes() + b"\n"
    playbooks.server.faults.add(path="/addPassword$", then=lambda: sops.path.write_bytes(theirs) and None)
    _quiet(playbooks, **DUE, **stores).failed("changed by somebody else", "removed from the tenant again")
    assert sops.path.read_bytes() == theirs
    assert playbooks.stored() == first
    assert _secrets(playbooks) == {first["key_id"]}


@pytest.mark.parametrize("refused", ["no rule", "ANSIBLE_KEEP_REMOTE_FILES", "ANSIBLE_DEBUG"])
def test_sops_is_refused_before_anything_is_made(playbooks: Playbooks, sops: SopsFile, refused: str) -> None:
    environ = NO_FILES
    if refused == "no rule":
        (sops.path.parent / ".sops.yaml").write_text("creation_rules: []\n")
        words = "Check path and recipients"
    else:
        environ, words = {**NO_FILES, refused: "True"}, "in clear into a file"
    run = playbooks.register(environ=environ, gateway_app_stores=[sops.store]).failed(words)
    assert run.writes == []


@pytest.mark.parametrize("store", [VAULT, {"type": "sops", "path": "x.yml"}], ids=["hashi_vault", "sops"])
def test_a_missing_collection_is_named(playbooks: Playbooks, store: dict[str, t.Any]) -> None:
    run = playbooks.register(gateway_app_stores=[store], environ=NO_FILES)
    run.failed(f"ansible-galaxy collection install community.{store['type']}")
    assert run.writes == []
