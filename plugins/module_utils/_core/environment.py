# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private module utility of email_gateway.azure_apps: it may change without notice.
"""What is set in the environment or in ~/.azure/credentials instead of an option."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.arguments import AUTH, ENDPOINT
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.checks import (
    check_characters,
    filled,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.errors import InputError


@dataclasses.dataclass(frozen=True)
class Section:
    """The values of one section, by the names of our options.

    ``before_environment`` is true for the one that an option names: it goes before variables, as the option would.
    ``open_to_others``: it has a secret that other users of the machine can read; ``ignores_certificates``:
    it turns certificate validation off.
    """

    name: str
    path: str
    values: t.Mapping[str, str] = dataclasses.field(repr=False)
    before_environment: bool
    open_to_others: bool
    ignores_certificates: bool

    @property
    def title(self) -> str:
        return f"the section [{self.name}] of {self.path}"


NO_SECTION = Section(
    name="", path="", values={}, before_environment=False, open_to_others=False, ignores_certificates=False
)
# Spellings of azure.azcollection and AWX first, then those of Microsoft's own libraries.
ENVIRONMENT: dict[str, tuple[str, ...]] = {
    "auth_source": ("ANSIBLE_AZURE_AUTH_SOURCE",),
    "auth_tenant_id": ("AZURE_TENANT", "AZURE_TENANT_ID"),
    "auth_client_id": ("AZURE_CLIENT_ID",),
    "auth_client_secret": ("AZURE_SECRET", "AZURE_CLIENT_SECRET"),
    "auth_certificate_path": ("AZURE_X509_CERTIFICATE_PATH", "AZURE_CLIENT_CERTIFICATE_PATH"),
    "auth_certificate_password": ("AZURE_CLIENT_CERTIFICATE_PASSWORD",),
    "auth_certificate_send_chain": ("AZURE_CLIENT_SEND_CERTIFICATE_CHAIN",),
    "auth_federated_token": ("AZURE_FEDERATED_TOKEN",),
    "auth_federated_token_file": ("AZURE_FEDERATED_TOKEN_FILE",),
    "auth_access_token": ("AZURE_ACCESS_TOKEN",),
    "auth_profile": ("AZURE_PROFILE",),
    "cloud_environment": ("AZURE_CLOUD_ENVIRONMENT",),
    "authority_url": ("AZURE_AUTHORITY_HOST",),
    "graph_url": ("AZURE_GRAPH_URL",),
    "ca_file": ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"),
}
SECRET_VARIABLES = frozenset(variable for name in AUTH.secret_options for variable in ENVIRONMENT[name])
_OPTIONS = {**AUTH.options, **ENDPOINT.options}


def pick(
    name: str, params: t.Mapping[str, t.Any], environ: t.Mapping[str, str], section: Section = NO_SECTION
) -> str | None:
    """The option, else the value of a section of ~/.azure/credentials or of the environment; a blank is unset.

    A section that an option names takes precedence over the environment. Otherwise it is one of the spellings; two with
    different values are a contradiction, never a silent choice. Raises InputError.
    """
    option = filled(params.get(name))
    if option is not None:
        return option
    of_section: dict[str, str] = {}
    if name in section.values:
        if section.before_environment:
            return section.values[name]
        of_section[section.title] = section.values[name]
    found = _set_variables(name, environ)
    values = [*found.values(), *of_section.values()]
    if name != "ca_file" and len(set(values)) > 1:
        contradiction = f"The environment variables {' and '.join(found)} contradict each other"
        if of_section:
            places = [*(f"the environment variable {variable}" for variable in found), *of_section]
            contradiction = f"{' and '.join(places)} contradict each other about {name}"
        raise InputError(contradiction, next_step=f"Unset one of them, or set the option {name}.")
    return next(iter(values), None)


def _set_variables(name: str, environ: t.Mapping[str, str]) -> dict[str, str]:
    """The environment variables for an option that are not blank. Raises InputError."""
    found = {}
    for variable in ENVIRONMENT[name]:
        value = filled(environ.get(variable))
        if value is not None:
            check_characters(variable, value, is_path=_OPTIONS[name].get("type") == "path")
            found[variable] = value
    return found


def known_as(option: str, section: Section = NO_SECTION) -> str:
    """An option together with whatever else may have been set instead."""
    others = [*ENVIRONMENT[option]]
    if option in section.values:
        others.append(section.title)
    return f"{option} ({' or '.join(others)})"
