# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private module utility of email_gateway.azure_apps: it may change without notice.
"""One call of a module: its options, and the connection that they describe."""

from __future__ import annotations

import dataclasses
import datetime
import functools
import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.endpoint import Endpoint, endpoint_settings
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.environment import NO_SECTION, Section
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.masking import Secrets
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.names import NO_NAMES
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.patience import WaitedFor
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.run_memory import RunMemory
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.client import GraphClient
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._http.client import HttpClient
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._sign_in.credentials_file import (
    default_section,
    named_section,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._sign_in.identity_platform import AccessToken
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._sign_in.login import find_login
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._sign_in.operator_credentials import Credential
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._sign_in.settings import (
    AuthSettings,
    auth_settings,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._sign_in.sign_in import (
    choose_credential,
    operator_token,
)

CLOCK_WARNING_LASTS = 3600.0  # seconds


def _whole_second() -> datetime.datetime:
    return datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)


class Operator(t.NamedTuple):
    """Who signs in: the settings, and the sign-in method that they select."""

    settings: AuthSettings
    credential: Credential


@dataclasses.dataclass
class Call:
    """One call of a module: its options, and the connection that they describe, opened when it is first used.

    ``of_others`` are defaults of the action group for options that this module does not have. If they choose who signs
    in, the section [default] of ~/.azure/credentials does not count for this module either.
    ``option_names`` are the names by which the user knows the options; see ``_core/names.py``.
    ``of_role``: the role's own task runs the module; see ``_graph/handed_reads.py``.
    """

    params: t.Mapping[str, t.Any]
    check_mode: bool
    environ: t.Mapping[str, str]
    memory: RunMemory
    of_others: t.Mapping[str, t.Any] = dataclasses.field(default_factory=dict, repr=False)
    option_names: t.Mapping[str, str] = dataclasses.field(default_factory=lambda: NO_NAMES)
    of_role: bool = False
    now: datetime.datetime = dataclasses.field(default_factory=_whole_second)
    warnings: list[str] = dataclasses.field(default_factory=list)
    secrets: Secrets = dataclasses.field(default_factory=Secrets, repr=False)
    wrote_elsewhere: bool = dataclasses.field(default=False, init=False)  # than in Microsoft Graph
    _http: HttpClient | None = dataclasses.field(default=None, init=False, repr=False)
    _graph: GraphClient | None = dataclasses.field(default=None, init=False, repr=False)
    _signed_in: AccessToken | None = dataclasses.field(default=None, init=False, repr=False)

    @functools.cached_property
    def section(self) -> Section:
        """The section of ~/.azure/credentials that counts: for the operator, and for the cloud of all modules."""
        section = named_section(self.params, self.environ) or self._default_section()
        if section.open_to_others:
            self.warn(f"Other users of this machine can read the secrets in {section.path}: chmod 600 {section.path}")
        return section

    def _default_section(self) -> Section:
        """The section [default]; a sign-in with a device code in this run has precedence over a file."""
        section = default_section({**self.of_others, **self.params}, self.environ)
        if not section.values or find_login(self.memory, endpoint_settings(self.params, self.environ).authority, None):
            return NO_SECTION
        return section

    @functools.cached_property
    def endpoint(self) -> Endpoint:
        if self.section.ignores_certificates or self.environ.get("AZURE_CERT_VALIDATION_MODE", "").strip() == "ignore":
            self.warn(
                "cert_validation_mode=ignore has no effect: certificates are always checked. Set ca_file"
                " (REQUESTS_CA_BUNDLE) to the certificate authority of your proxy or endpoint."
            )
        return endpoint_settings(self.params, self.environ, self.section)

    @property
    def http(self) -> HttpClient:
        if self._http is None:
            self._http = HttpClient(self.endpoint)
        return self._http

    @property
    def graph(self) -> GraphClient:
        if self._graph is None:
            self.validate_sign_in()
            self._graph = GraphClient(
                self.http, host=self.endpoint.graph, token=self._token, memory=self.memory, of_role=self.of_role
            )
        return self._graph

    @property
    def tenant_id(self) -> str:
        """Of the tenant that was signed in to."""
        return self._token(False).tenant_id or str(self.operator().settings.tenant_id)

    @property
    def claims(self) -> t.Mapping[str, t.Any]:
        """The claims of the operator's token, unchecked; empty if it cannot be read."""
        return self._token(False).claims

    @property
    def wrote(self) -> bool:
        """Whether a write was accepted, also if a later one failed."""
        return self.wrote_elsewhere or (self._graph is not None and self._graph.wrote)

    @property
    def took_handed_reads(self) -> bool:
        """Whether an earlier task of the role had made one of this task's reads."""
        return self._graph is not None and self._graph.handed.taken

    def token_for(self, resource: str, *, fresh: bool = False) -> AccessToken:
        """The same operator's token for another resource than Microsoft Graph."""
        settings = self.operator().settings
        endpoint = dataclasses.replace(self.endpoint, resource=resource)
        return self._sign_in(Operator(settings, choose_credential(settings, endpoint, self.memory)), endpoint, fresh)

    def warn(self, text: str) -> None:
        """Warn the user, once for each text."""
        if text not in self.warnings:
            self.warnings.append(text)

    def warn_of_clock(self) -> None:
        """Once in a run of ansible-playbook."""
        if self._http is None:
            return
        warning = self._http.clock.warning
        if warning and not self.memory.recall("clock-warning"):
            self.memory.remember("clock-warning", True, seconds=CLOCK_WARNING_LASTS)
            self.warn(warning)

    @property
    def waited_for(self) -> t.Mapping[WaitedFor, float]:
        """Seconds."""
        if self._http is None:
            return {}
        return self._http.patience.waited_for

    def close(self) -> None:
        if self._http is not None:
            self._http.close()

    def validate_sign_in(self) -> None:
        """Raises InputError for what is wrong with the sign-in's options, before anything is sent."""
        self.operator()

    def operator(self) -> Operator:
        """Raises InputError for what is wrong with the sign-in's options."""
        return self._operator

    @functools.cached_property
    def _operator(self) -> Operator:
        settings = auth_settings(self.params, self.environ, self.section)
        self.secrets.add(*settings.secrets)
        credential = choose_credential(settings, self.endpoint, self.memory)
        self.secrets.add(*credential.secrets)
        return Operator(settings, credential)

    def _token(self, fresh: bool) -> AccessToken:
        if fresh or self._signed_in is None:
            self._signed_in = self._sign_in(self.operator(), self.endpoint, fresh)
        return self._signed_in

    def _sign_in(self, operator: Operator, endpoint: Endpoint, fresh: bool) -> AccessToken:
        token = operator_token(
            operator.credential, operator.settings, endpoint=endpoint, http=self.http, memory=self.memory, fresh=fresh
        )
        self.secrets.add(token.value)
        return token
