# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Results of each module for test_return_values.py: of changes, of predictions, and without objects.

A new module is one function with the name of the module. All its results together contain each documented value once.
"""

from __future__ import annotations

import collections.abc as c
import dataclasses
import typing as t

from ansible_collections.email_gateway.azure_apps.tests.unit.action_runner import ActionRunner
from ansible_collections.email_gateway.azure_apps.tests.unit.tenant import Json, Tenant
from ansible_collections.email_gateway.azure_apps.tests.unit.tenant_application import TenantApplication

GATEWAY: Json = {"unique_name": "gateway"}
STORED: Json = {"stores": [{"type": "ansible_vault"}], "store_path": "gateway.vault.yml"}
ISSUER = "https://oidc.example.com/cluster"


@dataclasses.dataclass
class Scene:
    """A tenant, and tasks that are run in a play with the gateways "one" and "two"."""

    tenant: Tenant
    actions: ActionRunner

    def run(self, module: str, **options: t.Any) -> Json:
        result = self.actions.run(module, **options)
        assert not result.get("failed"), result
        return result

    def registered(self, *roles: str, resource: str = "microsoft_graph") -> TenantApplication:
        application = TenantApplication.registered(self.tenant, display_name="Gateway")
        if roles:
            wanted = {"resource": resource, "application_permissions": list(roles)}
            self.run("azure_app_graph_permissions", **GATEWAY, **wanted)
            self.run("azure_admin_consent", **GATEWAY)
        return application

    def stored(self, *roles: str, resource: str = "microsoft_graph") -> TenantApplication:
        """With a client secret in a file of ansible-vault."""
        application = self.registered(*roles, resource=resource)
        self.run("azure_app_secret", **GATEWAY, **STORED, description="d", profile="outbound_smtp")
        return application

    def signed_in_as_a_person(self) -> list[Json]:
        """From here on, with the results of the tasks that signed in."""
        kept = ("AZURE_AUTHORITY_HOST", "AZURE_GRAPH_URL", "REQUESTS_CA_BUNDLE")
        self.actions.environment = {name: self.tenant.environ[name] for name in kept}
        begun = self.run("azure_device_login", check=True)
        identity = self.tenant.server.emulator.identity
        identity.decide(begun["user_code"], user_name=self.tenant.mailbox("adele"), approve=True)
        return [begun, self.run("azure_device_login", wait=True)]

    def as_exchange_administrator(self) -> None:
        """From here on, with an identity that can also change roles in Exchange."""
        roles = ["RoleManagement.ReadWrite.Exchange", "Application.Read.All", "Directory.Read.All"]
        client_id, secret = self.tenant.server.add_operator(roles)
        self.actions.environment = self.tenant.server.environment(client_id, secret)

    def with_unreadable_store(self) -> Json:
        self.actions.folder.joinpath("other.vault.yml").write_text("no credential\n")
        unreadable = {"type": "ansible_vault", "path": "other.vault.yml"}
        return {**STORED, "stores": [*STORED["stores"], unreadable]}


Results = c.Iterator[Json]


def azure_app_registration(scene: Scene) -> Results:
    options: Json = {
        **GATEWAY,
        "display_name": "Gateway",
        "notes": "n",
        "tags": ["t"],
        "service_management_reference": "r",
        "redirect_uris": ["https://gateway.example.com/callback"],
    }
    for check in (True, False):
        yield scene.run("azure_app_registration", check=check, **options)
    scene.run("azure_app_secret", **GATEWAY, description="d")
    yield scene.run("azure_app_registration", **GATEWAY)
    for check in (True, False, False):
        yield scene.run("azure_app_registration", check=check, **GATEWAY, state="absent")


def azure_app_registration_info(scene: Scene) -> Results:
    yield scene.run("azure_app_registration_info", **GATEWAY)
    application = scene.registered("Mail.ReadWrite")
    scene.run("azure_app_registration", **GATEWAY, notes="n", tags=["t"], service_management_reference="r",
              redirect_uris=["https://gateway.example.com/callback"])  # fmt: skip
    scene.run("azure_app_secret", **GATEWAY, description="d")
    scene.run("azure_app_certificate", **GATEWAY, description="d", path="key.pem")
    scene.run("azure_app_federated_credential", **GATEWAY, name="n", issuer=ISSUER, subject="s", description="d")
    yield scene.run("azure_app_registration_info", check=True, client_id=application.client_id)
    application.document["isDisabled"] = True
    yield scene.run("azure_app_registration_info", **GATEWAY)
    scene.as_exchange_administrator()
    for options in ({"recipient_filter": "Department -eq 'Sales'"}, {"users": [scene.tenant.mailbox("adele")]}):
        scene.run("azure_app_mailbox_scope", **GATEWAY, roles=["Mail.Read"], scope=options)
    yield scene.run("azure_app_registration_info", check=True, client_id=application.client_id, mailbox_roles=True)


def azure_app_graph_permissions(scene: Scene) -> Results:
    scene.registered()
    wanted: Json = {"application_permissions": ["Mail.ReadWrite"], "delegated_permissions": ["offline_access"]}
    for check, state in ((True, "present"), (False, "present"), (True, "absent"), (False, "absent")):
        yield scene.run("azure_app_graph_permissions", check=check, state=state, **GATEWAY, **wanted)
    yield scene.run("azure_app_graph_permissions", unique_name="unregistered", state="absent", **wanted)


def azure_admin_consent(scene: Scene) -> Results:
    scene.registered("Mail.ReadWrite")
    yield scene.run("azure_admin_consent", **GATEWAY)
    scene.run("azure_app_graph_permissions", **GATEWAY, application_permissions=["Mail.Send"], exact=True)
    yield scene.run("azure_admin_consent", check=True, **GATEWAY)
    for check in (True, False, False):
        yield scene.run("azure_admin_consent", check=check, **GATEWAY, state="absent")
    yield scene.run("azure_admin_consent", unique_name="unregistered", state="absent")


def azure_app_secret(scene: Scene) -> Results:
    scene.registered()
    for check in (True, False, False):
        yield scene.run("azure_app_secret", check=check, **GATEWAY, description="d")
    scene.actions.new_run()
    made = scene.run("azure_app_secret", **GATEWAY, description="d", stored_key_id="")
    yield made
    for check in (True, False, False):
        yield scene.run("azure_app_secret", check=check, **GATEWAY, key_id=made["key_id"], state="absent")
    yield from _life_in_stores(scene, "azure_app_secret", description="d")


def azure_app_certificate(scene: Scene) -> Results:
    scene.registered()
    own: Json = {"description": "d", "path": "own.pem"}
    for check in (True, False, False):
        yield scene.run("azure_app_certificate", check=check, **GATEWAY, **own)
    made = scene.run("azure_app_certificate", **GATEWAY, **own, subject="s")
    yield made
    for check in (True, False, False):
        yield scene.run("azure_app_certificate", check=check, **GATEWAY, key_id=made["key_id"], state="absent")
    yield from _life_in_stores(scene, "azure_app_certificate", description="d", path="key.pem")


def azure_app_federated_credential(scene: Scene) -> Results:
    scene.registered()
    module = "azure_app_federated_credential"
    trusted = scene.tenant.assertion("system:serviceaccount:mail:gateway")
    scene.run(module, **GATEWAY, name="other", issuer=ISSUER, subject="s")
    options: Json = {"name": "n", "issuer": trusted["issuer"], "subject": trusted["subject"], "description": "d"}
    for check in (True, False, False):
        yield scene.run(module, check=check, **GATEWAY, **options)
    for check in (True, False, False):
        yield scene.run(module, check=check, **GATEWAY, name="n", state="absent")
    scene.actions.folder.joinpath("token").write_text(trusted["assertion"])
    yield from _life_in_stores(scene, module, **options, assertion_file="token")


def _life_in_stores(scene: Scene, module: str, **options: t.Any) -> Results:
    """Replaces a client secret, hands it over to a host, later to another one, prunes the replaced one; is removed."""
    handed: Json = {"hand_over": True, "overlap_days": 0, "sharing_hosts": ["one", "two"], **STORED}
    kept = {name: value for name, value in options.items() if name in ("path", "name")}
    scene.run("azure_app_secret", **GATEWAY, **handed, description="before")
    for host in ("one", "two"):
        scene.run("azure_app_secret", host=host, **GATEWAY, **handed, state="pruned", handed_over=True)
    replaced: Json = options if module == "azure_app_federated_credential" else {**options, "rotate": True}
    for check in (True, False):
        yield scene.run(module, check=check, **GATEWAY, **replaced, **handed)
    for host, failed in (("one", {"two"}), ("two", set[str]())):
        scene.actions.failed_hosts = failed
        yield scene.run(module, host=host, **GATEWAY, **kept, **handed, state="pruned", handed_over=True)
    for check in (True, False, False):
        yield scene.run(module, check=check, **GATEWAY, **kept, **STORED, state="absent")


def azure_app_credential_info(scene: Scene) -> Results:
    yield scene.run("azure_app_credential_info", **STORED)
    scene.registered()
    handed: Json = {"hand_over": True, "sharing_hosts": ["one", "two"], "profile": "p", **STORED}
    scene.run("azure_app_secret", **GATEWAY, **handed, description="d")
    for host in ("one", "two"):
        scene.run("azure_app_secret", host=host, **GATEWAY, **handed, state="pruned", handed_over=True)
    scene.run("azure_app_secret", **GATEWAY, **handed, description="d", rotate=True)
    scene.run("azure_app_secret", **GATEWAY, **handed, state="pruned", handed_over=True)
    yield scene.run("azure_app_credential_info", **scene.with_unreadable_store(), include_value=True)


def azure_app_profile_info(scene: Scene) -> Results:
    scene.actions.folder.joinpath("after.yml").write_text("[]\n")
    scene.actions.folder.joinpath("profile.yml").write_text(PROFILE)
    settings: Json = {
        "after_new_secret": "after.yml",
        "display_name": "G",
        "unique_name": "g",
    }
    for check in (True, False):
        yield scene.run("azure_app_profile_info", check=check, profile_file="profile.yml", settings=settings)
    yield scene.run("azure_app_profile_info", profile="outbound_smtp", look_up=False)
    limited: Json = {"mailboxes": {"tenant": True}, "mailbox_method": "commands", "display_name": "G"}
    yield scene.run("azure_app_profile_info", profile="outbound_smtp", settings=limited, entry_point="main")
    assigned: Json = {"mailboxes": {"group": "Gateway Mailboxes"}, "exact_permissions": True}
    yield scene.run("azure_app_profile_info", profile="outbound_smtp", look_up=False, settings=assigned)
    scene.registered()
    scene.run("azure_app_certificate", **GATEWAY, description="d", path="key.pem")
    key_file = scene.actions.folder / "key.pem"
    key_file.write_text(key_file.read_text()[:200])
    settings = {**settings, "credential_type": "certificate", "certificate_path": "key.pem"}
    yield scene.run("azure_app_profile_info", profile_file="profile.yml", settings=settings)


PROFILE = """
gateway_app_profile_content:
  title: Own
  source: https://example.com
  credential_types: [client_secret, certificate]
  permissions:
    - resource: microsoft_graph
      application: [Mail.ReadWrite]
      delegated: [offline_access]
"""


def azure_app_token_info(scene: Scene) -> Results:
    scene.stored("Mail.ReadWrite")
    for check in (True, False):
        yield scene.run("azure_app_token_info", check=check, **STORED, expected_roles=["Mail.Send"], poll=False)
    yield scene.run("azure_app_token_info", **STORED, expected_roles=["Mail.Send"], wait_timeout=3)
    yield scene.run("azure_app_token_info", **scene.with_unreadable_store(), expected_roles=[], poll=False)


def azure_mailbox_access_info(scene: Scene) -> Results:
    application = scene.stored("Mail.ReadWrite")
    megan, adele = scene.tenant.mailbox("megan"), scene.tenant.mailbox("adele")
    scene.tenant.server.tenant.directory.mail.fenced.add((scene.tenant.user_id("adele"), application.client_id))
    asked: Json = {
        "mailboxes_allowed": [megan, adele],
        "mailboxes_denied": [scene.tenant.mailbox("alex")],
        "poll": False,
    }
    for check in (True, False):
        yield scene.run("azure_mailbox_access_info", check=check, **scene.with_unreadable_store(), **asked)
    yield scene.run("azure_mailbox_access_info", **STORED, **{**asked, "poll": True}, wait_timeout=3)


def azure_smtp_oauth_info(scene: Scene) -> Results:
    application = scene.stored("SMTP.SendAsApp", resource="exchange_online")
    server = scene.tenant.server
    asked: Json = {
        "smtp_host": server.smtp_host,
        "smtp_port": server.smtp_port,
        "mailbox": scene.tenant.mailbox("megan"),
    }
    for check in (True, False):
        yield scene.run("azure_smtp_oauth_info", check=check, **STORED, **asked, wait_timeout=3)
    exchange = server.tenant.directory.exchange
    exchange.service_principals[application.client_id] = str(application.principal["id"])
    exchange.full_access.add((scene.tenant.user_id("megan"), application.client_id))
    yield scene.run("azure_smtp_oauth_info", **scene.with_unreadable_store(), **asked, poll=False)


def azure_app_verification_info(scene: Scene) -> Results:
    server = {"smtp_host": scene.tenant.server.smtp_host, "smtp_port": scene.tenant.server.smtp_port}
    about: Json = {**GATEWAY, "display_name": "Gateway", "profile": "own", **STORED, **server}
    yield scene.run("azure_app_verification_info", **about)
    scene.stored("Mail.ReadWrite")
    mailboxes: Json = {
        "forbidden_mailbox": scene.tenant.mailbox("adele"),
        "mailbox": scene.tenant.mailbox("megan"),
        "smtp": True,
    }
    for check in (True, False):
        yield scene.run("azure_app_verification_info", check=check, **about, **mailboxes)


def azure_operator_access_info(scene: Scene) -> Results:
    settings = {"display_name": "Gateway"}
    checked = scene.run("azure_app_profile_info", profile="outbound_smtp", look_up=False, settings=settings)
    yield scene.run("azure_operator_access_info", profile_info=checked)
    scene.tenant.sign_in_with("Application.ReadWrite.OwnedBy", "Application.Read.All")
    scene.registered()
    for check in (True, False):
        yield scene.run("azure_operator_access_info", check=check, **GATEWAY)
    scene.signed_in_as_a_person()
    yield scene.run("azure_operator_access_info")


def azure_device_login(scene: Scene) -> Results:
    yield from scene.signed_in_as_a_person()


def azure_app_report(scene: Scene) -> Results:
    scene.stored()
    for check in (True, False):
        yield scene.run("azure_app_report", check=check, json_path="report.json")
    yield scene.actions.run("azure_app_report", fail_within_days=900, fail_on_drift=True)


def azure_app_mailbox_scope(scene: Scene) -> Results:
    scene.registered("Mail.ReadWrite")
    scene.run("azure_app_graph_permissions", **GATEWAY, application_permissions=["Mail.Send"])
    scene.as_exchange_administrator()
    module = "azure_app_mailbox_scope"
    wanted: Json = {**GATEWAY, "roles": ["Mail.ReadWrite"], "scope": {"recipient_filter": "Department -eq 'Sales'"}}
    sales: Json = {"recipient_filter": "Department -eq 'Sales'", "scope_name": "Sales"}
    yield scene.run(module, **GATEWAY, roles=["Mail.Send"], scope=sales)
    for check in (True, False, False):
        yield scene.run(module, check=check, **wanted)
    yield scene.run(module, **wanted, method="commands")
    yield scene.run(module, unique_name="unregistered", roles=["Mail.ReadWrite"], state="absent")
