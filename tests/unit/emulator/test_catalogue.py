# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The shipped names and ids, compared with their published sources."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from xml.etree import ElementTree

import pytest

from ansible_collections.email_gateway.azure_apps.tests.unit.csdl import ELSEWHERE, Csdl
from graph_emulator import catalogue
from graph_emulator.directory.rights import RIGHTS
from graph_emulator.directory.shapes import application, service_principal
from graph_emulator.odata import edm
from graph_emulator.odata.beyond_slice import BEYOND_SLICE
from graph_emulator.odata.properties import PROPERTIES

EDM = "{http://docs.oasis-open.org/odata/ns/edm}"


@pytest.mark.parametrize(
    ("table", "roles", "scopes"),
    [
        ("microsoft_graph", 716, 807),
        ("office365_exchange_online", 24, 10),
    ],
)
def test_permissions_are_the_published_ones(oracle: Path, table: str, roles: int, scopes: int) -> None:
    published = json.loads((oracle / "permissions.json").read_text(encoding="utf-8"))[table]
    wanted = {("role", entry["value"], entry["id"]) for entry in published["appRoles"]}
    wanted |= {("scope", entry["value"], entry["id"]) for entry in published["oauth2PermissionScopes"]}
    shipped = catalogue.permissions(table)
    assert {(entry.kind, entry.value, entry.id) for entry in shipped} == wanted
    assert Counter(entry.kind for entry in shipped) == {"role": roles, "scope": scopes}


def declared_types(oracle: Path) -> dict[str, dict[str, str]]:
    root = ElementTree.parse(oracle / "metadata-slice.xml").getroot()
    types = {}
    for element in root.iter():
        if element.tag in (EDM + "ComplexType", EDM + "EntityType"):
            types[element.get("Name", "")] = {
                child.get("Name", ""): child.get("Type", "").replace("graph.", "").replace("Edm.", "")
                for child in element
                if child.tag == EDM + "Property"
            }
    return types


def test_types_are_in_the_table_for_them(oracle: Path) -> None:
    declared = declared_types(oracle)
    # A property of users that is not in the slice.
    beyond = set(PROPERTIES) - set(declared) - {"onPremisesExtensionAttributes"}
    assert not beyond, f"the slice of the CSDL has no {sorted(beyond)}: move them to odata/beyond_slice.py"
    # Of some types, the slice has only the name.
    within = {name for name in BEYOND_SLICE if declared.get(name)}
    assert not within, f"the slice of the CSDL has {sorted(within)}: move them to odata/properties.py"
    compared = set(ELSEWHERE) & set(Csdl(oracle / "metadata-slice.xml").roots)
    assert not compared, f"the slice of the CSDL has {sorted(compared)}: remove them from ELSEWHERE in csdl.py"


def test_property_names_and_types_are_the_declared_ones(oracle: Path) -> None:
    declared = declared_types(oracle)
    for name, properties in PROPERTIES.items():
        if name in ("user", "group"):
            # The slice of the CSDL contains only a part of these types.
            assert set(declared[name]) <= set(properties)
        elif name in declared:
            assert properties == declared[name], f"correct {name} in odata/properties.py"


def test_navigation_names_are_the_declared_ones(oracle: Path) -> None:
    root = ElementTree.parse(oracle / "metadata-slice.xml").getroot()
    for name, expected in edm.NAVIGATION.items():
        path = f".//{EDM}EntityType[@Name='{name}']/{EDM}NavigationProperty"
        found = {element.get("Name") for element in root.iterfind(path)}
        # Those of users and groups are not in the slice of the CSDL.
        elsewhere = name in ("user", "group") or name in BEYOND_SLICE
        assert set(expected) == found or (elsewhere and not found), f"correct NAVIGATION of {name} in odata/edm.py"


def test_objects_only_have_declared_properties() -> None:
    app = application(object_id="a", app_id="b", created="c", publisher_domain="d")
    assert set(app) <= set(edm.properties_of("application"))
    principal = service_principal(object_id="a", app_id="b", display_name="c", created="d", owner="e")
    assert set(principal) <= set(edm.properties_of("servicePrincipal"))


def test_rights_only_name_published_app_roles() -> None:
    values = {entry.value for entry in catalogue.permissions("microsoft_graph") if entry.kind == "role"}
    for name, right in RIGHTS.items():
        for alternative in (*right.anywhere, *right.owned):
            assert set(alternative) <= values, name
