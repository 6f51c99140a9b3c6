# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role with a credential of AWX, by the real collection awx.awx against a stand-in of AWX's API."""

from __future__ import annotations

import collections.abc as c
import datetime
import fcntl
import subprocess
import typing as t

import pytest
import yaml

from ansible_collections.email_gateway.azure_apps.tests.unit.awx import Awx
from ansible_collections.email_gateway.azure_apps.tests.unit.playbook_runner import (
    COLLECTIONS,
    LOUD,
    REPOSITORY,
    Playbooks,
    Run,
)
from ansible_collections.email_gateway.azure_apps.tests.unit.tenant import Json

FILE: Json = {"type": "ansible_vault"}
STORE: Json = {
    "type": "awx_credential",
    "name": "Mail gateway Vienna",
    "organization": "Default",
    "credential_type": "Mail gateway",
}
ALONE: dict[str, t.Any] = {"gateway_app_stores": [STORE]}
BOTH: dict[str, t.Any] = {"gateway_app_stores": [STORE, FILE]}
# With either of them the role refuses to go on.
NO_FILES = {"ANSIBLE_KEEP_REMOTE_FILES": "False", "ANSIBLE_DEBUG": "False"}


@pytest.fixture(scope="session")
def collections() -> str:
    """Unpacked once, by whichever worker comes first."""
    (REPOSITORY / "build").mkdir(exist_ok=True)
    with (REPOSITORY / "build" / "stores.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        subprocess.run([str(REPOSITORY / ".ci" / "dev"), "stores"], check=True, stdin=subprocess.DEVNULL)
    return f"{COLLECTIONS}:{REPOSITORY / 'build' / 'stores'}"


@pytest.fixture
def awx(collections: str, playbooks: Playbooks) -> c.Iterator[Awx]:
    server = Awx()
    playbooks.environ |= {
        "ANSIBLE_COLLECTIONS_PATH": collections,
        "CONTROLLER_HOST": server.url,
        "CONTROLLER_OAUTH_TOKEN": server.token,
        **NO_FILES,
    }
    playbooks.issued.add(server.token)
    yield server
    server.close()


def _register(playbooks: Playbooks, *arguments: str, environ: Json | None = None, **more: t.Any) -> Run:
    return playbooks.register(*arguments, environ={**(environ or {}), **NO_FILES}, **more)


def _secrets(playbooks: Playbooks) -> dict[str, Json]:
    return {c["keyId"]: c for c in playbooks.tenant.application(uniqueName="gateway")["passwordCredentials"]}


def _due(playbooks: Playbooks, key_id: str) -> None:
    soon = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=5)
    _secrets(playbooks)[key_id]["endDateTime"] = soon.strftime("%Y-%m-%dT%H:%M:%SZ")


def _quiet(run: Run, awx: Awx) -> None:
    run.ok()
    assert (run.writes, awx.writes) == ([], [])
    assert "changed=0 " in run.output


def test_a_credential_lives_in_awx(playbooks: Playbooks, awx: Awx) -> None:
    # As loud as can be: what is left behind is searched.
    made = _register(playbooks, environ=LOUD, **ALONE).ok().results["gateway_app_result"]
    assert made["proven"] is True
    reference = {name: STORE[name] for name in ("type", "credential_type", "name")}
    assert made["stores"] == [{**reference, "readable": False}]
    held = dict(awx.inputs(STORE["name"]))
    assert (held["key_id"], held["client_id"], held["handed_over"]) == (made["key_id"], made["client_id"], "true")
    assert playbooks.tenant.ok(
        "azure_app_token_info",
        tenant_id=made["tenant_id"],
        client_id=held["client_id"],
        client_secret=held["client_secret"],
    )["proven"]
    awx.writes.clear()
    _quiet(_register(playbooks, **ALONE), awx)
    # A rotation, predicted and done.
    _due(playbooks, made["key_id"])
    predicted = _register(playbooks, "--check", "--diff", entry="rotate", **ALONE).ok()
    assert (predicted.writes, awx.writes) == ([], [])
    new = _register(playbooks, entry="rotate", **ALONE).ok().results["gateway_app_result"]["key_id"]
    rotated = dict(awx.inputs(STORE["name"]))
    assert (rotated["key_id"], rotated["previous_key_ids"]) == (new, made["key_id"])
    assert rotated["client_secret"] != held["client_secret"]
    # What else is known changes without the value, which nobody knows any more.
    _register(playbooks, entry="rotate", gateway_app_overlap_days=0, **ALONE).ok()
    assert _secrets(playbooks).keys() == {new}
    assert awx.inputs(STORE["name"]) == {**rotated, "previous_key_ids": ""}
    # Somebody removes it.
    awx.credentials.clear()
    assert _register(playbooks, **ALONE).ok().results["gateway_app_result"]["key_id"] != new
    assert awx.inputs(STORE["name"])["client_secret"] != rotated["client_secret"]


def test_a_file_and_awx_hold_the_same(playbooks: Playbooks, awx: Awx) -> None:
    # Down before: no secret is made.
    down = _register(playbooks, environ={"CONTROLLER_OAUTH_TOKEN": "another"}, **BOTH)
    assert down.failed("Mail gateway Vienna of AWX", "Check CONTROLLER_HOST").writes == []
    # The sign-in of the role's own environment gets onto no command line.
    extra = playbooks.folder / "extra.yml"
    names = ("CONTROLLER_HOST", "CONTROLLER_OAUTH_TOKEN", "AZURE_SECRET")
    extra.write_text(yaml.safe_dump({"gateway_app_environment": {name: playbooks.environ[name] for name in names}}))
    playbooks.own.add(extra)
    first = _register(playbooks, "-e", f"@{extra}", environ=dict.fromkeys(names), **BOTH).ok()
    key_id = first.results["gateway_app_result"]["key_id"]
    before = dict(awx.inputs(STORE["name"]))
    assert playbooks.stored()["client_secret"] == before["client_secret"]
    awx.writes.clear()
    again = _register(playbooks, **BOTH)
    _quiet(again, awx)
    assert again.results["gateway_app_result"]["proven"] is True
    # Between "created" and "stored": neither has it.
    _due(playbooks, key_id)
    kept = playbooks.stored()
    for broken, token in ((True, awx.token), (False, awx.reader)):
        awx.broken = broken
        failed = _register(playbooks, environ={"CONTROLLER_OAUTH_TOKEN": token}, **BOTH)
        failed.failed("could not be kept", "AWX did not change", "removed from the tenant again")
        assert list(_secrets(playbooks)) == [key_id]
        assert (awx.inputs(STORE["name"]), playbooks.stored()) == (before, kept)


def test_what_awx_cannot_do_is_told_before_a_secret_is_made(playbooks: Playbooks, awx: Awx) -> None:
    other: dict[str, t.Any] = {"gateway_app_stores": [{**STORE, "credential_type": "Machine"}]}
    runs = [
        (_register(playbooks, **other), "has no credential type Machine with the fields"),
        (playbooks.register(environ={**NO_FILES, "ANSIBLE_KEEP_REMOTE_FILES": "True"}, **ALONE), "leave it there"),
        (playbooks.register(environ={**NO_FILES, "ANSIBLE_DEBUG": "True"}, **ALONE), "it would print it"),
        (
            _register(playbooks, environ={"ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS)}, **ALONE),
            "ansible-galaxy collection install awx.awx",
        ),
    ]
    for run, words in runs:
        assert run.failed(words).writes == []
    assert awx.writes == []
