# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""$metadata: the types and entity sets that are served here, as CSDL. It needs no token, as with Graph.

Made from the tables of odata/properties.py, odata/beyond_slice.py and odata/edm.py, which restate what Microsoft
publishes, and shorter than that by all that the emulator does not play.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from functools import cache

from ..odata.beyond_slice import BEYOND_SLICE
from ..odata.edm import BASE_TYPES, ENUM_VALUES, NAVIGATION
from ..odata.properties import PROPERTIES
from .property_path import TYPES

_EDMX = "http://docs.oasis-open.org/odata/ns/edmx"
_EDM = "http://docs.oasis-open.org/odata/ns/edm"
_PRIMITIVE = frozenset({"String", "Boolean", "Binary", "DateTimeOffset", "Guid", "Int32", "Int64", "Stream"})


@cache
def document() -> str:
    root = ET.Element("edmx:Edmx", {"Version": "4.0", "xmlns:edmx": _EDMX})
    services = ET.SubElement(root, "edmx:DataServices")
    schema = ET.SubElement(services, "Schema", {"Namespace": "microsoft.graph", "Alias": "graph", "xmlns": _EDM})
    for name, values in ENUM_VALUES.items():
        enum = ET.SubElement(schema, "EnumType", {"Name": name})
        for number, value in enumerate(values):
            ET.SubElement(enum, "Member", {"Name": value, "Value": str(number)})
    types = {**BEYOND_SLICE, **PROPERTIES}
    for name, properties in types.items():
        _type(schema, name, properties, known=types)
    container = ET.SubElement(schema, "EntityContainer", {"Name": "GraphService"})
    for path, name in TYPES.items():
        if path.count("/") == 1 and path.endswith("/*") and name in types:
            ET.SubElement(container, "EntitySet", {"Name": path[:-2], "EntityType": f"microsoft.graph.{name}"})
    ET.indent(root)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ET.tostring(root, encoding="unicode")


def _type(schema: ET.Element, name: str, properties: dict[str, str], *, known: dict[str, dict[str, str]]) -> None:
    is_entity = name in BASE_TYPES or name == "entity"
    described = ET.SubElement(schema, "EntityType" if is_entity else "ComplexType", {"Name": name})
    if name in BASE_TYPES:
        described.set("BaseType", f"graph.{BASE_TYPES[name]}")
    if name == "entity":
        described.set("Abstract", "true")
        ET.SubElement(ET.SubElement(described, "Key"), "PropertyRef", {"Name": "id"})
    for member, kind in properties.items():
        ET.SubElement(described, "Property", {"Name": member, "Type": _full(kind)})
    for member in NAVIGATION.get(name, ()):
        # The type of the object at the other end is not needed: all are directory objects or policies.
        ET.SubElement(described, "NavigationProperty", {"Name": member, "Type": "Collection(graph.directoryObject)"})


def _full(kind: str) -> str:
    if kind.startswith("Collection("):
        return f"Collection({_full(kind[len('Collection(') : -1])})"
    return f"Edm.{kind}" if kind in _PRIMITIVE else f"graph.{kind}"
