# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses
import json
import os
import time
import typing as t
from pathlib import Path

import pytest

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.errors import (
    ConflictError,
    InputError,
    MissingLibraryError,
)
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._store.contract import StoreContext, open_stores
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._store.program import LONGEST_REASON
from ansible_collections.email_gateway.azure_apps.tests.unit.plugins.plugin_utils.stores.contract import (
    FIRST,
    SECOND,
    SECRET,
    Json,
    Place,
    StoreContract,
    WriteOnlyContract,
    make_context,
)
from ansible_collections.email_gateway.azure_apps.tests.unit.plugins.plugin_utils.stores.programs import Programs

# A whole store in one file; with CREDENTIAL_IS_BLIND it never returns the value.
STORE = """
request = json.load(sys.stdin)
assert request["version"] == 1 and request["action"] == sys.argv[-1], request
with open({requests!r}, "a") as file:
    file.write(json.dumps({{**request, "credential": None}}) + "\\n")
path = {kept!r}
kept = json.load(open(path)) if os.path.exists(path) else {{}}
if sys.argv[-1] == "read":
    if {blind} and "client_secret" in kept:
        kept["client_secret"] = None
    print(json.dumps(kept))
elif sys.argv[-1] == "write":
    new = request["credential"]
    if {blind} and new.get("client_secret", "") is None:
        new["client_secret"] = kept["client_secret"]
    json.dump(new, open(path, "w"))
else:
    os.path.exists(path) and os.unlink(path)
"""


class CommandPlace(Place):
    def __init__(self, folder: Path, *, blind: bool) -> None:
        self.programs = Programs(folder / "bin")
        self.kept = folder / "kept.json"
        self.requests = folder / "requests.jsonl"
        script = STORE.format(kept=str(self.kept), requests=str(self.requests), blind=blind)
        self.program = self.programs.add("our-store", script)
        self.entry = {
            "type": "command",
            "argv": ["our-store", "--quiet"],
            "settings": {"name": "vienna", "tags": ["a", 1]},
            "readable": not blind,
        }
        self.wait_timeout = 60

    def context(self) -> StoreContext:
        return make_context(self.programs.environ, wait_timeout=self.wait_timeout)

    def value(self) -> str | None:
        return json.loads(self.kept.read_text())["client_secret"] if self.kept.exists() else None

    def fingerprint(self) -> t.Any:
        return self.kept.read_text() if self.kept.exists() else None

    def fill_with_foreign(self) -> None:
        self.kept.write_text(json.dumps({"client_secret": "foreign-password", "password": "theirs"}))

    def make_unwritable(self) -> str:
        self.program.chmod(0o644)
        return "needs the program our-store"

    def traces(self) -> list[str]:
        return [json.dumps(self.programs.started)]


@pytest.fixture(params=[False, True], ids=["readable", "blind"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> CommandPlace:
    return CommandPlace(tmp_path, blind=request.param)


@pytest.fixture
def readable(tmp_path: Path) -> CommandPlace:
    return CommandPlace(tmp_path, blind=False)


class TestContract(StoreContract):
    @pytest.fixture
    def place(self, readable: CommandPlace) -> Place:
        return readable


class TestWriteOnlyContract(WriteOnlyContract):
    @pytest.fixture
    def place(self, tmp_path: Path) -> Place:
        return CommandPlace(tmp_path, blind=True)


def test_the_program_gets_its_settings_but_no_terminal_and_no_sign_in(readable: CommandPlace) -> None:
    hidden = {
        "AZURE_CLIENT_SECRET": "operator-secret",
        "AZURE_TENANT": "contoso.example",
        "ANSIBLE_AZURE_AUTH_SOURCE": "auto",
        "ANSIBLE_VAULT_PASSWORD_FILE": "/srv/vault",
        "ARM_CLIENT_SECRET": "operator-secret",
        "IDENTITY_HEADER": "operator-secret",
    }
    readable.programs.environ |= {**hidden, "OP_SERVICE_ACCOUNT_TOKEN": "theirs"}
    readable.open().write(FIRST, expected=None)
    for started in readable.programs.started:
        assert not hidden.keys() & started["environ"].keys()
        assert started["environ"]["OP_SERVICE_ACCOUNT_TOKEN"] == "theirs"
        assert started["terminal"] is False
        assert started["argv"][1] == "--quiet"
    requests = [json.loads(line) for line in readable.requests.read_text().splitlines()]
    assert [request["action"] for request in requests] == ["read", "write"]
    assert all(request["settings"] == readable.entry["settings"] for request in requests)


def test_the_output_of_a_failing_program_is_shown_without_secrets(readable: CommandPlace) -> None:
    readable.programs.add("our-store", f"sys.stderr.write('no room \\n for {SECRET}'); sys.exit(3)\n")
    store = readable.open()
    with pytest.raises(ConflictError, match="could not read the credential: no room for") as failure:
        store.read()
    assert SECRET not in str(failure.value)
    assert failure.value.details["status"] == 3
    readable.programs.add("our-store", "sys.exit(4)\n")
    with pytest.raises(ConflictError, match="exit status 4 and wrote nothing to standard error"):
        store.read()


def test_only_the_end_of_a_long_error_is_shown(readable: CommandPlace) -> None:
    readable.programs.add("our-store", "sys.stderr.write('begin ' + 'x ' * 999 + 'the end'); sys.exit(3)\n")
    with pytest.raises(ConflictError) as failure:
        readable.open().read()
    assert "begin" not in str(failure.value)
    assert "... " in str(failure.value) and "x the end" in str(failure.value)
    assert len(str(failure.value)) < 2 * LONGEST_REASON


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ("nothing here", "did not return a JSON object for read"),
        ("[]", "did not return a JSON object for read"),
        ('{"client_id": "x", "key_id": "y"}', "without its client_secret"),
        ('{"client_id": "x", "more": "y"}', "contains more than a credential"),
        ('{"client_id": "x", "client_secret": "y", "handed_over_to": "localhost"}', "handed_over_to with another type"),
    ],
)
def test_invalid_output_is_refused(readable: CommandPlace, answer: str, words: str) -> None:
    readable.programs.add("our-store", f"print({answer!r})\n")
    with pytest.raises(ConflictError, match=words):
        readable.open().read()


@pytest.mark.parametrize("answer", ["", "\n", "{}"])
def test_empty_output_means_an_empty_store(readable: CommandPlace, answer: str) -> None:
    readable.programs.add("our-store", f"print({answer!r})\n")
    assert readable.open().read() is None


def test_a_failure_after_the_write_counts_as_written(place: CommandPlace) -> None:
    place.program.write_text(place.program.read_text() + "\nsys.exit(1 if sys.argv[-1] == 'write' else 0)\n")
    place.open().write(FIRST, expected=None)
    assert place.value() == SECRET


@pytest.mark.parametrize("last_act", ["pass", "os.unlink(sys.argv[0])"], ids=["readable again", "removed"])
def test_a_failure_before_the_write_counts_as_not_written(place: CommandPlace, last_act: str) -> None:
    store = place.open()
    store.write(FIRST, expected=None)
    seen = store.read()
    fails = f"if sys.argv[-1] == 'write':\n    {last_act}\n    sys.exit(3)\nrequest ="
    place.program.write_text(place.program.read_text().replace("request =", fails, 1))
    with pytest.raises(ConflictError, match=r"could not write the credential: .* exit status 3"):
        store.write(SECOND, expected=seen)
    assert json.loads(place.kept.read_text()) == FIRST.content()


def test_a_program_that_hangs_is_ended_with_its_children(readable: CommandPlace, tmp_path: Path) -> None:
    child = tmp_path / "child"
    script = f"import subprocess, time\nopen({str(child)!r}, 'w').write(str(subprocess.Popen(['sleep', '99']).pid))\n"
    readable.programs.add("our-store", script + "time.sleep(99)\n")
    readable.wait_timeout = 2
    started = time.monotonic()
    with pytest.raises(ConflictError, match="did not end within 2 s"):
        readable.open().read()
    assert time.monotonic() - started < 30
    deadline = time.monotonic() + 10
    while _runs(int(child.read_text())):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def _runs(process: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{process}/stat").read_text().split(") ")[1][:1]
    except FileNotFoundError:
        return False


def test_a_path_in_the_home_folder_is_expanded(readable: CommandPlace) -> None:
    os.environ["HOME"], before = str(readable.programs.folder), os.environ["HOME"]
    try:
        readable.entry["argv"] = ["~/our-store"]
        assert readable.open().reference()["argv"] == [str(readable.program)]
        assert readable.open().read() is None
    finally:
        os.environ["HOME"] = before


def test_a_program_that_cannot_be_started_is_reported(readable: CommandPlace) -> None:
    readable.program.write_text("#!/nowhere/at/all\n")
    with pytest.raises(ConflictError, match="cannot be started"):
        readable.open().read()
    readable.entry["argv"] = ["no-such-program"]
    with pytest.raises(MissingLibraryError, match="needs the program no-such-program"):
        readable.open().check_writable(SECOND)


@pytest.mark.parametrize(
    ("changes", "words"),
    [({"argv": []}, "argv is empty"), ({"argv": None}, "missing required arguments: argv"), ({"file": "x"}, "file")],
)
def test_invalid_settings_are_refused(readable: CommandPlace, changes: Json, words: str) -> None:
    with pytest.raises(InputError, match=words):
        open_stores([{**readable.entry, **changes}], readable.context())


def test_a_manual_change_of_a_write_only_store_is_a_conflict(place: CommandPlace) -> None:
    store = place.open()
    store.write(FIRST, expected=store.read())
    seen = store.read()
    place.kept.write_text(json.dumps(dataclasses.replace(FIRST, key_id="5").content()))
    with pytest.raises(ConflictError, match="changed by another program"):
        store.write(SECOND, expected=seen)
