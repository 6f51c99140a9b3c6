# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Gateways of an inventory with one application each, and the results of their verification."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import re
import typing as t

import yaml
from ansible.parsing.vault import VaultLib, VaultSecret

from ansible_collections.email_gateway.azure_apps.tests.playbooks.playbook_runner import VAULT_PASSWORD, Playbooks, Run
from ansible_collections.email_gateway.azure_apps.tests.unit.paths import REPOSITORY
from ansible_collections.email_gateway.azure_apps.tests.unit.tenant import Json

# The plays of the documentation, unchanged.
DOCUMENTED = yaml.safe_load(re.findall("```yaml\n(.*?)```", (REPOSITORY / "docs/verify.md").read_text(), re.DOTALL)[0])
MEMBERS = {"name", "subject", "ok", "tried", "reason", "next_step", "exchange_commands", "pending"}


@dataclasses.dataclass
class Verified:
    run: Run
    of: dict[str, Json]

    def check(self, host: str, name: str) -> Json:
        (found,) = [check for check in self.of[host]["checks"] if check["name"] == name]
        return t.cast(Json, found)

    def only_fails(self, host: str, *names: str) -> None:
        """These checks failed, and all others that were tried passed."""
        checks = self.of[host]["checks"]
        assert [check["name"] for check in checks if check["tried"] and not check["ok"]] == list(names), checks
        assert self.of[host]["proven"] is (not names)


class Gateways:
    """Hosts of an inventory with one application each, which are registered and then verified in one run each."""

    def __init__(self, playbooks: Playbooks, hosts: dict[str, Json]) -> None:
        self.playbooks = playbooks
        self.tenant = playbooks.tenant
        self.kept: dict[str, Json] = {}
        self.hosts = {
            host: {
                "ansible_host": "192.0.2.1",
                "gateway_app_display_name": f"Gateway {host}",
                "gateway_app_unique_name": host,
                "gateway_app_wait_timeout": 20,
                "gateway_app_verify_smtp_host": playbooks.server.smtp_host,
                "gateway_app_verify_smtp_port": playbooks.server.smtp_port,
                "gateway_app_verify_mailbox": self.tenant.mailbox("megan"),
                **of_host,
            }
            for host, of_host in hosts.items()
        }
        self.write()

    def write(self) -> None:
        groups = {"mail_gateways": {"hosts": self.hosts}}
        (self.playbooks.folder / "hosts.yml").write_text(yaml.safe_dump(groups))

    def make(self, *hosts: str, but: str = "") -> None:
        """With the modules, as the role would do it, in a fraction of the time; ``but`` is declared without consent."""
        for host in hosts:
            profile = self.hosts[host]["gateway_app_profile"]
            path = REPOSITORY / f"roles/gateway_app/vars/profiles/{profile}.yml"
            content = yaml.safe_load(path.read_text())["gateway_app_profile_content"]
            made = self.tenant.ok("azure_app_registration", display_name=f"Gateway {host}", unique_name=host)
            for wanted in content["permissions"]:
                self.tenant.ok(
                    "azure_app_graph_permissions",
                    unique_name=host,
                    resource=wanted["resource"],
                    application_permissions=wanted["application"],
                )
            if host != but:
                self.tenant.ok("azure_admin_consent", unique_name=host)
            secret = self.tenant.ok("azure_app_secret", unique_name=host, description="Mail gateway")
            self.store(
                host,
                profile=profile,
                tenant_id=made["tenant_id"],
                client_id=made["client_id"],
                client_secret=secret["client_secret"],
                key_id=secret["key_id"],
                secret_start=secret["start"],
                secret_expires=secret["end"],
                previous_key_ids=[],
                handed_over_to=[],
            )

    def store(self, host: str, **content: t.Any) -> None:
        """Add this to the content of the store of the host."""
        self.kept[host] = {**self.kept.get(host, {}), **content}
        plain = yaml.safe_dump({"gateway_app_credential": self.kept[host]})
        vault = VaultLib([("default", VaultSecret(VAULT_PASSWORD.encode()))])
        path = self.playbooks.store_of(host)
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(vault.encrypt(plain))

    def verify(self, *arguments: str, environ: t.Any = None) -> Verified:
        """Without any write, to the tenant or to a file of the user."""
        shown = {host: f"hostvars['{host}'].gateway_app_verified" for host in self.hosts}
        before = self._files()
        run = self.playbooks.run(
            DOCUMENTED,
            *("-i", "hosts.yml", "--forks", "8", *arguments),
            show=list(shown.values()),
            environ={"ANSIBLE_SHOW_CUSTOM_STATS": "True", **(environ or {})},
        )
        assert run.writes == []
        assert self._files() == before
        assert "Traceback" not in run.output, run.output
        assert "changed=0 " in run.output and "unreachable=1" not in run.output
        made = Verified(run, {host: run.results[name] for host, name in shown.items()})
        handed_over = json.loads(run.output.rpartition("RUN: ")[2])["gateways"]
        assert {verified["display_name"]: verified for verified in handed_over} == {
            f"Gateway {host}": verified for host, verified in made.of.items()
        }
        assert len({frozenset(verified) for verified in made.of.values()}) == 1
        assert {frozenset(check) for verified in made.of.values() for check in verified["checks"]} == {
            frozenset(MEMBERS)
        }
        return made

    def _files(self) -> dict[str, str]:
        """Except for the files of Ansible itself."""
        return {
            str(path): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in self.playbooks.folder.rglob("*")
            if path.is_file()
            and not {"home", "tmp"} & set(path.relative_to(self.playbooks.folder).parts)
            and not path.name.startswith("play")
            and path.suffix != ".retry"
            and not self.playbooks.loud
        }

    def client_id(self, host: str) -> str:
        return str(self.tenant.application(uniqueName=host)["appId"])

    def principal(self, host: str) -> str:
        (found,) = self.tenant.service_principals(self.client_id(host))
        return str(found["id"])

    def let_in(self, host: str, *mailboxes: str) -> None:
        """The steps of an Exchange administrator for SMTP, as in the profile."""
        exchange = self.tenant.server.tenant.directory.exchange
        client_id = self.client_id(host)
        users = [self.tenant.user_id(name) for name in mailboxes]
        exchange.service_principals[client_id] = self.principal(host)
        if self.hosts[host]["gateway_app_profile"] == "outbound_smtp_rbac":
            exchange.assign(client_id, "Application SMTP.SendAsApp", users)
        else:
            exchange.full_access |= {(user, client_id) for user in users}

    def fence(self, host: str, mailbox: str) -> None:
        """A policy of Exchange for access by Graph."""
        self.tenant.server.tenant.directory.mail.fenced.add((self.tenant.user_id(mailbox), self.client_id(host)))
