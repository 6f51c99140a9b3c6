# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An event source of ansible-rulebook: client secrets and certificates that expire soon."""

from __future__ import annotations

import asyncio
import importlib
import logging
import os
import sys
import typing as t
from pathlib import Path

DOCUMENTATION = r"""
---
short_description: Send an event for each client secret or certificate that expires soon
version_added: 1.0.0
description:
  - Polls applications of Microsoft Entra ID, and sends an event for each client secret and each certificate that has
    fewer than O(days) left or has expired, and for each application that has no credential.
  - An event is sent at each poll until the credential is no longer due. So a failed rotation is tried again, and a
    restart loses nothing. A rule needs a C(throttle) with a time that is shorter than O(interval).
  - If there is a newer client secret or certificate with the same description, the older one counts as replaced, and no
    event is sent for it.
  - Only reads. The application permission C(Application.Read.All) of Microsoft Graph is enough. No event and no log
    contains a secret or a token.
  - Invalid arguments end the source immediately. If the tenant cannot be read, the source reports it, and continues at
    the next poll.
author:
  - email_gateway.azure_apps contributors (@email-gateway)
options:
  tags:
    description:
      - Poll all applications with one of these tags.
      - If neither this nor O(unique_names) nor O(client_ids) is set, it is the tag C(email_gateway.azure_apps), which
        the role C(gateway_app) sets.
    type: list
    elements: str
  unique_names:
    description: Poll the applications with these unique names, even if they have none of the tags.
    type: list
    elements: str
  client_ids:
    description: Poll the applications with these client ids, even if they have none of the tags.
    type: list
    elements: str
  days:
    description:
      - A credential with fewer days left is due. Set C(gateway_app_secret_renew_before_days) of the role to the same
        number, so that a rotation renews it.
    type: int
    default: 30
  interval:
    description: Seconds between two polls, from 1 to 86400.
    type: int
    default: 3600
  auth_source:
    description:
      - How to sign in to Microsoft Graph, as for the modules of this collection.
      - If not set, the environment variable E(ANSIBLE_AZURE_AUTH_SOURCE) is used, else V(auto).
    type: str
    choices: [auto, client_secret, certificate, federated_token, managed_identity, access_token, cli]
  auth_tenant_id:
    description: The tenant. If not set, E(AZURE_TENANT) or E(AZURE_TENANT_ID) is used.
    type: str
  auth_client_id:
    description: The client id of the application to sign in as. If not set, E(AZURE_CLIENT_ID) is used.
    type: str
  auth_client_secret:
    description: Its client secret. If not set, E(AZURE_SECRET) or E(AZURE_CLIENT_SECRET) is used.
    type: str
  auth_certificate_path:
    description:
      - A file with its private key and certificate.
      - If not set, E(AZURE_X509_CERTIFICATE_PATH) or E(AZURE_CLIENT_CERTIFICATE_PATH) is used.
    type: path
  auth_certificate_password:
    description: The password of that file. If not set, E(AZURE_CLIENT_CERTIFICATE_PASSWORD) is used.
    type: str
  auth_certificate_send_chain:
    description: Send the certificates of that file along. If not set, E(AZURE_CLIENT_SEND_CERTIFICATE_CHAIN) is used.
    type: bool
  auth_federated_token:
    description: A token of an issuer that the application trusts. If not set, E(AZURE_FEDERATED_TOKEN) is used.
    type: str
  auth_federated_token_file:
    description: A file with such a token, read for each sign-in. If not set, E(AZURE_FEDERATED_TOKEN_FILE) is used.
    type: path
  auth_access_token:
    description:
      - An access token for Microsoft Graph. If not set, E(AZURE_ACCESS_TOKEN) is used.
      - It expires after about an hour, so it is not suitable for a source that runs for days.
    type: str
  auth_profile:
    description: A section of C(~/.azure/credentials). If not set, E(AZURE_PROFILE) is used.
    type: str
  cloud_environment:
    description:
      - The national cloud of the tenant. If not set, E(AZURE_CLOUD_ENVIRONMENT) is used, or the section of
        O(auth_profile), else V(AzureCloud).
    type: str
    choices: [AzureCloud, AzureUSGovernment, AzureUSGovernmentDoD, AzureChinaCloud]
  authority_url:
    description: The sign-in host of another endpoint. If not set, E(AZURE_AUTHORITY_HOST) is used.
    type: str
  graph_url:
    description: The Microsoft Graph host of another endpoint. If not set, E(AZURE_GRAPH_URL) is used.
    type: str
  ca_file:
    description: A file with certificate authorities. If not set, E(REQUESTS_CA_BUNDLE) or E(SSL_CERT_FILE) is used.
    type: path
  request_timeout:
    description: Seconds to wait for one answer, from 1 to 3600.
    type: int
    default: 30
  wait_timeout:
    description:
      - Seconds that one poll may wait for a tenant that throttles or does not answer, from 1 to 3600.
      - The default is lower than for the modules, since the next poll tries again.
    type: int
    default: 60
requirements:
  - ansible-core >= 2.16.3
  - requests >= 2.28
  - msal >= 1.23
notes:
  - The requirements must be installed for the Python that runs C(ansible-rulebook).
"""

EXAMPLES = r"""
- name: Secrets of the mail gateways' applications
  email_gateway.azure_apps.app_secret_expiry:
    days: 30
    interval: 3600

- name: Two applications of a customer's tenant, as the identity of that tenant
  email_gateway.azure_apps.app_secret_expiry:
    unique_names:
      - mail-gateway-vienna
      - mail-gateway-graz
    auth_tenant_id: contoso.example
    auth_client_id: "{{ contoso_client_id }}"
    auth_client_secret: "{{ contoso_client_secret }}"
"""

NAME = "email_gateway.azure_apps.app_secret_expiry"
UTILITIES = "ansible_collections.email_gateway.azure_apps.plugins.module_utils"
LONGEST_INTERVAL = 86400  # seconds
logger = logging.getLogger(NAME)


async def main(queue: asyncio.Queue[t.Any], args: dict[str, t.Any]) -> None:
    """Poll, send what is due, wait, and repeat without end.

    Raises ValueError for invalid arguments, RuntimeError if a library is missing.
    """
    expiry = Expiry(args)
    while True:
        # A poll waits for the network, so it runs outside of the event loop that all sources share.
        for event in await asyncio.to_thread(expiry.look):
            await queue.put({"app_secret_expiry": event})
        await asyncio.sleep(expiry.interval)


class Expiry:
    """The polls of one source, which share one sign-in."""

    def __init__(self, args: dict[str, t.Any]) -> None:
        """Sends nothing. Raises ValueError, RuntimeError."""
        find_collection()
        self._expiry = importlib.import_module(f"{UTILITIES}._report.expiry")
        self._module = importlib.import_module(f"{UTILITIES}._graph.module")
        self._errors = importlib.import_module(f"{UTILITIES}._core.errors")
        spec = argument_spec()
        try:
            self._params = importlib.import_module(f"{UTILITIES}._core.validation").validated(
                spec, args, name=NAME, see=f"the documentation of {NAME}"
            )
            self.interval: int = self._params["interval"]
            if not 0 < self.interval <= LONGEST_INTERVAL:
                raise self._errors.InputError(
                    f"interval is {self.interval}", next_step=f"Set it to seconds from 1 to {LONGEST_INTERVAL}."
                )
            self._expiry.Selection.of(self._params)
        except self._errors.AppsError as exc:
            raise ValueError(exc.describe(lambda value: value)["msg"]) from None  # masked by validated
        self._memory = importlib.import_module(f"{UTILITIES}._core.run_memory").ProcessMemory()
        self._look = self._module.Module(argument_spec=spec, run=self._expiry.look)
        # The same for what signs in, with its secrets masked.
        refused = self._module.Module(argument_spec=spec, run=check_sign_in).execute(self._call())
        if refused.get("failed"):
            raise ValueError(refused["msg"])

    def look(self) -> list[dict[str, t.Any]]:
        """The events of one poll. Raises RuntimeError if a library is missing."""
        result = self._look.execute(self._call())
        if not result.get("failed"):
            found: list[dict[str, t.Any]] = result["found"]
            return found
        if result["error"]["kind"] == "missing_library":
            raise RuntimeError(result["msg"])
        logger.warning("%s, next poll in %s s: %s", NAME, self.interval, result["msg"])
        return [{**self._expiry.FINDING, "state": "error", "message": result["msg"], "error": result["error"]}]

    def _call(self) -> t.Any:
        call = importlib.import_module(f"{UTILITIES}._graph.call").Call
        return call(params=self._params, check_mode=True, environ=os.environ, memory=self._memory)


def argument_spec() -> t.Any:
    """Only after find_collection."""
    arguments = importlib.import_module(f"{UTILITIES}._core.arguments")
    lists = importlib.import_module(f"{UTILITIES}._core.lists")
    expiry = importlib.import_module(f"{UTILITIES}._report.expiry")
    endpoint = arguments.ArgumentSpec(
        options={**arguments.ENDPOINT.options, "wait_timeout": {"type": "int", "default": 60}}
    )
    # An event source cannot sign in with a device code.
    ways = lists.without(arguments.AUTH.options["auth_source"]["choices"], ("device_code",))
    auth = arguments.ArgumentSpec(options={**arguments.AUTH.options, "auth_source": {"type": "str", "choices": ways}})
    own = arguments.ArgumentSpec(options={"interval": {"type": "int", "default": 3600}})
    return expiry.SELECTION + own + auth + endpoint


def check_sign_in(call: t.Any) -> dict[str, t.Any]:
    """Raises AppsError before anything is sent."""
    call.validate_sign_in()
    importlib.import_module(f"{UTILITIES}._http.client").import_library("requests")
    return {"changed": False}


def find_collection() -> None:
    """Make ``ansible_collections`` importable, from the folder that this file is in.

    ansible-rulebook runs a source by its path, in a process without Ansible's loader of collections.

    Raises RuntimeError.
    """
    folders = Path(__file__).absolute().parents
    home = folders[min(6, len(folders) - 1)]
    if home.name == "ansible_collections":
        if str(home.parent) not in sys.path:
            sys.path.insert(0, str(home.parent))  # first, so that no other release of the collection is taken
        importlib.invalidate_caches()
        package = importlib.import_module("ansible_collections")
        if str(home) not in package.__path__:  # a package that the Python package "ansible" brought along
            package.__path__.insert(0, str(home))
    try:
        importlib.import_module(f"{UTILITIES}._graph.module")
    except ImportError as exc:
        what = f"the collection of {NAME}"
        if str(exc.name).partition(".")[0] == "ansible":
            what = "ansible-core"
        raise RuntimeError(
            f"{what} cannot be imported by {sys.executable}: {exc}. Install it for the Python of ansible-rulebook."
        ) from None
