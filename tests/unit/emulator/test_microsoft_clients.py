# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Microsoft's own Python clients, msgraph-sdk and azure-identity, with only base address and CA changed."""

from __future__ import annotations

import datetime
from collections.abc import Awaitable
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization

from graph_emulator.wire.server import EmulatorServer

from .certificates import Pair

_WHY = "Microsoft's Graph client is not installed: .ci/dev run pip install -r tests/requirements-clients.txt"
pytest.importorskip("msgraph", reason=_WHY)
pytest.importorskip("azure.identity", reason=_WHY)

from azure.core.exceptions import ClientAuthenticationError  # noqa: E402
from azure.identity import CertificateCredential  # noqa: E402
from kiota_abstractions.base_request_configuration import RequestConfiguration  # noqa: E402
from msgraph import GraphServiceClient  # noqa: E402
from msgraph.generated.applications.applications_request_builder import ApplicationsRequestBuilder  # noqa: E402
from msgraph.generated.models.app_role_assignment import AppRoleAssignment  # noqa: E402
from msgraph.generated.models.application import Application  # noqa: E402
from msgraph.generated.models.directory_object import DirectoryObject  # noqa: E402
from msgraph.generated.models.federated_identity_credential import FederatedIdentityCredential  # noqa: E402
from msgraph.generated.models.key_credential import KeyCredential  # noqa: E402
from msgraph.generated.models.o_auth2_permission_grant import OAuth2PermissionGrant  # noqa: E402
from msgraph.generated.models.o_data_errors.o_data_error import ODataError  # noqa: E402
from msgraph.generated.models.password_credential import PasswordCredential  # noqa: E402
from msgraph.generated.models.reference_create import ReferenceCreate  # noqa: E402
from msgraph.generated.models.required_resource_access import RequiredResourceAccess  # noqa: E402
from msgraph.generated.models.resource_access import ResourceAccess  # noqa: E402
from msgraph.generated.models.service_principal import ServicePrincipal  # noqa: E402
from msgraph.generated.models.web_application import WebApplication  # noqa: E402
from msgraph_core.requests.batch_request_builder import BatchRequestBuilder  # noqa: E402
from msgraph_core.requests.batch_request_content import BatchRequestContent  # noqa: E402
from msgraph_core.requests.batch_request_item import BatchRequestItem  # noqa: E402
from msgraph_core.tasks.page_iterator import PageIterator  # noqa: E402

from ansible_collections.email_gateway.azure_apps.tests.unit.emulator.graph_sdk import (  # noqa: E402
    SCOPE,
    drive,
    secret_credential,
)

# The generated classes warn about each other.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")
GRAPH = "00000003-0000-0000-c000-000000000000"
Query = ApplicationsRequestBuilder.ApplicationsRequestBuilderGetQueryParameters


def listed(**query: Any) -> Any:
    return RequestConfiguration(query_parameters=Query(**query))


def preferring() -> Any:
    config: Any = RequestConfiguration()
    config.headers.add("Prefer", "create-if-missing")
    return config


async def refused(call: Awaitable[Any]) -> ODataError:
    with pytest.raises(ODataError) as caught:
        await call
    return caught.value


def test_an_application_can_be_created_changed_and_purged(emulator: EmulatorServer) -> None:
    async def steps(graph: GraphServiceClient) -> None:
        wish = Application(
            display_name="Gateway",
            tags=["mail"],
            web=WebApplication(redirect_uris=["https://example.org/"]),
            required_resource_access=[
                RequiredResourceAccess(
                    resource_app_id=GRAPH, resource_access=[ResourceAccess(id=new_guid(), type="Role")]
                )
            ],
        )
        made = await graph.applications.post(wish)
        assert made is not None and made.id and made.app_id
        assert (made.display_name, made.sign_in_audience, made.tags) == ("Gateway", "AzureADMyOrg", ["mail"])
        assert isinstance(made.created_date_time, datetime.datetime)
        item = graph.applications.by_application_id(made.id)
        by_app_id = await graph.applications_with_app_id(made.app_id).get()
        assert by_app_id.id == made.id and by_app_id.web.redirect_uris == ["https://example.org/"]
        await item.patch(Application(notes="changed", sign_in_audience="AzureADMultipleOrgs"))
        read = await item.get()
        assert (read.notes, read.sign_in_audience) == ("changed", "AzureADMultipleOrgs")
        await item.delete()
        missing = await refused(item.get())
        assert (missing.response_status_code, missing.error.code) == (404, "Request_ResourceNotFound")
        assert made.id in missing.error.message and missing.error.inner_error.request_id
        gone = await graph.directory.deleted_items.graph_application.get()
        assert [entry.id for entry in gone.value] == [made.id]
        deleted = graph.directory.deleted_items.by_directory_object_id(made.id)
        assert isinstance(await deleted.get(), Application)
        restored = await deleted.restore.post()
        assert isinstance(restored, Application) and restored.display_name == "Gateway"
        await item.delete()
        await deleted.delete()
        assert (await graph.directory.deleted_items.graph_application.get()).value == []

    drive(emulator, steps)


def new_guid() -> str:
    from graph_emulator.directory.seed import new_guid as fresh

    return fresh()


def test_applications_and_service_principals_can_be_upserted(emulator: EmulatorServer) -> None:
    async def steps(graph: GraphServiceClient) -> None:
        by_name = graph.applications_with_unique_name("gateway 1")
        assert (await refused(by_name.patch(Application(display_name="x")))).response_status_code == 404
        made = await by_name.patch(Application(display_name="Gateway"), request_configuration=preferring())
        assert made.unique_name == "gateway 1"
        again = await by_name.patch(Application(display_name="Renamed"), request_configuration=preferring())
        assert again is None
        assert (await by_name.get()).display_name == "Renamed"
        principal = graph.service_principals_with_app_id(made.app_id)
        created = await principal.patch(ServicePrincipal(display_name="Renamed"), request_configuration=preferring())
        assert created.app_id == made.app_id
        assert (await principal.get()).id == created.id
        await by_name.delete()
        taken = await refused(by_name.patch(Application(display_name="x"), request_configuration=preferring()))
        assert (taken.response_status_code, taken.error.code) == (400, "Request_BadRequest")
        assert "uniqueName" in taken.error.message

    drive(emulator, steps)


def test_lists_can_be_filtered_sorted_and_paged(emulator: EmulatorServer, operator: Any) -> None:
    for number in range(7):
        operator.application(f"app {number}", tags=[f"t{number}"])

    async def steps(graph: GraphServiceClient) -> None:
        page = await graph.applications.get(
            request_configuration=listed(filter="startswith(displayName,'app ')", select=["id", "displayName"], top=3)
        )
        assert len(page.value) == 3 and page.odata_next_link
        names: list[str] = []
        iterator = PageIterator(page, graph.request_adapter)

        def note(entry: Application) -> bool:
            names.append(entry.display_name)
            return True

        await iterator.iterate(note)
        assert sorted(names) == [f"app {number}" for number in range(7)]
        second = await graph.applications.with_url(page.odata_next_link).get()
        assert len(second.value) == 3
        counting = listed(filter="tags/any(t:t eq 't3')", count=True, orderby=["displayName desc"], expand=["owners"])
        counting.headers.add("ConsistencyLevel", "eventual")
        found = await graph.applications.get(request_configuration=counting)
        assert (found.odata_count, [entry.display_name for entry in found.value]) == (1, ["app 3"])
        assert isinstance(found.value[0].owners[0], ServicePrincipal)
        number_config: Any = RequestConfiguration()
        number_config.headers.add("ConsistencyLevel", "eventual")
        assert await graph.applications.count.get(request_configuration=number_config) == 8
        wrong = await refused(graph.applications.get(request_configuration=listed(filter="nonsense eq 'x'")))
        assert wrong.response_status_code == 400 and wrong.error.message
        uris = await graph.applications.get(request_configuration=listed(filter="identifierUris/any(u:u eq 'api://x')"))
        assert uris.value == []

    drive(emulator, steps)


def test_secrets_owners_and_federated_credentials_can_be_managed(emulator: EmulatorServer) -> None:
    async def steps(graph: GraphServiceClient) -> None:
        from msgraph.generated.applications.item.add_password.add_password_post_request_body import (
            AddPasswordPostRequestBody,
        )
        from msgraph.generated.applications.item.remove_password.remove_password_post_request_body import (
            RemovePasswordPostRequestBody,
        )

        made = await graph.applications.post(Application(display_name="Gateway"))
        item = graph.applications.by_application_id(made.id)
        end = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=30)
        added = await item.add_password.post(
            AddPasswordPostRequestBody(password_credential=PasswordCredential(display_name="one", end_date_time=end))
        )
        assert added.secret_text and added.hint == added.secret_text[:3]
        assert abs(added.end_date_time - end) < datetime.timedelta(seconds=1)
        (kept,) = (await item.get()).password_credentials
        assert kept.key_id == added.key_id and kept.secret_text is None
        await item.remove_password.post(RemovePasswordPostRequestBody(key_id=added.key_id))
        unknown = await refused(item.remove_password.post(RemovePasswordPostRequestBody(key_id=added.key_id)))
        assert unknown.response_status_code == 400 and str(added.key_id) in unknown.error.message

        operator = await graph.service_principals_with_app_id(emulator.client_id).get()
        (owner,) = (await item.owners.get()).value
        assert isinstance(owner, ServicePrincipal) and owner.id == operator.id
        other = await graph.service_principals_with_app_id(GRAPH).get()
        await item.owners.ref.post(
            ReferenceCreate(odata_id=f"https://graph.microsoft.com/v1.0/directoryObjects/{other.id}")
        )
        assert {entry.id for entry in (await item.owners.get()).value} == {operator.id, other.id}
        await item.owners.by_directory_object_id(other.id).ref.delete()
        assert len((await item.owners.get()).value) == 1

        federated = await item.federated_identity_credentials.post(
            FederatedIdentityCredential(
                name="ci",
                issuer="https://token.actions.githubusercontent.com",
                subject="repo:a/b:ref:refs/heads/main",
                audiences=["api://AzureADTokenExchange"],
            )
        )
        one = item.federated_identity_credentials.by_federated_identity_credential_id(federated.id)
        await one.patch(FederatedIdentityCredential(subject="repo:a/b:environment:prod"))
        assert (await one.get()).subject == "repo:a/b:environment:prod"
        named = await item.federated_identity_credentials_with_name("ci").get()
        assert named.id == federated.id
        await one.delete()
        assert (await item.federated_identity_credentials.get()).value == []

    drive(emulator, steps)


def test_assignments_and_grants_can_be_managed(emulator: EmulatorServer) -> None:
    async def steps(graph: GraphServiceClient) -> None:
        resource = await graph.service_principals_with_app_id(GRAPH).get()
        role = next(role for role in resource.app_roles if role.value == "Mail.ReadWrite")
        made = await graph.applications.post(Application(display_name="Gateway"))
        principal = await graph.service_principals.post(ServicePrincipal(app_id=made.app_id))
        assert isinstance(role.allowed_member_types, list) and role.is_enabled is True
        own = graph.service_principals.by_service_principal_id(principal.id)
        theirs = graph.service_principals.by_service_principal_id(resource.id)
        wish = AppRoleAssignment(principal_id=principal.id, resource_id=resource.id, app_role_id=role.id)
        assigned = await theirs.app_role_assigned_to.post(wish)
        assert (str(assigned.app_role_id), assigned.principal_type) == (str(role.id), "ServicePrincipal")
        twice = await refused(own.app_role_assignments.post(wish))
        assert "already exists" in twice.error.message
        assert [entry.id for entry in (await own.app_role_assignments.get()).value] == [assigned.id]
        assert assigned.id in [entry.id for entry in (await theirs.app_role_assigned_to.get()).value]
        await own.app_role_assignments.by_app_role_assignment_id(assigned.id).delete()
        assert (await own.app_role_assignments.get()).value == []

        grant = await graph.oauth2_permission_grants.post(
            OAuth2PermissionGrant(
                client_id=principal.id, consent_type="AllPrincipals", resource_id=resource.id, scope="User.Read"
            )
        )
        one = graph.oauth2_permission_grants.by_o_auth2_permission_grant_id(grant.id)
        await one.patch(OAuth2PermissionGrant(scope="User.Read Mail.Send"))
        assert (await one.get()).scope == "User.Read Mail.Send"
        assert [entry.id for entry in (await own.oauth2_permission_grants.get()).value] == [grant.id]
        await one.delete()
        assert (await refused(one.get())).response_status_code == 404

        await own.delete()
        dead = graph.directory.deleted_items.by_directory_object_id(principal.id)
        gone = await graph.directory.deleted_items.graph_service_principal.get()
        assert [entry.id for entry in gone.value] == [principal.id]
        assert isinstance(await dead.restore.post(), ServicePrincipal)
        assert (await own.get()).app_id == made.app_id

    drive(emulator, steps)


def test_a_batch_can_be_sent(emulator: EmulatorServer, operator: Any) -> None:
    created = operator.application("in a batch")

    async def steps(graph: GraphServiceClient) -> None:
        good = graph.applications.by_application_id(created["id"]).to_get_request_information()
        bad = graph.applications.by_application_id(new_guid()).to_get_request_information()
        items = [
            BatchRequestItem(request_information=request, id=str(number))
            for number, request in enumerate((good, bad), start=1)
        ]
        content = BatchRequestContent({item.id: item for item in items})
        answers = await BatchRequestBuilder(graph.request_adapter).post(content)
        assert answers.get_response_status_codes() == {"1": 200, "2": 404}
        # msgraph-core 1.5 interprets the body as a base64 string and drops the JSON object that Graph documents.
        found = answers.get_response_by_id("1")
        assert found.headers["content-type"].startswith("application/json")

    drive(emulator, steps)


def test_a_certificate_credential_can_sign_in(emulator: EmulatorServer) -> None:
    pair, another = Pair.new(), Pair.new()
    der = pair.certificate.public_bytes(serialization.Encoding.DER)
    client_id, client_secret = emulator.add_operator(["Application.ReadWrite.All"])

    async def register(graph: GraphServiceClient) -> None:
        key = KeyCredential(type="AsymmetricX509Cert", usage="Verify", key=der, display_name="CN=client")
        await graph.applications_with_app_id(client_id).patch(Application(key_credentials=[key]))

    async def use(graph: GraphServiceClient) -> None:
        (shown,) = (await graph.applications_with_app_id(client_id).get()).key_credentials
        assert shown.type == "AsymmetricX509Cert" and shown.key is None
        assert isinstance(shown.end_date_time, datetime.datetime)

    drive(emulator, register, secret_credential(emulator, client_id=client_id, client_secret=client_secret))
    for used, expected in ((pair, None), (another, "AADSTS700027")):
        credential = CertificateCredential(
            emulator.tenant_id,
            client_id,
            certificate_data="".join(used.for_msal(sha256=True).values()).encode(),
            authority=emulator.authority,
            disable_instance_discovery=True,
            connection_verify=emulator.ca_file,
        )
        if expected is None:
            drive(emulator, use, credential)
        else:
            with pytest.raises(ClientAuthenticationError, match=expected):
                credential.get_token(SCOPE)


def test_a_wrong_secret_and_missing_rights_are_reported(emulator: EmulatorServer) -> None:
    with pytest.raises(ClientAuthenticationError, match="AADSTS7000215"):
        secret_credential(emulator, client_secret="wrong").get_token(SCOPE)
    client_id, client_secret = emulator.add_operator(["Application.Read.All"])

    async def steps(graph: GraphServiceClient) -> None:
        denied = await refused(graph.applications.post(Application(display_name="x")))
        assert (denied.response_status_code, denied.error.code) == (403, "Authorization_RequestDenied")

    drive(emulator, steps, secret_credential(emulator, client_id=client_id, client_secret=client_secret))


def test_a_throttled_client_waits_and_continues(emulator: EmulatorServer) -> None:
    emulator.faults.add(path="/applications", status=429, headers={"Retry-After": "1"})

    async def steps(graph: GraphServiceClient) -> None:
        assert (await graph.applications.get()).value

    drive(emulator, steps)
    statuses = [entry.status for entry in emulator.journal.entries() if entry.path.endswith("/applications")]
    assert statuses == [429, 200]


def test_objects_of_the_directory_can_be_read(emulator: EmulatorServer) -> None:
    async def steps(graph: GraphServiceClient) -> None:
        from msgraph.generated.directory_objects.get_by_ids.get_by_ids_post_request_body import (
            GetByIdsPostRequestBody,
        )

        resource = await graph.service_principals_with_app_id(GRAPH).get()
        found = await graph.directory_objects.get_by_ids.post(
            GetByIdsPostRequestBody(ids=[resource.id], types=["servicePrincipal"])
        )
        assert isinstance(found.value[0], DirectoryObject) and found.value[0].id == resource.id
        (organization,) = (await graph.organization.get()).value
        assert organization.id == emulator.tenant_id
        policy = await graph.policies.default_app_management_policy.get()
        assert policy.is_enabled is False

    drive(emulator, steps)
