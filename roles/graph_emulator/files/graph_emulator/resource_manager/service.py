# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where a cloud's endpoints are, which tenants the caller sees, and that there are no subscriptions.

`az cloud register`, Terraform's `metadata_host` and Azure's SDKs ask for the endpoints; `az login` asks for
subscriptions and tenants. Sources: clients that read the endpoints (azure-cli, hashicorp/go-azure-sdk,
azure-sdk-for-java), the documentation of Azure Stack Hub, the reference pages "Subscriptions - List" and "Tenants -
List", and for errors "Troubleshoot common Azure deployment errors" and public logs.
"""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from .. import catalogue, errors
from ..directory.tenant import Tenant
from ..identity import tokens

Json = dict[str, Any]
NAME = "GraphEmulator"
_VERSION = re.compile(r"(\d{4}-\d{2}-\d{2})(-\w+)?")
# The first one with a list of clouds and the first one with a single cloud; before them, the form of Azure Stack.
_LISTS, _SINGLE = "2018-05-01", "2022-09-01"


@dataclass
class Answer:
    status: int
    body: Json | list[Json]
    headers: dict[str, str]
    client_id: str | None = None


class ArmError(Exception):
    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


class ResourceManager:
    """Serves one tenant. Hold the tenant's lock while calling. The addresses are known once the emulator listens."""

    def __init__(self, tenant: Tenant, key: tokens.SigningKey) -> None:
        self.tenant = tenant
        self.key = key
        self.base = ""
        self.authority = ""
        self.graph = ""
        self.vault_suffix = ""

    def serve(self, method: str, path: str, *, query: str = "", authorization: str | None = None) -> Answer:
        headers = {"x-ms-request-id": str(uuid.uuid4()), "cache-control": "no-cache"}
        client_id = None
        try:
            version = _version(query)
            if path.rstrip("/").lower() == "/metadata/endpoints":
                return Answer(200, self.endpoints(version), headers)
            client_id = self._caller(authorization)
            if method != "GET":
                raise _not_implemented(f"{method} {path}")
            return Answer(200, self._read(path), headers, client_id)
        except ArmError as error:
            if error.status == 401:
                headers["www-authenticate"] = (
                    f'Bearer authorization_uri="{self.authority}/{self.tenant.tenant_id}", error="invalid_token", '
                    f'error_description="{error}"'
                )
            body = {"error": {"code": error.code, "message": str(error)}}
            return Answer(error.status, body, headers, client_id)

    def endpoints(self, version: str) -> Json | list[Json]:
        """Only what the emulator serves; every other service is missing, and clients report this."""
        audiences = list(catalogue.RESOURCE_MANAGER_NAMES)
        authentication = {"loginEndpoint": self.authority, "audiences": audiences}
        if version < _LISTS:
            return {
                "galleryEndpoint": "",
                "graphEndpoint": f"{self.graph}/",
                "portalEndpoint": f"{self.graph}/",
                "authentication": authentication,
            }
        cloud = {
            "portal": f"{self.graph}/",
            "authentication": {**authentication, "tenant": self.tenant.tenant_id, "identityProvider": "AAD"},
            "name": NAME,
            "suffixes": {"keyVaultDns": self.vault_suffix},
            "resourceManager": f"{self.base}/",
            "microsoftGraphResourceId": f"{self.graph}/",
        }
        return cloud if version >= _SINGLE else [cloud]

    def _caller(self, authorization: str | None) -> str:
        if not authorization:
            raise ArmError(401, "AuthenticationFailed", "Authentication failed. The 'Authorization' header is missing.")
        resource = self.tenant.service_principal_by("appId", catalogue.RESOURCE_MANAGER_APP_ID)
        names = resource["servicePrincipalNames"] if resource else []
        audiences = frozenset(name.rstrip("/") for name in names) | self.tenant.resource_manager_names
        try:
            caller = tokens.read(
                authorization,
                self.key,
                clock=self.tenant.clock,
                audiences=audiences,
                tenant_id=self.tenant.tenant_id,
            )
        except errors.GraphError as error:
            if "expired" in error.message:
                code = "ExpiredAuthenticationToken"
            elif "audience" in error.message:
                code = "InvalidAuthenticationTokenAudience"
            else:
                code = "InvalidAuthenticationToken"
            raise ArmError(401, code, _REFUSALS[code].format(names="','".join(audiences))) from error
        return caller.client_id

    def _read(self, path: str) -> Json:
        first, *rest = path.strip("/").split("/")
        if first.lower() == "subscriptions" and not rest:
            return {"value": [], "count": {"type": "Total", "value": 0}}
        if first.lower() == "subscriptions":
            raise ArmError(404, "SubscriptionNotFound", f"The subscription '{rest[0]}' could not be found.")
        if first.lower() == "tenants" and not rest:
            return {"value": [self._tenant()]}
        raise _not_implemented(path)

    def _tenant(self) -> Json:
        organization = self.tenant.directory.organization
        return {
            "id": f"/tenants/{self.tenant.tenant_id}",
            "tenantId": self.tenant.tenant_id,
            "countryCode": organization["countryLetterCode"],
            "displayName": organization["displayName"],
            "domains": [domain["name"] for domain in organization["verifiedDomains"]],
            "tenantCategory": "Home",
            "defaultDomain": self.tenant.domain,
            "tenantType": "AAD",
        }


_REFUSALS = {
    "ExpiredAuthenticationToken": "The access token expiry UTC time is earlier than current UTC time.",
    "InvalidAuthenticationTokenAudience": (
        "The access token has been obtained for wrong audience or resource. It should exactly match with one of the "
        "allowed audiences '{names}'."
    ),
    "InvalidAuthenticationToken": "The access token is invalid.",
}


def _version(query: str) -> str:
    """The date of the api-version; 1.0 is that of Azure Stack."""
    version = next((value for name, value in parse_qsl(query) if name.lower() == "api-version"), None)
    if version is None:
        raise ArmError(
            400,
            "MissingApiVersionParameter",
            "The api-version query parameter (?api-version=) is required for all requests.",
        )
    date = _VERSION.fullmatch(version)
    if date is None and version != "1.0":
        raise ArmError(400, "InvalidApiVersionParameter", f"The api-version '{version}' is invalid.")
    return date.group(1) if date else "2015-01-01"


def _not_implemented(what: str) -> ArmError:
    return ArmError(
        501,
        errors.NOT_IMPLEMENTED,
        f"The emulator does not serve '{what}' of Azure Resource Manager: it plays a tenant without subscriptions.",
    )
