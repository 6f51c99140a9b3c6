# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private plugin utility of email_gateway.azure_apps: it may change without notice.
"""What each host of a play is for the report: its settings, its tenant, and what its stores hold."""

from __future__ import annotations

import dataclasses
import itertools
import os
import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.errors import AppsError, InputError
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.lists import filled_members, selected
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.names import ROLE_VARIABLES
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._credential.record import CREDENTIAL_TYPES
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.application import Address
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.call import Call
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._profile.files import Files
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._profile.mailboxes import MailboxSettings
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._profile.other_settings import StoreSettings
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._profile.profile import Profile, read_profile
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._profile.settings import Settings
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._profile.variables import PREFIX, Names
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._report.gateway import (
    Gateway,
    StoreContent,
)
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._run.host_variables import (
    HostVariables,
    PlayVariables,
)
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._run.plain import as_texts
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._store.context import store_context
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._store.contract import open_stores

# Of the settings of the role gateway_app, those that a report needs. What is wrong with others hides nothing.
NEEDED = (
    "add_user_read",
    "client_id",
    "credential_type",
    "display_name",
    "mailboxes",
    "profile",
    "profile_file",
    "store_path",
    "store_vault_id",
    "stores",
    "unique_name",
)
# Settings are known by the role's variables, whatever the names of the options of the task.
OPTION_NAMES = ROLE_VARIABLES["azure_app_profile_info"]
FAILED_BEFORE = "an earlier task failed for it, or it was unreachable."


@dataclasses.dataclass
class Tenant:
    """A tenant, and the connection of the first of its gateways, by which it is read."""

    call: Call
    gateways: list[Gateway] = dataclasses.field(default_factory=list)


@dataclasses.dataclass
class Hosts:
    """The hosts of a play: gateways by the id of their tenant, and hosts of which nothing is known, with the reason.

    ``failed`` are those of them that would have failed if the task had been theirs.
    """

    tenants: dict[str, Tenant] = dataclasses.field(default_factory=dict)
    skipped: dict[str, str] = dataclasses.field(default_factory=dict)
    failed: dict[str, str] = dataclasses.field(default_factory=dict)

    @property
    def gateways(self) -> list[Gateway]:
        return list(itertools.chain.from_iterable(tenant.gateways for tenant in self.tenants.values()))

    def fail(self, host: str, reason: str) -> None:
        self.failed[host] = self.skipped[host] = reason


class HostReader:
    """Looks at the hosts one by one. A host with a wrong setting hides no other."""

    def __init__(self, call: Call, variables: PlayVariables, *, files: Files, task_vars: t.Mapping[str, t.Any]) -> None:
        self._call = call
        self._variables = variables
        self._hosts = list(map(str, task_vars["ansible_play_hosts_all"]))
        self._active = set(map(str, task_vars["ansible_play_hosts"]))
        self._own_host = str(task_vars["inventory_hostname"])
        self._around_own_host = self._variables.environment(self._variables.of(self._own_host))
        self._files = files
        self._connections: dict[tuple[tuple[str, str], ...], tuple[Call, AppsError | None]] = {}

    def read(self) -> Hosts:
        """Without any gateway in the play, the tenant of the host that runs the task."""
        hosts = Hosts()
        for host in self._hosts:
            if host not in self._active:
                hosts.skipped[host] = FAILED_BEFORE
                continue
            try:
                self._read_host(host, hosts)
            except AppsError as exc:
                hosts.fail(host, self.reason(exc))
        if not hosts.tenants and not hosts.failed:
            call = self._connection(self._variables.of(self._own_host))
            hosts.tenants[call.tenant_id] = Tenant(call)
        return hosts

    def reason(self, exc: AppsError) -> str:
        """A failure as a text."""
        return str(exc.describe(self._call.secrets.for_message, OPTION_NAMES)["msg"])

    def close(self) -> None:
        for call, _error in self._connections.values():
            call.close()

    def _read_host(self, host: str, hosts: Hosts) -> None:
        variables = self._variables.of(host)
        if not variables.value(f"{PREFIX}profile") and not variables.value(f"{PREFIX}profile_file"):
            return
        Names.of(variables.names).check()
        settings = Settings({name: variables.value(PREFIX + name) for name in NEEDED})
        profile = read_profile(settings.text("profile"), settings.path("profile_file"), self._files)
        credential_type = settings.choice("credential_type", "client_secret", choices=CREDENTIAL_TYPES)
        key = _key(settings)
        mailboxes = MailboxSettings.of(settings)
        if mailboxes.scope:
            profile = profile.limited()
        call = self._connection(variables)
        gateway = Gateway(
            host=host,
            tenant_id=call.tenant_id,
            profile=profile.shown,
            permissions=_permissions(profile, settings),
            stored=self._stored(variables, settings, call),
            credential_type=credential_type,
            limited=mailboxes.scope not in ("", "tenant"),
            **key,
        )
        hosts.tenants.setdefault(call.tenant_id, Tenant(call)).gateways.append(gateway)

    def _connection(self, variables: HostVariables) -> Call:
        """As the host signs in. Hosts with the same environment share it, also if it fails. Raises AppsError."""
        environment = variables.value(f"{PREFIX}environment")
        if not isinstance(environment, dict):
            raise InputError(
                f"{PREFIX}environment is not a dictionary",
                next_step="Set it to environment variables with their values.",
            )
        environ = {**self._environ_of_task(variables), **as_texts(environment)}
        key = tuple(sorted(environ.items()))
        if key not in self._connections:
            call = dataclasses.replace(self._call, environ=environ)
            self._connections[key] = call, _sign_in_error(call)
        call, error = self._connections[key]
        if error is not None:
            raise error
        return call

    def _environ_of_task(self, variables: HostVariables) -> dict[str, str]:
        """As if the task was that of the host.

        Ansible evaluated the keyword ``environment`` for one host alone. The value of a play or block is evaluated
        for each, unless the task itself sets the keyword.
        """
        environ = dict(self._call.environ)
        around = self._variables.environment(variables)
        for name, value in self._around_own_host.items():
            if environ.get(name) != value:
                around.pop(name, None)
            elif name in os.environ:
                environ[name] = os.environ[name]
            else:
                del environ[name]
        return {**environ, **around}

    def _stored(self, variables: HostVariables, settings: Settings, call: Call) -> StoreContent:
        """A store that cannot be read is a note, so that it hides nothing else."""
        try:
            of_stores = StoreSettings.of(settings)
            context = store_context(variables, call, default_path=of_stores.path, default_vault_id=of_stores.vault_id)
            records = [store.read() for store in open_stores(of_stores.entries, context)]
        except AppsError as exc:
            return StoreContent(checked=False, note=self.reason(exc))
        return StoreContent.of(records)


def _key(settings: Settings) -> dict[str, str]:
    """The settings that identify the application. Raises InputError for what cannot be the key of one."""
    texts = {name: settings.text(name) for name in ("client_id", "unique_name", "display_name")}
    key = filled_members(selected(texts, ("client_id", "unique_name")))
    if key:
        Address.of(key)
    return texts


def _permissions(profile: Profile, settings: Settings) -> list[dict[str, t.Any]]:
    entries = profile.permissions
    if settings.flag("add_user_read"):
        entries = profile.with_user_read()
    return [entry.as_option() for entry in entries]


def _sign_in_error(call: Call) -> AppsError | None:
    try:
        _signed_in = call.tenant_id
    except AppsError as exc:
        return exc
    return None
