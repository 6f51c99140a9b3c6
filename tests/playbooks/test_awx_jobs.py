# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The job templates of awx_setup with the project of docs/examples, run as in AWX; see docs/awx.md."""

from __future__ import annotations

import concurrent.futures
import json
import typing as t

from cryptography.hazmat.primitives import serialization

from ansible_collections.email_gateway.azure_apps.tests.playbooks.awx_job import PROJECT, AwxJobs
from ansible_collections.email_gateway.azure_apps.tests.playbooks.playbook_runner import Playbooks, Run
from ansible_collections.email_gateway.azure_apps.tests.stores.awx_engine import merged
from ansible_collections.email_gateway.azure_apps.tests.unit.emulator.certificates import Pair
from ansible_collections.email_gateway.azure_apps.tests.unit.tenant import Json

CITIES = ("vienna", "graz")


def _jobs(playbooks: Playbooks, *, shared: bool = False) -> AwxJobs:
    """Gateways whose credentials are stored in a key vault, since the files of a job are removed."""
    hosts = {f"gateway-{city}.example.com": {"gateway_app_unique_name": f"mail-gateway-{city}"} for city in CITIES}
    if shared:
        hosts = {name: {"gateway_app_unique_name": "mail-gateways"} for name in hosts}
    store = {
        "type": "azure_key_vault",
        "vault_url": playbooks.server.key_vault,
        "name": "{{ gateway_app_unique_name }}",
    }
    common = {
        "gateway_app_profile": "outbound_microsoft365",
        "gateway_app_display_name": "{{ gateway_app_unique_name }}",
        "gateway_app_stores": [store],
        "gateway_app_wait_timeout": 60,
    }
    return AwxJobs(playbooks, hosts, common)


def _secret(playbooks: Playbooks) -> Json:
    environ = playbooks.tenant.environ
    inputs = {"tenant_id": environ["AZURE_TENANT"], "client_id": environ["AZURE_CLIENT_ID"]}
    return {"Entra operator (client secret)": {**inputs, "client_secret": environ["AZURE_SECRET"]}}


def _certificate(playbooks: Playbooks) -> Json:
    """The operator with an additional certificate, protected by a password."""
    pair = Pair.new()
    encoding = serialization.Encoding.PEM
    public = pair.certificate.public_bytes(encoding)
    file = playbooks.folder / "operator.crt"
    file.write_bytes(public)
    playbooks.tenant.ok(
        "azure_app_certificate",
        client_id=playbooks.server.client_id,
        certificate_file=str(file),
        description="Operator",
        renew_before_days=0,
    )
    password = "a password of the key, not short"
    hidden = serialization.BestAvailableEncryption(password.encode())
    private = pair.key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, hidden)
    playbooks.issued.add(password)
    inputs = {"tenant_id": playbooks.server.tenant_id, "client_id": playbooks.server.client_id}
    given = {**inputs, "certificate": (private + public).decode(), "certificate_password": password}
    return {"Entra operator (certificate)": given}


def _secrets(playbooks: Playbooks, unique_name: str) -> list[str]:
    """The key ids of its client secrets, the most recent last."""
    found = playbooks.tenant.application(uniqueName=unique_name)["passwordCredentials"]
    return [credential["keyId"] for credential in sorted(found, key=lambda c: str(c["startDateTime"]))]


def _kept(playbooks: Playbooks, unique_name: str) -> str:
    versions = playbooks.server.emulator.key_vault.secrets[unique_name].versions
    return str(versions[-1]["tags"]["key-id"])


def test_register_and_rotate_sign_in_with_injected_credentials(playbooks: Playbooks) -> None:
    jobs = _jobs(playbooks)
    jobs.launch("register", _secret(playbooks)).ok()
    for city in CITIES:
        name = f"mail-gateway-{city}"
        assert _secrets(playbooks, name) == [_kept(playbooks, name)]
    before = _kept(playbooks, "mail-gateway-graz")
    # With the other kind of credential for one of the gateways, selected in the survey.
    certificate = _certificate(playbooks)
    rotated = jobs.launch(
        "rotate", certificate, answers={"survey_rotate_now": "yes"}, hosts=["gateway-graz.example.com"]
    ).ok()
    assert "Sign-in" not in rotated.output
    assert (
        _secrets(playbooks, "mail-gateway-graz") == [before, _kept(playbooks, "mail-gateway-graz")] != [before, before]
    )
    assert jobs.launch("rotate", certificate).ok().writes == []
    events = list((playbooks.folder / "awx_2" / "artifacts" / "2" / "job_events").glob("*.json"))
    assert len(events) > 20


def _slices(jobs: AwxJobs, name: str, credentials: Json, **answers: t.Any) -> list[Run]:
    """One job for each gateway, all at the same time."""
    with concurrent.futures.ThreadPoolExecutor(len(jobs.hosts)) as pool:
        started = [pool.submit(jobs.launch, name, credentials, hosts=[host], **answers) for host in jobs.hosts]
        return [job.result() for job in started]


def test_parallel_slices_create_one_application_each(playbooks: Playbooks) -> None:
    jobs = _jobs(playbooks)
    for run in _slices(jobs, "register", _secret(playbooks)):
        run.ok()
    assert len(playbooks.tenant.applications) == len(CITIES)
    for city in CITIES:
        assert _secrets(playbooks, f"mail-gateway-{city}") == [_kept(playbooks, f"mail-gateway-{city}")]


def test_parallel_slices_with_a_shared_application_leave_a_working_secret(playbooks: Playbooks) -> None:
    """The jobs of slices have no common file for a lock, so that each may create a client secret.

    The vault has one of them, which works, and later jobs do not change it.
    """
    jobs = _jobs(playbooks, shared=True)
    for run in _slices(jobs, "register", _secret(playbooks)):
        run.ok()
    live, kept = _secrets(playbooks, "mail-gateways"), _kept(playbooks, "mail-gateways")
    assert kept in live
    assert len(live) <= len(CITIES)
    # This job verifies the token of the credential in the vault.
    assert jobs.launch("rotate", _secret(playbooks)).ok().writes == []
    assert (_secrets(playbooks, "mail-gateways"), _kept(playbooks, "mail-gateways")) == (live, kept)


def test_the_jobs_of_the_workflow_pass_on_only_ids(playbooks: Playbooks) -> None:
    """The operator cannot consent, the consenter can do nothing else, and both sign in with credentials of AWX.

    Registering and consenting are slices, whose artifacts AWX merges by name.
    """
    jobs = _jobs(playbooks)
    server = playbooks.server
    credentials = []
    for kind, right in (("operator", "Application.ReadWrite.OwnedBy"), ("consent", "AppRoleAssignment.ReadWrite.All")):
        client_id, client_secret = server.add_operator([right, "Application.Read.All"])
        playbooks.tenant.also_operates(client_id)
        inputs = {"tenant_id": server.tenant_id, "client_id": client_id, "client_secret": client_secret}
        credentials.append({f"Entra {kind} (client secret)": inputs})
        playbooks.issued.add(client_secret)
    operator, consent = credentials
    (inputs,) = operator.values()
    server.emulator.key_vault.assign(inputs["client_id"], "Key Vault Secrets Officer")
    assert "Not enough" not in jobs.launch("check access", {**operator, **consent}).ok().output
    for run in _slices(jobs, "register", operator):
        run.ok()
    passed_on = merged(jobs.artifacts.values())
    assert passed_on.keys() == {f"mail-gateway-{city}" for city in CITIES}
    assert {name for ids in passed_on.values() for name in ids} == {
        *("tenant_id", "client_id", "object_id", "service_principal_object_id"),
    }
    consented = jobs.launch("consent", consent, hosts=["gateway-vienna.example.com"]).ok()
    assert {entry.client_id for entry in consented.writes} == {consent["Entra consent (client secret)"]["client_id"]}
    # The application of the other slice is replaced between the approval and the consent.
    tenant = playbooks.tenant
    address: Json = {"display_name": "mail-gateway-graz", "unique_name": "mail-gateway-graz"}
    tenant.ok("azure_app_registration", **address, state="absent", purge=True)
    tenant.ok("azure_app_registration", **address)
    refused = jobs.launch("consent", consent, hosts=["gateway-graz.example.com"])
    refused.failed("gateway_app_expected_applications lists the one with the client id", "Find out who replaced it")
    assert refused.writes == []
    # The next step of the workflow fails by itself, for the gateway that it was limited to.
    ended = jobs.launch(
        "step failed", operator, answers={"survey_failed_step": "consent"}, hosts=["gateway-graz.example.com"]
    )
    assert ended.failed("The step consent of the workflow failed").writes == []


def test_mailbox_roles_are_assigned_by_a_job_with_its_own_credential(playbooks: Playbooks) -> None:
    """With its artifacts, verify can wait for the roles."""
    playbooks.server.tenant.settings.update({"exchange_delay": 3600})
    jobs = _jobs(playbooks)
    jobs.common["gateway_app_mailboxes"] = {"group": "Gateway Mailboxes"}
    server = playbooks.server
    rights = ["RoleManagement.ReadWrite.Exchange", "Application.Read.All", "GroupMember.Read.All"]
    client_id, client_secret = server.add_operator(rights)
    playbooks.tenant.also_operates(client_id)
    playbooks.issued.add(client_secret)
    inputs = {"tenant_id": server.tenant_id, "client_id": client_id, "client_secret": client_secret}
    mailboxes = {"Entra mailboxes (client secret)": inputs}
    limit = ["gateway-vienna.example.com"]
    jobs.launch("register", _secret(playbooks), hosts=limit).ok()
    assert server.tenant.directory.exchange.shown == []
    run = jobs.launch("mailboxes", mailboxes, hosts=limit).ok()
    assert {entry.client_id for entry in run.writes} == {client_id}
    assert [entry.role for entry in server.tenant.directory.exchange.shown] == ["Application Mail.ReadWrite"]
    answers = {"survey_mailbox": playbooks.tenant.mailbox("alex")}
    verified = jobs.launch("verify", _secret(playbooks), hosts=limit, answers=answers)
    assert "not yet     mailbox" in verified.output


def test_a_store_in_the_folder_of_a_job_is_refused(playbooks: Playbooks) -> None:
    """For an inventory that awx_setup did not create, the job itself detects that."""
    jobs = _jobs(playbooks)
    del jobs.common["gateway_app_stores"]
    run = jobs.launch("register", _secret(playbooks))
    run.failed(
        *("would be lost after this run", "the folder that AWX made for this job"),
        *("azure_key_vault, hashi_vault, or awx_credential", "docs/awx.md"),
    )
    assert [a["passwordCredentials"] for a in playbooks.tenant.applications] in ([], [[], []])


def test_answers_of_the_survey_reach_the_role_unchanged(playbooks: Playbooks) -> None:
    """AWX sends the answers as texts, also for yes and no; empty answers are not passed on."""
    answers = {
        "survey_profile": "as in the inventory",
        "survey_mailbox": "",
        "survey_rotate_now": "yes",
        "survey_fail_on_drift": "no",
        "survey_fail_within_days": 14,
        "survey_retire_confirmed": "2024",
    }
    names = [f"gateway_app_{name}" for name in ("profile", "verify_mailbox", "rotate_now", "retire_confirmed")]
    names += [f"gateway_app_report_{name}" for name in ("fail_on_drift", "fail_within_days")]
    taken = playbooks.run([{"import_playbook": str(PROJECT / "answers.yml")}], "-e", json.dumps(answers), show=names)
    # The role converts them to their type: before ansible-core 2.19, set_fact itself converts yes and no to booleans.
    shown = {name.removeprefix("gateway_app_"): str(value) for name, value in taken.ok().results.items()}
    assert shown in (
        {
            "rotate_now": rotate,
            "retire_confirmed": "2024",
            "report_fail_on_drift": drift,
            "report_fail_within_days": "14",
        }
        for rotate, drift in (("yes", "no"), ("True", "False"))
    )
