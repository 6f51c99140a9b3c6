# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private module utility of email_gateway.azure_apps: it may change without notice.
"""The settings of the role that are about the credential, checked against the profile and against each other."""

from __future__ import annotations

import os
import re
import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.checks import OURS, check_text
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.errors import ConflictError, InputError
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.lists import filled_members
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._credential.record import CREDENTIAL_TYPES
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._http.client import import_library
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._profile.profile import Profile
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._profile.settings import (
    Settings,
    check_members,
    wrong,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._profile.variables import PREFIX

MOST_DAYS = 3650
# Characters of a description, and whose limit that is.
DESCRIPTION_LIMITS = {
    "client_secret": (120, OURS),
    "certificate": (90, "Entra ID"),  # the module adds a thumbprint to it
    "federated": (120, OURS),
}
LONGEST_FEDERATED_TEXT = 600
FEDERATED = f"{PREFIX}federated_credential"
FEDERATED_MEMBERS = ("issuer", "subject", "audience", "name", "assertion_file")
FEDERATED_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._~-]{0,119}")
ISSUER = re.compile(r"https://[^\s/]\S*")
DEFAULT_AUDIENCE = "api://AzureADTokenExchange"
DEFAULT_NAME = "mail-gateway"


class Federated(t.NamedTuple):
    """``assertion_file`` is empty if there is none."""

    issuer: str
    subject: str
    audience: str
    name: str
    assertion_file: str

    @classmethod
    def of(cls, value: t.Any) -> Federated:
        """From the variable gateway_app_federated_credential. Raises InputError."""
        if not isinstance(value, dict):
            raise wrong("federated_credential", value, "Set it to a dictionary with issuer and subject.")
        check_members(FEDERATED, value, FEDERATED_MEMBERS, f"Its members are {', '.join(FEDERATED_MEMBERS)}.")
        members = {"name": DEFAULT_NAME, "audience": DEFAULT_AUDIENCE, "assertion_file": "", **value}
        issuer = _matching(members, "issuer", ISSUER, "the https address that the tokens name as their issuer")
        name = _matching(
            members, "name", FEDERATED_NAME, "up to 120 letters, digits, hyphens, dots, tildes and underscores"
        )
        assertion_file = _text(members, "assertion_file", "the path of a file with a token of the issuer")
        return cls(
            issuer=issuer,
            subject=_member(members, "subject"),
            audience=_member(members, "audience"),
            name=name,
            assertion_file=assertion_file,
        )

    def as_options(self) -> dict[str, t.Any]:
        """Of azure_app_federated_credential."""
        options: dict[str, t.Any] = {
            "name": self.name,
            "issuer": self.issuer,
            "subject": self.subject,
            "audiences": [self.audience],
            "assertion_file": self.assertion_file,
        }
        return filled_members(options)


class CredentialSettings(t.NamedTuple):
    """What the role is to create and renew. ``certificate_path`` and ``federated`` are of their types alone."""

    type: str
    description: str
    lifetime_days: int
    renew_before_days: int
    overlap_days: int
    verify_token: bool
    certificate_path: str = ""
    federated: Federated | None = None

    @classmethod
    def of(cls, settings: Settings) -> CredentialSettings:
        """Raises InputError for what is wrong with every profile."""
        credential_type = settings.choice("credential_type", "client_secret", choices=CREDENTIAL_TYPES)
        lifetime = settings.number("secret_lifetime_days", 180, lowest=1, highest=MOST_DAYS)
        renew_before = settings.number("secret_renew_before_days", 30, lowest=0, highest=MOST_DAYS)
        if renew_before >= lifetime:
            raise InputError(
                f"{PREFIX}secret_renew_before_days is {renew_before}, and {PREFIX}secret_lifetime_days is {lifetime}",
                next_step="Set the first to a smaller number than the second.",
            )
        longest, limit_of = DESCRIPTION_LIMITS[credential_type]
        found = cls(
            type=credential_type,
            description=check_text(
                f"{PREFIX}secret_description",
                settings.text("secret_description", "Mail gateway"),
                longest=longest,
                limit_of=limit_of,
            ),
            lifetime_days=lifetime,
            renew_before_days=renew_before,
            overlap_days=settings.number("overlap_days", 7, lowest=0, highest=MOST_DAYS),
            verify_token=settings.flag("verify_token", True),
        )
        if credential_type == "certificate":
            return found._replace(certificate_path=_certificate_path(settings))
        if credential_type == "federated":
            return found._replace(federated=Federated.of(settings.raw("federated_credential", {})))
        return found

    def check_profile(self, profile: Profile) -> None:
        """Raises InputError for a credential that the product cannot use."""
        if self.type not in profile.credential_types:
            raise InputError(
                f"{PREFIX}credential_type is {self.type}, and the profile {profile.shown} is for products that use"
                f" {', '.join(profile.credential_types)}",
                next_step="Set it to one of them, or O(profile_file) to a profile of your own that lists it under"
                " credential_types.",
            )

    def check_files(self) -> list[str]:
        """What is damaged in the files of a certificate, for notes.

        Raises ConflictError for a key file that could not be written, InputError for a token that is missing.
        """
        if self.certificate_path:
            return _check_key_files(self.certificate_path)
        if self.federated is not None and self.verify_token and not os.path.isfile(self.federated.assertion_file):
            raise InputError(
                "A federated credential is verified with a token of its issuer, but there is no file"
                f" {self.federated.assertion_file!r}",
                next_step=f"Set assertion_file, in {FEDERATED}, to a file with one, or {PREFIX}verify_token to false.",
            )
        return []


def _certificate_path(settings: Settings) -> str:
    path = settings.path("certificate_path")
    if not path:
        raise wrong("certificate_path", path, "Set it to the path of a file.")
    return os.path.expanduser(os.path.expandvars(path))


def _check_key_files(path: str) -> list[str]:
    from ansible_collections.email_gateway.azure_apps.plugins.module_utils._credential.key_files import KeyFiles

    import_library("cryptography")
    key_files = KeyFiles(path)
    try:
        damaged = key_files.read().damaged
    except ConflictError as exc:
        raise ConflictError(f"{PREFIX}certificate_path: {exc.message}", next_step=exc.next_step) from None
    if key_files.obstacle:
        raise ConflictError(
            f"{PREFIX}certificate_path: could not write {key_files.path}: {key_files.obstacle}",
            next_step="Choose another path, or correct its permissions.",
        )
    return [f"{name} is damaged: the key in it is lost, and is ignored." for name in damaged]


def _matching(members: t.Mapping[str, t.Any], name: str, pattern: re.Pattern[str], what: str) -> str:
    value = _member(members, name)
    if not pattern.fullmatch(value):
        raise _wrong_member(name, value, what)
    return value


def _member(members: t.Mapping[str, t.Any], name: str) -> str:
    value = _text(members, name, "a text")
    return check_text(f"{name}, in {FEDERATED},", value, longest=LONGEST_FEDERATED_TEXT)


def _text(members: t.Mapping[str, t.Any], name: str, what: str) -> str:
    value = members.get(name, "")
    if not isinstance(value, str):
        raise _wrong_member(name, value, what)
    return value


def _wrong_member(name: str, value: t.Any, what: str) -> InputError:
    return InputError(f"{name}, in {FEDERATED}, is {value!r}", next_step=f"Set it to {what}.")
