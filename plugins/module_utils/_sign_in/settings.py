# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private module utility of email_gateway.azure_apps: it may change without notice.
"""How the operator wants to sign in, as typed settings. Nothing here talks to a network."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.arguments import AUTH
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.checks import (
    check_guid,
    check_tenant,
    filled,
    shown,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.environment import (
    NO_SECTION,
    Section,
    known_as,
    pick,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.errors import InputError
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._sign_in.credentials_file import user_variable

# Each selects how to sign in, not only as whom.
WAYS = frozenset(
    {
        "auth_client_secret",
        "auth_certificate_path",
        "auth_federated_token",
        "auth_federated_token_file",
        "auth_access_token",
    }
)
# What azure.azcollection calls ways to sign in that have another name here, and what to do instead.
OTHER_NAMES: dict[str, str] = {
    "env": "Use auto.",
    "credential_file": "Use auto, with the name of the section in auth_profile (AZURE_PROFILE).",
    "msi": "Use managed_identity.",
}


@dataclasses.dataclass(frozen=True)
class AuthSettings:
    """How to sign in.

    ``given`` names the options that are set, ``of_profile`` those that the section of an option auth_profile stands
    for, ``of_section`` those that any section does.
    """

    source: str
    tenant_id: str | None
    client_id: str | None
    client_secret: str | None = dataclasses.field(repr=False)
    certificate_path: str | None
    certificate_password: str | None = dataclasses.field(repr=False)
    certificate_chain: bool
    federated_token: str | None = dataclasses.field(repr=False)
    federated_token_file: str | None
    access_token: str | None = dataclasses.field(repr=False)
    given: frozenset[str]
    of_profile: frozenset[str] = frozenset()
    of_section: frozenset[str] = frozenset()
    user_variable: str | None = None  # a variable that names a person, who cannot sign in by a password

    def value(self, option: str) -> str | None:
        """By the name of its option."""
        found: str | None = getattr(self, option.removeprefix("auth_"))
        return found

    def required(self, option: str) -> str:
        """The same for an option that has been checked to be there."""
        return self.value(option) or ""

    @property
    def identity(self) -> tuple[t.Any, ...]:
        """Who signs in, wherever this was set."""
        nowhere: frozenset[str] = frozenset()
        same = dataclasses.replace(
            self, source="", given=nowhere, of_profile=nowhere, of_section=nowhere, user_variable=None
        )
        return dataclasses.astuple(same)

    @property
    def secrets(self) -> tuple[str | None, ...]:
        return (self.client_secret, self.certificate_password, self.federated_token, self.access_token)


def auth_settings(
    params: t.Mapping[str, t.Any], environ: t.Mapping[str, str], section: Section = NO_SECTION
) -> AuthSettings:
    """The operator's sign-in, field by field; ``section`` is the one of ~/.azure/credentials that counts.

    Raises InputError.
    """
    source = pick("auth_source", params, environ) or "auto"
    choices = AUTH.options["auth_source"]["choices"]
    if source not in choices:
        raise InputError(
            f"ANSIBLE_AZURE_AUTH_SOURCE is {shown(source)}, which is not supported here",
            next_step=OTHER_NAMES.get(source, f"Set the option auth_source to one of {', '.join(choices)}."),
        )
    given = frozenset(name for name in AUTH.options if filled(params.get(name)) is not None)
    in_section = frozenset(section.values) & AUTH.options.keys()
    of_profile: frozenset[str] = frozenset()
    if section.before_environment:
        of_profile = in_section
    # A section that an option names chooses how to sign in; what else the environment holds is another way.
    ways_of_profile = WAYS & of_profile

    def picked(name: str) -> str | None:
        if ways_of_profile and name in WAYS:
            return pick(name, params, {}, section)
        return pick(name, params, environ, section)

    tenant_id = picked("auth_tenant_id")
    if tenant_id is not None:
        check_tenant(known_as("auth_tenant_id", section), tenant_id)
    client_id = picked("auth_client_id")
    if client_id is not None:
        check_guid(known_as("auth_client_id", section), client_id)
    return AuthSettings(
        source=source,
        tenant_id=tenant_id,
        client_id=client_id,
        client_secret=picked("auth_client_secret"),
        certificate_path=picked("auth_certificate_path"),
        certificate_password=picked("auth_certificate_password"),
        certificate_chain=_switch("auth_certificate_send_chain", params, environ),
        federated_token=picked("auth_federated_token"),
        federated_token_file=picked("auth_federated_token_file"),
        access_token=picked("auth_access_token"),
        given=given,
        of_profile=of_profile - given,
        of_section=in_section - given,
        user_variable=user_variable(environ),
    )


def _switch(name: str, params: t.Mapping[str, t.Any], environ: t.Mapping[str, str]) -> bool:
    """Raises InputError for a variable that is neither true nor false, as Microsoft's own libraries spell it."""
    if isinstance(params.get(name), bool):
        return bool(params[name])
    value = (pick(name, {}, environ) or "false").strip().lower()
    if value not in ("true", "1", "false", "0"):
        raise InputError(f"{known_as(name)} is {shown(value)}", next_step="Set it to true or false.")
    return value in ("true", "1")
