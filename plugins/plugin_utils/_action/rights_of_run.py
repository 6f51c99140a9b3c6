# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private plugin utility of email_gateway.azure_apps: it may change without notice.
"""All rights that a run of the role misses, in one sentence, after Microsoft Graph refused one request.

Only a run that has failed comes here. It asks what the entry point check_access asks; if that is not possible, the
table of rights is used for what the run needs.
"""

from __future__ import annotations

import itertools
import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.json import as_object, objects
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.lists import among, selected
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.rights import STEPS

Result = t.Mapping[str, t.Any]
ELSEWHERE = "Roles that are not active yet, custom roles and Conditional Access are not in a token."
BEFOREHAND = "The playbook email_gateway.azure_apps.check_access shows this beforehand."
# What else can be done about a step of a run that registers, or that retires, in the role's variables; by the first
# word of the step.
INSTEAD = {
    "consent": "Or set gateway_app_consent to none, and let an identity that may grant consent run the playbook"
    " email_gateway.azure_apps.consent, or name it in gateway_app_consent_environment.",
    "owners": "Or leave gateway_app_owners empty.",
    "withdraw": "Or name an identity that may withdraw consent in gateway_app_consent_environment.",
}


class Asked(t.NamedTuple):
    """An identity's steps, and what azure_operator_access_info answered: a failed result if it could not."""

    steps: tuple[str, ...]
    answer: Result

    @property
    def who(self) -> str:
        identity = as_object(self.answer.get("identity"))
        return str(identity.get("name") or identity.get("client_id") or "the identity that signs in")

    @property
    def missing(self) -> list[Result]:
        return [verdict for verdict in objects(self.answer.get("steps")) if verdict["possible"] is False]

    @property
    def is_known(self) -> bool:
        return not self.answer.get("failed") and all(map(_is_decided, self.answer["steps"]))

    @property
    def concerned(self) -> list[str]:
        """The steps that are refused, and all of them if that is not known."""
        steps = [verdict["step"] for verdict in self.missing]
        if not self.is_known:
            steps += self.steps
        return steps


def _is_decided(verdict: Result) -> bool:
    return verdict["possible"] is not None or bool(STEPS[verdict["step"]].elsewhere)


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
    sentences = list(filter(None, map(_sentence, asked)))
    if not sentences:
        needed = itertools.chain.from_iterable(one.steps for one in asked)
        return f"According to its token, nothing is missing. {_needed(needed)} {ELSEWHERE} {BEFOREHAND}"
    return " ".join([*sentences, *_instead(asked), BEFOREHAND])


def _instead(asked: t.Sequence[Asked]) -> list[str]:
    """Nothing if the run only grants consent."""
    steps: set[str] = set()
    concerned: set[str] = set()
    for one in asked:
        steps.update(map(_first_word, one.steps))
        concerned.update(map(_first_word, one.concerned))
    if steps <= {"consent"}:
        return []
    return list(selected(INSTEAD, among(INSTEAD, concerned)).values())


def _first_word(step: str) -> str:
    return step.partition("_")[0]


def _sentence(asked: Asked) -> str:
    """What an identity lacks; "" if that is nothing."""
    if not asked.steps:
        return ""
    if asked.missing:
        lacks = _by_permission((verdict["add"], verdict["does"]) for verdict in asked.missing)
        return f"In total, {asked.who} lacks {lacks} for this run."
    if asked.is_known:
        return ""
    return _needed(asked.steps)


def _needed(steps: t.Iterable[str]) -> str:
    """By the table alone: the least privileged permissions of an application."""
    purposes = []
    for name in dict.fromkeys(steps):
        step = STEPS[name]
        if step.rights:
            purposes.append((" and ".join(step.needs[0]), step.does))
    return f"As an application, this run needs in total {_by_permission(purposes)}."


def _by_permission(purposes: t.Iterable[tuple[str, str]]) -> str:
    """Each permission once, with all that it is for."""
    found: dict[str, list[str]] = {}
    for permission, does in purposes:
        found.setdefault(permission, []).append(does)
    return ", and ".join(f"{permission} (to {'; to '.join(does)})" for permission, does in found.items())
