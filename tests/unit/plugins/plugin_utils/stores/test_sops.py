# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""With a fake sops; tests/stores uses the real one."""

from __future__ import annotations

import base64
import json
import typing as t
from pathlib import Path

import pytest
import yaml

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.errors import (
    AppsError,
    ConflictError,
    InputError,
    MissingLibraryError,
)
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._store.contract import StoreContext, open_stores
from ansible_collections.email_gateway.azure_apps.tests.unit.plugins.plugin_utils.stores.contract import (
    FIRST,
    SECOND,
    SECRET,
    Json,
    SharedPlace,
    SharedPlaceContract,
    make_context,
)
from ansible_collections.email_gateway.azure_apps.tests.unit.plugins.plugin_utils.stores.programs import Programs

MARK = "sops-of-the-tests "
# Like sops, it uses the rules of the nearest .sops.yaml, or recipients; ``clear`` is a rule that encrypts nothing.
SOPS = """
import base64, yaml
def fail(text):
    sys.stderr.write(text + "\\n")
    sys.exit(1)
command, arguments = sys.argv[1], sys.argv[2:]
if command == "decrypt":
    assert arguments[:4] == ["--input-type", "yaml", "--output-type", "json"], arguments
    text = open(arguments[4]).read()
    if not text.startswith("sops-of-the-tests "):
        fail("sops metadata not found")
    print(json.dumps(yaml.safe_load(base64.b64decode(text[len("sops-of-the-tests "):]))))
else:
    assert (command, arguments[-1]) == ("encrypt", "/dev/stdin"), sys.argv
    given = [a for a in arguments if a.startswith("--age=")]
    rules = open(".sops.yaml").read() if os.path.exists(".sops.yaml") else ""
    text = open("/dev/stdin").read()
    yaml.safe_load(text)
    if "clear" in rules:
        print(text)
    elif "broken" in rules:
        fail("cannot encrypt: " + text)
    elif given or "age" in rules:
        print("sops-of-the-tests " + base64.b64encode(text.encode()).decode())
    else:
        fail("no matching creation rules found")
"""


class SopsPlace(SharedPlace):
    def __init__(self, folder: Path) -> None:
        self.programs = Programs(folder / "bin")
        self.programs.add("sops", SOPS, with_libraries=True)
        self.path = folder / "files" / "vienna.sops.yml"
        self.path.parent.mkdir()
        self.rules = self.path.parent / ".sops.yaml"
        self.rules.write_text("age\n")
        self.entry = {"type": "sops", "path": str(self.path)}

    def context(self) -> StoreContext:
        return make_context(self.programs.environ)

    def content(self) -> Json:
        if not self.path.is_file():
            return {}
        return t.cast(Json, yaml.safe_load(base64.b64decode(self.path.read_text()[len(MARK) :])))

    def put(self, content: Json) -> None:
        self.path.write_text(MARK + base64.b64encode(json.dumps(content).encode()).decode())
        self.path.chmod(0o600)

    def value(self) -> str | None:
        return t.cast("str | None", self.content().get("gateway_app_credential", {}).get("client_secret"))

    def fingerprint(self) -> t.Any:
        return self.path.read_bytes() if self.path.is_file() else self.path.exists()

    def fill_with_foreign(self) -> None:
        self.put({"gateway_app_credential": {"password": "foreign-password"}})

    def make_unwritable(self) -> str:
        self.rules.write_text("nothing\n")
        return "no matching creation rules found"

    def add_other_content(self) -> None:
        self.put({"foreign_variable": ["stays", 1]})

    def other_content_is_there(self) -> bool:
        return self.content().get("foreign_variable") == ["stays", 1]

    def traces(self) -> list[str]:
        return [json.dumps(self.programs.started), *(str(path) for path in self.path.parent.iterdir())]


@pytest.fixture
def place(tmp_path: Path) -> SopsPlace:
    return SopsPlace(tmp_path)


class TestContract(SharedPlaceContract):
    @pytest.fixture
    def place(self, place: SopsPlace) -> SharedPlace:
        return place


def test_a_file_without_other_content_is_removed(place: SopsPlace) -> None:
    store = place.open()
    store.write(FIRST, expected=None)
    assert sorted(path.name for path in place.path.parent.iterdir()) == [".sops.yaml", place.path.name]
    store.remove()
    assert not place.path.exists(), "nothing else is in it"


def test_sops_runs_in_the_folder_of_the_file_with_the_environment_of_the_task(place: SopsPlace) -> None:
    place.programs.environ["SOPS_AGE_KEY_FILE"] = "/srv/age.key"
    place.open().write(FIRST, expected=place.open().read())
    (started,) = place.programs.started
    assert started["folder"] == str(place.path.parent)
    assert started["environ"]["SOPS_AGE_KEY_FILE"] == "/srv/age.key"
    assert started["terminal"] is False


def test_recipients_are_passed_to_sops_as_options(place: SopsPlace) -> None:
    place.rules.unlink()
    place.entry["recipients"] = {
        "age": ["age1x", "age1y"],
        "hc_vault_transit": ["https://v:8200/v1/t/keys/k"],
        "pgp": [],
    }
    place.open().write(FIRST, expected=None)
    arguments = place.programs.started[-1]["argv"]
    assert arguments[1:4] == ["encrypt", "--age=age1x,age1y", "--hc-vault-transit=https://v:8200/v1/t/keys/k"]
    assert arguments[-3:] == ["--filename-override", "vienna.sops.yml", "/dev/stdin"]
    assert place.value() == SECRET


def test_a_rule_that_does_not_encrypt_the_client_secret_is_refused_in_advance_and_at_the_write(
    place: SopsPlace,
) -> None:
    place.rules.write_text("clear\n")
    with pytest.raises(ConflictError, match="would leave the client secret"):
        place.open().check_writable(SECOND)
    with pytest.raises(ConflictError, match="would leave the client secret"):
        place.open().write(FIRST, expected=None)
    assert not place.path.exists()


def test_the_output_of_sops_is_shown_without_the_client_secret(place: SopsPlace) -> None:
    place.rules.write_text("broken\n")
    with pytest.raises(ConflictError, match="cannot encrypt: ") as failure:
        place.open().write(FIRST, expected=None)
    assert SECRET not in str(failure.value)


def test_an_unencrypted_file_is_not_changed(place: SopsPlace) -> None:
    place.path.write_text("plain: true\n")
    for attempt in (place.open().read, place.open().remove, lambda: place.open().write(FIRST, expected=None)):
        with pytest.raises(ConflictError, match=r"could not decrypt .*: sops metadata not found$"):
            attempt()
    assert place.path.read_text() == "plain: true\n"


def test_a_missing_folder_is_refused_in_advance(place: SopsPlace) -> None:
    place.entry["path"] = str(place.path.parent / "missing" / "vienna.sops.yml")
    with pytest.raises(ConflictError, match="there is no folder"):
        place.open().check_writable(SECOND)


def test_a_missing_program_is_named_when_it_is_used(place: SopsPlace) -> None:
    place.programs.environ["PATH"] = "/nowhere"
    store = place.open()
    assert store.reference()["path"] == str(place.path)
    with pytest.raises(MissingLibraryError, match="needs the program sops"):
        store.read()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"path": "x.json"}, "path does not end with .yml or .yaml"),
        ({"path": ""}, "missing required arguments: path"),
        ({"recipients": {"rot13": ["x"]}}, "rot13"),
    ],
)
def test_invalid_settings_are_refused(place: SopsPlace, changes: Json, words: str) -> None:
    place.entry.update(changes)
    with pytest.raises(InputError, match=words) as failure:
        place.open()
    assert failure.value.message.startswith("Entry 1 of O(stores), of the type sops: ")


def test_a_sops_that_hangs_is_ended(place: SopsPlace) -> None:
    place.programs.add("sops", "import time; time.sleep(60)\n")
    place.path.write_text(MARK)
    context = make_context(place.programs.environ, wait_timeout=1)
    (store,) = open_stores([place.entry], context)
    with pytest.raises(AppsError, match="did not end within 1 s"):
        store.read()
