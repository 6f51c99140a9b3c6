# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

from ansible_collections.email_gateway.azure_apps.tests.unit.playbook_runner import Playbooks, Run

MODULE = "email_gateway.azure_apps.azure_app_credential_file_info"
WRITER = "email_gateway.azure_apps.azure_app_credential_file"


def _read(playbooks: Playbooks, *, before: t.Sequence[dict[str, t.Any]] = (), **options: t.Any) -> Run:
    task = {MODULE: {"path": str(playbooks.store), **options}, "register": "file"}
    seen = {"ansible.builtin.set_fact": {"seen": "{{ file.content.mine.value | default('nothing') }}"}}
    play = {"hosts": "localhost", "gather_facts": False, "tasks": [*before, task, seen]}
    return playbooks.run([play], show=["file.exists", "seen"])


def test_a_missing_path_is_refused(playbooks: Playbooks) -> None:
    playbooks.run([{"hosts": "localhost", "gather_facts": False, "tasks": [{MODULE: {}}]}]).failed("path")


def test_a_missing_file_is_no_error(playbooks: Playbooks) -> None:
    run = _read(playbooks, check_writable=True).ok()
    assert run.results == {"file.exists": False, "seen": "nothing"}
    assert run.requests == []
    assert not playbooks.store.parent.exists(), "it only reads"


def test_reads_what_was_written(playbooks: Playbooks) -> None:
    write = {WRITER: {"path": str(playbooks.store), "content": {"mine": {"value": "kept"}}}}
    run = _read(playbooks, before=[write]).ok()
    assert run.results == {"file.exists": True, "seen": "kept"}


def test_another_password_is_told_from_a_broken_file(playbooks: Playbooks) -> None:
    write = {WRITER: {"path": str(playbooks.store), "content": {"mine": {"value": "kept"}}}}
    _read(playbooks, before=[write]).ok()
    playbooks.vault_password.write_text("another\n")
    _read(playbooks).failed("Could not decrypt", "Use the password that it was encrypted with")


def test_an_unknown_vault_id_is_refused(playbooks: Playbooks) -> None:
    _read(playbooks, vault_id="nobody", check_writable=True).failed("no vault password with the vault id 'nobody'")
