# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private module utility of email_gateway.azure_apps: it may change without notice.
"""Sections of ~/.azure/credentials, the file in which azure.azcollection keeps several sign-ins.

Source: its guide "Authenticating with Azure", storing in a file, and the names of its parameters, which are the keys.
"""

from __future__ import annotations

import configparser
import dataclasses
import os
import re
import stat
import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core import small_file
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.arguments import AUTH
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.checks import (
    check_characters,
    filled,
    shown,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.environment import (
    NO_SECTION,
    Section,
    pick,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.errors import InputError, reason_of
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.lists import first, without

# A user name, which azure.azcollection and Microsoft's libraries use with a password. It is not supported here.
USER_VARIABLES = ("AZURE_AD_USER", "AZURE_USERNAME")
FILE = os.path.join(".azure", "credentials")  # below the home folder; azure.azcollection reads no other
DEFAULT = "default"
# Its keys, and our options that they stand for.
KEYS: dict[str, str] = {
    "client_id": "auth_client_id",
    "secret": "auth_client_secret",
    "tenant": "auth_tenant_id",
    "x509_certificate_path": "auth_certificate_path",
    "oidc_token": "auth_federated_token",
    "oidc_token_file_path": "auth_federated_token_file",
    "cloud_environment": "cloud_environment",
}
# What people write instead, as the parser has it: in lower case.
VARIABLES: dict[str, str] = {"azure_client_id": "client_id", "azure_secret": "secret", "azure_tenant": "tenant"}
SECRET_KEYS = frozenset({"secret", "oidc_token"})
# Its keys that are not supported here, and what to do instead. All other keys do not concern the sign-in to Graph.
REFUSED: dict[str, str] = {
    "ad_user": "A person signs in with azure_device_login or the Azure CLI",
    "password": "A person signs in with azure_device_login or the Azure CLI",
    "adfs_authority_url": "Use authority_url together with graph_url for an endpoint of your own",
}


@dataclasses.dataclass(frozen=True)
class _File:
    path: str
    home: str
    parser: configparser.ConfigParser = dataclasses.field(repr=False)
    open_to_others: bool


def named_section(params: t.Mapping[str, t.Any], environ: t.Mapping[str, str]) -> Section | None:
    """The section that the option auth_profile or AZURE_PROFILE names. Raises InputError if it does not exist."""
    name = pick("auth_profile", params, environ)
    if name is None:
        return None
    by_option = filled(params.get("auth_profile")) is not None
    named_by = "auth_profile"
    if not by_option:
        named_by = "AZURE_PROFILE"
    next_step = f"Write the section [{name}] into it, or unset the name."
    file = _read(environ)
    if file is None:
        raise InputError(f"{named_by} is {shown(name)}, but there is no file {_path(environ)}", next_step=next_step)
    sections = file.parser.sections()
    if name not in sections:
        if sections:
            there = ", ".join(f"[{section}]" for section in sections)
            next_step = f"It has {there}."
        raise InputError(f"{named_by} is {shown(name)}, but {file.path} has no such section", next_step=next_step)
    section = _section(file, name, before_environment=by_option)
    if not section.values:
        raise InputError(
            f"The section [{name}] of {file.path} contains nothing to sign in with",
            next_step=f"Write some of the keys {', '.join(KEYS)} into it, or unset the name.",
        )
    return section


def default_section(params: t.Mapping[str, t.Any], environ: t.Mapping[str, str]) -> Section:
    """The section [default], which counts if nothing else chooses who signs in; it may have no values."""
    if _sign_in_is_chosen(params, environ):
        return NO_SECTION
    if user_variable(environ) is not None:  # which is refused later
        return NO_SECTION
    file = _read(environ)
    if file is None or not file.parser.has_section(DEFAULT):
        return NO_SECTION
    return _section(file, DEFAULT, before_environment=False)


def _sign_in_is_chosen(params: t.Mapping[str, t.Any], environ: t.Mapping[str, str]) -> bool:
    if pick("auth_source", params, environ) not in (None, "auto"):
        return True
    return any(pick(name, params, environ) is not None for name in without(AUTH.options, ("auth_source",)))


def user_variable(environ: t.Mapping[str, str]) -> str | None:
    """The first of USER_VARIABLES that is set."""
    return first(USER_VARIABLES, lambda variable: filled(environ.get(variable)) is not None)


def _path(environ: t.Mapping[str, str]) -> str:
    return os.path.join(environ.get("HOME") or "~", FILE)


def _read(environ: t.Mapping[str, str]) -> _File | None:
    """None if there is no such file. Raises InputError; no message repeats what is in the file."""
    home, path = environ.get("HOME"), _path(environ)
    if not home:
        return None
    try:
        content = small_file.read(path)
        mode = os.stat(path).st_mode
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError) as exc:  # ValueError for a NUL in HOME
        why = reason_of(exc)
        raise InputError(f"Could not read {path}: {why}", next_step="Check the file and its permissions.") from None
    # A % in a secret is a %.
    parser = configparser.ConfigParser(interpolation=None)
    try:
        text = content.decode("utf-8-sig")
        if "\0" in text:
            raise ValueError
        parser.read_string(text)
    except (configparser.Error, ValueError) as exc:
        why = {
            configparser.DuplicateSectionError: "a section is defined twice",
            configparser.DuplicateOptionError: "a key is defined twice in one section",
        }.get(type(exc), "it is not a text file of [sections] with lines of the form key = value")
        line = getattr(exc, "lineno", None)
        if isinstance(line, int):
            why = f"{why} (line {line})"
        raise InputError(f"{path} cannot be used: {why}", next_step="Correct the file, or move it away.") from None
    return _File(path, home, parser, open_to_others=bool(mode & (stat.S_IRGRP | stat.S_IROTH)))


def _section(file: _File, name: str, *, before_environment: bool) -> Section:
    path = file.path
    entries = {key: value for key, value in file.parser.items(name) if value.strip()}
    values = {}
    for key, value in entries.items():
        _check_key(key, section=f"section [{name}] of {path}")
        if key in KEYS:
            _check_value(value, where=f"{key} in the section [{name}] of {path}")
            if value.startswith("~/"):
                values[KEYS[key]] = os.path.join(file.home, value[2:])
            else:
                values[KEYS[key]] = value
    return Section(
        name=name,
        path=path,
        values=values,
        before_environment=before_environment,
        ignores_certificates=entries.get("cert_validation_mode") == "ignore",
        open_to_others=file.open_to_others and bool(SECRET_KEYS & entries.keys()),
    )


def _check_key(key: str, *, section: str) -> None:
    if key in REFUSED:
        raise InputError(
            f"The {section} contains {key}, which is not supported here",
            next_step=f"{REFUSED[key]}; remove the key, or set auth_source to another method.",
        )
    if key in VARIABLES:
        raise InputError(
            f"The {section} contains {key}, which is the name of an environment variable",
            next_step=f"Name the key {VARIABLES[key]}.",
        )


def _check_value(value: str, *, where: str) -> None:
    check_characters(where, value)
    if re.search(r"[\x00-\x1f]", value):
        raise InputError(
            f"{where} is longer than a line",
            next_step="Write it on one line; the next line must not begin with a space.",
        )
