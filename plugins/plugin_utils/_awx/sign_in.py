# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private plugin utility of email_gateway.azure_apps: it may change without notice.
"""Where AWX is and who signs in, by the names of awx.awx: environment variables first, then tower_cli.cfg."""

from __future__ import annotations

import configparser
import dataclasses
import os
import re
import typing as t
from urllib.parse import urlsplit

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core import small_file
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.checks import address_parts, filled
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.errors import InputError
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.lists import (
    among,
    filled_members,
    first,
    selected,
)

# Of awx.awx and ansible.controller: today's names, those of Tower, and those of Ansible Automation Platform.
VARIABLES = {
    "host": ("CONTROLLER_HOST", "TOWER_HOST", "AAP_HOSTNAME"),
    "oauth_token": ("CONTROLLER_OAUTH_TOKEN", "TOWER_OAUTH_TOKEN", "AAP_TOKEN"),
    "username": ("CONTROLLER_USERNAME", "TOWER_USERNAME", "AAP_USERNAME"),
    "password": ("CONTROLLER_PASSWORD", "TOWER_PASSWORD", "AAP_PASSWORD"),
    "verify_ssl": ("CONTROLLER_VERIFY_SSL", "TOWER_VERIFY_SSL", "AAP_VALIDATE_CERTS"),
}
PREFIX_VARIABLE = "CONTROLLER_OPTIONAL_API_URLPATTERN_PREFIX"
CONFIG_NAME = "tower_cli.cfg"
FALSE = frozenset({"0", "f", "false", "n", "no", "off"})
TRUE = frozenset({"1", "t", "true", "y", "yes", "on"})
HOST = re.compile(r"[A-Za-z0-9._:\[\]-]+")


@dataclasses.dataclass(frozen=True)
class AwxSettings:
    """``url`` is that of the API's version 2, with a slash at its end."""

    url: str
    token: str | None = dataclasses.field(repr=False)
    username: str | None
    password: str | None = dataclasses.field(repr=False)
    verify: bool

    @property
    def sends_in_clear(self) -> bool:
        parts = urlsplit(self.url)
        return parts.scheme == "http" and parts.hostname not in ("localhost", "127.0.0.1", "::1")


def awx_settings(environ: t.Mapping[str, str]) -> AwxSettings:
    """Raises InputError."""
    values = _of_files(environ)
    for name, variables in VARIABLES.items():
        variable = first(variables, lambda one: filled(environ.get(one)) is not None)
        if variable is not None:
            values[name] = environ[variable]
    if "host" not in values:
        raise InputError(
            "CONTROLLER_HOST is not set, so that AWX cannot be found",
            next_step="Set it to the address of AWX, in the environment of the run.",
        )
    if "oauth_token" not in values and not values.keys() >= {"username", "password"}:
        raise InputError(
            "There is no sign-in to AWX",
            next_step="Set CONTROLLER_OAUTH_TOKEN, or CONTROLLER_USERNAME and CONTROLLER_PASSWORD, in the environment"
            " of the run.",
        )
    return AwxSettings(
        url=_address(values["host"], environ.get(PREFIX_VARIABLE, "").strip() or "/api/"),
        token=values.get("oauth_token"),
        username=values.get("username"),
        password=values.get("password"),
        verify=_boolean(values.get("verify_ssl", "true")),
    )


def _address(host: str, prefix: str) -> str:
    text = host.strip()
    if not re.match("https?://", text):
        text = f"https://{text}"
    parts = address_parts(text)
    if not HOST.fullmatch(parts.netloc) or (parts.query, parts.fragment) != ("", ""):
        raise InputError(
            "CONTROLLER_HOST is not the address of a host",  # not shown: it may hold a password
            next_step="Set it to https://HOST, with a path if AWX is below one.",
        )
    return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}/{prefix.strip('/')}/v2/"


def _boolean(text: str) -> bool:
    word = text.strip().lower()
    if word not in FALSE | TRUE:
        raise InputError("CONTROLLER_VERIFY_SSL is neither true nor false", next_step="Set it to true or false.")
    return word in TRUE


def _of_files(environ: t.Mapping[str, str]) -> dict[str, str]:
    values: dict[str, str] = {}
    for path in filter(os.path.isfile, _files(environ)):
        values.update(_of_file(path))
    return values


def _files(environ: t.Mapping[str, str]) -> list[str]:
    """From the least to the most important, as awx.awx takes them."""
    here = os.getcwd()
    above = []
    folder = here
    while os.path.dirname(folder) != folder:
        folder = os.path.dirname(folder)
        above.append(os.path.join(folder, f".{CONFIG_NAME}"))
    home = environ.get("HOME") or os.path.expanduser("~")
    of_user = os.path.join(home, f".{CONFIG_NAME}")
    return [f"/etc/tower/{CONFIG_NAME}", of_user, *reversed(above), os.path.join(here, CONFIG_NAME)]


def _of_file(path: str) -> dict[str, str]:
    """The section [general], whose name may be missing."""
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        text = small_file.read(path).decode("utf-8")
        if "[general]" not in text:
            text = f"[general]\n{text}"
        parser.read_string(text)
        section = dict(parser.items("general"))
    except (OSError, UnicodeDecodeError, configparser.Error):
        # The parser's own words show lines of the file.
        raise InputError(
            f"The file {path} with the sign-in to AWX cannot be read", next_step="Correct it, or remove it."
        ) from None
    return filled_members(selected(section, among(section, VARIABLES)))
