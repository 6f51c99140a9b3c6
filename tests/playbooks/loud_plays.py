# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Plays for runs with maximum verbosity, and the signs of such a run."""

from __future__ import annotations

import typing as t

from ansible_collections.email_gateway.azure_apps.tests.playbooks.playbook_runner import Playbooks, Run

PREFIX = "email_gateway.azure_apps."
Task = dict[str, t.Any]


def play_tasks(playbooks: Playbooks, tasks: list[Task], *arguments: str, environ: t.Any = None, **play: t.Any) -> Run:
    whole = {"hosts": "localhost", "gather_facts": False, **play, "tasks": tasks}
    return playbooks.run([whole], *arguments, environ=environ)


def role_task(playbooks: Playbooks, **variables: t.Any) -> Task:
    return {
        "ansible.builtin.include_role": {"name": f"{PREFIX}gateway_app"},
        "vars": {
            "gateway_app_profile": "outbound_smtp",
            "gateway_app_display_name": "Gateway",
            "gateway_app_unique_name": "gateway",
            "gateway_app_store_path": str(playbooks.store),
            "gateway_app_wait_timeout": 5,
            **variables,
        },
    }


def rescued(task: Task) -> Task:
    """As a user who looks for the cause of a failure."""
    # fmt: off
    return {
        "block": [task],
        "rescue": [
            {"ansible.builtin.debug": {"var": "ansible_failed_result"}},
            # For a task of Ansible's own, these two contain the text of the play, templated.
            {"ansible.builtin.debug": {"msg": "{{ ansible_failed_task | dict2items | rejectattr('key', 'in', own) }}"},
             "vars": {"own": ["module_defaults", "environment"]}},
        ],
    }
    # fmt: on


def wrote_all(playbooks: Playbooks) -> None:
    for name in ("ansible.log", "everything.jsonl"):
        assert (playbooks.folder / name).stat().st_size > 1000, name
