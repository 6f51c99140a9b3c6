# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private plugin utility of email_gateway.azure_apps: it may change without notice.
"""All rights that a run of the role misses, in one sentence, after Microsoft Graph refused one request.

Only a run that has failed comes here. It asks what the entry point check_access asks; if that is not possible, the
table of rights is used for what the run needs.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.rights import STEPS

Result = t.Mapping[str, t.Any]
ELSEWHERE = "Roles that are not active yet, custom roles and Conditional Access are not in a token."
BEFOREHAND = "The playbook email_gateway.azure_apps.check_access shows this beforehand."
# What else can be done about a step of a run that registers, or that retires, in the role's variables.
INSTEAD = (
    (
        "consent_",
        "Or set gateway_app_consent to none, and let an identity that may grant consent run the playbook"
        " email_gateway.azure_apps.consent, or name it in gateway_app_consent_environment.",
    ),
    ("owners", "Or leave gateway_app_owners empty."),
    ("withdraw_", "Or name an identity that may withdraw consent in gateway_app_consent_environment."),
)


@dataclasses.dataclass(frozen=True)
class Asked:
    """An identity's steps, and what azure_operator_access_info answered: a failed result if it could not."""

    steps: tuple[str, ...]
    answer: Result

    @property
    def who(self) -> str:
        identity = self.answer.get("identity") or {}
        return str(identity.get("name") or identity.get("client_id") or "the identity that signs in")

    @property
    def missing(self) -> list[Result]:
        return [verdict for verdict in self.answer.get("steps") or () if verdict["possible"] is False]

    @property
    def is_known(self) -> bool:
        return not self.answer.get("failed") and all(
            verdict["possible"] is not None or STEPS[verdict["step"]].elsewhere for verdict in self.answer["steps"]
        )


def add_rights_of_run(result: dict[str, t.Any], ask: t.Callable[[], t.Sequence[Asked]]) -> None:
    """To the message of a failed result. ``ask`` may raise anything: the refusal itself is what the user has to see."""
    try:
        text = rights_of_run(ask())
    except Exception:  # whatever it is, it must not take the place of the refusal
        text = BEFOREHAND
    result["msg"] = f"{result['msg']} {text}"
    result["error"]["next_step"] = f"{result['error']['next_step']} {text}"


def rights_of_run(asked: t.Sequence[Asked]) -> str:
    """What is missing for the run, then what else can be done about it. Pure."""
    sentences = [sentence for one in asked for sentence in _sentences(one)]
    if not sentences:
        needed = [step for one in asked for step in one.steps]
        return f"According to its token, nothing is missing. {_needed(needed)} {ELSEWHERE} {BEFOREHAND}"
    concerned = [verdict["step"] for one in asked for verdict in one.missing]
    concerned += [step for one in asked if not one.is_known for step in one.steps]
    has_others = any(not step.startswith("consent_") for one in asked for step in one.steps)
    instead = [text for prefix, text in INSTEAD if has_others and any(step.startswith(prefix) for step in concerned)]
    return " ".join([*sentences, *instead, BEFOREHAND])


def _sentences(asked: Asked) -> list[str]:
    if not asked.steps:
        return []
    if not asked.is_known and not asked.missing:
        return [_needed(asked.steps)]
    if not asked.missing:
        return []
    purposes: dict[str, list[str]] = {}
    for verdict in asked.missing:
        purposes.setdefault(verdict["add"], []).append(verdict["does"])
    parts = [f"{add} (to {'; to '.join(does)})" for add, does in purposes.items()]
    return [f"In total, {asked.who} lacks {', and '.join(parts)} for this run."]


def _needed(steps: t.Iterable[str]) -> str:
    """By the table alone: the least privileged permissions of an application."""
    purposes: dict[str, list[str]] = {}
    for name in dict.fromkeys(steps):
        step = STEPS[name]
        if step.rights:
            purposes.setdefault(" and ".join(step.needs[0]), []).append(step.does)
    parts = [f"{permissions} (to {'; to '.join(does)})" for permissions, does in purposes.items()]
    return f"As an application, this run needs in total {', and '.join(parts)}."
