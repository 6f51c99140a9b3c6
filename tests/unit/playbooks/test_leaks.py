# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Everything that a run leaves behind is searched for every secret and token that the tenant ever gave out."""

from __future__ import annotations

import base64
import os
import typing as t
import urllib.parse
from pathlib import Path

import pytest

from ansible_collections.email_gateway.azure_apps.tests.unit.playbook_runner import Playbooks, Run
from graph_emulator import identity
from graph_emulator.graph import passwords
from graph_emulator.server import EmulatorServer

LOUD = {
    "ANSIBLE_DEBUG": "True",
    "ANSIBLE_KEEP_REMOTE_FILES": "True",
    "ANSIBLE_DISPLAY_ARGS_TO_STDOUT": "True",
    "ANSIBLE_CACHE_PLUGIN": "jsonfile",
    "ANSIBLE_CACHE_PLUGIN_CONNECTION": "cache",
    "ANSIBLE_LOG_PATH": "ansible.log",
    "ANSIBLE_LOCAL_TEMP": "local_tmp",
}


def forms(secret: str) -> set[bytes]:
    """A secret as it may look in a file: plain, URL-encoded, JSON-escaped, and in base64 at every offset."""
    plain = secret.encode()
    found = {plain, urllib.parse.quote(secret, safe="").encode()}
    for offset in range(3):
        encoded = base64.b64encode(b"\0" * offset + plain)
        # The characters at both ends mix with their neighbours.
        found.add(encoded[4 if offset else 0 : -4])
    return found


def hits(places: dict[str, bytes], secrets: t.Iterable[str]) -> list[str]:
    """Where a secret was found."""
    return [
        f"{name}: {secret[:3]}..."
        for secret in secrets
        for form in forms(secret)
        for name, content in places.items()
        if form in content
    ]


def left_behind(playbooks: Playbooks, run: Run, *, but: t.Collection[Path] = ()) -> dict[str, bytes]:
    places = {
        str(path): path.read_bytes()
        for path in playbooks.folder.rglob("*")
        if path.is_file() and not path.is_symlink() and path not in but
    }
    places["output"] = run.output.encode()
    return places


@pytest.fixture
def issued(emulator: EmulatorServer, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every client secret and access token that leaves the emulator from now on, with the operator's secret."""
    given = [emulator.client_secret]
    for module, name in ((passwords, "new_secret"), (identity, "mint")):
        original = getattr(module, name)

        def record(*args: t.Any, original: t.Any = original, **more: t.Any) -> t.Any:
            made = original(*args, **more)
            given.append(made)
            return made

        monkeypatch.setattr(module, name, record)
    return given


def test_the_search_itself_finds_what_is_planted(playbooks: Playbooks) -> None:
    secret = "Abc8Q~" + "x" * 30
    for form in forms(secret):
        (playbooks.folder / "planted").write_bytes(b"before" + form + b"after")
        run = Run(returncode=0, output="", results={}, requests=[], writes=[])
        assert hits(left_behind(playbooks, run), [secret])


@pytest.mark.parametrize("arguments", [(), ("-vvvvv", "--diff")])
def test_nothing_but_the_store_holds_a_secret(
    playbooks: Playbooks, issued: list[str], arguments: tuple[str, ...]
) -> None:
    run = playbooks.register(*arguments, environ=LOUD).ok()
    assert len(issued) == 4, "the operator's secret and token, the new secret and its token"
    assert (playbooks.folder / "ansible.log").is_file()
    assert hits(left_behind(playbooks, run), issued) == []
    again = playbooks.register(*arguments, environ=LOUD).ok()
    assert hits(left_behind(playbooks, again), issued) == []


def test_credentials_given_as_options_stay_secret(playbooks: Playbooks, issued: list[str]) -> None:
    """Also where a task fails, and with the variables of the host shown afterwards."""
    play = {
        "hosts": "localhost",
        "gather_facts": False,
        "module_defaults": {
            "group/email_gateway.azure_apps.all": {
                "auth_client_secret": "{{ lookup('ansible.builtin.env', 'OPERATOR') }}",
            }
        },
        "tasks": [
            {
                "ansible.builtin.include_role": {"name": "email_gateway.azure_apps.gateway_app"},
                "vars": {"gateway_app_profile": "outbound_smtp", "gateway_app_store_path": str(playbooks.store)},
            },
            {"ansible.builtin.debug": {"var": "hostvars[inventory_hostname]"}},
            {
                "email_gateway.azure_apps.azure_app_secret": {
                    "unique_name": "nobody",
                    "description": "refused",
                },
                "ignore_errors": True,
            },
        ],
    }
    environ = {**LOUD, "AZURE_SECRET": None, "OPERATOR": playbooks.server.client_secret}
    run = playbooks.run([play], "-vvvvv", environ=environ).ok()
    assert len(issued) == 4
    places = left_behind(playbooks, run)
    # The test itself put the operator's secret into a variable of the environment, which Ansible does not print.
    assert hits(places, issued) == []


def test_a_secret_returned_by_a_module_is_hidden_without_no_log(playbooks: Playbooks, issued: list[str]) -> None:
    playbooks.tenant.register()
    play = {
        "hosts": "localhost",
        "gather_facts": False,
        "tasks": [
            {
                "email_gateway.azure_apps.azure_app_secret": {"unique_name": "gateway", "description": "bare"},
                "register": "secret",
            },
            {"ansible.builtin.assert": {"that": "secret.client_secret | length >= 16"}},
        ],
    }
    run = playbooks.run([play], "-vvvvv", "--diff", environ=LOUD).ok()
    assert len(issued) >= 3
    assert hits(left_behind(playbooks, run), issued) == []


def test_no_command_line_holds_a_secret(playbooks: Playbooks, issued: list[str], emulator: EmulatorServer) -> None:
    """Looked at each time a request reaches the tenant, which is when a secret is in use."""
    if not os.path.isdir("/proc/self"):
        pytest.skip("no /proc on this system")
    seen: dict[str, bytes] = {}
    reserve = emulator.journal.reserve

    def look() -> int:
        for path in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                seen[f"{path} {len(seen)}"] = path.read_bytes()
            except OSError:  # the process has ended
                continue
        return reserve()

    emulator.journal.reserve = look  # type: ignore[method-assign]
    try:
        playbooks.register().ok()
    finally:
        del emulator.journal.reserve
    assert any(b"ansible-playbook" in content for content in seen.values())
    assert hits(seen, issued) == []
