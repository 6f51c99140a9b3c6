# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the command line says about the run, for ansible-playbook and for an ad-hoc command."""

from __future__ import annotations

import typing as t

import pytest
from ansible import context
from ansible.module_utils.common.collections import ImmutableDict

from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._run.folder import this_run


@pytest.mark.parametrize(
    ("arguments", "playbooks"),
    [
        ({"args": ("/srv/gateway/site.yml", "more.yml")}, ("/srv/gateway/site.yml", "more.yml")),
        ({"args": "localhost"}, ()),
        ({}, ()),
    ],
)
def test_the_hosts_of_an_ad_hoc_command_are_no_playbooks(
    monkeypatch: pytest.MonkeyPatch, arguments: dict[str, t.Any], playbooks: tuple[str, ...]
) -> None:
    monkeypatch.setattr(context, "CLIARGS", ImmutableDict(arguments))
    assert this_run({}, {}).playbooks == playbooks
