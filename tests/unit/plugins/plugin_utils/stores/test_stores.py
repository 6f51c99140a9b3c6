# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The stores of a task, and the common behaviour of every type of store."""

from __future__ import annotations

import importlib
import os
import re
import types
import typing as t
from pathlib import Path

import pytest
import yaml

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.errors import ConflictError, InputError
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._credential.record import CREDENTIAL_TYPES
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._awx.checks import ANYWHERE
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._store import context as context_file
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._store.context import store_context
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._store.contract import (
    PACKAGE,
    STORE_TYPES,
    LookupMissing,
    Store,
    check_credential_type,
    open_stores,
    record_of,
    store_class,
)
from ansible_collections.email_gateway.azure_apps.tests.unit.plugins.plugin_utils.stores.contract import (
    FIRST,
    SECOND,
    Json,
    StoreContract,
    make_context,
)
from ansible_collections.email_gateway.azure_apps.tests.unit.table_check import check_listed

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[4]
FILE: Json = {"type": "ansible_vault", "path": "/srv/gateway.vault.yml"}
AWX: Json = {"type": "awx_credential", "name": "gateway", "credential_type": "Mail gateway"}
VAULT: Json = {"type": "azure_key_vault", "vault_url": "https://v.vault.azure.net", "name": "gateway"}
COMMAND: Json = {"type": "command", "argv": ["our-store"]}
HASHI: Json = {"type": "hashi_vault", "name": "gateways/vienna"}
SOPS: Json = {"type": "sops", "path": "/srv/gateway.sops.yml"}


def test_every_type_has_a_class_a_contract_test_and_a_section_of_the_documentation() -> None:
    folder = ROOT / "plugins" / "plugin_utils" / "stores"
    files = [path.stem for path in folder.glob("*.py") if path.stem != "__init__"]
    check_listed(files, STORE_TYPES, table="STORE_TYPES in plugins/plugin_utils/_store/contract.py")
    lines = (ROOT / "docs" / "stores.md").read_text().splitlines()
    for store_type in STORE_TYPES:
        file = f"plugins/plugin_utils/stores/{store_type}.py"
        assert store_class(store_type).type == store_type, f"set type in {file} to {store_type!r}"
        unknown = set(store_class(store_type).credential_types) - set(CREDENTIAL_TYPES)
        assert not unknown, f"correct credential_types in {file}: {unknown}"
        test = f"tests/unit/plugins/plugin_utils/stores/test_{store_type}.py"
        assert (ROOT / test).is_file(), f"add the file {test} with a class TestContract"
        contract = importlib.import_module(f"{__name__.rpartition('.')[0]}.test_{store_type}").TestContract
        assert issubclass(contract, StoreContract), f"derive TestContract in {test} from StoreContract"
        rows = [line for line in lines if line.startswith(f"| `{store_type}` |")]
        assert len(rows) == 2, (
            f"add a row that begins with | `{store_type}` | to each of the two tables of types in docs/stores.md"
        )


def test_stores_that_are_no_files_can_be_used_by_jobs_of_awx() -> None:
    elsewhere = [name for name in STORE_TYPES if store_class(name).local_paths is Store.local_paths]
    table = "ANYWHERE in plugins/plugin_utils/_awx/checks.py"
    for name in sorted({*elsewhere} - {*ANYWHERE}):
        file = f"plugins/plugin_utils/stores/{name}.py"
        pytest.fail(
            f"if {name!r} keeps files on the controller, set local_paths in {file}; only otherwise add it to {table}"
        )
    check_listed(elsewhere, ANYWHERE, table=table)


@pytest.mark.parametrize("store_type", STORE_TYPES)
def test_the_settings_are_documented_in_the_plugin_and_in_the_page(store_type: str) -> None:
    documented = yaml.safe_load(importlib.import_module(f"{PACKAGE}.{store_type}").DOCUMENTATION)["options"]
    declared = store_class(store_type).argument_spec.options
    file = f"plugins/plugin_utils/stores/{store_type}.py"
    assert list(documented) == list(declared), f"document each setting of argument_spec in DOCUMENTATION of {file}"
    page = (ROOT / "docs" / "stores.md").read_text()
    sections = re.findall(rf"^## .*\n+Type: `{store_type}`\.(.*?)(?=^## |\Z)", page, re.M | re.S)
    assert len(sections) == 1, f"add a section to docs/stores.md whose first line is: Type: `{store_type}`."
    rows = re.findall(r"^\| `(\w+)` \| (\w+) \|(.*?)\| .+ \|$", sections[0], re.M)
    assert [name for name, _type, _default in rows] == list(declared), (
        f"give each setting of {file} a row in the section of `{store_type}` in docs/stores.md, in the same order"
    )
    for name, shown_type, shown_default in rows:
        for member in ("type", "required", "default", "elements"):
            assert documented[name].get(member) == declared[name].get(member), (
                f"correct {member} of the setting {name} in {file}: DOCUMENTATION and argument_spec differ"
            )
        assert documented[name].get("description"), f"add a description of {name} to DOCUMENTATION in {file}"
        assert shown_type == declared[name]["type"], f"correct the type of {name} of `{store_type}` in docs/stores.md"
        default = declared[name].get("default")
        expected = "required" if declared[name].get("required") else "" if default is None else f"`{_yaml(default)}`"
        assert shown_default.strip() == expected, (
            f"set the default of {name} of `{store_type}` in docs/stores.md to {expected!r}"
        )


def _yaml(value: t.Any) -> str:
    return {True: "true", False: "false"}.get(value, str(value)) if isinstance(value, bool) else str(value)


def test_the_stores_are_opened_in_order_without_any_request() -> None:
    stores = open_stores([FILE, AWX, VAULT, COMMAND, HASHI, SOPS], make_context({}))
    assert [store.type for store in stores] == [
        "ansible_vault",
        "awx_credential",
        "azure_key_vault",
        "command",
        "hashi_vault",
        "sops",
    ]
    assert [store.title for store in stores] == [
        "/srv/gateway.vault.yml",
        "gateway",
        "gateway",
        "our-store",
        "gateways/vienna",
        "/srv/gateway.sops.yml",
    ]
    assert [bool(store.local_paths) for store in stores] == [True, False, False, False, False, True]


@pytest.mark.parametrize(
    ("entries", "words"),
    [
        ([], "O(stores) is empty"),
        (["ansible_vault"], "Entry 1 of O(stores) has no type"),
        ([FILE, {"path": "/srv/x"}], "Entry 2 of O(stores) has no type"),
        ([{"type": "tasks", "file": "x.yml"}], "Entry 1 of O(stores) has the type 'tasks', which does not exist"),
        ([{**AWX, "organisation": "x"}], "Entry 1 of O(stores), of the type awx_credential: Unsupported parameters"),
        (
            [FILE, {"type": "hashi_vault"}],
            "Entry 2 of O(stores), of the type hashi_vault: missing required arguments: name",
        ),
        ([{**COMMAND, "settings": 5}], "Entry 1 of O(stores), of the type command: "),
    ],
)
def test_invalid_entries_are_reported_with_their_number_and_type(entries: list[t.Any], words: str) -> None:
    with pytest.raises(InputError) as failure:
        open_stores(entries, make_context({}))
    assert failure.value.message.startswith(words)
    assert failure.value.next_step


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (FILE, {"type": "ansible_vault", "path": "/srv/../srv/gateway.vault.yml", "vault_id": "prod"}),
        (FILE, {"type": "ansible_vault"}),
        ({**SOPS, "path": "/srv/x.yml"}, {"type": "ansible_vault", "path": "/srv/x.yml"}),
        (HASHI, {**HASHI, "mount": "/secret/", "name": "gateways/vienna/"}),
        (COMMAND, {**COMMAND, "readable": False}),
        (AWX, AWX),
    ],
)
def test_two_stores_in_the_same_place_are_refused(first: Json, second: Json) -> None:
    context = make_context({}, default_path="/srv/gateway.vault.yml")
    with pytest.raises(InputError, match=r"The entries 1 and 3 of O\(stores\) name the same place"):
        open_stores([first, VAULT, second], context)


def test_places_that_differ_in_one_setting_are_different(tmp_path: Path) -> None:
    entries = [HASHI, {**HASHI, "mount": "kv"}, COMMAND, {**COMMAND, "settings": {"name": "x"}}, AWX]
    assert len(open_stores([*entries, {**AWX, "organization": "Default"}], make_context({}))) == 6


def test_a_link_to_a_file_is_the_same_place(tmp_path: Path) -> None:
    (tmp_path / "link.yml").symlink_to(tmp_path / "file.yml")
    entries = [{"type": "ansible_vault", "path": str(tmp_path / name)} for name in ("file.yml", "link.yml")]
    with pytest.raises(InputError, match="the same place"):
        open_stores(entries, make_context({}))


@pytest.mark.parametrize("credential_type", ["certificate", "federated"])
def test_a_credential_that_a_store_cannot_keep_is_refused(credential_type: str) -> None:
    stores = open_stores([FILE, VAULT, AWX], make_context({}))
    check_credential_type(stores, "client_secret")
    check_credential_type(stores[:1], credential_type)
    with pytest.raises(InputError, match="of the type awx_credential or azure_key_vault cannot store a") as failure:
        check_credential_type(stores, credential_type)
    fit = [name for name in STORE_TYPES if credential_type in store_class(name).credential_types]
    assert f": {', '.join(fit)}." in failure.value.next_step
    assert "ansible_vault" in fit and not {"awx_credential", "azure_key_vault"} & {*fit}


@pytest.mark.parametrize("record", [FIRST, SECOND])
def test_a_record_can_be_read_from_its_content(record: t.Any) -> None:
    assert record_of(record.content(), where="A store") == record


@pytest.mark.parametrize("nothing", [None, {}])
def test_empty_content_is_not_a_record(nothing: t.Any) -> None:
    assert record_of(nothing, where="A store") is None


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ([], "A store does not contain a credential of this collection"),
        ({**FIRST.content(), "more": 1}, "A store contains more than a credential of this collection, namely more"),
        ({**FIRST.content(), "client_id": ""}, "A store contains no client_id"),
        ({**FIRST.content(), "key_id": 5, "pending_hosts": "x"}, "contains key_id, pending_hosts with another type"),
        ({**FIRST.content(), "handed_over_to": [1]}, "contains handed_over_to with another type"),
    ],
)
def test_foreign_content_is_refused_as_a_record(content: t.Any, words: str) -> None:
    with pytest.raises(ConflictError, match=words):
        record_of(content, where="A store")


class _Loader:
    """A stand-in for ansible-core's loader of lookups."""

    def __init__(self, plugin: t.Any) -> None:
        self.plugin = plugin
        self.asked: list[str] = []

    def get(self, name: str, **_more: t.Any) -> t.Any:
        self.asked.append(name)
        return self.plugin


def _templating(secrets: t.Any = None) -> t.Any:
    vault = types.SimpleNamespace(secrets=secrets)
    return types.SimpleNamespace(
        loader=types.SimpleNamespace(_vault=vault),
        templar=types.SimpleNamespace(available_variables={"ansible_hashi_vault_url": "https://v"}),
    )


def test_a_lookup_runs_with_the_variables_and_the_environment_of_the_task(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VAULT_ADDR", "of the run")
    monkeypatch.setenv("ONLY_OF_THE_RUN", "x")
    seen: Json = {}

    class Plugin:
        def run(self, terms: list[str], **options: t.Any) -> list[t.Any]:
            seen.update(terms=terms, options=options, address=os.environ["VAULT_ADDR"], more=dict(os.environ))
            if terms == ["fails"]:
                raise RuntimeError("as a lookup may")
            return [{"a": "b"}]

    loader = _Loader(Plugin())
    monkeypatch.setattr(context_file, "lookup_loader", loader)
    call = make_context({**os.environ, "VAULT_ADDR": "of the task", "VAULT_TOKEN": "t"}).call
    context = store_context(_templating(), call, default_path="/srv/x", default_vault_id="prod")
    before = dict(os.environ)
    assert context.lookup("community.hashi_vault.vault_read", ["path"], data={"c": 1}) == [{"a": "b"}]
    assert loader.asked == ["community.hashi_vault.vault_read"]
    assert seen["terms"] == ["path"]
    assert seen["options"] == {"variables": {"ansible_hashi_vault_url": "https://v"}, "data": {"c": 1}}
    assert (seen["address"], seen["more"]["VAULT_TOKEN"]) == ("of the task", "t")
    assert dict(os.environ) == before
    with pytest.raises(RuntimeError):
        context.lookup("community.hashi_vault.vault_read", ["fails"])
    assert dict(os.environ) == before
    assert (context.default_path, context.default_vault_id, context.vault_secrets) == ("/srv/x", "prod", [])


def test_a_lookup_of_a_missing_collection_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(context_file, "lookup_loader", _Loader(None))
    context = store_context(_templating([("default", "secret")]), make_context({}).call)
    with pytest.raises(LookupMissing):
        context.lookup("community.hashi_vault.vault_read", ["path"])
    assert context.vault_secrets == [("default", "secret")]
    assert "secret" not in repr(context)
