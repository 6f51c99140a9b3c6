# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A resource is named in several tables of the emulator: each of them lists it, and a failure names the table."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import pytest

from ansible_collections.email_gateway.azure_apps.tests.unit.graph_client import Client
from ansible_collections.email_gateway.azure_apps.tests.unit.table_check import check_listed
from graph_emulator.directory.rights import RIGHTS
from graph_emulator.directory.store import DeletedTable, Table
from graph_emulator.directory.tenant import Directory
from graph_emulator.graph import property_path, unserved
from graph_emulator.graph.routes import ROUTES
from graph_emulator.odata.path import tokens

GUID = "11111111-2222-3333-4444-555555555555"
SINGLE = sorted({route.path for route in ROUTES if route.method == "GET" and route.path.endswith("/*")})
# Whether Exchange Online has paths to properties of mail and of roles is not documented; deleted items have more than
# one type.
WITHOUT_PROPERTY_PATHS = {
    "directory/deletedItems/*",
    "roleManagement/exchange/customAppScopes/*",
    "roleManagement/exchange/roleAssignments/*",
    "roleManagement/exchange/roleDefinitions/*",
    "users/*/mailFolders/*",
    "users/*/messages/*",
}
# Tables of what is no directory object in Graph, or none that GET /directoryObjects/{id} returns.
NO_OBJECTS = {"assignments", "grants", "deleted"}


def test_every_right_of_a_route_is_defined() -> None:
    missing = {route.right for route in ROUTES} - set(RIGHTS)
    assert not missing, f"add {sorted(missing)} to RIGHTS in directory/rights.py"


def test_every_single_object_has_paths_to_its_properties() -> None:
    listed = {*property_path.TYPES, *WITHOUT_PROPERTY_PATHS} - {"me"}
    check_listed(SINGLE, listed, table="TYPES in graph/property_path.py")


def test_what_is_below_each_type_is_known() -> None:
    """Without it, a longer path would be a 500."""
    types = {*unserved._COLLECTIONS.values(), *unserved._SINGLETONS.values()}
    missing = types - set(unserved._MEMBERS)
    assert not missing, f"add {sorted(missing)} to _MEMBERS in graph/unserved.py"


@pytest.mark.parametrize("path", [path for path in SINGLE if not path.startswith("roleManagement/")])
def test_an_unknown_name_below_a_single_object_is_unknown(path: str) -> None:
    found = unserved.first_unknown(tokens(f"/{path}/nonsense".replace("*", GUID)))
    name = path.split("/")[-2]
    assert found == "nonsense", f"add {name!r} to _COLLECTIONS in graph/unserved.py, with the type of its objects"


def tables(directory: Directory) -> dict[str, Table]:
    held = {field.name: getattr(directory, field.name) for field in fields(directory)}
    return {name: table for name, table in held.items() if isinstance(table, Table)}


def test_the_snapshot_has_every_table(emulator: Any) -> None:
    for name, table in tables(emulator.tenant.directory).items():
        item = {"id": f"in {name}"}
        table[item["id"]] = ("applications", item) if isinstance(table, DeletedTable) else item
    shown = repr(emulator.tenant.snapshot())
    missing = [name for name in tables(emulator.tenant.directory) if f"'in {name}'" not in shown]
    assert not missing, f"add {missing} to Tenant.snapshot in directory/tenant.py"


def test_every_directory_object_is_found_by_its_id_alone(emulator: Any, operator: Client) -> None:
    for name, table in tables(emulator.tenant.directory).items():
        if name not in NO_OBJECTS:
            table[GUID] = {"id": GUID}
            answer = operator.get(f"/directoryObjects/{GUID}")
            advice = f"add {name} to directory_object in graph/lookups.py"
            assert answer.status_code == 200, f"{advice}, or to NO_OBJECTS here if these are no directory objects"
            del table[GUID]
