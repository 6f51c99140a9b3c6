# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private module utility of email_gateway.azure_apps: it may change without notice.
"""Options to typed settings. Nothing here talks to a network.

Read the module utilities in the order in which data flows: _arguments, _profiles, _auth_settings, _auth, _http,
_graph, the resources (_application, _service_principal, _permissions, _consent, _secret, _certificate,
_federated_credential, _registration_info), _plan, _module.

The options for the sign-in all begin with C(auth_), so that they can never be mistaken for those of the application
that is managed: a module that creates client secrets must not take the operator's for its own.
"""

from __future__ import annotations

import dataclasses
import os
import re
import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.clouds import CLOUDS, Cloud
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.errors import InputError

if t.TYPE_CHECKING:
    from ansible_collections.email_gateway.azure_apps.plugins.module_utils._sign_in.credentials_file import Section

GUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
TENANT = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?")
HOST_NAME = r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?"
HOST_URL = re.compile(rf"https://({HOST_NAME}|\[[0-9a-f:.]+\])(:(?P<port>[0-9]{{1,5}}))?")
# Letters of any alphabet, but no blanks, control characters or quotes that mail systems do not take either.
ADDRESS = re.compile(r"[^\s@\x00-\x1f\x7f\"<>()\[\]\\,;:/?]+@[^\s@\x00-\x1f\x7f\"'<>()\[\]\\,;:/?]+")
LONGEST_ADDRESS = 320  # characters
LONGEST_HOST_NAME = 253  # characters, of DNS
OURS = "this collection"  # whose limit it is if no source gives one
NOT_A_TENANT = frozenset({"common", "organizations", "consumers"})


@dataclasses.dataclass(frozen=True)
class ArgumentSpec:
    """A part of an argument spec together with the rules that belong to it."""

    options: dict[str, dict[str, t.Any]]
    mutually_exclusive: tuple[tuple[str, ...], ...] = ()
    required_one_of: tuple[tuple[str, ...], ...] = ()
    required_together: tuple[tuple[str, ...], ...] = ()
    required_if: tuple[tuple[t.Any, ...], ...] = ()

    def __add__(self, other: ArgumentSpec) -> ArgumentSpec:
        clash = self.options.keys() & other.options.keys()
        if clash:
            raise ValueError(f"options defined twice: {sorted(clash)}")
        return ArgumentSpec(
            options={**self.options, **other.options},
            mutually_exclusive=self.mutually_exclusive + other.mutually_exclusive,
            required_one_of=self.required_one_of + other.required_one_of,
            required_together=self.required_together + other.required_together,
            required_if=self.required_if + other.required_if,
        )

    def rules(self) -> dict[str, list[t.Any]]:
        """The rules as the keyword arguments of AnsibleModule and ArgumentSpecValidator."""
        return {
            "mutually_exclusive": [list(names) for names in self.mutually_exclusive],
            "required_one_of": [list(names) for names in self.required_one_of],
            "required_together": [list(names) for names in self.required_together],
            "required_if": [list(rule) for rule in self.required_if],
        }

    @property
    def secret_options(self) -> frozenset[str]:
        return frozenset(name for name, option in self.options.items() if option.get("no_log"))


ENDPOINT = ArgumentSpec(
    options={
        "auth_profile": {"type": "str"},
        "cloud_environment": {"type": "str", "choices": list(CLOUDS)},
        "authority_url": {"type": "str"},
        "graph_url": {"type": "str"},
        "ca_file": {"type": "path"},
        "request_timeout": {"type": "int", "default": 30},
        "wait_timeout": {"type": "int", "default": 180},
    },
)

AUTH = ArgumentSpec(
    options={
        "auth_source": {
            "type": "str",
            "choices": [
                "auto",
                "client_secret",
                "certificate",
                "federated_token",
                "managed_identity",
                "device_code",
                "access_token",
                "cli",
            ],
        },
        "auth_tenant_id": {"type": "str"},
        "auth_client_id": {"type": "str"},
        "auth_client_secret": {"type": "str", "no_log": True},
        "auth_certificate_path": {"type": "path"},
        "auth_certificate_password": {"type": "str", "no_log": True},
        "auth_certificate_send_chain": {"type": "bool"},
        "auth_federated_token": {"type": "str", "no_log": True},
        "auth_federated_token_file": {"type": "path", "no_log": False},
        "auth_access_token": {"type": "str", "no_log": True},
    },
)

APPLICATION = ArgumentSpec(
    options={
        "client_id": {"type": "str"},
        "object_id": {"type": "str"},
        "unique_name": {"type": "str"},
    },
)

ONE_APPLICATION = ArgumentSpec(
    options={},
    mutually_exclusive=(("client_id", "object_id", "unique_name"),),
    required_one_of=(("client_id", "object_id", "unique_name"),),
)

STATE = ArgumentSpec(options={"state": {"type": "str", "choices": ["present", "absent"], "default": "present"}})

# Spellings of azure.azcollection and AWX first, then those of Microsoft's own libraries.
ENVIRONMENT: dict[str, tuple[str, ...]] = {
    "auth_source": ("ANSIBLE_AZURE_AUTH_SOURCE",),
    "auth_tenant_id": ("AZURE_TENANT", "AZURE_TENANT_ID"),
    "auth_client_id": ("AZURE_CLIENT_ID",),
    "auth_client_secret": ("AZURE_SECRET", "AZURE_CLIENT_SECRET"),
    "auth_certificate_path": ("AZURE_X509_CERTIFICATE_PATH", "AZURE_CLIENT_CERTIFICATE_PATH"),
    "auth_certificate_password": ("AZURE_CLIENT_CERTIFICATE_PASSWORD",),
    "auth_certificate_send_chain": ("AZURE_CLIENT_SEND_CERTIFICATE_CHAIN",),
    "auth_federated_token": ("AZURE_FEDERATED_TOKEN",),
    "auth_federated_token_file": ("AZURE_FEDERATED_TOKEN_FILE",),
    "auth_access_token": ("AZURE_ACCESS_TOKEN",),
    "auth_profile": ("AZURE_PROFILE",),
    "cloud_environment": ("AZURE_CLOUD_ENVIRONMENT",),
    "authority_url": ("AZURE_AUTHORITY_HOST",),
    "graph_url": ("AZURE_GRAPH_URL",),
    "ca_file": ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"),
}
SECRET_VARIABLES = frozenset(variable for name in AUTH.secret_options for variable in ENVIRONMENT[name])


@dataclasses.dataclass(frozen=True)
class Endpoint:
    """Where to talk to, and for how long. Timeouts are in seconds."""

    authority: str
    graph: str
    portal: str
    ca_file: str | None
    request_timeout: int
    wait_timeout: int
    environ: t.Mapping[str, str] = dataclasses.field(repr=False, default_factory=dict)
    resource_other_than_graph: str | None = None

    @property
    def resource(self) -> str:
        """What the operator's token is for."""
        return self.resource_other_than_graph or self.graph

    @property
    def cloud(self) -> Cloud | None:
        """The national cloud; None for a pair of other hosts."""
        ours = (self.authority, self.graph)
        return next((cloud for cloud in CLOUDS.values() if (cloud.authority, cloud.graph) == ours), None)


def pick(
    name: str, params: t.Mapping[str, t.Any], environ: t.Mapping[str, str], section: Section | None = None
) -> str | None:
    """The option, else what a section of ~/.azure/credentials or the environment says; a blank is unset.

    A section that an option names goes before the environment. Otherwise it is one of several spellings, and two with
    different values are a contradiction, never a silent choice. Raises InputError.
    """
    option = filled(params.get(name))
    if option is not None:
        return option
    of_section = section.values.get(name) if section is not None else None
    if section is not None and section.before_environment and of_section is not None:
        return of_section
    found = {variable: value for variable in ENVIRONMENT[name] if (value := filled(environ.get(variable)))}
    is_path = ({**AUTH.options, **ENDPOINT.options}[name]).get("type") == "path"
    for variable, value in found.items():
        check_characters(variable, value, is_path=is_path)
    told = {f"the environment variable {variable}": value for variable, value in found.items()}
    if section is not None and of_section is not None:
        told[section.title] = of_section
    if name != "ca_file" and len(set(told.values())) > 1:
        of_variables = len(told) == len(found)
        raise InputError(
            f"The environment variables {' and '.join(found)} contradict each other"
            if of_variables
            else f"{' and '.join(told)} contradict each other about {name}",
            next_step=f"Unset one of them, or set the option {name}.",
        )
    return next(iter(told.values()), None)


def endpoint_settings(
    params: t.Mapping[str, t.Any], environ: t.Mapping[str, str], section: Section | None = None
) -> Endpoint:
    """Which cloud, or which custom pair of hosts; ``section`` is the one of ~/.azure/credentials that counts.

    Raises InputError where names and hosts of different clouds are mixed.
    """
    name = pick("cloud_environment", params, environ, section)
    if name is not None and name not in CLOUDS:
        raise InputError(
            f"{known_as('cloud_environment', section)} is {shown(name)}, which is not a known national cloud",
            next_step=f"Use one of {', '.join(CLOUDS)}.",
        )
    authority = _host_url("authority_url", pick("authority_url", params, environ))
    graph = _host_url("graph_url", pick("graph_url", params, environ))
    if authority is None and filled(environ.get("AZURE_ADFS_AUTHORITY_URL")):
        raise InputError(
            "AZURE_ADFS_AUTHORITY_URL is set, which is not supported here",
            next_step="Unset it. For an endpoint of your own, set authority_url together with graph_url.",
        )
    authority = next((c.authority for c in CLOUDS.values() if authority in c.authority_aliases), authority)
    if name is None:
        # A host of one of our clouds names the cloud; of those that share a sign-in host, the first.
        fitting = (n for n, c in CLOUDS.items() if graph == c.graph or (graph is None and authority == c.authority))
        name = next(fitting, None)
    cloud = CLOUDS[name or "AzureCloud"]
    of_cloud = (authority or cloud.authority, graph or cloud.graph) == (cloud.authority, cloud.graph)
    known = {c.authority for c in CLOUDS.values()} | {c.graph for c in CLOUDS.values()}
    custom = name is None and authority is not None and graph is not None and not {authority, graph} & known
    if not of_cloud and not custom:
        told = {"cloud_environment": name, "authority_url": authority, "graph_url": graph}
        raise InputError(
            "These do not belong together: " + ", ".join(f"{name} {value}" for name, value in told.items() if value),
            next_step="Set cloud_environment alone, or authority_url together with graph_url for an endpoint that is"
            " none of the national clouds.",
        )
    authority, graph = (authority, graph) if custom and authority and graph else (cloud.authority, cloud.graph)
    ca_file = pick("ca_file", params, environ)
    if ca_file is not None and not os.path.isfile(ca_file):
        raise InputError(
            f"{known_as('ca_file')} is {shown(ca_file)}, which is not a file",
            next_step="Set it to a file with certificates in PEM form, or unset it.",
        )
    return Endpoint(
        authority=authority,
        graph=graph,
        portal=cloud.portal,
        ca_file=ca_file,
        request_timeout=positive("request_timeout", params),
        wait_timeout=positive("wait_timeout", params),
        environ=dict(environ),
    )


def check_characters(name: str, value: t.Any, *, is_path: bool = False) -> None:
    """Raises InputError where a text, also one inside a list or a dict, cannot be written in UTF-8 or holds a NUL.

    Names of files need not be UTF-8: Python holds their other bytes as halves of characters.
    """
    if isinstance(value, t.Mapping):
        value = [*value, *value.values()]
    if isinstance(value, (list, tuple)):
        for item in value:
            check_characters(name, item, is_path=is_path)
    elif isinstance(value, str):
        try:
            sound = b"\0" not in (os.fsencode(value) if is_path else value.encode())
        except UnicodeEncodeError:
            sound = False
        if not sound:
            raise InputError(
                f"{name} holds a NUL character or half of a character (a lone surrogate)",
                next_step=f"Remove it from {name}; a file that it comes from may not be in UTF-8.",
            )


def check_guid(name: str, value: str) -> str:
    if not GUID.fullmatch(value):
        raise InputError(f"{name} is {shown(value)}, which is not a GUID", next_step=f"Set {name} to a GUID.")
    return value.lower()


def check_tenant(name: str, value: str) -> str:
    if not TENANT.fullmatch(value) or value.lower() in NOT_A_TENANT:
        raise InputError(
            f"{name} is {shown(value)}, which names no single tenant",
            next_step=f"Set {name} to the tenant id (a GUID) or to one of the tenant's verified domain names.",
        )
    return value


def check_text(name: str, value: str, *, longest: int, limit_of: str = "Entra ID") -> str:
    """One line of text, as directory names are: not blank, not too long, no control characters.

    ``limit_of`` says whose limit ``longest`` is: no source gives one for each text.
    """
    if not value.strip():
        raise InputError(f"{name} is blank", next_step=f"Give {name} a value.")
    if len(value) > longest:
        raise InputError(
            f"{name} has {len(value)} characters; {limit_of} allows {longest}", next_step=f"Shorten {name}."
        )
    if any(ord(character) < 32 or ord(character) == 127 for character in value):
        raise InputError(f"{name} holds a control character", next_step=f"Remove it from {name}.")
    return value


def check_mailbox(name: str, value: str) -> str:
    """A mailbox by its address. What is no address could change the meaning of what it is written into."""
    text = value.strip()
    if not ADDRESS.fullmatch(text) or len(text) > LONGEST_ADDRESS:
        raise InputError(
            f"{name} is {shown(value)}, which is not the address of a mailbox", next_step="Write it as name@domain."
        )
    return text


def positive(name: str, params: t.Mapping[str, t.Any]) -> int:
    value = int(params[name])
    if not 0 < value <= 3600:
        raise InputError(f"{name} is {value}", next_step=f"Set {name} to a number of seconds from 1 to 3600.")
    return value


def shown(value: str) -> str:
    """A value from a user inside a message: quoted and not endless."""
    return repr(value if len(value) <= 80 else value[:77] + "...")


def known_as(option: str, section: Section | None = None) -> str:
    """An option together with whatever else may have been set instead."""
    others = [*ENVIRONMENT[option], *([section.title] if section and option in section.values else [])]
    return f"{option} ({' or '.join(others)})"


def filled(value: t.Any) -> str | None:
    return value if isinstance(value, str) and value.strip() else None


def host_url(name: str, value: str) -> str:
    """An option with the address of an https host, in one form. Raises InputError."""
    text = value.strip().rstrip("/").lower()
    match = HOST_URL.fullmatch(text)
    if match is None or not 0 < int(match["port"] or 443) < 65536:
        raise InputError(
            f"{name} is not the address of an https host",  # not shown: it may hold a password
            next_step="Set it to https://HOST or https://HOST:PORT, with nothing behind it.",
        )
    return text


def _host_url(name: str, value: str | None) -> str | None:
    if value is None:
        return None
    text = value.strip().rstrip("/").lower()
    if name == "authority_url" and "://" not in text:
        text = f"https://{text}"  # the SDKs' AZURE_AUTHORITY_HOST may be a bare host name
    return host_url(known_as(name), text)
