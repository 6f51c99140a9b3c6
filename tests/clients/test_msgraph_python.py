# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Microsoft's Graph client for Python; tests/unit/emulator/test_microsoft_clients.py covers much more of it."""

from __future__ import annotations

import importlib.metadata

import pytest
from msgraph import GraphServiceClient
from msgraph.generated.applications.item.add_password.add_password_post_request_body import AddPasswordPostRequestBody
from msgraph.generated.applications.item.remove_password.remove_password_post_request_body import (
    RemovePasswordPostRequestBody,
)
from msgraph.generated.models.app_role_assignment import AppRoleAssignment
from msgraph.generated.models.application import Application
from msgraph.generated.models.federated_identity_credential import FederatedIdentityCredential
from msgraph.generated.models.key_credential import KeyCredential
from msgraph.generated.models.o_auth2_permission_grant import OAuth2PermissionGrant
from msgraph.generated.models.o_data_errors.o_data_error import ODataError
from msgraph.generated.models.password_credential import PasswordCredential
from msgraph.generated.models.reference_create import ReferenceCreate
from msgraph.generated.models.required_resource_access import RequiredResourceAccess
from msgraph.generated.models.resource_access import ResourceAccess
from msgraph.generated.models.service_principal import ServicePrincipal

from ansible_collections.email_gateway.azure_apps.tests.clients.life import MICROSOFT_GRAPH, CurrentState, Life
from ansible_collections.email_gateway.azure_apps.tests.unit.emulator.certificates import Pair
from ansible_collections.email_gateway.azure_apps.tests.unit.emulator.graph_sdk import drive
from graph_emulator.wire.server import EmulatorServer

CLIENT = "msgraph-sdk (Python)"
# The generated classes warn about each other.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


def test_the_life_cycle_of_an_application(emulator: EmulatorServer, life: Life) -> None:
    life.version = importlib.metadata.version("msgraph-sdk")

    async def steps(graph: GraphServiceClient) -> None:
        with life.call("applications.post"):
            made = await graph.applications.post(Application(display_name="Gateway"))
        current = CurrentState(emulator, made.app_id)
        life.check_state(current.document["id"], made.id)
        item = graph.applications.by_application_id(made.id)
        await credentials(graph, current, life, made.id)
        await permissions(graph, current, life, made.id)
        await owners(graph, current, life, made.id)
        with life.call("applications.delete"):
            await item.delete()
        life.check_state((current.exists, current.deleted), (False, True))
        with life.call("applications.get (of one that is deleted)"):
            with pytest.raises(ODataError) as refused:
                await item.get()
            assert refused.value.response_status_code == 404

    drive(emulator, steps)


async def credentials(graph: GraphServiceClient, current: CurrentState, life: Life, object_id: str) -> None:
    item = graph.applications.by_application_id(object_id)
    with life.call("add_password.post"):
        body = AddPasswordPostRequestBody(password_credential=PasswordCredential(display_name="first"))
        secret = await item.add_password.post(body)
        assert secret.secret_text
    life.check_state(current.secrets, ["first"])
    with life.call("remove_password.post"):
        await item.remove_password.post(RemovePasswordPostRequestBody(key_id=secret.key_id))
    life.check_state(current.secrets, [])
    with life.call("applications.patch (key_credentials)"):
        key = KeyCredential(type="AsymmetricX509Cert", usage="Verify", key=Pair.new().der, display_name="gateway")
        await item.patch(Application(key_credentials=[key]))
    life.check_state(current.certificates, ["gateway"])
    with life.call("federated_identity_credentials.post"):
        federated = await item.federated_identity_credentials.post(
            FederatedIdentityCredential(
                name="ci",
                issuer="https://token.actions.githubusercontent.com",
                subject="repo:a/b:ref:main",
                audiences=["api://AzureADTokenExchange"],
            )
        )
    life.check_state(current.federated, ["repo:a/b:ref:main"])
    with life.call("federated_identity_credentials.delete"):
        await item.federated_identity_credentials.by_federated_identity_credential_id(federated.id).delete()
    life.check_state(current.federated, [])


async def permissions(graph: GraphServiceClient, current: CurrentState, life: Life, object_id: str) -> None:
    with life.call("service_principals_with_app_id.get"):
        resource = await graph.service_principals_with_app_id(MICROSOFT_GRAPH).get()
    role = next(role for role in resource.app_roles if role.value == "Mail.ReadWrite")
    with life.call("applications.patch (required_resource_access)"):
        access = [ResourceAccess(id=role.id, type="Role")]
        wanted = [RequiredResourceAccess(resource_app_id=MICROSOFT_GRAPH, resource_access=access)]
        await graph.applications.by_application_id(object_id).patch(Application(required_resource_access=wanted))
    life.check_state(current.declared, [str(role.id)])
    with life.call("service_principals.post"):
        principal = await graph.service_principals.post(ServicePrincipal(app_id=current.client_id))
    assert current.principal is not None
    life.check_state(current.principal["id"], principal.id)
    with life.call("app_role_assigned_to.post"):
        assignment = AppRoleAssignment(principal_id=principal.id, resource_id=resource.id, app_role_id=role.id)
        theirs = graph.service_principals.by_service_principal_id(resource.id)
        await theirs.app_role_assigned_to.post(assignment)
    life.check_state(current.roles, ["Mail.ReadWrite"])
    with life.call("oauth2_permission_grants.post"):
        consent = OAuth2PermissionGrant(
            client_id=principal.id, consent_type="AllPrincipals", resource_id=resource.id, scope="User.Read"
        )
        await graph.oauth2_permission_grants.post(consent)
    life.check_state(current.scopes, ["User.Read"])
    with life.call("service_principals.delete"):
        await graph.service_principals.by_service_principal_id(principal.id).delete()
    life.check_state(current.principal, None)


async def owners(graph: GraphServiceClient, current: CurrentState, life: Life, object_id: str) -> None:
    item = graph.applications.by_application_id(object_id)
    with life.call("users.get"):
        users = (await graph.users.get()).value
    (adele,) = (user.id for user in users if user.user_principal_name.startswith("adele@"))
    with life.call("owners.ref.post"):
        reference = f"https://graph.microsoft.com/v1.0/directoryObjects/{adele}"
        await item.owners.ref.post(ReferenceCreate(odata_id=reference))
    life.check_state(adele in current.owners, True)
    with life.call("owners.get"):
        assert adele in [owner.id for owner in (await item.owners.get()).value]
    with life.call("owners.ref.delete"):
        await item.owners.by_directory_object_id(adele).ref.delete()
    life.check_state(adele in current.owners, False)
