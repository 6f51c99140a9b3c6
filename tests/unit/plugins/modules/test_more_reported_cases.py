# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Further responses that were reported for other tools, each with its source: the advice or reaction here."""

from __future__ import annotations

import http.server
import threading
import typing as t

import pytest

from ansible_collections.email_gateway.azure_apps.tests.unit.tenant import Json, Tenant

REGISTRATION: Json = {"display_name": "Case app", "unique_name": "case-app"}
INFO = "azure_app_registration_info"


def refused_sign_in(tenant: Tenant, description: str, *, status: int = 401) -> str:
    """The advice to an operator whose sign-in gets this response."""
    body = {"error": "invalid_client", "error_description": f"{description}\r\nTrace ID: 1"}
    tenant.server.faults.add(path="/oauth2/v2.0/token", status=status, body=body, times=99)
    failed = tenant.fails(INFO, unique_name="unregistered")
    assert failed["error"]["kind"] == "sign_in"
    assert description.rsplit(":", maxsplit=1)[-1].strip().rstrip(".") in failed["msg"]
    return str(failed["error"]["next_step"])


def refused_write(tenant: Tenant, path: str, *, status: int, code: str, message: str) -> Json:
    tenant.ok("azure_app_registration", **REGISTRATION)
    body = {"error": {"code": code, "message": message}}
    tenant.server.faults.add(method="POST", path=path, status=status, body=body, times=99)
    return tenant.fails("azure_app_secret", unique_name="case-app", description="x")


# The response, words of the advice, and words of wrong advice.
SIGN_INS = {
    # Azure-Samples/active-directory-dotnet-daemon-certificate-credential#46
    "an assertion of another time": (
        "AADSTS70002: Error validating credentials. AADSTS50012: Client assertion is not within its valid time range.",
        "clock of the controller", "client secret",
    ),
    # MicrosoftDocs/azure-docs#16399
    "an assertion that has expired": (
        "AADSTS70002: Error validating credentials. AADSTS500133: Assertion is not within its valid time range",
        "clock of the controller", "client secret",
    ),
    # sjkp/letsencrypt-siteextension#144
    "a wrong secret under the number of a certificate": (
        "AADSTS70002: Error validating credentials. AADSTS50012: Invalid client secret is provided.",
        "client secret", "azure_app_certificate",
    ),
    "any wrong credential": ("AADSTS70002: Error validating credentials.", "client secret", "certificate"),
    # AzureAD/microsoft-identity-web#2834
    "a certificate that has expired": (
        "AADSTS1000502: The provided certificate is not within its specified validity window.",
        "certificate that is valid now", "does not know",
    ),
    # AzureAD/microsoft-authentication-library-for-dotnet#4562
    "a tenant that Microsoft has blocked": (
        "AADSTS5000224: We are sorry, this resource is not available.", "Microsoft support", "does not know",
    ),
    # https://learn.microsoft.com/entra/external-id/tenant-restrictions-v2
    "tenant restrictions of the second version": (
        "AADSTS5000211: A tenant restrictions policy added to this request by a device or network administrator does"
        " not allow access to 'Contoso'.",
        "the administrator of the proxy", "does not know",
    ),
    # MicrosoftDocs/azure-docs#90276
    "a token of Entra ID as assertion": (
        "AADSTS700222: AAD-issued tokens may not be used for federated identity flows.",
        "managed_identity", "does not know",
    ),
    # microsoft/azure-devops-mcp#587
    "a tenant id of zeros": (
        "AADSTS900021: Requested tenant identifier '00000000-0000-0000-0000-000000000000' is not valid.",
        "tenant id", "does not know",
    ),
    # MicrosoftDocs/azure-docs#96851
    "old TLS in between": (
        "AADSTS1002016: You are using TLS version 1.0, 1.1 and/or 3DES cipher which are deprecated.",
        "TLS 1.2", "does not know",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", SIGN_INS)
def test_a_refused_sign_in_has_the_right_advice(tenant: Tenant, case: str) -> None:
    description, words, not_words = SIGN_INS[case]
    step = refused_sign_in(tenant, description)
    assert words in step
    assert not_words not in step


CONTINUOUS = "Continuous access evaluation resulted in challenge with result: InteractionRequired and code: "


@pytest.mark.parametrize(
    ("code", "words"),
    [
        # microsoftgraph/msgraph-sdk-powershell#3322, microsoftgraph/msgraph-sdk-java#2355
        ("LocationConditionEvaluationSatisfied", "at the address of the controller"),
        ("TokenCreatedWithOutdatedPolicies", "run again"),
    ],
)
def test_a_revoked_token_is_renewed_once(tenant: Tenant, code: str, words: str) -> None:
    tenant.ok(INFO, unique_name="unregistered")
    body = {"error": {"code": "InvalidAuthenticationToken", "message": CONTINUOUS + code}}
    tenant.server.faults.add(path="^/v1.0/applications", status=401, body=body)
    tenant.ok(INFO, unique_name="unregistered")
    tenant.server.faults.add(path="^/v1.0/", status=401, body=body, times=9)
    failed = tenant.fails(INFO, unique_name="unregistered")
    assert words in failed["error"]["next_step"]
    assert "not expired" not in failed["error"]["next_step"]


# Azure/azure-cli#28734, and others that need no other right.
LOCKS = {
    "CannotUpdateLockedServicePrincipalProperty": (
        "Property passwordCredentials on the service principal is locked.", "servicePrincipalLockConfiguration",
    ),
    "Brand_NewPolicy": ("This operation is blocked in your organisation.", "ask its administrator"),
}  # fmt: skip


@pytest.mark.parametrize("code", LOCKS)
def test_a_lock_or_a_policy_is_not_reported_as_a_missing_right(tenant: Tenant, code: str) -> None:
    message, words = LOCKS[code]
    failed = refused_write(tenant, "addPassword", status=403, code=code, message=message)
    assert words in failed["error"]["next_step"]
    assert not failed["error"]["next_step"].startswith("Give the identity")
    assert tenant.application(uniqueName="case-app")["passwordCredentials"] == []


def test_an_unknown_code_about_rights_still_names_the_right(tenant: Tenant) -> None:
    message = "Insufficient privileges to complete the operation."
    failed = refused_write(tenant, "addPassword", status=403, code="Brand_NewCode", message=message)
    assert "By the status 403: Give the identity" in failed["error"]["next_step"]


@pytest.mark.parametrize("audience", ["AzureADandPersonalMicrosoftAccount", "PersonalMicrosoftAccount"])
def test_each_audience_with_personal_accounts_gets_its_token_version(tenant: Tenant, audience: str) -> None:
    """microsoftgraph/microsoft-graph-docs-contrib#1122: both need version 2, also if an application is changed."""
    tenant.ok("azure_app_registration", **REGISTRATION)
    tenant.clear_requests()
    result = tenant.run("azure_app_registration", **REGISTRATION, sign_in_audience=audience)
    if result.get("failed"):
        assert "sign_in_audience" in result["msg"]
        assert tenant.writes == []
        return
    bodies: list[t.Any] = [entry.body for entry in tenant.write_entries]
    assert bodies[0]["api"] == {"requestedAccessTokenVersion": 2}


def test_an_internal_error_on_changing_the_audience_is_retried_and_reported(tenant: Tenant) -> None:
    """microsoftgraph/msgraph-sdk-powershell#1177: 500 for a change back to one tenant."""
    tenant.ok("azure_app_registration", **REGISTRATION, sign_in_audience="AzureADMultipleOrgs")
    body = {"error": {"code": "Service_InternalServerError", "message": "Encountered an internal server error."}}
    tenant.server.faults.add(method="PATCH", path="/v1.0/applications", status=500, body=body)
    assert tenant.ok("azure_app_registration", **REGISTRATION)["changed"]
    assert tenant.application(uniqueName="case-app")["signInAudience"] == "AzureADMyOrg"


@pytest.mark.parametrize(
    ("method", "path", "message"),
    [
        # byte5ai/omadia#916: the response to the first attempt was lost, and the name is used by its result.
        ("PATCH", "uniqueName", "Another object with the same value for property uniqueName already exists."),
        # pulumi/pulumi-azure-native#4343 and others report it for managed identities.
        ("PATCH", "uniqueName", "Conflicting concurrent writes are not supported."),
    ],
)
def test_the_object_of_an_earlier_attempt_or_another_run_is_used(
    tenant: Tenant, method: str, path: str, message: str
) -> None:
    code = "Request_BadRequest"
    body = {"error": {"code": code, "message": message}}
    tenant.server.faults.add(method=method, path=path, status=400, body=body, processed=True)
    tenant.ok("azure_app_registration", **REGISTRATION)
    assert len(tenant.applications) == 1


def test_the_page_of_a_proxy_is_not_reported_as_a_missing_right(tenant: Tenant) -> None:
    page = "<html>This page is blocked by your organisation.</html>"
    tenant.server.faults.add(path="^/v1.0/", status=403, body=page, content_type="text/html", times=9)
    failed = tenant.fails(INFO, unique_name="unregistered")
    assert failed["error"]["next_step"].startswith("Check what answers at graph_url")


@pytest.mark.over_tls
@pytest.mark.parametrize(
    ("status", "words"), [(407, "Write them into HTTPS_PROXY"), (403, "have the proxy let the host through")]
)
def test_a_proxy_that_refuses_the_tunnel_is_reported_with_its_status(tenant: Tenant, status: int, words: str) -> None:
    """Azure/azure-cli#25126 (407), Azure/azure-cli#14812 (403)."""

    class Refuses(http.server.BaseHTTPRequestHandler):
        def do_CONNECT(self) -> None:
            self.send_error(status)

        def log_message(self, *_args: object) -> None:
            """No log."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Refuses) as proxy:
        threading.Thread(target=proxy.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        address = f"http://user:s3cret@127.0.0.1:{proxy.server_port}"
        tenant.environ = {**tenant.environ, "HTTPS_PROXY": address, "NO_PROXY": "", "no_proxy": ""}
        failed = tenant.fails(INFO, unique_name="unregistered")
        proxy.shutdown()
    assert f"({status})" in failed["msg"]
    assert words in failed["error"]["next_step"]
    assert "s3cret" not in str(failed)


FILES = {
    # test-kitchen/kitchen-azurerm#213; ansible/ansible#41454; StreisandEffect/streisand#1386
    "keys named as the variables": b"[default]\nAZURE_CLIENT_ID = x\nAZURE_SECRET = s3cret\n",
    "UTF-16": "[default]\nclient_id = x\nsecret = s3cret\n".encode("utf-16"),
    "Windows line ends and a byte order mark": b"\xef\xbb\xbf[default]\r\nclient_id = x\r\nsecret = s3cret\r\n",
    "quotes of other tools": b'[default]\nclient_id = "x"\nsecret = "s3cret"\n',
}


@pytest.mark.parametrize("case", FILES)
def test_a_credentials_file_of_another_tool_is_refused_without_showing_a_secret(
    tenant: Tenant, tmp_path: t.Any, case: str
) -> None:
    (tmp_path / ".azure").mkdir()
    (tmp_path / ".azure" / "credentials").write_bytes(FILES[case])
    kept = ("AZURE_AUTHORITY_HOST", "AZURE_GRAPH_URL", "REQUESTS_CA_BUNDLE")
    hosts = {name: tenant.environ[name] for name in kept if name in tenant.environ}
    tenant.environ = {**hosts, "HOME": str(tmp_path), "PATH": "", "AZURE_PROFILE": "default"}
    failed = tenant.fails(INFO, unique_name="unregistered")
    assert "s3cret" not in str(failed)
    assert "credentials" in failed["msg"] or "default" in failed["msg"], failed["msg"]
