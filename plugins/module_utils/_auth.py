# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private module utility of email_gateway.azure_apps: it may change without notice.
"""Settings to credential to token. One small class a credential kind: ``validate`` offline, ``sign_in`` online.

A new way to sign in is one more class in KINDS and its options in _arguments.AUTH.
"""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import time
import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._arguments import (
    GUID,
    SECRET_VARIABLES,
    AuthSettings,
    Endpoint,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._errors import InputError, SignInError
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._http import HttpClient
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._identity_platform import (
    AccessToken,
    IdentityPlatform,
    is_token,
    seconds_of,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._run_memory import RunMemory

EXPIRY_MARGIN = 300  # seconds: a token this close to its end is not used again
CLI_TIMEOUT = 120  # seconds


class Credential(t.Protocol):
    """How one kind of identity gets a token."""

    name: t.ClassVar[str]

    def __init__(self, settings: AuthSettings, endpoint: Endpoint) -> None:
        """Nothing is checked yet."""

    @classmethod
    def offered(cls, settings: AuthSettings) -> frozenset[str]:
        """The settings present that ask for this kind; empty where none does."""

    def validate(self) -> None:
        """Raises InputError for what can be known without a network."""

    def sign_in(self, identity: IdentityPlatform) -> AccessToken:
        """Raises SignInError or TransportError."""


class ClientSecretCredential:
    """An application with a client secret, by msal."""

    name: t.ClassVar[str] = "client_secret"

    def __init__(self, settings: AuthSettings, endpoint: Endpoint) -> None:
        self._settings = settings
        self._endpoint = endpoint

    @classmethod
    def offered(cls, settings: AuthSettings) -> frozenset[str]:
        found = {"auth_client_id": settings.client_id, "auth_client_secret": settings.client_secret}
        return frozenset(name for name, value in found.items() if value)

    def validate(self) -> None:
        missing = [
            f"{option} ({variables})"
            for option, variables, value in (
                ("auth_client_id", "AZURE_CLIENT_ID", self._settings.client_id),
                ("auth_client_secret", "AZURE_SECRET or AZURE_CLIENT_SECRET", self._settings.client_secret),
                ("auth_tenant_id", "AZURE_TENANT or AZURE_TENANT_ID", self._settings.tenant_id),
            )
            if not value
        ]
        if missing:
            raise InputError(
                f"Signing in with a client secret also needs {', '.join(missing)}",
                next_step="Set the option, or the environment variable in brackets.",
            )

    def sign_in(self, identity: IdentityPlatform) -> AccessToken:
        settings = self._settings
        return identity.client_credentials_token(
            tenant_id=settings.tenant_id or "",
            client_id=settings.client_id or "",
            credential=settings.client_secret or "",
            resource=self._endpoint.resource,
        )


class AccessTokenCredential:
    """A token that somebody else got."""

    name: t.ClassVar[str] = "access_token"

    def __init__(self, settings: AuthSettings, endpoint: Endpoint) -> None:
        self._settings = settings

    @classmethod
    def offered(cls, settings: AuthSettings) -> frozenset[str]:
        return frozenset({"auth_access_token"} if settings.access_token else ())

    def validate(self) -> None:
        value = self._settings.access_token
        if not value:
            raise InputError(
                "No access token is given", next_step="Set auth_access_token, or AZURE_ACCESS_TOKEN in the environment."
            )
        if not is_token(value):
            raise InputError(
                "The access token holds a blank, a line break or a character that no token has",
                next_step="Pass the token alone, without quotes or the word Bearer.",
            )
        token = AccessToken.of(value)
        if token.expires <= time.time():
            raise InputError("The access token has expired", next_step="Get a fresh token.")
        if token.tenant_id is None and self._settings.tenant_id is None:
            raise InputError("The access token does not name its tenant", next_step="Set auth_tenant_id as well.")

    def sign_in(self, identity: IdentityPlatform) -> AccessToken:
        return AccessToken.of(self._settings.access_token or "")


class AzureCliCredential:
    """Whoever is signed in to the Azure CLI on the controller."""

    name: t.ClassVar[str] = "cli"

    def __init__(self, settings: AuthSettings, endpoint: Endpoint) -> None:
        self._settings = settings
        self._endpoint = endpoint

    @classmethod
    def offered(cls, settings: AuthSettings) -> frozenset[str]:
        return frozenset()

    def validate(self) -> None:
        """Nothing is known about the CLI without running it."""

    def sign_in(self, identity: IdentityPlatform) -> AccessToken:
        command = ["az", "account", "get-access-token", "--resource", self._endpoint.resource, "--output", "json"]
        if self._settings.tenant_id:
            command += ["--tenant", self._settings.tenant_id]
        try:
            done = _run(
                command,
                seconds=min(CLI_TIMEOUT, self._endpoint.wait_timeout),
                # What it has no use for does not go into the environment of another process.
                environ={n: v for n, v in self._endpoint.environ.items() if n not in SECRET_VARIABLES},
            )
        except FileNotFoundError:
            raise SignInError(
                "No credential is given, and the Azure CLI (az) is not installed on the controller",
                next_step=(
                    "Set AZURE_CLIENT_ID, AZURE_SECRET and AZURE_TENANT (or the auth_ options),"
                    " or install the Azure CLI and run: az login"
                ),
            ) from None
        except (OSError, subprocess.TimeoutExpired) as exc:
            raise SignInError(
                f"The Azure CLI could not be run ({type(exc).__name__})",
                next_step="Try it by hand: az account get-access-token",
            ) from None
        if done.returncode != 0:
            said = " ".join(done.stderr.split()) or f"exit code {done.returncode}"
            raise SignInError(f"The Azure CLI gave no token: {said}", next_step="Run: az login")
        try:
            answer = json.loads(done.stdout)
        except (ValueError, RecursionError):
            answer = None
        value = answer.get("accessToken") if isinstance(answer, dict) else None
        if not is_token(value):
            raise SignInError(
                "The answer of the Azure CLI holds no access token",
                next_step="Update the Azure CLI, and try: az account get-access-token --output json",
            )
        return AccessToken.of(value, seconds_of(answer.get("expires_on")))


def _run(command: list[str], *, seconds: float, environ: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Ends with all that the command started: az is a script around the program that does the work."""
    with subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        errors="replace",
        env=environ or None,
        start_new_session=True,
    ) as process:
        try:
            output, errors = process.communicate(timeout=seconds)
        except BaseException:
            os.killpg(process.pid, signal.SIGKILL)
            raise
    return subprocess.CompletedProcess(command, process.returncode, output, errors)


KINDS: tuple[type[Credential], ...] = (AccessTokenCredential, ClientSecretCredential, AzureCliCredential)


def choose_credential(settings: AuthSettings, endpoint: Endpoint) -> Credential:
    """The kind that was asked for, or the one whose settings are there; options before environment.

    Raises InputError where two kinds are asked for at once, and for whatever the kind itself finds missing.
    """
    if settings.source == "auto":
        kind = _automatic(settings)
    else:
        kind = next(kind for kind in KINDS if kind.name == settings.source)
    credential = kind(settings, endpoint)
    credential.validate()
    return credential


def _automatic(settings: AuthSettings) -> type[Credential]:
    offers = {kind: kind.offered(settings) for kind in KINDS}
    by_option = [kind for kind, names in offers.items() if names & settings.given]
    candidates = by_option or [kind for kind, names in offers.items() if names]
    if len(candidates) > 1:
        raise InputError(
            f"Two ways to sign in are given at once: {' and '.join(kind.name for kind in candidates)}",
            next_step="Set auth_source (ANSIBLE_AZURE_AUTH_SOURCE) to the one that you mean.",
        )
    return candidates[0] if candidates else AzureCliCredential


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

    ``fresh`` asks for a new one where the remembered one was refused, and remembers that.

    Raises InputError where the token is for another tenant than the one that was asked for.
    """
    digest = hashlib.sha256()
    for part in (
        credential.name,
        endpoint.authority,
        endpoint.resource,
        settings.tenant_id,
        settings.client_id,
        settings.client_secret,
        settings.access_token,
    ):
        digest.update(repr(part).encode())
    key = f"token:{digest.hexdigest()}"
    with memory.exclusive(endpoint.wait_timeout):
        remembered = None if fresh else memory.recall(key)
        if isinstance(remembered, dict):
            token = AccessToken.of(remembered["value"], remembered["expires"])
        else:
            token = credential.sign_in(IdentityPlatform(http, authority=endpoint.authority, memory=memory))
            usable = token.expires - time.time() - EXPIRY_MARGIN
            if usable > 0:
                memory.remember(key, {"value": token.value, "expires": token.expires}, seconds=usable)
    wanted = settings.tenant_id
    if wanted and token.tenant_id and GUID.fullmatch(wanted) and wanted.lower() != token.tenant_id:
        raise InputError(
            f"The access token is for the tenant {token.tenant_id}, but auth_tenant_id is {wanted}",
            next_step="Sign in to the tenant that you mean, or correct auth_tenant_id.",
        )
    return token
