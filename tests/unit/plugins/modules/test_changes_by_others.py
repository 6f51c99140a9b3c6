# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""After a first good run, others change the tenant: the next run converges, or says what a person must decide.

Nothing that others made is ever removed.
"""

from __future__ import annotations

import collections.abc as c
import dataclasses
import json
import typing as t
from pathlib import Path

import pytest

from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._shared_memory import SharedMemory
from ansible_collections.email_gateway.azure_apps.tests.unit.graph_client import Client
from ansible_collections.email_gateway.azure_apps.tests.unit.job import (
    EXCHANGE_ONLINE,
    MICROSOFT_GRAPH,
    Job,
    Meanwhile,
)
from ansible_collections.email_gateway.azure_apps.tests.unit.tenant import Json, Tenant
from graph_emulator.caller import Caller
from graph_emulator.directory.identifiers import grant_id
from graph_emulator.graph.dispatch import Graph, GraphRequest, GraphResponse
from graph_emulator.odata.query import Query

SEND = "b633e1c5-b582-4048-a93e-9f11b44c7e96"  # Mail.Send of Microsoft Graph, as application permission
READ_WRITE = "e2a3a72e-5f79-4c64-b1b1-878b674786c9"  # Mail.ReadWrite
SEND_AS_APP = "4830f9d6-8ac4-46f7-93a9-e7f0e8f1ce2f"  # made up: of Exchange Online, where no name is looked up
SOMEBODY = "99999999-9999-9999-9999-999999999999"
Hand = Client


@pytest.fixture
def job(tenant: Tenant, hand: Hand) -> Job:
    """Registered, granted, with a secret, proven; all that a year ago."""
    tenant.also_operates(hand.client_id)
    job = Job(tenant)
    first = job.run()
    assert first.failure is None, first.failure
    assert first.changed == ["registration", "permissions", "consent", "secret"]
    job.application["createdDateTime"] = "2020-06-01T09:00:00Z"
    return job


@pytest.fixture
def meanwhile(monkeypatch: pytest.MonkeyPatch) -> Meanwhile:
    return Meanwhile(monkeypatch)


def did(answer: t.Any) -> t.Any:
    """What the hand asked for was done; the answer's object."""
    assert answer.status_code < 300, answer.text
    return answer.json() if answer.content else None


def app_path(job: Job) -> str:
    return f"/applications/{job.application['id']}"


def principal_path(job: Job) -> str:
    return f"/servicePrincipals/{job.principal['id']}"


def access(job: Job, resource: str = MICROSOFT_GRAPH) -> list[Json]:
    return [
        entry
        for declared in job.application["requiredResourceAccess"]
        if declared["resourceAppId"] == resource
        for entry in declared["resourceAccess"]
    ]


def declare(hand: Hand, job: Job, *, without: str = "", also: t.Sequence[Json] = ()) -> None:
    """By hand, in the portal: the whole list of one resource, and maybe others beside it."""
    kept = [entry for entry in access(job) if entry["id"] != without]
    mine = [{"resourceAppId": MICROSOFT_GRAPH, "resourceAccess": kept}]
    did(hand.patch(app_path(job), {"requiredResourceAccess": [*mine, *also]}))


def assignment_of(job: Job, role_id: str) -> str:
    (found,) = (entry["id"] for entry in job.assignments() if entry["appRoleId"] == role_id)
    return str(found)


def all_principals(job: Job) -> Json:
    (grant,) = (grant for grant in job.grants() if grant["consentType"] == "AllPrincipals")
    return grant


# What the next run puts right


def rename(hand: Hand, job: Job) -> None:
    did(hand.patch(app_path(job), {"displayName": "Somebody's"}))


def for_everybody(hand: Hand, job: Job) -> None:
    did(hand.patch(app_path(job), {"signInAudience": "AzureADMultipleOrgs"}))


def remove_permission_keep_grant(hand: Hand, job: Job) -> None:
    declare(hand, job, without=READ_WRITE)
    assert "Mail.ReadWrite" in job.granted_roles()


def revoke_grant_keep_permission(hand: Hand, job: Job) -> None:
    did(hand.delete(f"{principal_path(job)}/appRoleAssignments/{assignment_of(job, READ_WRITE)}"))


def remove_both(hand: Hand, job: Job) -> None:
    remove_permission_keep_grant(hand, job)
    revoke_grant_keep_permission(hand, job)


def empty_declaration(hand: Hand, job: Job) -> None:
    did(hand.patch(app_path(job), {"requiredResourceAccess": []}))


def revoke_scopes(hand: Hand, job: Job) -> None:
    did(hand.delete(f"/oauth2PermissionGrants/{all_principals(job)['id']}"))


def replace_scopes(hand: Hand, job: Job) -> None:
    did(hand.patch(f"/oauth2PermissionGrants/{all_principals(job)['id']}", {"scope": " User.Read "}))


def delete_secret(hand: Hand, job: Job) -> None:
    did(hand.post(f"{app_path(job)}/removePassword", {"keyId": job.store["key_id"]}))


def delete_principal(hand: Hand, job: Job) -> None:
    did(hand.delete(principal_path(job)))


def purge_principal(hand: Hand, job: Job) -> None:
    object_id = job.principal["id"]
    did(hand.delete(f"/servicePrincipals/{object_id}"))
    did(hand.delete(f"/directory/deletedItems/{object_id}"))


def delete_application(hand: Hand, job: Job) -> None:
    did(hand.delete(app_path(job)))


def delete_both_one_after_the_other(hand: Hand, job: Job) -> None:
    """A restore of the application does not bring back a service principal that was deleted before it."""
    path = app_path(job)
    did(hand.delete(principal_path(job)))
    hand.server.clock.advance(5)
    did(hand.delete(path))


def purge_application(hand: Hand, job: Job) -> None:
    path, object_id = app_path(job), job.application["id"]
    did(hand.delete(path))
    did(hand.delete(f"/directory/deletedItems/{object_id}"))


REPAIRS: list[tuple[c.Callable[[Hand, Job], None], list[str]]] = [
    (rename, ["registration"]),
    (for_everybody, ["registration"]),
    (remove_permission_keep_grant, ["permissions"]),
    (revoke_grant_keep_permission, ["consent"]),
    (remove_both, ["permissions", "consent"]),
    (empty_declaration, ["permissions"]),
    (revoke_scopes, ["consent"]),
    (replace_scopes, ["consent"]),
    (delete_secret, ["secret"]),
    (delete_principal, ["registration"]),
    (purge_principal, ["registration", "consent"]),
    (delete_application, ["registration"]),
    (delete_both_one_after_the_other, ["registration"]),
    (purge_application, ["registration", "permissions", "consent", "secret"]),
]


@pytest.mark.parametrize(("act", "changed"), REPAIRS, ids=lambda value: getattr(value, "__name__", ""))
def test_what_a_hand_changed_is_put_right(
    job: Job, hand: Hand, act: c.Callable[[Hand, Job], None], changed: list[str]
) -> None:
    act(hand, job)
    job.converges(*changed)
    assert len(job.tenant.applications) == 1


@pytest.mark.parametrize("act", [delete_principal, delete_application, delete_both_one_after_the_other])
def test_what_was_soft_deleted_comes_back_as_the_same_object(
    job: Job, hand: Hand, act: c.Callable[[Hand, Job], None]
) -> None:
    """Exchange Online knows the gateway by the object id of its service principal; grants by hand come back with it."""
    ids = (job.application["id"], job.principal["id"])
    (graph,) = job.tenant.service_principals(MICROSOFT_GRAPH)
    body = {"principalId": ids[1], "resourceId": graph["id"], "appRoleId": SEND}
    did(hand.post(f"/servicePrincipals/{graph['id']}/appRoleAssignedTo", body))
    act(hand, job)
    job.converges("registration")
    assert (job.application["id"], job.principal["id"]) == ids
    assert job.granted_roles() == ["Mail.ReadWrite", "Mail.Send", "User.Read.All"]
    assert job.tenant.server.tenant.directory.deleted == {}


def test_of_several_deleted_service_principals_the_last_one_comes_back(job: Job, hand: Hand) -> None:
    did(hand.delete(principal_path(job)))
    hand.server.clock.advance(60)
    second = hand.service_principal(job.application["appId"])
    did(hand.delete(f"/servicePrincipals/{second['id']}"))
    job.converges("registration", "consent")
    assert job.principal["id"] == second["id"]


def test_without_restoring_a_new_service_principal_is_made(job: Job, hand: Hand) -> None:
    old = job.principal["id"]
    did(hand.delete(principal_path(job)))
    job.registration["restore_deleted"] = False
    job.converges("registration", "consent")
    assert job.principal["id"] != old
    assert old in job.tenant.server.tenant.directory.deleted, "the old one is not ours to purge"


def test_owners_that_were_wished_for_do_not_get_in_the_way_of_a_restore(job: Job, hand: Hand) -> None:
    ada = next(iter(job.tenant.server.tenant.directory.users))
    job.registration["owners"] = [ada]
    assert job.run().failure is None
    delete_application(hand, job)
    job.converges("registration")
    assert job.tenant.server.tenant.directory.owners[job.application["id"]].count(ada) == 1


def test_a_deleted_application_with_another_name_is_restored_with_a_warning(job: Job, hand: Hand) -> None:
    rename(hand, job)
    delete_application(hand, job)
    done = job.converges("registration")
    (warning,) = done.steps["registration"]["warnings"]
    assert "Somebody's" in warning
    assert "granted" in warning


# What stays, whatever is put right


def test_nothing_of_others_is_removed(job: Job, hand: Hand) -> None:
    ada, bob = list(job.tenant.server.tenant.directory.users.values())[:2]
    path, directory = app_path(job), job.tenant.server.tenant.directory
    others = [hand.application("Gateway"), hand.application("Payroll", uniqueName="payroll")]
    did(hand.patch(path, {"tags": ["theirs", "ours"], "web": {"redirectUris": ["https://theirs.example/cb"]}}))
    did(hand.patch(path, {"servicePrincipalLockConfiguration": {"isEnabled": True, "allProperties": True}}))
    did(hand.patch(path, {"identifierUris": [f"api://{job.application['appId']}"]}))
    did(hand.post(f"{path}/owners/$ref", {"@odata.id": f"{hand.server.graph}/v1.0/users/{ada['id']}"}))
    by_hand = did(hand.post(f"{path}/addPassword", {"passwordCredential": {"displayName": "Mail gateway"}}))
    certificate = {"keyId": SOMEBODY, "type": "AsymmetricX509Cert", "usage": "Verify", "displayName": "CN=theirs"}
    job.application["keyCredentials"] = [certificate]
    send = {"id": SEND, "type": "Role"}
    exchange = {"resourceAppId": EXCHANGE_ONLINE, "resourceAccess": [{"id": SEND_AS_APP, "type": "Role"}]}
    mine = {"resourceAppId": MICROSOFT_GRAPH, "resourceAccess": [*access(job), send]}
    did(hand.patch(path, {"requiredResourceAccess": [mine, exchange]}))
    (graph,) = job.tenant.service_principals(MICROSOFT_GRAPH)
    theirs = did(
        hand.post(
            f"/servicePrincipals/{graph['id']}/appRoleAssignedTo",
            {"principalId": job.principal["id"], "resourceId": graph["id"], "appRoleId": SEND},
        )
    )
    personal = {"clientId": job.principal["id"], "consentType": "Principal", "principalId": bob["id"]}
    alone = did(hand.post("/oauth2PermissionGrants", {**personal, "resourceId": graph["id"], "scope": "Mail.Read"}))
    did(hand.patch(f"/oauth2PermissionGrants/{all_principals(job)['id']}", {"scope": "offline_access User.Read"}))

    # Ours drifts in every corner at once, so that every module writes. What Exchange does not offer is nobody's grant.
    exchange["resourceAccess"] = []
    did(hand.patch(path, {"requiredResourceAccess": [{**mine, "resourceAccess": [send]}, exchange]}))
    did(hand.patch(path, {"tags": ["theirs"], "notes": "theirs"}))
    revoke_grant_keep_permission(hand, job)
    did(hand.patch(f"/oauth2PermissionGrants/{all_principals(job)['id']}", {"scope": "User.Read"}))
    delete_secret(hand, job)
    job.converges("registration", "permissions", "consent", "secret")

    held = job.application
    assert set(held["tags"]) == {"ours", "theirs"}
    assert held["web"]["redirectUris"] == ["https://theirs.example/cb"]
    assert held["servicePrincipalLockConfiguration"]["isEnabled"] is True
    assert held["identifierUris"] == [f"api://{held['appId']}"]
    assert ada["id"] in directory.owners[held["id"]]
    assert {entry["keyId"] for entry in held["passwordCredentials"]} == {by_hand["keyId"], job.store["key_id"]}
    assert held["keyCredentials"] == [certificate]
    assert send in access(job)
    assert EXCHANGE_ONLINE in [entry["resourceAppId"] for entry in held["requiredResourceAccess"]]
    assert theirs["id"] in [entry["id"] for entry in job.assignments()]
    assert directory.grants[alone["id"]]["scope"] == "Mail.Read"
    assert sorted(all_principals(job)["scope"].split()) == ["User.Read", "offline_access"]
    assert {entry["id"] for entry in job.tenant.applications} == {held["id"], *(other["id"] for other in others)}
    assert job.tenant.application(uniqueName="payroll")["displayName"] == "Payroll"


def test_a_secret_of_the_same_description_is_never_taken_for_ours(job: Job, hand: Hand) -> None:
    theirs = did(hand.post(f"{app_path(job)}/addPassword", {"passwordCredential": {"displayName": "Mail gateway"}}))
    job.converges()
    delete_secret(hand, job)
    job.converges("secret")
    refused = job.tenant.fails("azure_app_secret", unique_name="gateway", description="Mail gateway", state="absent")
    assert theirs["keyId"] in refused["error"]["key_ids"]
    assert len(job.application["passwordCredentials"]) == 2


def test_a_person_s_own_consent_is_no_consent_for_the_tenant(job: Job) -> None:
    """The user's grant has our scope, which is granted to nobody else any more."""
    bob = next(iter(job.tenant.server.tenant.directory.users))
    shared = all_principals(job)
    own = {**shared, "consentType": "Principal", "principalId": bob}
    own["id"] = grant_id(own["clientId"], own["resourceId"], bob)
    grants = job.tenant.server.tenant.directory.grants
    grants[own["id"]] = own
    del grants[shared["id"]]
    job.converges("consent")
    assert own["id"] in grants
    gone = job.tenant.ok("azure_admin_consent", unique_name="gateway", state="absent")
    assert gone["granted"] == []
    assert own["id"] in grants


# Credentials that look odd, or are many


@pytest.mark.parametrize(
    "odd",
    [
        {"displayName": None, "hint": None, "startDateTime": None, "endDateTime": None},
        {"displayName": "Mail gateway", "hint": None, "startDateTime": None, "endDateTime": None},
        {"displayName": "Mail gateway", "hint": "", "endDateTime": None},
        {"keyId": None, "displayName": ""},
    ],
    ids=["all_null", "our_description", "no_end", "no_key_id"],
)
def test_password_credentials_without_the_usual_members(job: Job, odd: Json) -> None:
    entry = {"keyId": SOMEBODY, "secretText": None, "customKeyIdentifier": None, **odd}
    held = job.application
    held["passwordCredentials"] = [entry, *held["passwordCredentials"]]
    job.converges()
    (shown,) = job.tenant.ok("azure_app_registration_info", unique_name="gateway")["applications"]
    assert len(shown["secrets"]) == 2
    delete_ours = [one for one in held["passwordCredentials"] if one["keyId"] != job.store["key_id"]]
    held["passwordCredentials"] = delete_ours
    job.converges("secret")
    assert entry in job.application["passwordCredentials"]


def many(count: int) -> list[Json]:
    return [
        {
            "customKeyIdentifier": None,
            "displayName": "Mail gateway",
            "endDateTime": "2020-01-01T00:00:00Z",
            "hint": "abc",
            "keyId": f"00000000-0000-0000-0000-{number:012d}",
            "secretText": None,
            "startDateTime": "2019-01-01T00:00:00Z",
        }
        for number in range(count)
    ]


def test_ours_is_found_among_900_secrets(job: Job) -> None:
    held = job.application
    held["passwordCredentials"] = [*many(450), *held["passwordCredentials"], *many(900)[450:]]
    job.converges()
    assert len(job.application["passwordCredentials"]) == 901


def test_an_application_full_of_credentials_says_so(job: Job, hand: Hand) -> None:
    """microsoft-graph-docs issue 21469: comes as 403, although no right is missing."""
    delete_secret(hand, job)
    job.application["passwordCredentials"] = many(900)
    body = {
        "error": {
            "code": "Directory_ResourceSizeExceeded",
            "message": "The size of the object has exceeded its limit. Please reduce the number of values and retry"
            " your request.",
        }
    }
    job.tenant.server.faults.add(method="POST", path="addPassword", status=403, body=body, times=9)
    failure = job.run().failure
    assert failure is not None
    assert failure["changed"] is False
    assert "remove secrets and certificates" in failure["msg"]
    assert "application permission" not in failure["msg"]
    assert len(job.application["passwordCredentials"]) == 900


# What only a person can decide


def test_switched_off_sign_in_is_a_decision(job: Job, hand: Hand) -> None:
    did(hand.patch(principal_path(job), {"accountEnabled": False}))
    failed = job.needs_a_person("switched off sign-in", "accountEnabled is false", "Enabled for users to sign-in")
    assert list(failed.steps) == ["registration"]
    did(hand.patch(principal_path(job), {"accountEnabled": True}))
    job.converges()


@pytest.mark.parametrize("of", ["application", "service principal"])
def test_a_deactivated_application_is_a_decision(job: Job, hand: Hand, of: str) -> None:
    path = app_path(job) if of == "application" else principal_path(job)
    did(hand.patch(path, {"isDisabled": True}))
    failed = job.needs_a_person("has deactivated it", "isDisabled is true", "reactivate it")
    assert list(failed.steps) == ["registration"]
    did(hand.patch(path, {"isDisabled": False}))
    job.converges()


@pytest.mark.parametrize(
    ("of", "switch"),
    [
        ("application", {"isDisabled": True}),
        ("application", {"disabledByMicrosoftStatus": "DisabledDueToViolationOfServicesAgreement"}),
        ("service principal", {"isDisabled": True}),
        ("service principal", {"accountEnabled": False}),
    ],
)
@pytest.mark.parametrize("check", [False, True])
def test_no_credential_is_made_for_what_may_not_sign_in(
    job: Job, tmp_path: Path, of: str, switch: Json, check: bool
) -> None:
    (job.application if of == "application" else job.principal).update(switch)
    job.tenant.memory = SharedMemory()
    job.tenant.forget_requests()
    options: dict[str, Json] = {
        "azure_app_secret": {"description": "another"},
        "azure_app_federated_credential": {"name": "n", "issuer": "https://a.example", "subject": "s"},
        "azure_app_certificate": {"description": "d", "path": str(tmp_path / "gateway.pem")},
    }
    for module, given in options.items():
        result = job.tenant.run(module, check=check, unique_name="gateway", **given)
        assert result["failed"], result
        assert "Could not make a credential" in result["msg"]
    assert job.tenant.writes == []
    assert list(tmp_path.iterdir()) == []


def test_switched_off_sign_in_is_found_before_anything_is_restored(job: Job, hand: Hand) -> None:
    did(hand.patch(principal_path(job), {"accountEnabled": False}))
    delete_principal(hand, job)
    job.needs_a_person("switched off sign-in")


def test_what_was_switched_off_can_still_be_deleted(job: Job, hand: Hand) -> None:
    did(hand.patch(principal_path(job), {"accountEnabled": False}))
    assert job.tenant.ok("azure_app_registration", unique_name="gateway", state="absent")["changed"]


@pytest.mark.parametrize("of", ["application", "service principal", "deleted application"])
def test_disabled_by_microsoft_is_a_decision(job: Job, hand: Hand, of: str) -> None:
    held = job.principal if of == "service principal" else job.application
    held["disabledByMicrosoftStatus"] = "DisabledDueToViolationOfServicesAgreement"
    if of == "deleted application":
        delete_application(hand, job)
    job.needs_a_person("Microsoft has disabled it", "DisabledDueToViolationOfServicesAgreement", "Microsoft support")


@pytest.mark.parametrize("status", ["NotDisabled", "unknownFutureValue", ""])
def test_another_status_of_microsoft_s_is_none_of_our_business(job: Job, status: str) -> None:
    job.application["disabledByMicrosoftStatus"] = status
    job.converges()


def test_a_soft_deleted_application_without_restoring(job: Job, hand: Hand) -> None:
    delete_application(hand, job)
    job.registration["restore_deleted"] = False
    job.needs_a_person(
        "soft-deleted application holds that key", "restore_deleted", "purge=true", "another unique_name"
    )


@pytest.mark.parametrize("name", [None, "changed"])
def test_a_unique_name_that_is_gone_leads_to_adoption_and_never_to_a_second_application(
    job: Job, name: str | None
) -> None:
    held = job.application
    held["uniqueName"] = name
    job.needs_a_person("another application already has the display name", f"client_id={held['appId']}")
    job.registration["client_id"] = held["appId"]
    if name:
        job.needs_a_person("it is 'changed' already", "never changes")
        job.registration["unique_name"] = name
        job.converges()
    else:
        job.converges("registration")
    assert len(job.tenant.applications) == 1


def test_two_applications_of_our_name_and_none_with_our_key(job: Job, hand: Hand) -> None:
    other = hand.application("Gateway")
    job.converges()
    job.application["uniqueName"] = None
    failed = job.needs_a_person("one of them", other["appId"])
    assert failed.failure is not None
    assert len(failed.failure["error"]["client_ids"]) == 2


def test_adopting_with_a_unique_name_that_a_deleted_application_holds(job: Job, hand: Hand) -> None:
    theirs = hand.application("Payroll", uniqueName="wanted")
    did(hand.delete(f"/applications/{theirs['id']}"))
    held = job.application
    job.registration |= {"client_id": held["appId"], "unique_name": "wanted"}
    held["uniqueName"] = None
    failure = job.run().failure
    assert failure is not None
    assert "soft-deleted application has this unique name" in failure["msg"]
    assert failure["changed"] is False
    assert theirs["id"] in job.tenant.server.tenant.directory.deleted


def test_a_deleted_application_of_another_team(job: Job, hand: Hand) -> None:
    """It has our key, and we may not restore it."""
    delete_application(hand, job)
    job.tenant.sign_in_with("Application.ReadWrite.OwnedBy", "Application.Read.All")
    failure = job.run().failure
    assert failure is not None
    assert "restore" in failure["msg"]
    assert "for applications that it owns" in failure["msg"]
    assert failure["changed"] is False


def test_an_application_of_another_team(job: Job, hand: Hand) -> None:
    job.tenant.sign_in_with("Application.ReadWrite.OwnedBy", "Application.Read.All", "Directory.Read.All")
    assert job.run().failure is None, "as long as nothing has to be written"
    rename(hand, job)
    failure = job.run().failure
    assert failure is not None
    assert "for applications that it owns" in failure["msg"]
    assert job.application["displayName"] == "Somebody's"


# Answers with more in them than today's


def test_answers_in_pages(job: Job, hand: Hand, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server may give less than was asked for: here one entry at a time, in every collection."""
    monkeypatch.setattr(Query, "_page_size", lambda _self, _default: 1)
    users = list(job.tenant.server.tenant.directory.users)[:3]
    job.registration["owners"] = users[:2]
    did(hand.post(f"{app_path(job)}/owners/$ref", {"@odata.id": f"{hand.server.graph}/v1.0/users/{users[2]}"}))
    job.converges("registration")
    for number in range(3):
        gone = hand.application(f"Gone {number}", uniqueName=f"gone-{number}")
        hand.service_principal(gone["appId"])
        did(hand.delete(f"/applications/{gone['id']}"))
    delete_application(hand, job)
    job.converges("registration")
    delete_principal(hand, job)
    job.converges("registration")
    revoke_grant_keep_permission(hand, job)
    job.converges("consent")
    assert set(users) <= set(job.tenant.server.tenant.directory.owners[job.application["id"]])
    names = {"Gateway"} | {f"Other {number}" for number in range(3)}
    for name in names - {"Gateway"}:
        hand.application(name)
    listed = job.tenant.ok("azure_app_registration_info")["applications"]
    assert names <= {entry["display_name"] for entry in listed}


@pytest.fixture
def unknown_members(monkeypatch: pytest.MonkeyPatch, metadata_observer: t.Any) -> None:
    """A Graph of tomorrow: every object of every answer has members that nobody knows, and it takes them back."""
    names = {"@odata.etag": 'W/"1"', "aMember": {"of": ["tomorrow", None]}, "last": None}

    def strange(value: t.Any) -> t.Any:
        if isinstance(value, dict):
            told = {name: strange(member) for name, member in value.items()}
            return {**names, **told}
        return [strange(member) for member in value] if isinstance(value, list) else value

    def of_today(value: t.Any) -> t.Any:
        if isinstance(value, dict):
            return {name: of_today(member) for name, member in value.items() if name not in names}
        return [of_today(member) for member in value] if isinstance(value, list) else value

    serve_as = Graph.serve_as

    def served(graph: Graph, caller: Caller, asked: GraphRequest) -> GraphResponse:
        if asked.payload:
            asked = dataclasses.replace(asked, payload=json.dumps(of_today(json.loads(asked.payload))).encode())
        answer = serve_as(graph, caller, asked)
        if isinstance(answer.body, dict):
            answer.body = strange(answer.body)
        return answer

    monkeypatch.setattr(Graph, "serve_as", served)


@pytest.mark.usefixtures("unknown_members")
@pytest.mark.parametrize("act", [rename, remove_both, replace_scopes, delete_secret, delete_application])
def test_unknown_members_in_all_answers(job: Job, hand: Hand, act: c.Callable[[Hand, Job], None]) -> None:
    changed = dict(REPAIRS)[act]
    act(hand, job)
    job.converges(*changed)
    (shown,) = job.tenant.ok("azure_app_registration_info", unique_name="gateway")["applications"]
    assert shown["consented"] is True


def test_kinds_of_permission_that_are_not_known_yet_stay(job: Job, hand: Hand, metadata_observer: t.Any) -> None:
    future = {"id": SOMEBODY, "type": "SomeFutureType"}
    held = job.application
    (entry,) = held["requiredResourceAccess"]
    kept = [item for item in entry["resourceAccess"] if item["id"] != READ_WRITE]
    held["requiredResourceAccess"] = [{**entry, "resourceAccess": [future, *kept]}]
    job.tenant.server.faults.add(method="PATCH", path="/applications/", status=204, body={}, times=1)
    job.tenant.memory = SharedMemory()
    job.tenant.forget_requests()
    job.tenant.run(
        "azure_app_graph_permissions",
        unique_name="gateway",
        application_permissions=job.roles,
        exact=True,
        wait_timeout=1,
    )
    (sent,) = job.tenant.write_entries[0].body["requiredResourceAccess"]
    assert future in sent["resourceAccess"]
    assert {"id": READ_WRITE, "type": "Role"} in sent["resourceAccess"]
    if metadata_observer is not None:
        metadata_observer.complaints.clear()


# Others write while we do


def test_consent_in_the_portal_between_our_read_and_our_write(job: Job, hand: Hand, meanwhile: Meanwhile) -> None:
    """Both kinds of grants appear right before we make them."""
    revoke_grant_keep_permission(hand, job)
    revoke_scopes(hand, job)
    (graph,) = job.tenant.service_principals(MICROSOFT_GRAPH)
    ours = {"principalId": job.principal["id"], "resourceId": graph["id"], "appRoleId": READ_WRITE}
    shared = {"clientId": job.principal["id"], "consentType": "AllPrincipals", "resourceId": graph["id"]}
    to = f"/servicePrincipals/{graph['id']}/appRoleAssignedTo"
    meanwhile.before("POST", "appRoleAssignedTo", lambda: did(hand.post(to, ours)))
    granted = {**shared, "scope": "offline_access User.Read"}
    meanwhile.before("POST", "/oauth2PermissionGrants", lambda: did(hand.post("/oauth2PermissionGrants", granted)))
    assert job.run().failure is None
    assert meanwhile.all_happened
    job.is_settled()
    assert sorted(all_principals(job)["scope"].split()) == ["User.Read", "offline_access"]
    assert len(job.assignments()) == 2


def test_a_grant_that_is_revoked_between_our_read_and_our_write(job: Job, hand: Hand, meanwhile: Meanwhile) -> None:
    replace_scopes(hand, job)
    path = f"/oauth2PermissionGrants/{all_principals(job)['id']}"
    meanwhile.before("PATCH", "/oauth2PermissionGrants/", lambda: did(hand.delete(path)))
    assert job.run().failure is None
    assert meanwhile.all_happened
    job.is_settled()


def test_an_application_that_is_deleted_between_our_read_and_our_write(
    job: Job, hand: Hand, meanwhile: Meanwhile
) -> None:
    rename(hand, job)
    path = app_path(job)
    meanwhile.before("PATCH", r"/applications/", lambda: did(hand.delete(path)))
    assert job.run().failure is None
    assert meanwhile.all_happened
    job.is_settled()


@pytest.mark.parametrize("moment", ["before", "after"])
def test_scopes_of_another_run_are_not_lost(job: Job, hand: Hand, meanwhile: Meanwhile, moment: str) -> None:
    """The other one read before us, and writes before our write, or over it."""
    did(hand.patch(f"/oauth2PermissionGrants/{all_principals(job)['id']}", {"scope": "User.Read"}))
    path = f"/oauth2PermissionGrants/{all_principals(job)['id']}"
    theirs = {"scope": "User.Read Mail.Send"}
    if moment == "before":
        meanwhile.before("GET", "/oauth2PermissionGrants/", lambda: did(hand.patch(path, theirs)))
    else:
        meanwhile.after("PATCH", "/oauth2PermissionGrants/", lambda: did(hand.patch(path, theirs)))
    assert job.run().failure is None
    assert meanwhile.all_happened
    assert sorted(all_principals(job)["scope"].split()) == ["Mail.Send", "User.Read", "offline_access"]
    job.is_settled()


def test_permissions_that_another_run_writes_over_ours_are_both_kept(
    job: Job, hand: Hand, meanwhile: Meanwhile
) -> None:
    declare(hand, job, without=READ_WRITE)
    send = {"id": SEND, "type": "Role"}
    theirs = [{"resourceAppId": MICROSOFT_GRAPH, "resourceAccess": [*access(job), send]}]
    path = app_path(job)
    meanwhile.after("PATCH", "/applications/", lambda: did(hand.patch(path, {"requiredResourceAccess": theirs})))
    done = job.run()
    assert done.failure is None, done.failure
    assert meanwhile.all_happened
    assert {READ_WRITE, SEND} <= {entry["id"] for entry in access(job)}
    job.is_settled()


def test_what_a_later_write_of_another_run_took_away_comes_back_with_the_next_run(
    job: Job, meanwhile: Meanwhile
) -> None:
    """Where one run reads, the other one writes and looks, and then the first one writes, nobody can see it."""
    module = "azure_app_graph_permissions"

    def other() -> None:
        job.tenant.ok(module, unique_name="gateway", application_permissions=["Mail.Send"])

    meanwhile.before("PATCH", "/applications/", other)
    job.tenant.ok(module, unique_name="gateway", application_permissions=["Calendars.Read"])
    assert meanwhile.all_happened
    other()
    again = job.tenant.ok(module, unique_name="gateway", application_permissions=["Calendars.Read"])
    assert not again["changed"]
    assert {"Calendars.Read", "Mail.Send"} <= set(again["application_permissions"])


def test_another_client_that_always_wins_is_named_in_the_end(job: Job, hand: Hand, meanwhile: Meanwhile) -> None:
    declare(hand, job, without=READ_WRITE)
    path = app_path(job)
    send = {"id": SEND, "type": "Role"}
    theirs = {"requiredResourceAccess": [{"resourceAppId": MICROSOFT_GRAPH, "resourceAccess": [*access(job), send]}]}

    def over_ours() -> None:
        did(hand.patch(path, theirs))
        meanwhile.after("PATCH", "/applications/", over_ours)

    meanwhile.after("PATCH", "/applications/", over_ours)
    result = job.tenant.fails("azure_app_graph_permissions", unique_name="gateway", application_permissions=job.roles)
    assert "another client replaced them" in result["msg"]
    assert result["changed"] is True


def test_the_addition_of_another_run_is_not_waited_out(job: Job, hand: Hand) -> None:
    """What another run made of our declaration is not one that lags behind."""
    job.tenant.memory = SharedMemory()
    job.tenant.ok("azure_app_graph_permissions", unique_name="gateway", application_permissions=["Calendars.Read"])
    declare(hand, job, also=[])
    send = {"id": SEND, "type": "Role"}
    mine = {"resourceAppId": MICROSOFT_GRAPH, "resourceAccess": [*access(job), send]}
    did(hand.patch(app_path(job), {"requiredResourceAccess": [mine]}))
    before = job.tenant.server.clock.offset
    granted = job.tenant.ok("azure_admin_consent", unique_name="gateway")
    assert {"Calendars.Read", "Mail.Send"} <= {entry["name"] for entry in granted["granted"]}
    assert job.tenant.server.clock.offset == before


# A run after one that was killed: nobody remembers what it created, and replicas may not know it yet


class Killed(BaseException):
    """Stands for a signal that ends ansible-playbook between two requests."""


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("writes", [1, 2, 5])
def test_a_run_after_a_killed_one_finishes_the_job(
    tenant: Tenant, meanwhile: Meanwhile, writes: int, seed: int
) -> None:
    tenant.server.settings.update({"replica_delays": [0, 2, 9], "weather_seed": seed})
    job = Job(tenant)

    def count() -> None:
        if len(tenant.writes) >= writes:
            raise Killed
        meanwhile.after("(PATCH|POST)", "", count)

    count()
    with pytest.raises(Killed):
        job.run()
    meanwhile.forget()
    done = job.run()
    assert done.failure is None, done.failure
    assert len(tenant.applications) == 1
    tenant.server.clock.advance(60)
    job.is_settled()


def test_a_removal_of_our_own_is_not_waited_out(job: Job) -> None:
    job.tenant.memory = SharedMemory()
    before = job.tenant.server.clock.offset
    job.tenant.ok("azure_app_graph_permissions", unique_name="gateway", application_permissions=[], exact=True)
    granted = job.tenant.ok("azure_admin_consent", unique_name="gateway", revoke_stale=True)
    assert [entry["name"] for entry in granted["granted"]] == job.scopes
    assert job.tenant.server.clock.offset == before


def test_consent_waits_for_a_declaration_that_an_earlier_task_saw(job: Job, hand: Hand) -> None:
    """A killed run declared it; the task of this run that declares found it on one replica, consent asks another."""
    for grant in job.grants():
        did(hand.delete(f"/oauth2PermissionGrants/{grant['id']}"))
    for assignment in job.assignments():
        did(hand.delete(f"/servicePrincipals/{job.principal['id']}/appRoleAssignments/{assignment['id']}"))
    job.tenant.memory = SharedMemory()
    job.tenant.ok("azure_app_graph_permissions", unique_name="gateway", application_permissions=job.roles)
    stale = {key: job.application[key] for key in ("id", "appId", "displayName", "uniqueName")}
    behind = {"status": 200, "body": {**stale, "requiredResourceAccess": []}}
    job.tenant.server.faults.add(method="GET", path=r"^/v1.0/applications\(uniqueName", **behind)
    granted = job.tenant.ok("azure_admin_consent", unique_name="gateway")
    assert {entry["name"] for entry in granted["granted"]} == {*job.roles, *job.scopes}


@pytest.mark.parametrize(
    ("path", "fault"),
    [
        (r"^/v1.0/applications\(uniqueName", {"status": 404}),
        (r"^/v1.0/\$batch", {"status": 200, "body": {"responses": []}}),
    ],
)
def test_a_first_read_that_misses_what_is_there(job: Job, path: str, fault: Json) -> None:
    """A replica that lags behind: our own application must not be taken for a namesake."""
    job.tenant.server.faults.add(path=path, **fault)
    assert job.run().failure is None
    assert len(job.tenant.applications) == 1
    job.is_settled()


def test_our_own_application_that_only_the_list_shows_is_no_namesake(job: Job) -> None:
    job.tenant.server.faults.add(method="GET", path=r"^/v1.0/applications\(uniqueName", status=404, times=3)
    outcome = job.run()
    assert outcome.failure is None, outcome.failure
    assert (outcome.changed, outcome.writes) == ([], [])


def test_a_unique_name_that_is_taken_by_what_no_read_shows_yet(job: Job) -> None:
    """The one that refuses knows the application, the ones that were read do not."""
    faults = job.tenant.server.faults
    job.registration["display_name"] = "Another name"  # no namesake to be seen either
    body = {
        "error": {
            "code": "Request_BadRequest",
            "message": "Another object with the same value for property uniqueName already exists.",
        }
    }
    faults.add(method="GET", path=r"^/v1.0/applications\(uniqueName", status=404)
    faults.add(method="PATCH", path=r"^/v1.0/applications\(uniqueName", status=400, body=body)
    assert job.run().failure is None
    assert job.application["displayName"] == "Another name"
    assert len(job.tenant.applications) == 1
    faults.add(method="GET", path=r"^/v1.0/applications\(uniqueName", status=404, times=99)
    faults.add(method="PATCH", path=r"^/v1.0/applications\(uniqueName", status=400, body=body, times=99)
    job.registration["display_name"] = "Yet another"
    failure = job.run().failure
    assert failure is not None
    assert "not listed yet" in failure["msg"]
    assert failure["changed"] is False


def test_a_service_principal_that_the_first_read_missed(job: Job) -> None:
    """Graph answers 204 to the upsert, or 409 as to a plain creation."""
    app_id = job.application["appId"]
    message = (
        "The service principal cannot be created, updated, or restored because the service principal name"
        f" {app_id} is already in use."
    )
    body = {"error": {"code": "Request_MultipleObjectsWithSameKeyValue", "message": message}}
    missing = {"responses": [{"id": "0", "status": 404, "body": {"error": {}}}, {"id": "1", "status": 404, "body": {}}]}
    job.tenant.server.faults.add(method="POST", path=r"\$batch", status=200, body=missing)
    job.tenant.server.faults.add(method="PATCH", path="servicePrincipals", status=409, body=body)
    outcome = job.run()
    assert outcome.failure is None, outcome.failure
    assert outcome.steps["registration"]["service_principal_object_id"] == job.principal["id"]
    job.is_settled()


@pytest.mark.parametrize(
    ("path", "status", "message"),
    [
        (
            r"/servicePrincipals\(appId",
            400,
            "The appId 'x' of the service principal does not reference a valid application object.",
        ),
        (
            r"/servicePrincipals\(appId",
            403,
            "the backing application of the service principal being created must in the local tenant",
        ),
        ("appRoleAssignedTo", 400, "Not a valid reference update."),
        (
            "appRoleAssignedTo",
            404,
            "Resource 'x' does not exist or one of its queried reference-property objects are not present.",
        ),
        (
            "oauth2PermissionGrants",
            404,
            "Resource 'x' does not exist or one of its queried reference-property objects are not present.",
        ),
        (
            "/applications/",
            404,
            "Resource 'x' does not exist or one of its queried reference-property objects are not present.",
        ),
    ],
)
def test_a_replica_that_does_not_know_yet_what_another_run_made(
    job: Job, hand: Hand, path: str, status: int, message: str
) -> None:
    """Nobody remembers the creation, but what was just read cannot be missing."""
    purge_principal(hand, job)
    declare_nothing(hand, job)
    codes = {400: "Request_BadRequest", 403: "Authorization_RequestDenied", 404: "Request_ResourceNotFound"}
    body = {"error": {"code": codes[status], "message": message}}
    for method in ("PATCH", "POST"):
        job.tenant.server.faults.add(method=method, path=path, status=status, body=body, times=2)
    outcome = job.run()
    assert outcome.failure is None, outcome.failure
    job.is_settled()


def declare_nothing(hand: Hand, job: Job) -> None:
    did(hand.patch(f"/applications/{job.application['id']}", {"requiredResourceAccess": []}))


# A failure tells whether something was written before it


REFUSED: Json = {"error": {"code": "Authorization_RequestDenied", "message": "Insufficient privileges."}}


@pytest.mark.parametrize(
    ("module", "options", "refused"),
    [
        ("azure_app_registration", {"display_name": "x", "unique_name": "x"}, ("PATCH", "/servicePrincipals", 1)),
        (
            "azure_app_registration",
            {"unique_name": "gateway", "state": "absent", "purge": True},
            ("DELETE", "/directory", 1),
        ),
        ("azure_admin_consent", {"unique_name": "gateway", "state": "absent"}, ("DELETE", "appRoleAssignments", 2)),
        ("azure_app_graph_permissions", {"unique_name": "gateway", "delegated_permissions": ["User.Read"]}, None),
        ("azure_app_secret", {"unique_name": "gateway", "description": "x"}, None),
    ],
)
def test_a_failure_after_a_write_says_changed(
    job: Job, hand: Hand, meanwhile: Meanwhile, *, module: str, options: Json, refused: tuple[str, str, int] | None
) -> None:
    if refused is not None:
        method, path, nth = refused
        job.tenant.server.faults.add(method=method, path=path, nth=nth, status=403, body=REFUSED, times=9)
    elif module == "azure_app_graph_permissions":
        before = {
            "requiredResourceAccess": [
                {"resourceAppId": EXCHANGE_ONLINE, "resourceAccess": [{"id": SEND, "type": "Role"}]}
            ]
        }
        address = app_path(job)
        meanwhile.after("PATCH", "/applications/", lambda: did(hand.patch(address, before)))
        job.tenant.server.faults.add(method="PATCH", path="/applications/", nth=3, status=403, body=REFUSED)
    else:
        made = {"keyId": SOMEBODY, "displayName": "x", "secretText": None}
        job.tenant.server.faults.add(method="POST", path="addPassword", status=200, body=made, processed=True)
    assert job.tenant.fails(module, **options)["changed"] is True


@pytest.mark.parametrize(
    ("module", "options"),
    [
        ("azure_app_registration", {"display_name": "x", "unique_name": "x"}),
        ("azure_app_registration", {"unique_name": "gateway", "state": "absent"}),
        ("azure_admin_consent", {"unique_name": "gateway", "state": "absent"}),
        ("azure_app_graph_permissions", {"unique_name": "gateway", "delegated_permissions": ["User.Read"]}),
        ("azure_app_secret", {"unique_name": "gateway", "description": "x"}),
    ],
)
def test_a_failure_before_any_write_says_unchanged(job: Job, module: str, options: Json) -> None:
    for method in ("PATCH", "POST", "DELETE"):
        path = r"^/v1.0/(?!\$batch)"
        job.tenant.server.faults.add(method=method, path=path, status=403, body=REFUSED, times=9)
    assert job.tenant.fails(module, **options)["changed"] is False


def test_what_this_run_granted_is_not_taken_for_gone_where_a_replica_does_not_know_it(job: Job, hand: Hand) -> None:
    revoke_grant_keep_permission(hand, job)
    job.tenant.memory = SharedMemory()
    job.tenant.ok("azure_admin_consent", unique_name="gateway")
    job.tenant.server.faults.add(method="DELETE", path="appRoleAssignments", status=404, times=3)
    assert job.tenant.ok("azure_admin_consent", unique_name="gateway", state="absent")["changed"]
    assert job.assignments() == []


def test_what_this_run_registered_is_not_taken_for_gone_where_a_replica_does_not_know_it(tenant: Tenant) -> None:
    tenant.memory = SharedMemory()
    tenant.register()
    tenant.server.faults.add(method="DELETE", path="/applications/", status=404, times=2)
    assert tenant.ok("azure_app_registration", unique_name="gateway", state="absent")["changed"]
    assert tenant.applications == []
