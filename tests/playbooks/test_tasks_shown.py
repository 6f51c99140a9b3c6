# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The number of tasks of the role in the output of real runs."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.email_gateway.azure_apps.tests.playbooks.playbook_runner import Playbooks, Run

STEADY, EVERYTHING, OTHER = 11, 16, 9
# Ansible prints this for each task, also for its own validation, for an include and for a skipped task.
BANNER = re.compile(r"^TASK \[(?:\S+\.)?gateway_app : (.*?)\] \**$", re.MULTILINE)
OWN = "Bring it to the gateway"


def shown(run: Run) -> list[str]:
    """The tasks of the role. A task of the user's file is shown with the role's name, and is not counted."""
    return [name for name in BANNER.findall(run.ok().output) if name != OWN]


def test_a_run_shows_few_tasks(playbooks: Playbooks) -> None:
    after = playbooks.folder / "after.yml"
    after.write_text(f"- name: {OWN}\n  ansible.builtin.debug:\n    msg: done\n")
    playbooks.environ["ANSIBLE_DISPLAY_SKIPPED_HOSTS"] = "True"
    own: dict[str, t.Any] = {"gateway_app_after_new_secret": str(after)}
    everything: dict[str, t.Any] = {**own, "gateway_app_rotate_now": True, "gateway_app_overlap_days": 0}
    seen = {
        "a first run": (EVERYTHING, shown(playbooks.register(**own))),
        "a steady run": (STEADY, shown(playbooks.register(**own))),
        "a steady run without tasks of the user": (STEADY, shown(playbooks.register())),
    }
    run = playbooks.register(**everything)
    seen["a run that does everything"] = (EVERYTHING, shown(run))
    assert OWN in run.output
    assert len(playbooks.tenant.application(uniqueName="gateway")["passwordCredentials"]) == 1, "it pruned"
    for entry in ("rotate", "verify", "mailboxes", "consent", "check_access"):
        seen[entry] = (OTHER, shown(playbooks.register(entry=entry)))
    seen["retire"] = (OTHER, shown(playbooks.register(entry="retire", gateway_app_retire_confirmed=["gateway"])))
    assert playbooks.tenant.applications == []
    over = {what: f"{len(names)} > {limit}: {names}" for what, (limit, names) in seen.items() if len(names) > limit}
    assert over == {}
    assert all(names for _limit, names in seen.values()), "the names of the role's tasks have another form"
