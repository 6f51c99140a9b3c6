# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private module utility of email_gateway.azure_apps: it may change without notice.
"""Settings to credential to token: which sign-in method is used, and one sign-in for each run."""

from __future__ import annotations

import hashlib
import time
import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.arguments import AUTH
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.endpoint import Endpoint
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.errors import InputError
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.run_memory import RunMemory
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._http.client import HttpClient
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._sign_in.identity_platform import (
    EXPIRY_MARGIN,
    AccessToken,
    IdentityPlatform,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._sign_in.login import find_login
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._sign_in.operator_credentials import (
    AccessTokenCredential,
    AzureCliCredential,
    CertificateCredential,
    ClientSecretCredential,
    Credential,
    DeviceCodeCredential,
    FederatedTokenCredential,
    ManagedIdentityCredential,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._sign_in.settings import AuthSettings

KINDS: tuple[type[Credential], ...] = (
    AccessTokenCredential,
    ClientSecretCredential,
    CertificateCredential,
    FederatedTokenCredential,
    ManagedIdentityCredential,
    DeviceCodeCredential,
    AzureCliCredential,
)
KIND_BY_NAME = {kind.name: kind for kind in KINDS}
# Set by the platform for every process in a pod, so it is used only if no other method is selected.
AMBIENT = frozenset({"auth_federated_token_file"})


def choose_credential(settings: AuthSettings, endpoint: Endpoint, memory: RunMemory) -> Credential:
    """The kind that was asked for, or the one whose settings are there; options before environment.

    ``memory`` holds whether a person signed in in this run.

    Raises InputError if two kinds are set at once, and if the kind itself misses a setting.
    """
    if settings.source == "auto":
        kind = _automatic(settings, endpoint, memory)
    else:
        kind = KIND_BY_NAME[settings.source]
    credential = kind(settings, endpoint, memory)
    credential.validate()
    return credential


def _automatic(settings: AuthSettings, endpoint: Endpoint, memory: RunMemory) -> type[Credential]:
    offers = {kind: kind.offered(settings) for kind in KINDS}
    for given in (settings.given, settings.of_profile):
        # A client id alone goes with every way to sign in.
        candidates = _offering(offers, given - {"auth_client_id"}) or _offering(offers, given)
        if candidates:
            break
        if "auth_client_id" in given:
            return ClientSecretCredential  # which reports what is missing; an option is never ignored
    else:
        ambient = AMBIENT - settings.of_section
        candidates = _offering(offers, AUTH.options.keys() - {"auth_client_id"} - ambient)
    if len(candidates) > 1:
        raise InputError(
            f"Two sign-in methods are set at once: {' and '.join(kind.name for kind in candidates)}",
            next_step="Set auth_source (ANSIBLE_AZURE_AUTH_SOURCE) to the one to use.",
        )
    if candidates:
        return candidates[0]
    if find_login(memory, endpoint.authority, settings.tenant_id):
        return DeviceCodeCredential
    if offers[FederatedTokenCredential]:
        return FederatedTokenCredential
    if settings.client_id:
        return ClientSecretCredential
    if settings.user_variable:
        raise InputError(
            f"{settings.user_variable} is set, but signing in with user name and password is not supported",
            next_step="Sign in as an application, with azure_device_login, or with the account of the Azure CLI"
            " (auth_source: cli).",
        )
    return AzureCliCredential


def _offering(offers: t.Mapping[type[Credential], frozenset[str]], names: t.AbstractSet[str]) -> list[type[Credential]]:
    """The kinds that any of these settings asks for."""
    return [kind for kind, offered in offers.items() if offered & names]


def operator_token(
    credential: Credential,
    settings: AuthSettings,
    *,
    endpoint: Endpoint,
    http: HttpClient,
    memory: RunMemory,
    fresh: bool,
) -> AccessToken:
    """The operator's token: signed in once an ansible-playbook run, not once a task.

    ``fresh`` requests a new one if the stored one was refused, and stores it.

    Raises InputError if the token is for a tenant other than the requested one.
    """
    asked = repr((credential.name, endpoint.authority, endpoint.resource, credential.identity))
    key = f"token:{hashlib.sha256(asked.encode()).hexdigest()}"
    with memory.exclusive(endpoint.wait_timeout):
        remembered = memory.recall(key)
        if isinstance(remembered, dict) and not fresh:
            token = AccessToken.of(remembered["value"], remembered["expires"])
        else:
            token = credential.sign_in(IdentityPlatform(http, authority=endpoint.authority, memory=memory))
            usable = token.expires - time.time() - EXPIRY_MARGIN
            memory.remember(key, {"value": token.value, "expires": token.expires}, seconds=usable)
    if token.is_for_another(settings.tenant_id):
        raise InputError(
            f"The access token is for the tenant {token.tenant_id}, but auth_tenant_id is {settings.tenant_id}",
            next_step="Sign in to the right tenant, or correct auth_tenant_id.",
        )
    return token
