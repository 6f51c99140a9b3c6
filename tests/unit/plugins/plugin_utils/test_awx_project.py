# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The reasons why AWX could not update a project: results of failed tasks as AWX 24.6.1 was observed to show them."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._awx.project import (
    LONGEST,
    missing_playbooks,
    unusable_project,
    update_error,
)

Json = dict[str, t.Any]
WARNING = "[WARNING]: Skipping Galaxy server https://galaxy.ansible.com/. Got an\nunexpected error"
GALAXY: Json = {
    "msg": "non-zero return code",
    "cmd": ["ansible-galaxy", "collection", "install", "-r", "/data/projects/_39__x/collections/requirements.yml"],
    "stderr": f"{WARNING}\n" * 30 + "ERROR! Unknown error when attempting to call Galaxy",
}
GIT: Json = {
    "msg": "fatal: 'x.git' does not appear to be a git repository\nfatal: Could not read from remote repository.",
    "cmd": "/usr/bin/git ls-remote x.git",
    "stderr": "fatal: 'x.git' does not appear to be a git repository\n\nfatal: Could not read from remote repository.",
}


@pytest.mark.parametrize(
    ("result", "begins", "has"),
    [
        (GALAXY, "ERROR! Unknown error when attempting to call Galaxy AWX", "what collections/requirements.yml"),
        (GIT, "fatal: 'x.git' does not appear to be a git repository fatal: Could not read", ""),
        ({"msg": "Failed to download"}, "Failed to download", ""),
        ({"msg": "x" * 2 * LONGEST}, "xxx", " ..."),
    ],
)
def test_the_reason_is_the_output_of_the_program(result: Json, begins: str, has: str) -> None:
    reason = update_error([{"event_data": {"res": result}}], [{"job_explanation": ""}])
    assert reason.startswith(begins)
    assert has in reason
    assert "[WARNING]" not in reason
    assert ("remove that file" in reason) is (result is GALAXY)


def test_an_update_that_did_not_start_has_an_explanation() -> None:
    assert update_error([], [{"job_explanation": "Task was canceled."}]) == "Task was canceled."
    assert update_error([], []) == update_error([{"event_data": {}}], []) == ""


def test_an_unusable_project_is_reported_with_the_reason_and_the_next_step() -> None:
    events = [{"event_data": {"res": {"msg": "fatal: no such branch"}}}]
    problem = unusable_project("Gateways", {"msg": "The update failed"}, updates=[{}], events=events)
    assert problem.startswith(
        "The project Gateways cannot be used: The update failed fatal: no such branch Correct the"
    )
    assert "awx_setup_project_*" in problem
    assert "no answer" in unusable_project("Gateways", {}, updates=[], events=[])


def test_missing_playbooks_of_a_repository_are_named() -> None:
    assert missing_playbooks("https://git.example", ["a.yml", "b.yml"], ["b.yml", "a.yml", "c.yml"]) == ""
    problem = missing_playbooks("https://git.example", ["a.yml", "b.yml", "c.yml"], ["b.yml"])
    assert problem.startswith("The repository https://git.example lacks a.yml, c.yml. Copy docs/examples/awx_project")
