# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The sign-in of an operator with a certificate or the token of another issuer, in a module that only reads."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import pkcs12

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._http.client import HttpClient
from ansible_collections.email_gateway.azure_apps.tests.unit.emulator.certificates import Pair
from ansible_collections.email_gateway.azure_apps.tests.unit.tenant import Json, Tenant

MODULE = "azure_app_registration_info"
UNREGISTERED: Json = {"unique_name": "unregistered"}
UNKNOWN = "11111111-1111-1111-1111-111111111111"
PASSWORD = "correct horse"


class Operator:
    """An application with read access, and the environment of a user who signs in as it but without a credential."""

    def __init__(self, tenant: Tenant, folder: Path) -> None:
        self.tenant = tenant
        self.folder = folder
        self.client_id = tenant.register("operator", display_name="Automation")["client_id"]
        tenant.ok(
            "azure_app_graph_permissions", unique_name="operator", application_permissions=["Application.Read.All"]
        )
        tenant.ok("azure_admin_consent", unique_name="operator")
        self.environ = {
            **{
                name: value for name, value in tenant.environ.items() if name not in ("AZURE_SECRET", "AZURE_CLIENT_ID")
            },
            "AZURE_CLIENT_ID": self.client_id,
        }

    def has(self, pair: Pair) -> Pair:
        file = self.folder / "registered.crt"
        file.write_bytes(pair.certificate.public_bytes(serialization.Encoding.PEM))
        certificate: Json = {"description": "d", "certificate_file": str(file), "renew_before_days": 0}
        self.tenant.ok("azure_app_certificate", unique_name="operator", **certificate)
        return pair

    def trusts(self, subject: str) -> str:
        found = self.tenant.assertion(subject)
        self.tenant.ok(
            "azure_app_federated_credential",
            unique_name="operator",
            name="test",
            issuer=found["issuer"],
            subject=subject,
        )
        return str(found["assertion"])

    def signs_in(self, **environ: str) -> Json:
        """Check that the request to Graph has this identity."""
        self.tenant.environ = {**self.environ, **environ}
        self.tenant.clear_requests()
        result = self.tenant.ok(MODULE, **UNREGISTERED)
        assert {e.client_id for e in self.tenant.server.requests() if e.path.startswith("/v1.0")} == {self.client_id}
        return result

    def is_refused(self, **environ: str) -> Json:
        """Before anything is sent."""
        self.tenant.environ = {**self.environ, **environ}
        self.tenant.clear_requests()
        result = self.tenant.fails(MODULE, **UNREGISTERED)
        assert self.tenant.server.requests() == []
        return result


@pytest.fixture
def operator(tenant: Tenant, tmp_path: Path) -> Operator:
    return Operator(tenant, tmp_path)


def written(pair: Pair, path: Path, how: str, password: str = "", *also: Pair) -> str:
    """The pair in a file; ``also`` are certificates of issuers."""
    hidden: t.Any = (
        serialization.BestAvailableEncryption(password.encode()) if password else serialization.NoEncryption()
    )
    encoding, pkcs8 = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    issuers = [one.certificate for one in also]
    if how == "pfx":
        path.write_bytes(pkcs12.serialize_key_and_certificates(b"x", pair.key, pair.certificate, issuers, hidden))
    else:
        public = [certificate.public_bytes(encoding) for certificate in (pair.certificate, *issuers)]
        path.write_bytes(pair.key.private_bytes(encoding, pkcs8, hidden) + b"".join(public))
    return str(path)


@pytest.mark.parametrize("password", ["", PASSWORD])
@pytest.mark.parametrize("how", ["pem", "pfx"])
@pytest.mark.parametrize("variable", ["AZURE_X509_CERTIFICATE_PATH", "AZURE_CLIENT_CERTIFICATE_PATH"])
def test_a_certificate_can_sign_in(operator: Operator, variable: str, how: str, password: str) -> None:
    path = written(operator.has(Pair.new()), operator.folder / "key", how, password)
    result = operator.signs_in(**{variable: path, "AZURE_CLIENT_CERTIFICATE_PASSWORD": password})
    assert password == "" or password not in json.dumps(result)


@pytest.mark.parametrize(("switch", "sent"), [("", 0), ("false", 0), ("true", 2), ("1", 2)])
def test_the_certificates_of_issuers_are_sent_on_request(
    operator: Operator, monkeypatch: pytest.MonkeyPatch, switch: str, sent: int
) -> None:
    """In the header of the client assertion, where the identity platform looks for subject and issuer."""
    path = written(operator.has(Pair.new()), operator.folder / "key", "pfx", "", Pair.new())
    headers: list[Json] = []
    request = HttpClient.request

    def looked_at(http: HttpClient, method: str, url: str, **more: t.Any) -> t.Any:
        body = more.get("body")
        if isinstance(body, dict) and "client_assertion" in body:
            headers.append(jwt.get_unverified_header(body["client_assertion"]))
        return request(http, method, url, **more)

    monkeypatch.setattr(HttpClient, "request", looked_at)
    operator.signs_in(AZURE_CLIENT_CERTIFICATE_PATH=path, AZURE_CLIENT_SEND_CERTIFICATE_CHAIN=switch)
    (header,) = headers
    assert len(header.get("x5c", [])) == sent


@pytest.mark.parametrize(
    ("how", "environ", "words"),
    [
        ("none", {}, "which is not a file"),
        ("text", {}, "neither PEM nor a PKCS #12 file"),
        ("public", {}, "does not contain one private key"),
        ("expired", {}, "expired at"),
        ("pem", {}, "The private key in"),
        ("pem", {"AZURE_CLIENT_CERTIFICATE_PASSWORD": "wrong"}, "cannot be read"),
        ("pfx", {"AZURE_CLIENT_CERTIFICATE_PASSWORD": "wrong"}, "PKCS #12 file (PFX) that can be read"),
        ("pfx", {}, "PKCS #12 file (PFX) that can be read"),
        ("public pfx", {}, "does not contain a private key and its certificate"),
        (
            "pfx",
            {"AZURE_CLIENT_SEND_CERTIFICATE_CHAIN": "perhaps"},
            "AZURE_CLIENT_SEND_CERTIFICATE_CHAIN) is 'perhaps'",
        ),
    ],
)
def test_an_unusable_certificate_is_reported(operator: Operator, how: str, environ: dict[str, str], words: str) -> None:
    path = operator.folder / "key"
    pair = Pair.new(days=-1) if how == "expired" else Pair.new()
    if how == "text":
        path.write_text("not a certificate")
    elif how == "public":
        path.write_bytes(pair.certificate.public_bytes(serialization.Encoding.PEM))
    elif how == "public pfx":
        clear = serialization.NoEncryption()
        path.write_bytes(pkcs12.serialize_key_and_certificates(b"x", None, pair.certificate, None, clear))
    elif how != "none":
        written(pair, path, "pfx" if how == "pfx" else "pem", "" if how == "expired" else PASSWORD)
    result = operator.is_refused(AZURE_CLIENT_CERTIFICATE_PATH=str(path), **environ)
    assert words in result["msg"]
    assert result["error"]["next_step"]
    assert "wrong" not in json.dumps(result)


def test_an_unregistered_certificate_is_reported(operator: Operator) -> None:
    path = written(Pair.new(), operator.folder / "key", "pem")
    operator.tenant.environ = {**operator.environ, "AZURE_CLIENT_CERTIFICATE_PATH": path}
    assert operator.tenant.fails(MODULE, **UNREGISTERED)["error"]["code"] == "AADSTS700027"


@pytest.mark.parametrize("as_file", [False, True])
def test_the_token_of_another_issuer_can_sign_in(operator: Operator, as_file: bool) -> None:
    assertion = operator.trusts("pipeline")
    file = operator.folder / "token"
    file.write_text(f"{assertion}\n")
    environ = {"AZURE_FEDERATED_TOKEN_FILE": str(file)} if as_file else {"AZURE_FEDERATED_TOKEN": assertion}
    assert assertion not in json.dumps(operator.signs_in(**environ))


def test_the_token_of_a_pod_is_only_used_if_nothing_else_is_set(operator: Operator) -> None:
    """AWX in a cluster: its credential is in the environment beside the pod's own identity."""
    file = operator.folder / "token"
    file.write_text(operator.trusts("pod"))
    pod = {"AZURE_FEDERATED_TOKEN_FILE": str(file)}
    operator.signs_in(**pod)
    secret = operator.tenant.server.client_secret
    operator.tenant.environ = {**operator.environ, **pod, "AZURE_CLIENT_ID": operator.tenant.server.client_id}
    operator.tenant.environ["AZURE_SECRET"] = secret
    operator.tenant.clear_requests()
    operator.tenant.ok(MODULE, **UNREGISTERED)
    reached = {e.client_id for e in operator.tenant.server.requests() if e.path.startswith("/v1.0")}
    assert reached == {operator.tenant.server.client_id}


@pytest.mark.parametrize(
    ("environ", "words"),
    [
        ({"AZURE_FEDERATED_TOKEN": "x"}, "auth_federated_token is not a JSON Web Token"),
        ({"AZURE_FEDERATED_TOKEN_FILE": "/nowhere"}, "auth_federated_token_file is /nowhere, which is not a file"),
        ({"AZURE_FEDERATED_TOKEN": "a.b.c", "AZURE_CLIENT_ID": ""}, "also needs auth_client_id (AZURE_CLIENT_ID)"),
        ({"AZURE_FEDERATED_TOKEN": "a.b.c", "AZURE_SECRET": "s"}, "client_secret and federated_token"),
        ({"AZURE_X509_CERTIFICATE_PATH": "/x", "AZURE_SECRET": "s"}, "client_secret and certificate"),
        (
            {"ANSIBLE_AZURE_AUTH_SOURCE": "certificate"},
            "also needs auth_certificate_path (AZURE_X509_CERTIFICATE_PATH or",
        ),
        ({"ANSIBLE_AZURE_AUTH_SOURCE": "federated_token"}, "also needs auth_federated_token (AZURE_FEDERATED_TOKEN)"),
        ({"AZURE_X509_CERTIFICATE_PATH": "/x", "AZURE_TENANT": ""}, "also needs auth_tenant_id"),
        ({"AZURE_X509_CERTIFICATE_PATH": "/x", "AZURE_CLIENT_CERTIFICATE_PATH": "/y"}, "contradict each other"),
    ],
    ids=str,
)
def test_missing_or_contradicting_settings_are_reported_before_any_request(
    operator: Operator, environ: dict[str, str], words: str
) -> None:
    assert words in operator.is_refused(**environ)["msg"]


def test_two_certificates_never_share_a_sign_in(operator: Operator) -> None:
    operator.signs_in(AZURE_X509_CERTIFICATE_PATH=written(operator.has(Pair.new()), operator.folder / "one", "pem"))
    other = written(Pair.new(), operator.folder / "two", "pem")
    operator.tenant.environ = {**operator.environ, "AZURE_X509_CERTIFICATE_PATH": other}
    assert operator.tenant.fails(MODULE, **UNREGISTERED)["error"]["code"] == "AADSTS700027"
