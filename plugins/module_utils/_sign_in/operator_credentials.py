# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private module utility of email_gateway.azure_apps: it may change without notice.
"""The kinds of identity that an operator can have. One small class each: ``validate`` offline, ``sign_in`` online.

A new one is a class here, its options in AUTH (_core/arguments.py), and its place in KINDS (sign_in.py).
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core import json as _json
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.endpoint import Endpoint
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.environment import (
    ENVIRONMENT,
    SECRET_VARIABLES,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.errors import InputError, SignInError
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.lists import selected
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.run_memory import RunMemory
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._sign_in.client_credentials import (
    by_assertion,
    by_certificate,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._sign_in.identity_platform import (
    AccessToken,
    IdentityPlatform,
    is_token,
    seconds_of,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._sign_in.login import Login, find_login
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._sign_in.settings import AuthSettings

CLI_TIMEOUT = 120  # seconds


class Credential(t.Protocol):
    """How one kind of identity gets a token."""

    name: t.ClassVar[str]

    def __init__(self, settings: AuthSettings, endpoint: Endpoint, memory: RunMemory) -> None:
        """Nothing is checked yet."""

    @classmethod
    def offered(cls, settings: AuthSettings) -> frozenset[str]:
        """The settings that select this kind; empty if there are none."""

    @property
    def identity(self) -> tuple[t.Any, ...]:
        """Who signs in; two with the same share a sign-in."""

    @property
    def secrets(self) -> tuple[str | None, ...]:
        """What no message may repeat."""

    def validate(self) -> None:
        """Raises InputError for what can be known without a network."""

    def sign_in(self, identity: IdentityPlatform) -> AccessToken:
        """Raises SignInError or TransportError."""


class _BySettings:
    """All that is needed is in the settings."""

    def __init__(self, settings: AuthSettings, endpoint: Endpoint, memory: RunMemory) -> None:
        self._settings = settings
        self._endpoint = endpoint

    @classmethod
    def offered(cls, settings: AuthSettings) -> frozenset[str]:
        return frozenset()

    @property
    def identity(self) -> tuple[t.Any, ...]:
        return self._settings.identity

    @property
    def secrets(self) -> tuple[str | None, ...]:
        return self._settings.secrets


class ApplicationCredential(_BySettings):
    """What the three ways to sign in as an application have in common."""

    name: t.ClassVar[str]
    wants: t.ClassVar[tuple[str, ...]]  # any of these fields asks for it

    @classmethod
    def offered(cls, settings: AuthSettings) -> frozenset[str]:
        own = {name for name in cls.wants if settings.value(name)}
        if own:
            own.add("auth_client_id")
        return frozenset(own)

    def validate(self) -> None:
        missing = []
        for names in (("auth_client_id",), self.wants, ("auth_tenant_id",)):
            if not any(map(self._settings.value, names)):
                missing.append(names[0])
        if missing:
            named = (f"{name} ({' or '.join(ENVIRONMENT[name])})" for name in missing)
            raise InputError(
                f"Signing in with {_called(self.name)} also needs {', '.join(named)}",
                next_step="Set the option, or the environment variable in brackets.",
            )
        self.for_msal()

    def sign_in(self, identity: IdentityPlatform) -> AccessToken:
        return identity.client_credentials_token(
            tenant_id=self._settings.required("auth_tenant_id"),
            client_id=self._settings.required("auth_client_id"),
            credential=self.for_msal(),
            resource=self._endpoint.resource,
        )

    def for_msal(self) -> str | dict[str, str]:
        """What msal calls client_credential. Raises InputError for a file that cannot be used."""
        raise NotImplementedError


class ClientSecretCredential(ApplicationCredential):
    """An application with a client secret."""

    name = "client_secret"
    wants = ("auth_client_secret",)

    def for_msal(self) -> str | dict[str, str]:
        return self._settings.required("auth_client_secret")


class CertificateCredential(ApplicationCredential):
    """An application with a private key, whose certificate is registered."""

    name = "certificate"
    wants = ("auth_certificate_path",)

    def for_msal(self) -> str | dict[str, str]:
        settings = self._settings
        return by_certificate(
            settings.required("auth_certificate_path"),
            option="auth_certificate_path",
            renewal="Register a new one for the application that you sign in as.",
            password=settings.certificate_password,
            password_option="auth_certificate_password",
            send_chain=settings.certificate_chain,
        )


class FederatedTokenCredential(ApplicationCredential):
    """An application that trusts the token of another issuer, such as a pipeline or a cluster."""

    name = "federated_token"
    wants = ("auth_federated_token", "auth_federated_token_file")

    def for_msal(self) -> str | dict[str, str]:
        settings = self._settings
        # Who writes the file writes a new token before the old one expires, so that it is read for each sign-in.
        return by_assertion(settings.federated_token, settings.federated_token_file, option="auth_federated_token")


class ManagedIdentityCredential(_BySettings):
    """The identity of the machine on which the controller runs. Nothing hints at it, so it has to be asked for."""

    name: t.ClassVar[str] = "managed_identity"

    def validate(self) -> None:
        from ansible_collections.email_gateway.azure_apps.plugins.module_utils._sign_in.managed_identity import (
            check_library,
        )

        check_library()

    def sign_in(self, identity: IdentityPlatform) -> AccessToken:
        from ansible_collections.email_gateway.azure_apps.plugins.module_utils._sign_in.managed_identity import (
            managed_identity_token,
        )

        return managed_identity_token(
            client_id=self._settings.client_id,
            resource=self._endpoint.resource,
            request_timeout=self._endpoint.request_timeout,
            patience=identity.patience,
        )


class AccessTokenCredential(_BySettings):
    """A token that was requested elsewhere."""

    name: t.ClassVar[str] = "access_token"

    @classmethod
    def offered(cls, settings: AuthSettings) -> frozenset[str]:
        if not settings.access_token:
            return frozenset()
        return frozenset({"auth_access_token"})

    def validate(self) -> None:
        value = self._settings.access_token
        if not value:
            raise InputError(
                "No access token is given", next_step="Set auth_access_token, or AZURE_ACCESS_TOKEN in the environment."
            )
        if not is_token(value):
            raise InputError(
                "The access token contains a space, a line break or a character that is not allowed in a token",
                next_step="Pass only the token, without quotes or the word Bearer.",
            )
        token = AccessToken.of(value)
        if token.expires <= time.time():
            raise InputError("The access token has expired", next_step="Get a new token.")
        if token.tenant_id is None and self._settings.tenant_id is None:
            raise InputError("The access token does not name its tenant", next_step="Set auth_tenant_id as well.")

    def sign_in(self, identity: IdentityPlatform) -> AccessToken:
        return AccessToken.of(self._settings.required("auth_access_token"))


class DeviceCodeCredential:
    """The person who signed in with azure_device_login in this run."""

    name: t.ClassVar[str] = "device_code"

    def __init__(self, settings: AuthSettings, endpoint: Endpoint, memory: RunMemory) -> None:
        self._tenant_id = settings.tenant_id
        self._endpoint = endpoint
        self._memory = memory
        self._login: Login | None = None

    @classmethod
    def offered(cls, settings: AuthSettings) -> frozenset[str]:
        return frozenset()

    @property
    def identity(self) -> tuple[t.Any, ...]:
        return (self._remembered().id,)

    @property
    def secrets(self) -> tuple[str | None, ...]:
        return (self._remembered().refresh_token,)

    def validate(self) -> None:
        self._remembered()

    def sign_in(self, identity: IdentityPlatform) -> AccessToken:
        from ansible_collections.email_gateway.azure_apps.plugins.module_utils._sign_in.device_code import renewed

        # Another task may have renewed it meanwhile.
        self._login = None
        return renewed(identity, self._memory, self._remembered(), endpoint=self._endpoint)

    def _remembered(self) -> Login:
        if self._login is None:
            self._login = find_login(self._memory, self._endpoint.authority, self._tenant_id)
        if self._login is None:
            to = ""
            if self._tenant_id:
                to = f" to the tenant {self._tenant_id}"
            raise InputError(
                f"No sign-in with a device code{to} at {self._endpoint.authority} was made in this run",
                next_step="Run azure_device_login before, in the same run of ansible-playbook: the playbook"
                " email_gateway.azure_apps.login does.",
            )
        return self._login


class AzureCliCredential(_BySettings):
    """The account that is signed in to the Azure CLI on the controller."""

    name: t.ClassVar[str] = "cli"

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
                environ=selected(self._endpoint.environ, self._endpoint.environ.keys() - SECRET_VARIABLES),
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
            reason = " ".join(done.stderr.split()) or f"exit code {done.returncode}"
            raise SignInError(f"The Azure CLI gave no token: {reason}", next_step="Run: az login")
        answer = _json.parse_object(done.stdout.encode(errors="replace"))
        value = answer.get("accessToken")
        if not is_token(value):
            raise SignInError(
                "The answer of the Azure CLI contains no access token",
                next_step="Update the Azure CLI, and try: az account get-access-token --output json",
            )
        return AccessToken.of(value, seconds_of(answer.get("expires_on")))


class _Program(subprocess.Popen[str]):
    """A program with all that it starts: az is a script around the program that does the work.

    Not run_command of Ansible, which needs a module: this runs in ansible-playbook.
    """

    def kill(self) -> None:
        os.killpg(self.pid, signal.SIGKILL)


def _run(command: list[str], *, seconds: float, environ: dict[str, str]) -> subprocess.CompletedProcess[str]:
    with _Program(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        errors="replace",
        env=environ or None,
        start_new_session=True,
    ) as program:
        try:
            output, errors = program.communicate(timeout=seconds)
        except BaseException:
            program.kill()
            raise
    return subprocess.CompletedProcess(command, program.returncode, output, errors)


def _called(name: str) -> str:
    if name == "federated_token":
        return "the token of another issuer"
    return f"a {name.replace('_', ' ')}"
