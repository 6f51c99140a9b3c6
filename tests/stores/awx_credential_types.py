# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Validation of credential types, as in AWX.

Sources, AWX 24.6.1: awx/main/fields.py (CredentialTypeInputField, CredentialTypeInjectorField), awx/main/constants.py
(ENV_BLOCKLIST), awx/api/serializers.py (CredentialTypeSerializer).
"""

from __future__ import annotations

import re
import typing as t

import jinja2
import jinja2.sandbox

Json = dict[str, t.Any]
NAME = re.compile(r"[a-zA-Z_]+[a-zA-Z0-9_]*")
TEMPLATED_NAME = re.compile(r"[a-zA-Z_{}]+[a-zA-Z0-9_{}]*")
FILE = re.compile(r"template(\.[a-zA-Z_]+[a-zA-Z0-9_]*)?")
MEMBERS: dict[str, type] = {
    **dict.fromkeys(("id", "label", "help_text", "type", "format"), str),
    **dict.fromkeys(("multiline", "secret", "ask_at_runtime"), bool),
    "choices": list,
    "default": object,
}
OF_STRINGS = ("choices", "multiline", "format", "secret")
# Environment variables that a credential must not set, in addition to those that begin with ANSIBLE_.
NOT_ALLOWED = {
    *("VIRTUAL_ENV", "PATH", "PYTHONPATH", "JOB_ID", "INVENTORY_ID", "INVENTORY_SOURCE_ID", "INVENTORY_UPDATE_ID"),
    *("AD_HOC_COMMAND_ID", "REST_API_URL", "REST_API_TOKEN", "MAX_EVENT_RES", "CALLBACK_QUEUE"),
    *("CALLBACK_CONNECTION", "CACHE", "JOB_CALLBACK_DEBUG", "INVENTORY_HOSTVARS", "AWX_HOST", "PROJECT_REVISION"),
    "SUPERVISOR_CONFIG_PATH",
}


def type_error(kind: Json) -> Json:
    """The reason why AWX refuses a credential type, by field; empty if it accepts it."""
    if kind["kind"] not in ("cloud", "net"):
        return {"kind": [f"Must be 'cloud' or 'net', not {kind['kind']}"]}
    if error := _inputs_error(kind["inputs"]):
        return {"inputs": [error]}
    error = _injectors_error(kind["injectors"], {field["id"] for field in kind["inputs"].get("fields", [])})
    return {"injectors": [error]} if error else {}


def _unexpected(given: t.Iterable[str], known: t.Container[str]) -> str:
    found = [repr(name) for name in given if name not in known]
    verb = "was" if len(found) == 1 else "were"
    return f"Additional properties are not allowed ({', '.join(found)} {verb} unexpected)" if found else ""


def _inputs_error(inputs: Json) -> str:
    if "dependencies" in inputs:
        return "'dependencies' is not supported for custom credentials."
    if error := _unexpected(inputs, ("required", "fields")):
        return error
    if not all(isinstance(name, str) for name in inputs.get("required", [])):
        return "required is a list of strings"
    fields = inputs.get("fields", [])
    for field in fields:
        if error := _field_error(field):
            return error
    ids = [field["id"] for field in fields]
    twice = [one for one in ids if ids.count(one) > 1]
    return f"field IDs must be unique ({twice[0]})" if twice else ""


def _field_error(field: Json) -> str:
    if error := _unexpected(field, MEMBERS):
        return error
    for name in ("id", "label"):
        if name not in field:
            return f"'{name}' is a required property"
    for name, value in field.items():
        if not isinstance(value, MEMBERS[name]):
            return f"{value!r} is not of type '{MEMBERS[name].__name__}'"
    kind = field.get("type", "string")
    if kind not in ("string", "boolean") or field.get("format", "url") not in ("url", "ssh_private_key"):
        return f"{kind} or {field.get('format')} is not one of those that AWX knows"
    offered = field.get("choices", ["one"])
    if not offered or len(set(map(str, offered))) < len(offered) or not all(isinstance(one, str) for one in offered):
        return f"{offered} has no, equal or other elements than strings"
    if not NAME.fullmatch(field["id"]) or field["id"] == "tower":
        return f"{field['id']} is an invalid variable name"
    if field.get("ask_at_runtime"):
        return "'ask_at_runtime' is not supported for custom credentials."
    if "default" in field and not isinstance(field["default"], {"string": str, "boolean": bool}[kind]):
        return f"{field['default']} is not a {kind}"
    misplaced = [name for name in OF_STRINGS if name in field and kind != "string"]
    return f"{misplaced[0]} not allowed for {kind} type ({field['id']})" if misplaced else ""


def _injectors_error(injectors: Json, ids: t.Collection[str]) -> str:
    if error := _unexpected(injectors, ("file", "env", "extra_vars")):
        return error
    files = list(injectors.get("file", {}))
    if "template" in files and len(files) > 1:
        return "Must use multi-file syntax when injecting multiple files"
    known: Json = dict.fromkeys(ids, "EXAMPLE")
    names = {name.partition(".")[2]: "EXAMPLE_FILENAME" for name in files if "." in name}
    known["tower"] = {"filename": "EXAMPLE_FILENAME" if "template" in files else names}
    for name in injectors.get("env", {}):
        if name.startswith("ANSIBLE_") or name in NOT_ALLOWED:
            return f"Environment variable {name} is not allowed to be used in credentials."
    form = {"file": FILE, "env": NAME, "extra_vars": TEMPLATED_NAME}
    for kind, templates in injectors.items():
        for name, template in templates.items():
            if not form[kind].fullmatch(name):
                return _unexpected([name], ())
            if kind == "env" and not (isinstance(template, str) and template.isascii()):
                return f"{template!r} is not a text of ASCII"
            if error := _template_error(template, known):
                return f"{name} uses an undefined field, or has an error of syntax ({error})"
    return ""


def _template_error(template: t.Any, known: Json) -> str:
    if isinstance(template, (list, dict)):
        parts = [*template, *template.values()] if isinstance(template, dict) else template
        return next((error for error in (_template_error(part, known) for part in parts) if error), "")
    environment = jinja2.sandbox.ImmutableSandboxedEnvironment(undefined=jinja2.StrictUndefined)
    try:
        shown = environment.from_string(template).render(**known)
    except (jinja2.TemplateError, TypeError) as error:
        return str(error)
    # Without a file that has no name, tower.filename does not exist; and tower by itself is not a text.
    return "tower.filename has no such file" if "{" in shown else ""
