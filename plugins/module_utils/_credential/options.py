# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private module utility of email_gateway.azure_apps: it may change without notice.
"""What the credential modules can do with stores: the options that they have in common."""

from __future__ import annotations

import datetime
import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.arguments import ArgumentSpec
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.checks import check_number
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.errors import InputError
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._credential.life import Lifecycle

LONGEST_OVERLAP = 3650  # days; no source gives a limit: ours
STATES = ("present", "pruned", "absent")

STORES = ArgumentSpec(
    options={
        "stores": {"type": "list", "elements": "dict"},
        "store_path": {"type": "path"},
        "store_vault_id": {"type": "str"},
    },
)
WITH_STORES = STORES + ArgumentSpec(
    options={
        "state": {"type": "str", "choices": list(STATES), "default": "present"},
        "profile": {"type": "str"},
        "profile_info": {"type": "dict"},
        "overlap_days": {"type": "int", "default": 7},
        "rotate": {"type": "bool", "default": False},
        "verify_token": {"type": "bool", "default": True, "no_log": False},
        "token_resource": {
            "type": "str",
            "choices": ["microsoft_graph", "exchange_online"],
            "default": "microsoft_graph",
            "no_log": False,
        },
        "hand_over": {"type": "bool", "default": False},
        "sharing_hosts": {"type": "list", "elements": "str"},
        "handed_over": {"type": "bool", "default": False},
        "confirm": {"type": "list", "elements": "str"},
    },
    # None is needed in check mode, if an earlier task found no application: see application.Address.
    mutually_exclusive=(("client_id", "object_id", "unique_name"),),
    required_if=(("state", "pruned", ("stores",)),),
)


class CredentialOptions(t.NamedTuple):
    """The common options of a task with stores."""

    state: str
    profile: str
    rotate: bool
    verify_token: bool
    token_resource: str
    handed_over: bool
    confirm: t.Sequence[str] | None
    life: Lifecycle

    @classmethod
    def of(cls, params: t.Mapping[str, t.Any]) -> CredentialOptions:
        """Raises InputError."""
        overlap_days = check_number("O(overlap_days)", params["overlap_days"], lowest=0, highest=LONGEST_OVERLAP)
        return cls(
            state=params["state"],
            profile=params["profile"] or "",
            rotate=params["rotate"],
            verify_token=params["verify_token"],
            token_resource=params["token_resource"],
            handed_over=params["handed_over"],
            confirm=params["confirm"],
            life=Lifecycle(
                renew_before=datetime.timedelta(days=max(0, params["renew_before_days"])),
                overlap=datetime.timedelta(days=overlap_days),
                hand_over=params["hand_over"],
            ),
        )


def refuse_stores(params: t.Mapping[str, t.Any]) -> None:
    """Raises InputError in a module that runs as a process of its own, where Ansible's vault secrets are not."""
    for name in ("stores", "profile_info"):
        if params[name] is not None:
            raise InputError(
                f"O({name}) needs the action plugin of this module, which runs inside ansible-playbook",
                next_step="Run the module as a task of a playbook or with the command ansible.",
            )
