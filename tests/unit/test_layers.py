# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The packages import in one direction only, and files and classes stay small enough to be read."""

from __future__ import annotations

import ast
import typing as t
from pathlib import Path

import pytest

from ansible_collections.email_gateway.azure_apps.tests.unit.table_check import check_listed

ROOT = Path(__file__).resolve().parents[2]
PLUGINS = ROOT / "plugins"
EMULATOR = ROOT / "roles" / "graph_emulator" / "files" / "graph_emulator"
COLLECTION = "ansible_collections.email_gateway.azure_apps"
CODE_FOLDERS = ("changelogs/fragments", "docs", "extensions", "meta", "playbooks", "plugins", "roles", "tests")
LONGEST_FILE = 400  # lines
LONGEST_CLASS = 250  # lines
# Ansible reads the arguments of a role from one file, which grows with each profile and variable.
CANNOT_BE_SPLIT = {"roles/gateway_app/meta/argument_specs.yml"}

# From the lowest to the highest; packages in one row may import each other, without a cycle.
LAYERS = (
    ("_core",),
    ("_http",),
    ("_sign_in",),
    ("_graph",),
    ("_resources", "_credential", "_key_vault", "_profile", "_proof"),
    ("_report",),
)
# The same for plugin_utils, which stands above module_utils.
UPPER_LAYERS = (
    ("_run", "_awx"),
    ("_store",),
    ("stores",),
    ("_action",),
    ("_credential", "_role"),
    ("_report",),
)
LAYERS_OF = {"module_utils": LAYERS, "plugin_utils": UPPER_LAYERS}
# The same for the emulator. `.` stands for the files that belong to no package, except those below.
ROOMS = (
    (".",),
    ("catalogue", "mail"),
    ("directory",),
    ("odata", "identity"),
    ("key_vault", "resource_manager", "graph"),
    ("weather",),
    ("emulator",),
    ("page",),
    ("wire",),
    ("cli", "__main__"),
)
ROOM_LEVELS = {room: level for level, rooms in enumerate(ROOMS) for room in rooms}


def _sources() -> list[Path]:
    return sorted([*PLUGINS.rglob("*.py"), *EMULATOR.rglob("*.py")])


def _name(path: Path) -> str:
    """The dotted name below the collection, such as plugins.module_utils._core.errors."""
    return ".".join(path.relative_to(ROOT).with_suffix("").parts)


def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(), str(path))


def _imports(path: Path, known: t.Container[str]) -> set[str]:
    """The files of the collection that a file imports, also only for types or inside a function."""
    found: set[str] = set()
    for node in ast.walk(_tree(path)):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        elif isinstance(node, ast.ImportFrom):
            folder = f"{COLLECTION}.{_name(path)}".rsplit(".", node.level)[0]
            base = f"{folder}.{node.module}" if node.module else folder
            names = [base, *(f"{base}.{alias.name}" for alias in node.names)]
        found |= {name.removeprefix(f"{COLLECTION}.") for name in names}
    return {name for name in found if name in known}


def _graph(paths: t.Iterable[Path]) -> dict[str, set[str]]:
    by_name = {_name(path): path for path in paths}
    return {name: _imports(path, by_name) for name, path in by_name.items()}


def _package(name: str) -> str:
    return name.split(".")[2]


def _utilities(folder: str) -> list[Path]:
    """The files of plugins/module_utils or plugins/plugin_utils."""
    return sorted((PLUGINS / folder).rglob("*.py"))


def _levels(folder: str) -> dict[str, int]:
    return {package: level for level, packages in enumerate(LAYERS_OF[folder]) for package in packages}


def _cycles(graph: t.Mapping[str, set[str]]) -> set[frozenset[str]]:
    """Groups of two or more files that all reach each other."""
    reached: dict[str, set[str]] = {}
    for start in graph:
        seen: set[str] = set()
        waiting = list(graph[start])
        while waiting:
            name = waiting.pop()
            if name not in seen:
                seen.add(name)
                waiting += graph.get(name, ())
        reached[start] = seen
    groups = (frozenset(other for other in reached[name] if name in reached[other]) for name in graph)
    return {group for group in groups if len(group) > 1}


def test_imports_are_found() -> None:
    """Otherwise, the following tests would always pass."""
    graph = _graph(_utilities("module_utils"))
    assert "plugins.module_utils._core.errors" in graph["plugins.module_utils._graph.client"]
    graph = _graph(_utilities("plugin_utils"))
    assert "plugins.plugin_utils._store.contract" in graph["plugins.plugin_utils.stores.command"]
    assert _cycles({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}}) == {frozenset("abc")}


@pytest.mark.parametrize("folder", LAYERS_OF)
def test_no_package_imports_from_a_higher_one(folder: str) -> None:
    levels = _levels(folder)
    found = {path.relative_to(PLUGINS / folder).parts[0] for path in _utilities(folder)}
    check_listed(found, levels, table=f"LAYERS_OF[{folder!r}] in tests/unit/test_layers.py, above what it imports from")
    upward = {
        f"{name} imports {imported} from a higher layer of LAYERS_OF: move what it needs to its own or a lower one"
        for name, names in _graph(_utilities(folder)).items()
        for imported in names
        if levels[_package(imported)] > levels[_package(name)]
    }
    assert upward == set(), "\n".join(sorted(upward))


def test_no_utility_imports_from_the_top_level() -> None:
    graph = _graph(PLUGINS.rglob("*.py"))
    for name, names in graph.items():
        above = {imported for imported in names if not imported.startswith("plugins.module_utils.")}
        if name.startswith("plugins.module_utils."):
            assert above == set(), name
        elif name.startswith("plugins.plugin_utils."):
            assert {imported for imported in above if not imported.startswith("plugins.plugin_utils.")} == set(), name


def test_there_are_no_import_cycles() -> None:
    by_file = _graph(PLUGINS.rglob("*.py"))
    assert _cycles(by_file) == set()
    for folder in LAYERS_OF:
        by_package: dict[str, set[str]] = {package: set() for package in _levels(folder)}
        for name, names in _graph(_utilities(folder)).items():
            by_package[_package(name)] |= {_package(imported) for imported in names} - {_package(name)}
        assert _cycles(by_package) == set()


def test_each_package_of_plugin_utils_says_what_belongs_there() -> None:
    for path in (PLUGINS / "plugin_utils").glob("*/__init__.py"):
        text = ast.get_docstring(_tree(path)) or ""
        assert text.endswith(".") and "\n" not in text, f"{path.parent.name}: one sentence"


def _package_or_file(name: str) -> str:
    """For a file of the emulator: its package, or the file itself if it is above some packages."""
    first = name.removeprefix(_emulated("")).partition(".")[0]
    return first if first in ROOM_LEVELS else "."


def test_no_package_of_the_emulator_imports_from_a_higher_one() -> None:
    packages = {path.parent.name for path in EMULATOR.glob("*/__init__.py")}
    check_listed(
        packages | {".", "emulator", "cli", "__main__"}, ROOM_LEVELS, table="ROOMS in tests/unit/test_layers.py"
    )
    graph = _emulator_graph()
    assert _emulated("directory.tenant") in graph[_emulated("identity.platform")], "the test sees imports"
    upward = {
        f"{name} imports {imported} from a higher layer of ROOMS"
        for name, names in graph.items()
        for imported in names
        if ROOM_LEVELS[_package_or_file(imported)] > ROOM_LEVELS[_package_or_file(name)]
    }
    assert upward == set(), "\n".join(sorted(upward))
    by_room: dict[str, set[str]] = {room: set() for room in ROOM_LEVELS}
    for name, names in graph.items():
        by_room[_package_or_file(name)] |= {_package_or_file(imported) for imported in names} - {_package_or_file(name)}
    assert _cycles(by_room) == set()
    assert _cycles(graph) == set()


def test_each_package_of_the_emulator_documents_its_purpose() -> None:
    for path in EMULATOR.glob("*/__init__.py"):
        text = ast.get_docstring(_tree(path)) or ""
        assert text.partition("\n")[0].endswith((".", ":")), f"{path.parent.name}: one sentence in the first line"


def _emulated(name: str) -> str:
    return f"{_name(EMULATOR)}.{name}"


def _emulator_graph() -> dict[str, set[str]]:
    """A package has the name of its folder; that it is loaded before its own files does not count."""
    by_name = {_name(path).removesuffix(".__init__"): path for path in EMULATOR.rglob("*.py")}
    graph = {name: _imports(path, by_name) for name, path in by_name.items()}
    return {
        name: {imported for imported in names if not name.startswith(f"{imported}.")} for name, names in graph.items()
    }


def test_no_file_and_no_class_is_too_long() -> None:
    """Files of all kinds of code, including tests and documented examples."""
    found = {
        str(path.relative_to(ROOT))
        for folder in CODE_FOLDERS
        for path in (ROOT / folder).rglob("*")
        if path.suffix in (".py", ".yml", ".yaml", ".j2", ".sh") and len(path.read_text().splitlines()) > LONGEST_FILE
    }
    found -= CANNOT_BE_SPLIT
    for path in _sources():
        where = str(path.relative_to(ROOT))
        for node in ast.walk(_tree(path)):
            if isinstance(node, ast.ClassDef) and (node.end_lineno or 0) - node.lineno + 1 > LONGEST_CLASS:
                found.add(f"{where}: {node.name}")
    assert not found, (
        f"split or shorten {sorted(found)}: a file has at most {LONGEST_FILE} lines, a class {LONGEST_CLASS}"
    )
