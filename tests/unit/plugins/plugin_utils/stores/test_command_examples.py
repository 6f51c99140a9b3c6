# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The examples of docs/stores.md, unchanged, with fake programs instead of the real ones."""

from __future__ import annotations

import json
import re
import shutil
import sys
import typing as t
from pathlib import Path

import pytest

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.errors import ConflictError
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._store.contract import Store, open_stores
from ansible_collections.email_gateway.azure_apps.tests.unit.plugins.plugin_utils.stores.contract import (
    FIRST,
    OTHER_SECRET,
    SECOND,
    SECRET,
    Json,
    make_context,
)
from ansible_collections.email_gateway.azure_apps.tests.unit.plugins.plugin_utils.stores.programs import Programs

ROOT = Path(__file__).resolve().parents[5]
EXAMPLES = ROOT / "docs" / "examples" / "stores"
# Each keeps a dictionary of texts by name in a file, as far as the example needs it.
START = """
path = STATE
kept = json.load(open(path)) if os.path.exists(path) else {}
def save():
    json.dump(kept, open(path, "w"))
def fail(text):
    sys.stderr.write(text)
    sys.exit(254)
a = sys.argv[1:]
"""
PASS = """
folder = os.environ["PASSWORD_STORE_DIR"]
name = a[-1]
mark = os.path.join(folder, name + ".gpg")
if a == ["show", name]:
    print(kept[name])
elif a == ["insert", "--multiline", "--force", name]:
    kept[name] = sys.stdin.read()
    os.makedirs(os.path.dirname(mark), exist_ok=True)
    open(mark, "w").close()
elif a == ["rm", "--force", name]:
    del kept[name]
    os.unlink(mark)
else:
    fail("unknown: " + repr(a))
save()
"""
OP = """
assert a[-2:] == ["--vault", "Gateways"], a
del a[-2:]
if a == ["item", "list", "--categories", "Document", "--format", "json"]:
    print(json.dumps([dict(id="id-of-" + name, title=name) for name in kept]))
elif a[:2] == ["document", "get"]:
    print(kept[a[2][6:]])
elif a[:4] == ["document", "create", "-", "--title"]:
    kept[a[4]] = sys.stdin.read()
elif a[:2] == ["document", "edit"] and a[3:] == ["-"]:
    kept[a[2][6:]] = sys.stdin.read()
elif a[:2] == ["document", "delete"]:
    del kept[a[2][6:]]
else:
    fail("unknown: " + repr(a))
save()
"""
VAULT = """
assert a[0] == "kv" and a[2] == "-mount=secret", a
if a[1] == "get":
    assert a[3] == "-format=json"
    if a[4] not in kept:
        fail("No value found at secret/data/" + a[4])
    print(json.dumps(dict(data=dict(data=json.loads(kept[a[4]])))))
elif a[1] == "put" and a[4:] == ["-"]:
    kept[a[3]] = sys.stdin.read()
elif a[1] == "delete":
    kept.pop(a[3], None)
else:
    fail("unknown: " + repr(a))
save()
"""
AWS = """
assert a[0] == "secretsmanager" and a[-2:] == ["--output", "json"] and a[2] in ("--secret-id", "--name"), a
action, name = a[1], a[3]
deleted = "deleted " + name
if action == "create-secret":
    assert a[2] == "--name" and name not in kept and deleted not in kept
elif name not in kept and deleted not in kept:
    fail("An error occurred (ResourceNotFoundException): Secrets Manager can't find the specified secret.")
if action == "describe-secret":
    print(json.dumps(dict(Name=name, **(dict(DeletedDate="2026-11-28") if deleted in kept else {}))))
elif action == "restore-secret":
    kept[name] = kept.pop(deleted)
elif deleted in kept:
    fail("An error occurred (InvalidRequestException): it was marked for deletion.")
elif action == "get-secret-value":
    print(json.dumps(dict(SecretString=kept[name])))
elif action in ("create-secret", "put-secret-value"):
    assert a[4:6] == ["--secret-string", "file:///dev/stdin"]
    kept[name] = open("/dev/stdin").read()
elif action == "delete-secret":
    kept[deleted] = kept.pop(name)
else:
    fail("unknown: " + repr(a))
save()
"""
PROGRAMS = {
    "aws-secrets-manager": ("aws", AWS),
    "onepassword": ("op", OP),
    "pass": ("pass", PASS),
    "vault-cli": ("vault", VAULT),
}
NAME = "gateways/vienna"


class ExamplePlace:
    def __init__(self, folder: Path, example: str) -> None:
        self.state = folder / "state.json"
        self.programs = Programs(folder / "bin")
        self.name, script = PROGRAMS[example]
        self.programs.add(self.name, START.replace("STATE", repr(str(self.state))) + script)
        self.script = Path(shutil.copy(EXAMPLES / example, folder / "our-store"))
        self.programs.environ["PASSWORD_STORE_DIR"] = str(folder / "password-store")
        settings = {"name": NAME, "vault": "Gateways", "mount": "secret"}
        self.entry: Json = {"type": "command", "argv": [sys.executable, str(self.script)], "settings": settings}

    def open(self) -> Store:
        (store,) = open_stores([self.entry], make_context(self.programs.environ))
        return store

    def kept(self) -> dict[str, str]:
        return t.cast("dict[str, str]", json.loads(self.state.read_text())) if self.state.exists() else {}

    def put(self, name: str, content: Json) -> None:
        self.state.write_text(json.dumps({**self.kept(), name: json.dumps(content)}))
        mark = Path(self.programs.environ["PASSWORD_STORE_DIR"], f"{name}.gpg")
        mark.parent.mkdir(parents=True, exist_ok=True)
        mark.touch()

    def value(self) -> str | None:
        kept = self.kept()
        return json.loads(kept[NAME])["client_secret"] if NAME in kept else None


@pytest.fixture(params=sorted(PROGRAMS))
def place(request: pytest.FixtureRequest, tmp_path: Path) -> ExamplePlace:
    return ExamplePlace(tmp_path, request.param)


def test_an_example_stores_the_credential_and_keeps_everything_else(place: ExamplePlace) -> None:
    """In one test, since each step starts two programs; test_command.py tests the whole contract."""
    place.put("another", {"foreign_variable": "stays"})
    store = place.open()
    assert store.read() is None
    store.remove()
    store.write(FIRST, expected=None)
    assert (place.open().read(), place.value()) == (FIRST, SECRET)
    store.write(SECOND, expected=FIRST)
    assert (place.open().read(), place.value()) == (SECOND, OTHER_SECRET)
    with pytest.raises(ConflictError, match="changed by another program"):
        store.write(FIRST, expected=FIRST)
    store.remove()
    assert (place.open().read(), place.value()) == (None, None)
    store.write(FIRST, expected=None)
    assert place.value() == SECRET
    assert json.loads(place.kept()["another"]) == {"foreign_variable": "stays"}
    started = json.dumps(place.programs.started)
    assert SECRET not in started
    assert OTHER_SECRET not in started


def test_foreign_content_under_the_name_is_not_changed(place: ExamplePlace) -> None:
    place.put(NAME, {"password": "foreign-password"})
    before = place.kept()
    for attempt in (place.open().remove, lambda: place.open().write(FIRST, expected=None)):
        with pytest.raises(ConflictError, match="contains more than a credential"):
            attempt()
    assert place.kept() == before


def test_every_example_of_the_page_is_tested() -> None:
    page = (ROOT / "docs" / "stores.md").read_text()
    assert sorted(path.name for path in EXAMPLES.iterdir()) == sorted(PROGRAMS)
    for example in PROGRAMS:
        assert f"examples/stores/{example}" in page
    (shown,) = re.findall(r"```python\n(.*?)```", page, re.S)
    whole = (EXAMPLES / "pass").read_text()
    assert whole.endswith(shown), "the page shows one of them, without its head"


def test_a_failing_program_does_not_mean_an_empty_store(place: ExamplePlace) -> None:
    place.open().write(FIRST, expected=None)
    place.programs.add(place.name, "sys.stderr.write('the sign-in has expired'); sys.exit(3)\n")
    store = place.open()
    for attempt in (store.read, store.remove):
        with pytest.raises(ConflictError, match="the sign-in has expired"):
            attempt()
    assert place.value() == SECRET
