# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Why AWX could not update a project: results of failed tasks as AWX 24.6.1 was seen to show them."""

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
def test_the_reason_is_what_the_program_says(result: Json, begins: str, has: str) -> None:
    reason = update_error([{"event_data": {"res": result}}], [{"job_explanation": ""}])
    assert reason.startswith(begins)
    assert has in reason
    assert "[WARNING]" not in reason
    assert ("remove that file" in reason) is (result is GALAXY)


def test_an_update_that_did_not_start_has_an_explanation() -> None:
    assert update_error([], [{"job_explanation": "Task was canceled."}]) == "Task was canceled."
    assert update_error([], []) == update_error([{"event_data": {}}], []) == ""


def test_a_project_that_cannot_be_used_is_named_with_the_reason_and_the_next_step() -> None:
    events = [{"event_data": {"res": {"msg": "fatal: no such branch"}}}]
    told = unusable_project("Gateways", {"msg": "The update failed"}, updates=[{}], events=events)
    assert told.startswith("The project Gateways cannot be used: The update failed fatal: no such branch Correct the")
    assert "awx_setup_project_*" in told
    assert "no answer" in unusable_project("Gateways", {}, updates=[], events=[])


def test_the_playbooks_that_a_repository_lacks() -> None:
    assert missing_playbooks("https://git.example", ["a.yml", "b.yml"], ["b.yml", "a.yml", "c.yml"]) == ""
    told = missing_playbooks("https://git.example", ["a.yml", "b.yml", "c.yml"], ["b.yml"])
    assert told.startswith("The repository https://git.example lacks a.yml, c.yml. Copy docs/examples/awx_project")
