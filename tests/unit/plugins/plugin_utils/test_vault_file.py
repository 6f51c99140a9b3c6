# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import stat
import typing as t
from pathlib import Path

import pytest
from ansible.parsing.vault import VaultLib, VaultSecret

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.errors import ConflictError, InputError
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.private_file import make_private_folder
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._store.vault_file import VaultFile

VALUE = "3w2~a-very-s3cret.Value"
CREDENTIAL: dict[str, t.Any] = {
    "mail_gateway": {"tenant_id": "contoso.example", "client_secret": VALUE, "name": "Gäteway 日本", "days": 90}
}
as_other_than_root = pytest.mark.skipif(os.geteuid() == 0, reason="root may read and write every file")

Secrets = list[tuple[str, t.Any]]


def vault(**passwords: str) -> Secrets:
    return [(vault_id, VaultSecret(password.encode())) for vault_id, password in passwords.items()]


SECRETS = vault(default="open sesame")


def at(path: Path, secrets: Secrets | None = SECRETS, vault_id: str | None = None) -> VaultFile:
    return VaultFile(str(path), secrets=secrets, vault_id=vault_id)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def assert_nowhere_in_clear(folder: Path) -> None:
    for path in folder.rglob("*"):
        assert VALUE not in path.name
        if path.is_file():
            assert VALUE.encode() not in path.read_bytes()


@pytest.fixture
def open_umask() -> t.Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.mark.usefixtures("open_umask")
def test_a_written_file_can_only_be_read_by_its_owner(tmp_path: Path) -> None:
    path = tmp_path / "gateway.vault.yml"
    file = at(path)
    assert file.read() == {}
    assert not file.exists
    file.write(CREDENTIAL)
    assert at(path).read() == CREDENTIAL
    assert mode(path) == 0o600
    assert file.private
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name], "no temporary file is left"
    assert_nowhere_in_clear(tmp_path)


def test_ansible_vault_itself_can_read_it(tmp_path: Path) -> None:
    at(tmp_path / "f").write(CREDENTIAL)
    content = (tmp_path / "f").read_bytes()
    assert content.startswith(b"$ANSIBLE_VAULT;")
    assert VALUE in VaultLib(SECRETS).decrypt(content).decode()


@pytest.mark.usefixtures("open_umask")
def test_missing_directories_are_created_for_the_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "c" / "gateway.vault.yml"
    at(path).check_writable()
    assert not (tmp_path / "a").exists()
    at(path).write(CREDENTIAL)
    assert [mode(folder) for folder in (tmp_path / "a", tmp_path / "a" / "b", path.parent)] == [0o700] * 3


@pytest.mark.usefixtures("open_umask")
def test_a_file_that_others_can_read_becomes_private_with_the_next_write(tmp_path: Path) -> None:
    path = tmp_path / "f"
    at(path).write(CREDENTIAL)
    path.chmod(0o644)
    assert not at(path).private
    at(path).write(CREDENTIAL)
    assert at(path).private


def test_the_file_is_replaced_and_never_changed_in_place(tmp_path: Path) -> None:
    path = tmp_path / "f"
    at(path).write({"a": 1})
    before = path.stat().st_ino
    with path.open("rb") as reader:
        at(path).write(CREDENTIAL)
        assert VaultLib(SECRETS).decrypt(reader.read()) == b"---\na: 1\n", (
            "a reader of the old file still has the complete content"
        )
    assert path.stat().st_ino != before


@pytest.mark.parametrize("failing", ["fsync", "replace", "write"])
def test_a_failed_write_keeps_only_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing: str) -> None:
    path = tmp_path / "f"
    at(path).write({"a": 1})

    def no_space(*_arguments: object, **_options: object) -> t.NoReturn:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fdopen" if failing == "write" else failing, no_space)
        with pytest.raises(ConflictError) as failure:
            at(path).write(CREDENTIAL)
    assert "No space left on device" in str(failure.value)
    assert str(path) in str(failure.value)
    assert VALUE not in str(failure.value)
    assert at(path).read() == {"a": 1}
    assert [entry.name for entry in tmp_path.iterdir()] == ["f"]


def test_a_symbolic_link_is_kept(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    target, link = tmp_path / "real" / "f", tmp_path / "link"
    link.symlink_to(target)
    assert at(link).read() == {}, "its target does not exist yet"
    at(link).write(CREDENTIAL)
    assert link.is_symlink()
    assert not target.is_symlink()
    assert at(link).path == str(target)
    assert at(target).read() == CREDENTIAL


def test_removing_is_idempotent(tmp_path: Path) -> None:
    file = at(tmp_path / "f")
    file.write(CREDENTIAL)
    for _number in range(2):
        file.remove()
        assert not file.exists


# Passwords


def test_a_missing_vault_password_is_reported(tmp_path: Path) -> None:
    nothing: list[Secrets | None] = [None, []]
    for secrets in nothing:
        with pytest.raises(InputError) as failure:
            at(tmp_path / "f", secrets)
        assert "vault password" in str(failure.value)
        assert "--vault-password-file" in failure.value.next_step


def test_a_wrong_password_is_reported_and_the_file_kept(tmp_path: Path) -> None:
    path = tmp_path / "f"
    at(path).write(CREDENTIAL)
    before = path.read_bytes()
    with pytest.raises(ConflictError) as failure:
        at(path, vault(default="wrong")).read()
    assert str(path) in str(failure.value)
    assert "password" in failure.value.next_step
    assert path.read_bytes() == before


def test_the_requested_vault_id_is_used(tmp_path: Path) -> None:
    path = tmp_path / "f"
    secrets = vault(dev="one", prod="two")
    at(path, secrets, "prod").write(CREDENTIAL)
    assert path.read_text().splitlines()[0].endswith(";prod")
    assert at(path, vault(prod="two")).read() == CREDENTIAL
    with pytest.raises(ConflictError):
        at(path, vault(dev="one")).read()


def test_the_first_vault_id_is_used_by_default(tmp_path: Path) -> None:
    at(tmp_path / "f", vault(dev="one", prod="two")).write(CREDENTIAL)
    assert at(tmp_path / "f", vault(dev="one")).read() == CREDENTIAL


def test_an_unknown_vault_id_is_reported_before_anything_is_written(tmp_path: Path) -> None:
    file = at(tmp_path / "f", vault(dev="one", prod="two"), "staging")
    for attempt in (file.check_writable, lambda: file.write(CREDENTIAL)):
        with pytest.raises(InputError) as failure:
            attempt()
        assert "'staging'" in str(failure.value)
        assert "dev, prod" in failure.value.next_step
    assert list(tmp_path.iterdir()) == []


# Foreign files


@pytest.mark.parametrize(
    "content",
    [
        b"client_secret: in clear\n",
        b"",
        b"\xff\xfe\x00binary",
    ],
)
def test_an_unencrypted_file_is_not_changed(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "f"
    path.write_bytes(content)
    with pytest.raises(ConflictError, match="not encrypted"):
        at(path).read()
    assert path.read_bytes() == content


@pytest.mark.parametrize(
    "content",
    [
        b"$ANSIBLE_VAULT",
        b"$ANSIBLE_VAULT;1.1;AES256\n",
        b"$ANSIBLE_VAULT;1.1;AES256\nzzzz\n",
        b"$ANSIBLE_VAULT;9.9;ROT13\n6162\n",
    ],
)
def test_a_damaged_file_is_not_changed(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "f"
    path.write_bytes(content)
    with pytest.raises(ConflictError):
        at(path).read()
    assert path.read_bytes() == content


def test_a_truncated_file_is_not_changed(tmp_path: Path) -> None:
    path = tmp_path / "f"
    at(path).write(CREDENTIAL)
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(ConflictError):
        at(path).read()


@pytest.mark.parametrize("text", ["just text", "- a\n- b\n", "", "a: [", "!!python/object/apply:os.getpid []", "\x01"])
def test_an_encrypted_file_without_variables_is_not_changed(tmp_path: Path, text: str) -> None:
    path = tmp_path / "f"
    vault_id, secret = SECRETS[0]
    path.write_bytes(VaultLib(SECRETS).encrypt(text, secret=secret, vault_id=vault_id))
    with pytest.raises(ConflictError, match="no variables"):
        at(path).read()


def test_a_directory_instead_of_a_file_is_reported(tmp_path: Path) -> None:
    with pytest.raises(ConflictError):
        at(tmp_path).read()
    for attempt in (at(tmp_path).check_writable, lambda: at(tmp_path).write(CREDENTIAL)):
        with pytest.raises(ConflictError, match="is a directory"):
            attempt()
    assert_nowhere_in_clear(tmp_path)


def test_a_path_through_a_file_is_reported_before_anything_is_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    for attempt in (
        at(tmp_path / "file" / "f").check_writable,
        lambda: at(tmp_path / "file" / "f").write(CREDENTIAL),
        lambda: at(tmp_path / "file" / "deeper" / "f").write(CREDENTIAL),
    ):
        with pytest.raises(ConflictError, match="is not a directory"):
            attempt()


@as_other_than_root
def test_an_unwritable_directory_is_reported_before_anything_is_written(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    for attempt in (at(tmp_path / "f").check_writable, lambda: at(tmp_path / "a" / "f").write(CREDENTIAL)):
        with pytest.raises(ConflictError, match="is not writable"):
            attempt()
    tmp_path.chmod(0o700)
    assert list(tmp_path.iterdir()) == []


@as_other_than_root
def test_an_unreadable_file_is_reported(tmp_path: Path) -> None:
    at(tmp_path / "f").write(CREDENTIAL)
    (tmp_path / "f").chmod(0)
    with pytest.raises(ConflictError, match="Permission denied"):
        at(tmp_path / "f").read()


def test_a_path_that_is_too_long_is_reported(tmp_path: Path) -> None:
    file = at(tmp_path / ("x" * 300))
    with pytest.raises(ConflictError, match="too long"):
        file.write(CREDENTIAL)
    assert list(tmp_path.iterdir()) == []


def test_a_concurrently_created_folder_is_accepted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mkdir = os.mkdir

    def late(path: str, mode: int) -> None:
        mkdir(path, mode)
        mkdir(path, mode)

    monkeypatch.setattr(os, "mkdir", late)
    make_private_folder(str(tmp_path / "a" / "b"))
    assert (tmp_path / "a" / "b").is_dir()
