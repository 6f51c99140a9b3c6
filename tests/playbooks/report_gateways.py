# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Gateways of a play in the state after a run of the role gateway_app, created without a run."""

from __future__ import annotations

import typing as t
from pathlib import Path

import yaml
from ansible.parsing.vault import VaultSecret

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._credential.record import Record
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._profile.files import Files
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._profile.profile import read_profile
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._store.contract import VARIABLE
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._store.vault_file import VaultFile
from ansible_collections.email_gateway.azure_apps.tests.playbooks.playbook_runner import VAULT_PASSWORD, Playbooks
from ansible_collections.email_gateway.azure_apps.tests.unit.report_tenant import TAG
from ansible_collections.email_gateway.azure_apps.tests.unit.tenant import Tenant

Variables = dict[str, t.Any]


def inventory(playbooks: Playbooks, hosts: t.Mapping[str, Variables]) -> None:
    """The hosts of a group mail_gateways. They cannot be connected to."""
    names = {h: {"ansible_host": "192.0.2.1", "gateway_app_unique_name": f"gateway-{h}", **v} for h, v in hosts.items()}
    (playbooks.folder / "inventory.yml").write_text(yaml.safe_dump({"mail_gateways": {"hosts": names}}))


def provision(playbooks: Playbooks, hosts: t.Mapping[str, Variables], *, tenant: Tenant | None = None) -> None:
    """An inventory, and for each host an application with its permissions, consent, a client secret and a store."""
    inventory(playbooks, hosts)
    for host, variables in hosts.items():
        _provision(tenant or playbooks.tenant, host, variables, store=playbooks.store_of(f"gateway-{host}"))


def _provision(tenant: Tenant, host: str, variables: Variables, *, store: Path) -> None:
    profile = variables["gateway_app_profile"]
    unique_name = f"gateway-{host}"
    permissions = [entry.as_option() for entry in read_profile(profile, "", Files(())).permissions]
    tenant.ok(
        "azure_app_registration",
        display_name=f"Mail gateway {host} ({profile})",
        unique_name=unique_name,
        tags=variables.get("gateway_app_tags", [TAG]),
    )
    tenant.ok("azure_app_graph_permissions", unique_name=unique_name, permissions=permissions)
    tenant.ok("azure_admin_consent", unique_name=unique_name)
    _new_secret(tenant, host, store=store)


def _new_secret(tenant: Tenant, host: str, *, store: Path, **more: t.Any) -> None:
    made = tenant.ok("azure_app_secret", unique_name=f"gateway-{host}", description="Mail gateway", **more)
    record = Record(
        client_id=made["client_id"],
        key_id=made["key_id"],
        tenant_id=tenant.server.tenant_id,
        secret_start=made["start"],
        secret_expires=made["end"],
        client_secret=made["client_secret"],
    )
    secrets = [("default", VaultSecret(VAULT_PASSWORD.encode()))]
    VaultFile(str(store), secrets=secrets, vault_id=None).write({VARIABLE: record.content()})
