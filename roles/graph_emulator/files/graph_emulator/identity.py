# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The identity platform: OpenID configuration, signing keys, and tokens by client credentials.

Bodies: captures from a real tenant in calvinchengx/entra-emulator (2026-08) and public logs; texts of AADSTS codes that
have no capture follow the page "Microsoft Entra authentication and authorization error codes".
"""

from __future__ import annotations

import base64
import binascii
import copy
import hmac
from typing import Any
from urllib.parse import parse_qsl, unquote

from . import catalogue
from .assertions import AssertionRefused, checked_assertion
from .clock import parse_sent_time
from .tenant import Tenant, secret_digest
from .tokens import SigningKey, mint, trace_id

Json = dict[str, Any]
_ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_NO_CLIENT = "00000000-0000-0000-0000-000000000000"


class TokenRefused(Exception):
    """Ends a token request with an AADSTS answer."""

    def __init__(self, code: int, error: str, text: str, *, status: int = 400, with_uri: bool = True) -> None:
        super().__init__(f"AADSTS{code}: {text}")
        self.code = code
        self.error = error
        self.text = text
        self.status = status
        self.with_uri = with_uri

    def body(self, timestamp: str, correlation_id: str | None) -> Json:
        trace = trace_id()
        correlation_id = correlation_id or trace_id()
        body: Json = {
            "error": self.error,
            "error_description": (
                f"AADSTS{self.code}: {self.text} Trace ID: {trace} Correlation ID: {correlation_id} "
                f"Timestamp: {timestamp}"
            ),
            "error_codes": [self.code],
            "timestamp": timestamp,
            "trace_id": trace,
            "correlation_id": correlation_id,
        }
        if self.with_uri:
            body["error_uri"] = f"https://login.microsoftonline.com/error?code={self.code}"
        return body


class IdentityPlatform:
    """Serves one tenant under its id and its verified domain name."""

    def __init__(self, tenant: Tenant, key: SigningKey) -> None:
        self.tenant = tenant
        self.key = key
        self.base = ""

    def showing(self, tenant: Tenant | None) -> IdentityPlatform:
        """The same platform with what a replica knows of the tenant; None is the up-to-date one."""
        if tenant is None:
            return self
        other = copy.copy(self)
        other.tenant = tenant
        return other

    def openid_configuration(self, tenant_name: str) -> Json:
        self.require_tenant(tenant_name)
        root = f"{self.base}/{self.tenant.tenant_id}"
        return {
            "token_endpoint": f"{root}/oauth2/v2.0/token",
            "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt", "client_secret_basic"],
            "jwks_uri": f"{root}/discovery/v2.0/keys",
            "response_modes_supported": ["query", "fragment", "form_post"],
            "subject_types_supported": ["pairwise"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "response_types_supported": ["code", "id_token", "code id_token", "id_token token"],
            "scopes_supported": ["openid", "profile", "email", "offline_access"],
            "issuer": f"{root}/v2.0",
            "authorization_endpoint": f"{root}/oauth2/v2.0/authorize",
            "device_authorization_endpoint": f"{root}/oauth2/v2.0/devicecode",
            "tenant_region_scope": "NA",
            "cloud_instance_name": self.base.partition("://")[2],
            "cloud_graph_host_name": self.base.partition("://")[2],
            "msgraph_host": self.base.partition("://")[2],
        }

    def signing_keys(self, tenant_name: str) -> Json:
        self.require_tenant(tenant_name)
        return {"keys": [{**self.key.as_jwk(), "issuer": f"{self.base}/{self.tenant.tenant_id}/v2.0"}]}

    def instance_discovery(self) -> Json:
        host = self.base.partition("://")[2]
        return {
            "tenant_discovery_endpoint": f"{self.base}/{self.tenant.tenant_id}/v2.0/.well-known/openid-configuration",
            "api-version": "1.1",
            "metadata": [{"preferred_network": host, "preferred_cache": host, "aliases": [host]}],
        }

    def require_tenant(self, name: str) -> None:
        if name.lower() in (self.tenant.tenant_id, self.tenant.domain.lower()):
            return
        raise TokenRefused(
            90002, "invalid_tenant",
            f"Tenant '{name}' not found. Check to make sure you have the correct tenant ID and are signing into the "
            "correct cloud. Check with your subscription administrator, this may happen if there are no active "
            "subscriptions for the tenant.",
        )

    def token(self, tenant_name: str, *, form: bytes, authorization: str | None) -> tuple[Json, str]:
        """The success body and the client id that got it."""
        self.require_tenant(tenant_name)
        fields = dict(parse_qsl(form.decode("utf-8", "replace"), keep_blank_values=True))
        fields = {**_basic_credentials(authorization), **fields}
        grant_type = _required(fields, "grant_type")
        if grant_type != "client_credentials":
            raise TokenRefused(
                70003, "unsupported_grant_type", f"The app requested an unsupported grant type '{grant_type}'.",
                with_uri=False,
            )
        client_id = _required(fields, "client_id")
        scope = _required(fields, "scope")
        principal = self._client_principal(client_id)
        secret_used = self._authenticate(client_id, fields)
        audience, resource = self._resource(scope)
        token = mint(
            self.key, clock=self.tenant.clock, lifetime=self.tenant.settings.token_lifetime,
            tenant_id=self.tenant.tenant_id, audience=audience, principal=principal, secret_used=secret_used,
            roles=self.tenant.granted_roles(principal["id"], resource["id"], in_tokens=True),
        )
        lifetime = self.tenant.settings.token_lifetime
        body = {"token_type": "Bearer", "expires_in": lifetime, "ext_expires_in": lifetime, "access_token": token}
        return body, client_id

    def _client_principal(self, client_id: str) -> Json:
        """The service principal of a registered application; a token needs both.

        Before the secret is looked at: that AADSTS7000229 comes first is inferred from it naming the client, not
        the credential.
        """
        if client_id == _NO_CLIENT:
            raise TokenRefused(
                700038, "unauthorized_client", f"{client_id} is not a valid application identifier.", with_uri=False)
        application = self.tenant.application_by("appId", client_id)
        if application is None or self.tenant.lag.hides(application["id"]):
            raise TokenRefused(
                700016, "unauthorized_client",
                f"Application with identifier '{client_id}' was not found in the directory "
                f"'{self.tenant.directory.organization['displayName']}'. This can happen if the application has not "
                "been installed by the administrator of the tenant or consented to by any user in the tenant. You may "
                "have sent your authentication request to the wrong tenant.",
            )
        principal = self.tenant.service_principal_by("appId", client_id)
        if principal is None or self.tenant.lag.hides(principal["id"]):
            raise TokenRefused(
                7000229, "invalid_client",
                f"The client application {client_id} is missing service principal in the tenant "
                f"{self.tenant.tenant_id}. See instructions here: https://go.microsoft.com/fwlink/?linkid=2225119",
                status=401,
            )
        if principal["accountEnabled"] is False:
            raise TokenRefused(
                7000112, "unauthorized_client", f"Application '{client_id}'({principal['displayName']}) is disabled.")
        return principal

    def _authenticate(self, client_id: str, fields: dict[str, str]) -> bool:
        """True for a client secret, False for a client assertion."""
        application = self.tenant.application_by("appId", client_id)
        principal = self.tenant.service_principal_by("appId", client_id)
        holders = [item for item in (application, principal) if item is not None]
        if fields.get("client_assertion"):
            if fields.get("client_assertion_type") != _ASSERTION_TYPE:
                raise _missing("client_assertion_type")
            try:
                checked_assertion(
                    fields["client_assertion"], client_id=client_id, holders=holders, tenant=self.tenant,
                    audiences=self._assertion_audiences(),
                )
            except AssertionRefused as error:
                raise TokenRefused(error.code, "invalid_client", str(error), status=401) from error
            return False
        if not fields.get("client_secret"):
            raise TokenRefused(
                7000218, "invalid_client",
                "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.",
                status=401,
            )
        self._check_secret(fields["client_secret"], client_id, holders)
        return True

    def _assertion_audiences(self) -> frozenset[str]:
        names = (self.tenant.tenant_id, self.tenant.domain)
        paths = ("oauth2/v2.0/token", "v2.0", "oauth2/token")
        return frozenset(f"{self.base}/{name}/{path}" for name in names for path in paths)

    def _check_secret(self, value: str, client_id: str, holders: list[Json]) -> None:
        """Any good secret of the application or of its service principal will do."""
        digest = secret_digest(value)
        now = self.tenant.clock.now()
        for credential in (entry for holder in holders for entry in holder["passwordCredentials"]):
            record = self.tenant.directory.secrets.get(credential["keyId"])
            if record is None or not hmac.compare_digest(record.digest, digest):
                continue
            if record.created + self.tenant.settings.secret_delay > self.tenant.clock.timestamp():
                break
            end = parse_sent_time(credential["endDateTime"])
            if end is not None and end <= now:
                raise TokenRefused(
                    7000222, "invalid_client",
                    f"The provided client secret keys for app '{client_id}' are expired. Visit the Azure portal to "
                    "create new keys for your app: https://aka.ms/NewClientSecret, or consider using certificate "
                    "credentials for added security: https://aka.ms/certCreds.",
                    status=401,
                )
            start = parse_sent_time(credential["startDateTime"])
            if start is not None and start > now:
                break
            return
        raise TokenRefused(
            7000215, "invalid_client",
            "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, "
            f"not the client secret ID, for a secret added to app '{client_id}'.",
            status=401,
        )

    def _resource(self, scope: str) -> tuple[str, Json]:
        """The token's audience and the service principal that a `<resource>/.default` scope means."""
        name, separator, rest = scope.strip().rpartition("/.default")
        if not separator or rest or " " in name or not name:
            raise TokenRefused(
                1002012, "invalid_scope",
                f"The provided value for scope {scope} is not valid. Client credential flows must have a scope value "
                "with /.default suffixed to the resource identifier (application ID URI).",
            )
        audience = name.rstrip("/")
        if audience == self.base:
            # The emulator's own address stands for Microsoft Graph, as graph.microsoft.us does in its cloud.
            resource = self.tenant.service_principal_by("appId", catalogue.MICROSOFT_GRAPH_APP_ID)
        else:
            resource = self.tenant.service_principal_named(name)
        if resource is None:
            raise TokenRefused(
                500011, "invalid_resource",
                f"The resource principal named {name} was not found in the tenant named {self.tenant.tenant_id}. This "
                "can happen if the application has not been installed by the administrator of the tenant or consented "
                "to by any user in the tenant. You might have sent your authentication request to the wrong tenant.",
            )
        return audience, resource


def _missing(name: str) -> TokenRefused:
    return TokenRefused(
        900144, "invalid_request", f"The request body must contain the following parameter: '{name}'.")


def _required(fields: dict[str, str], name: str) -> str:
    value = fields.get(name, "")
    if not value:
        raise _missing(name)
    return value


def _basic_credentials(authorization: str | None) -> dict[str, str]:
    """client_id and client_secret from HTTP Basic, each form-encoded as RFC 6749 section 2.3.1 wants."""
    scheme, _space, encoded = (authorization or "").partition(" ")
    if scheme.lower() != "basic":
        return {}
    try:
        text = base64.b64decode(encoded, validate=True).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError):
        return {}
    client_id, _colon, client_secret = text.partition(":")
    return {"client_id": unquote(client_id), "client_secret": unquote(client_secret)}
