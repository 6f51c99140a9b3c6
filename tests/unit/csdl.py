# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Checks JSON values against Microsoft's published metadata (CSDL): names, types, null, formats, enum members.

It is stricter than OData, where types are open: a name that is not declared is an error, unless it is an annotation or
a directory extension. Types that the slice of the metadata only declares in part are only checked in that part.
"""

from __future__ import annotations

import base64
import binascii
import re
import typing as t
import xml.etree.ElementTree as ET
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote

Json = t.Any
_EDM = "{http://docs.oasis-open.org/odata/ns/edm}"
_GUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,12})?(Z|[+-]\d\d:\d\d)")
_DURATION = re.compile(r"-?P(?=.)(\d+D)?(T(?=.)(\d+H)?(\d+M)?(\d+(\.\d+)?S)?)?")
_COLLECTION = re.compile(r"Collection\((.+)\)")
_ALLOWED_ANNOTATIONS = re.compile(r"(\w+)?@odata\.(context|type|id|bind|count|nextLink|editLink|etag)|@removed")
# Real responses have these although the metadata of v1.0 does not declare them; the types are open.
UNDECLARED = {("servicePrincipal", "createdDateTime"): "in every recording of 2022 and later"}
# Entity sets that the slice of the metadata leaves out, and the types of their objects: these are not compared.
ELSEWHERE = {"directoryRoles": "directoryRole"}
_EXTENSION = re.compile(r"extension_[0-9a-f]{32}_\w+")


@dataclass(frozen=True)
class Property:
    type: str
    nullable: bool = True


@dataclass
class Structure:
    """An entity type, a complex type, or the parameters of an action."""

    name: str
    base: str | None = None
    partial: bool = False
    properties: dict[str, Property] = field(default_factory=dict)
    navigation: dict[str, Property] = field(default_factory=dict)


def advice(name: str) -> str:
    return f"if the slice of the metadata does not have {name!r}, add it to ELSEWHERE in tests/unit/csdl.py"


def short(type_name: str) -> str:
    """graph.x and microsoft.graph.x become x; Edm.String is unchanged."""
    inner = _COLLECTION.fullmatch(type_name)
    if inner:
        return f"Collection({short(inner.group(1))})"
    return re.sub(r"^(microsoft\.)?graph\.", "", type_name)


class Csdl:
    """The metadata, read once."""

    def __init__(self, path: Path) -> None:
        self.structures: dict[str, Structure] = {}
        self.enums: dict[str, tuple[frozenset[str], bool]] = {}
        self.actions: dict[tuple[str, str], Structure] = {}
        self.roots: dict[str, str] = {}
        self._checked: dict[int, object] = {}
        tree = ET.parse(path, ET.XMLParser(target=ET.TreeBuilder(insert_comments=True)))
        for schema in tree.iter(f"{_EDM}Schema"):
            if schema.get("Namespace") == "microsoft.graph":
                self._read(schema)

    def _read(self, schema: ET.Element) -> None:
        partial = False
        for node in schema:
            if callable(node.tag):  # a comment
                partial = any(word in (node.text or "") for word in ("reduced", "boundary stub"))
                continue
            kind = node.tag.removeprefix(_EDM)
            if kind in ("EntityType", "ComplexType"):
                self._structure(node, partial=partial)
            elif kind == "EnumType":
                members = frozenset(str(member.get("Name")) for member in node.iter(f"{_EDM}Member"))
                self.enums[str(node.get("Name"))] = (members, node.get("IsFlags") == "true")
            elif kind == "Action":
                parameters = {str(entry.get("Name")): _property(entry) for entry in node.iter(f"{_EDM}Parameter")}
                bound = parameters.pop("bindingParameter", Property("")).type
                name = str(node.get("Name"))
                self.actions[bound, name] = Structure(name, properties=parameters)
            elif kind == "EntityContainer":
                for entry in node:
                    if not callable(entry.tag):
                        type_name = entry.get("Type") or f"Collection({entry.get('EntityType')})"
                        self.roots[str(entry.get("Name"))] = short(type_name)
            partial = False

    def _structure(self, node: ET.Element, *, partial: bool) -> None:
        name = str(node.get("Name"))
        base = node.get("BaseType")
        self.structures[name] = Structure(
            name,
            base=short(base) if base else None,
            partial=partial,
            properties={str(p.get("Name")): _property(p) for p in node.findall(f"{_EDM}Property")},
            navigation={str(p.get("Name")): _property(p) for p in node.findall(f"{_EDM}NavigationProperty")},
        )

    def family(self, name: str) -> list[Structure]:
        """The type and the types that it inherits from."""
        found = []
        current: str | None = name
        while current is not None and current in self.structures:
            found.append(self.structures[current])
            current = self.structures[current].base
        return found

    def member(self, type_name: str, name: str) -> Property | None:
        for structure in self.family(type_name):
            declaration = structure.properties.get(name) or structure.navigation.get(name)
            if declaration is not None:
                return declaration
        return None

    def type_of_path(self, path: str) -> str | None:
        """The type of a path or a context fragment; actions return `action:...`, and an unknown path None."""
        current = ""
        for segment in map(unquote, path.strip("/").split("/")):
            name, _paren, key = segment.partition("(")
            inner = _COLLECTION.fullmatch(current)
            bare = inner.group(1) if inner else current
            if not current:
                current = self.roots.get(name) or (short(name) if short(name) in self.structures else "")
            elif name in ("$ref", "$entity", "$count"):
                current = f"Collection({name})" if name == "$count" else ("$ref" if name == "$ref" else bare)
            elif name.startswith(("microsoft.graph.", "graph.")):
                current = f"Collection({short(name)})" if inner else short(name)
            elif self._action(bare, current, name) is not None:
                return f"action:{self._action(bare, current, name)}/{name}"
            else:
                declaration = self.member(bare, name) if not inner else None
                current = declaration.type if declaration else (bare if inner else "")
            if not current:
                return None
            nested = _COLLECTION.fullmatch(current)
            if key and nested and not key.startswith(")") and ("'" in key or "=" in key):
                current = nested.group(1)
        return current

    def _action(self, bare: str, current: str, name: str) -> str | None:
        for bound in (current, *(structure.name for structure in self.family(bare))):
            for candidate in (bound, f"Collection({bare})" if bound == current else bound):
                if (candidate, name) in self.actions:
                    return candidate
        return None

    def action(self, reference: str) -> Structure:
        bound, _slash, name = reference.removeprefix("action:").rpartition("/")
        return self.actions[bound, name]

    # Checking

    def complaints(self, value: Json, type_name: str, where: str = "") -> list[str]:
        """The errors of a value; empty for a valid one. `null` is checked by the caller, who knows the property."""
        inner = _COLLECTION.fullmatch(type_name)
        if inner:
            return self._list(value, inner.group(1), where)
        if type_name.startswith("Edm."):
            return [] if _is_primitive(value, type_name) else [f"{where}: {value!r} is no {type_name}"]
        if type_name in self.enums:
            members, flags = self.enums[type_name]
            given = value.split(",") if flags and isinstance(value, str) else [value]
            return [] if members.issuperset(given) else [f"{where}: {value!r} is no {type_name}"]
        if not isinstance(value, dict):
            return [f"{where}: {value!r} is no {type_name}"]
        return self._object(value, type_name, where)

    def _list(self, value: Json, inner: str, where: str) -> list[str]:
        if not isinstance(value, list):
            return [f"{where}: {value!r} is no collection"]
        if len(value) > 50 and self._checked.get(id(value)) is value:
            return []
        found = [
            complaint
            for number, item in enumerate(value)
            for complaint in (
                [f"{where}[{number}]: null in a collection"]
                if item is None
                else self.complaints(item, inner, f"{where}[{number}]")
            )
        ]
        if len(value) > 50 and not found:
            self._checked[id(value)] = value  # long lists of permissions are repeated
        return found

    def _object(self, value: dict[str, Json], type_name: str, where: str) -> list[str]:
        given = value.get("@odata.type")
        if given is not None:
            name = short(str(given).removeprefix("#"))
            if name in ELSEWHERE.values():
                return []
            if not self.family(name):
                return [f"{where}: {given} is not declared; {advice(name)}"]
            if type_name not in [structure.name for structure in self.family(name)]:
                return [f"{where}: {given} is no {type_name}"]
            type_name = name
        family = self.family(type_name)
        if not family:
            return [f"{where}: the type {type_name} is not declared"]
        partial = any(structure.partial for structure in family)
        found = []
        for name, declaration in value.items():
            here = f"{where}/{name}" if where else name
            declared = self.member(type_name, name)
            if "@" in name:
                if not _ALLOWED_ANNOTATIONS.fullmatch(name):
                    found.append(f"{here}: unknown annotation")
            elif declared is None:
                if not partial and not _EXTENSION.fullmatch(name) and (type_name, name) not in UNDECLARED:
                    found.append(f"{here}: not declared for {type_name}")
            else:
                found += self.property_complaints(declaration, declared, here)
        return found

    def property_complaints(self, value: Json, declared: Property, where: str) -> list[str]:
        if value is None:
            return [] if declared.nullable else [f"{where}: must not be null"]
        return self.complaints(value, declared.type, where)

    def parameter_complaints(self, body: dict[str, Json], action: Structure) -> list[str]:
        found = [
            f"{name}: no parameter of {action.name}"
            for name in body
            if name not in action.properties and "@" not in name
        ]
        for name, declared in action.properties.items():
            if name in body:
                found += self.property_complaints(body[name], declared, name)
            elif not declared.nullable:
                found.append(f"{name}: missing")
        return found


def _property(node: ET.Element) -> Property:
    type_name = short(str(node.get("Type")))
    # A collection itself is never null (OData JSON format); Nullable refers to its items.
    nullable = node.get("Nullable") != "false" and not type_name.startswith("Collection(")
    return Property(type_name, nullable)


def _is_primitive(value: Json, type_name: str) -> bool:
    if type_name == "Edm.Boolean":
        return isinstance(value, bool)
    if type_name in ("Edm.Int32", "Edm.Int64", "Edm.Int16", "Edm.Byte"):
        return isinstance(value, int) and not isinstance(value, bool)
    if not isinstance(value, str):
        return False
    pattern = {"Edm.Guid": _GUID, "Edm.DateTimeOffset": _TIME, "Edm.Duration": _DURATION}.get(type_name)
    if pattern is not None:
        return pattern.fullmatch(value) is not None
    return type_name != "Edm.Binary" or _is_binary(value)


def _is_binary(value: str) -> bool:
    """base64, in the standard or the URL alphabet; padding is optional, and line breaks are accepted as in Graph."""
    text = "".join(value.split()).rstrip("=").replace("-", "+").replace("_", "/")
    try:
        base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except binascii.Error:
        return False
    return True
