# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private module utility of email_gateway.azure_apps: it may change without notice.
"""The options that several modules share, and the rules that belong to them.

The options for the sign-in all begin with C(auth_), so that they can never be mistaken for those of the application
that is managed: a module that creates client secrets must not take the operator's for its own.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.clouds import CLOUDS


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
            "mutually_exclusive": list(map(list, self.mutually_exclusive)),
            "required_one_of": list(map(list, self.required_one_of)),
            "required_together": list(map(list, self.required_together)),
            "required_if": list(map(list, self.required_if)),
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
