# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The life cycle of one application in playbooks, with exact counts; expected.yml has the expected ones."""

from __future__ import annotations

import dataclasses
import typing as t

Json = dict[str, t.Any]


@dataclasses.dataclass(frozen=True)
class Step:
    """A run of one playbook, in this order."""

    name: str
    playbook: str
    variables: Json = dataclasses.field(default_factory=dict)
    arguments: tuple[str, ...] = ()


def steps(unique_name: str, *, mailbox: str) -> list[Step]:
    return [
        Step("check mode, first", "register", arguments=("--check",)),
        Step("register, first", "register"),
        Step("register, steady", "register"),
        Step("check mode, steady", "register", arguments=("--check",)),
        Step("rotate, steady", "rotate"),
        Step("rotate, now", "rotate", {"gateway_app_rotate_now": True}),
        Step("verify", "verify"),
        Step("verify a mailbox", "verify", {"gateway_app_verify_mailbox": mailbox}),
        Step("report", "report"),
        Step("retire", "retire", {"gateway_app_retire_confirmed": [unique_name]}),
    ]
