# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private plugin utility of email_gateway.azure_apps: it may change without notice.
"""Who takes the steps of a run of the role: the operator, and identities with an environment of their own."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.lists import (
    among,
    filled_members,
    selected,
    without,
)

Environ = t.Mapping[str, str]
EnvironmentOf = t.Callable[[str], Environ]  # evaluates a variable of the role, which may look up a secret
OPERATOR = "gateway_app_environment"
CONSENT = "gateway_app_consent_environment"
MAILBOXES = "gateway_app_mailbox_environment"
# By the variable with the environment of another identity: where azure_app_profile_info lists its steps.
STEPS_OF_OTHERS = {CONSENT: "consent_steps", MAILBOXES: "mailbox_steps"}
# Modules whose tasks in the role are those of another identity.
MODULES_OF_OTHERS = {"azure_admin_consent": CONSENT, "azure_app_mailbox_scope": MAILBOXES}


@dataclasses.dataclass(frozen=True)
class Identity:
    """``variable`` is the one of the role that configures its sign-in."""

    variable: str
    steps: tuple[str, ...]
    environ: Environ = dataclasses.field(repr=False)


def other_identities(
    profile: t.Mapping[str, t.Any], environment_of: EnvironmentOf, *, of_operator: Environ
) -> list[Identity]:
    """Those with steps; without an environment of their own, they sign in as the operator.

    ``profile`` is a result of azure_app_profile_info, and ``of_operator`` the environment of a task of the operator.
    """
    found = []
    for variable, steps in STEPS_OF_OTHERS.items():
        if profile.get(steps):
            environ = {**of_operator, **environment_of(variable)}
            found.append(Identity(variable, tuple(profile[steps]), environ))
    return found


def identities_of_run(
    profile: t.Mapping[str, t.Any], environment_of: EnvironmentOf, *, of_operator: Environ
) -> list[Identity]:
    """The operator first, who also takes the steps of those without an environment of their own."""
    steps = tuple(profile["operator_steps"])
    others = []
    for identity in other_identities(profile, environment_of, of_operator=of_operator):
        if environment_of(identity.variable):
            others.append(identity)
        else:
            steps += identity.steps
    return [Identity(OPERATOR, steps, of_operator), *others]


def environment_of_operator(
    module_name: str, environment_of: EnvironmentOf, *, of_task: Environ, of_process: Environ
) -> Environ:
    """From the environment of any task of the role: what another identity has of its own is as it was before."""
    variable = MODULES_OF_OTHERS.get(module_name)
    if variable is None:
        return of_task
    own = environment_of(variable)
    before = {**of_process, **environment_of(OPERATOR)}
    return selected(of_task, without(of_task, own)) | filled_members(selected(before, among(own, before)))
