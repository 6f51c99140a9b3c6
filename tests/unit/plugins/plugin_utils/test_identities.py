# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who takes which steps of a run, and with which environment."""

from __future__ import annotations

from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._action.identities import (
    CONSENT,
    MAILBOXES,
    OPERATOR,
    Identity,
    environment_of_operator,
    identities_of_run,
    other_identities,
)

PROFILE = {
    "operator_steps": ["register"],
    "consent_steps": ["consent_application"],
    "mailbox_steps": ["mailbox_scope"],
}
PROCESS = {"PATH": "/bin", "AZURE_CLIENT_ID": "process", "AZURE_SECRET": "process"}
VARIABLES = {
    OPERATOR: {"AZURE_SECRET": "operator"},
    MAILBOXES: {},
    CONSENT: {"AZURE_CLIENT_ID": "x", "AZURE_TENANT": "x"},
}
NONE: dict[str, dict[str, str]] = {}
OF_OPERATOR = {**PROCESS, **VARIABLES[OPERATOR]}
OF_CONSENT = {**OF_OPERATOR, **VARIABLES[CONSENT]}


def test_the_operator_takes_the_steps_of_those_without_an_environment_of_their_own() -> None:
    assert identities_of_run(PROFILE, VARIABLES.__getitem__, of_operator=OF_OPERATOR) == [
        Identity(OPERATOR, ("register", "mailbox_scope"), OF_OPERATOR),
        Identity(CONSENT, ("consent_application",), OF_CONSENT),
    ]


def test_the_environment_of_an_identity_without_steps_is_not_evaluated() -> None:
    """It may look up a secret that is not there yet."""
    profile = {"operator_steps": ["register"], "consent_steps": [], "mailbox_steps": []}
    assert other_identities(profile, NONE.__getitem__, of_operator=OF_OPERATOR) == []
    assert len(identities_of_run(profile, NONE.__getitem__, of_operator=OF_OPERATOR)) == 1


def test_the_environment_of_the_operator_from_a_task_of_another_identity() -> None:
    """A name that only the other identity has was not set before."""
    for module, of_task in (("azure_admin_consent", OF_CONSENT), ("azure_app_registration", OF_OPERATOR)):
        found = environment_of_operator(module, VARIABLES.__getitem__, of_task=of_task, of_process=PROCESS)
        assert found == OF_OPERATOR
