# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Texts that are templates, with and without ansible-core's tags for them."""

from __future__ import annotations

import typing as t

import pytest
from ansible.parsing.dataloader import DataLoader
from ansible.playbook.play import Play
from ansible.vars.manager import VariableManager

from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._run import host_variables
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._run.private_ansible import environment_around


class Template(str):
    """A text that is tagged as a template."""

    __slots__ = ()


@pytest.mark.parametrize("mark", [Template, None], ids=["newer", "before ansible-core 2.19"])
def test_every_text_is_a_template(monkeypatch: pytest.MonkeyPatch, mark: t.Any) -> None:
    monkeypatch.setattr(host_variables, "trust_as_template", mark)
    value = {"a": ["{{ b }}", 7, None], "c": True}
    trusted = host_variables._trusted(value)
    assert trusted == value
    assert isinstance(trusted["a"][0], Template) is (mark is not None)


@pytest.mark.parametrize(
    ("of_play", "found"), [({}, []), ({"environment": {"A": "{{ b }}"}}, [{"A": "{{ b }}"}])], ids=["without", "with"]
)
def test_the_environment_around_a_task_is_not_evaluated(of_play: dict[str, t.Any], found: list[t.Any]) -> None:
    content = {"hosts": "all", "gather_facts": False, "tasks": [{"name": "a task", "debug": {}}], **of_play}
    loader = DataLoader()
    play = Play.load(content, variable_manager=VariableManager(loader=loader), loader=loader)
    (task,) = [task for block in play.compile() for task in block.block if task.name == "a task"]
    assert environment_around(task) == found
