# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The identity platform: OpenID configuration, signing keys, and tokens by each of the grants it serves."""

from __future__ import annotations

import copy
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from ..directory.tenant import Tenant
from . import clients, scopes, user_tokens, version_one
from .aadsts import TokenRefused, no_such_resource, required
from .device import GRANT_TYPES, DeviceFlows
from .tokens import SigningKey, mint
from .user_tokens import RefreshTokens, SignIn

Json = dict[str, Any]
# "The {tenant} value": names for any tenant; here they all mean the only one.
SHARED_TENANTS = ("common", "organizations")


class IdentityPlatform:
    """Serves one tenant under its id and its verified domain name. Hold the tenant's lock while calling."""

    def __init__(self, tenant: Tenant, key: SigningKey) -> None:
        self.tenant = tenant
        self.key = key
        self.base = ""
        self.devices = DeviceFlows()
        self.refresh_tokens = RefreshTokens()

    def clear_sign_ins(self) -> None:
        self.devices = DeviceFlows()
        self.refresh_tokens = RefreshTokens()

    def showing(self, tenant: Tenant | None) -> IdentityPlatform:
        """The same platform with what a replica knows of the tenant; None is the up-to-date one."""
        if tenant is None:
            return self
        other = copy.copy(self)
        other.tenant = tenant
        return other

    def openid_configuration(self, tenant_name: str, *, first: bool = False) -> Json:
        """`first` is the document of the endpoints without v2.0 in their path."""
        self.require_tenant(tenant_name, shared=True)
        shared = tenant_name.lower() in SHARED_TENANTS
        root = f"{self.base}/{tenant_name.lower() if shared else self.tenant.tenant_id}"
        document = {
            "token_endpoint": f"{root}/oauth2/v2.0/token",
            "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt", "client_secret_basic"],
            "jwks_uri": f"{root}/discovery/v2.0/keys",
            "response_modes_supported": ["query", "fragment", "form_post"],
            "subject_types_supported": ["pairwise"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "response_types_supported": ["code", "id_token", "code id_token", "id_token token"],
            "scopes_supported": ["openid", "profile", "email", "offline_access"],
            "issuer": f"{self.base}/{'{tenantid}' if shared else self.tenant.tenant_id}/v2.0",
            "authorization_endpoint": f"{root}/oauth2/v2.0/authorize",
            "device_authorization_endpoint": f"{root}/oauth2/v2.0/devicecode",
            "tenant_region_scope": "NA",
            "cloud_instance_name": self.base.partition("://")[2],
            "cloud_graph_host_name": self.base.partition("://")[2],
            "msgraph_host": self.base.partition("://")[2],
        }
        if first:
            name = "{tenantid}" if shared else self.tenant.tenant_id
            return version_one.openid_configuration(document, root=root, issuer=f"https://sts.windows.net/{name}/")
        return document

    def signing_keys(self, tenant_name: str) -> Json:
        self.require_tenant(tenant_name, shared=True)
        return {"keys": [{**self.key.as_jwk(), "issuer": f"{self.base}/{self.tenant.tenant_id}/v2.0"}]}

    def instance_discovery(self, authorization_endpoint: str | None) -> Json:
        """Where to read about the tenant of this address; MSAL asks for it where it does not know the host."""
        asked = urlsplit(authorization_endpoint or f"{self.base}/{self.tenant.tenant_id}/oauth2/v2.0/authorize")
        host = self.base.partition("://")[2]
        name = asked.path.strip("/").partition("/")[0]
        # MSAL leaves the port out.
        if asked.scheme != "https" or asked.hostname != urlsplit(self.base).hostname or not name:
            raise TokenRefused(50049, "invalid_instance", "Unknown or invalid instance.", with_uri=False)
        version = "/v2.0" if "/v2.0/" in asked.path else ""
        return {
            "tenant_discovery_endpoint": f"{self.base}/{name}{version}/.well-known/openid-configuration",
            "api-version": "1.1",
            "metadata": [{"preferred_network": host, "preferred_cache": host, "aliases": [host]}],
        }

    def require_tenant(self, name: str, *, shared: bool = False) -> None:
        if name.lower() in (self.tenant.tenant_id, self.tenant.domain.lower()):
            return
        if shared and name.lower() in SHARED_TENANTS:
            return
        raise TokenRefused(
            90002,
            "invalid_tenant",
            f"Tenant '{name}' not found. Check to make sure you have the correct tenant ID and are signing into the "
            "correct cloud. Check with your subscription administrator, this may happen if there are no active "
            "subscriptions for the tenant.",
        )

    def token(
        self, tenant_name: str, *, form: bytes, authorization: str | None, first: bool = False
    ) -> tuple[Json, str]:
        """The success body and the client id that got it; `first` is the endpoint without v2.0 in its path."""
        fields = dict(parse_qsl(form.decode("utf-8", "replace"), keep_blank_values=True))
        fields = {**clients.basic_credentials(authorization), **fields}
        if not first:
            return self._token(tenant_name, fields)
        if fields.get("grant_type") == "client_credentials":
            # The wording of this refusal is inferred from that for other missing parameters.
            required(fields, "resource")
        body, client_id = self._token(tenant_name, version_one.with_scope(fields))
        return version_one.answer(body, resource=fields.get("resource", ""), clock=self.tenant.clock), client_id

    def _token(self, tenant_name: str, fields: dict[str, str]) -> tuple[Json, str]:
        by_user = fields.get("grant_type") in (*GRANT_TYPES, "refresh_token")
        self.require_tenant(tenant_name, shared=by_user)
        grant_type = required(fields, "grant_type")
        if grant_type in GRANT_TYPES:
            return self._by_device_code(fields)
        if grant_type == "refresh_token":
            return self._by_refresh_token(fields)
        if grant_type == "client_credentials":
            return self._by_client_credentials(fields)
        raise TokenRefused(
            70003,
            "unsupported_grant_type",
            f"The app requested an unsupported grant type '{grant_type}'.",
            with_uri=False,
        )

    def _by_client_credentials(self, fields: dict[str, str]) -> tuple[Json, str]:
        client_id = required(fields, "client_id")
        scope = required(fields, "scope")
        principal = clients.client_principal(self.tenant, client_id)
        proof = clients.authenticate(self.tenant, client_id, fields, base=self.base)
        audience, resource = self._resource(scope)
        lifetime = self.tenant.settings.token_lifetime
        token = mint(
            self.key,
            clock=self.tenant.clock,
            lifetime=lifetime,
            tenant_id=self.tenant.tenant_id,
            audience=audience,
            principal=principal,
            secret_used=proof == "1",
            roles=self.tenant.granted_roles(principal["id"], resource["id"], in_tokens=True),
        )
        body = {"token_type": "Bearer", "expires_in": lifetime, "ext_expires_in": lifetime, "access_token": token}
        return body, client_id

    def _resource(self, scope: str) -> tuple[str, Json]:
        """The token's audience and the service principal that a `<resource>/.default` scope means.

        The audience is the resource as it was named, with its trailing slash ("Trailing slash and .default", page
        "Scopes and permissions in the Microsoft identity platform").
        """
        name, separator, rest = scope.strip().rpartition("/.default")
        if not separator or rest or " " in name or not name:
            raise TokenRefused(
                1002012,
                "invalid_scope",
                f"The provided value for scope {scope} is not valid. Client credential flows must have a scope value "
                "with /.default suffixed to the resource identifier (application ID URI).",
            )
        if not name.rstrip("/"):
            raise no_such_resource(name, self.tenant.tenant_id)
        return name, scopes.resource_named(self.tenant, name, base=self.base)

    # Users

    def device_code(self, tenant_name: str, *, form: bytes, first: bool = False) -> tuple[Json, str]:
        """Codes for any known client: that it is public is asked only when it polls (azure-docs issue 31986)."""
        self.require_tenant(tenant_name, shared=True)
        fields = dict(parse_qsl(form.decode("utf-8", "replace"), keep_blank_values=True))
        client_id = required(fields, "client_id")
        if first:
            required(fields, "resource")
            fields = version_one.with_scope(fields)
        scope = required(fields, "scope")
        clients.client_principal(self.tenant, client_id)
        scopes.asked(self.tenant, scope, base=self.base)
        flow = self.devices.start(client_id, scope, self.tenant.clock)
        return self.devices.answer(flow, self.base), client_id

    def decide(self, user_code: str, *, user_name: str, approve: bool) -> None:
        """What the user does on the page; a ValueError contains what is wrong with the code or the user."""
        flow = self.devices.awaiting(user_code, self.tenant.clock)
        if flow is None:
            raise ValueError("That code isn't right, has expired, or was used already.")
        user = self.user_named(user_name)
        if user is None:
            raise ValueError(f"There is no user '{user_name}' in this tenant.")
        if approve:
            principal = clients.client_principal(self.tenant, flow.client_id)
            wanted = scopes.asked(self.tenant, flow.scope, base=self.base)
            scopes.consent(self.tenant, wanted, client=principal, user_id=user["id"])
        flow.user_id, flow.approved = user["id"], approve

    def user_named(self, name: str) -> Json | None:
        """By object id or userPrincipalName."""
        wanted = name.strip().lower()
        users = self.tenant.directory.users
        user: Json | None = users.get(wanted) or users.where("userPrincipalName", wanted).first()
        return user

    def _by_device_code(self, fields: dict[str, str]) -> tuple[Json, str]:
        client_id = required(fields, "client_id")
        # "device_code" in the documentation of the v2 endpoint, "code" in that of the first one.
        code = fields.get("device_code") or required(fields, "code")
        client = clients.client_principal(self.tenant, client_id)
        proof = clients.authenticate_for_user(self.tenant, client_id, fields, base=self.base)
        flow = self.devices.redeemable(code, client_id, self.tenant.clock)
        body = self._user_answer(fields, client=client, user_id=str(flow.user_id), proof=proof, scope=flow.scope)
        self.devices.used(flow)
        return body, client_id

    def _by_refresh_token(self, fields: dict[str, str]) -> tuple[Json, str]:
        client_id = required(fields, "client_id")
        value = required(fields, "refresh_token")
        client = clients.client_principal(self.tenant, client_id)
        proof = clients.authenticate_for_user(self.tenant, client_id, fields, base=self.base)
        user_id = self.refresh_tokens.redeem(value, client_id, self.tenant.clock)
        scope = fields.get("scope") or "https://graph.microsoft.com/.default offline_access"
        body = self._user_answer(fields, client=client, user_id=user_id, proof=proof, scope=f"{scope} offline_access")
        return body, client_id

    def _user_answer(self, fields: dict[str, str], *, client: Json, user_id: str, proof: str, scope: str) -> Json:
        user = self.tenant.directory.users.get(user_id)
        if user is None:
            raise TokenRefused(50034, "invalid_grant", "The user account does not exist in the directory.")
        if user_id in self.tenant.directory.disabled_users:
            raise TokenRefused(50057, "invalid_grant", "The user account is disabled.")
        wanted = scopes.asked(self.tenant, scope, base=self.base)
        names = scopes.granted(self.tenant, wanted, client=client, user_id=user_id)
        sign_in = SignIn(client, user, proof)
        lifetime = self.tenant.settings.token_lifetime
        prefix = f"{wanted.prefix}/" if wanted.prefix else ""
        shown = [*sorted(wanted.openid - {"offline_access"}), *(f"{prefix}{name}" for name in names)]
        body: Json = {
            "token_type": "Bearer",
            "scope": " ".join([*shown, *([f"{prefix}.default"] if wanted.default else [])]),
            "expires_in": lifetime,
            "ext_expires_in": lifetime,
            "access_token": user_tokens.access_token(
                self.key, self.tenant, sign_in, audience=wanted.audience, names=names, base_claims=wanted.openid
            ),
        }
        if "offline_access" in wanted.openid:
            body["refresh_token"] = self.refresh_tokens.issue(client["appId"], user_id, self.tenant.clock)
        if "openid" in wanted.openid:
            body["id_token"] = user_tokens.id_token(self.key, self.tenant, sign_in, base=self.base)
        if fields.get("client_info") == "1":
            body["client_info"] = user_tokens.client_info(self.tenant, user)
        return body
