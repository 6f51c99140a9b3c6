# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The search for relative paths of the settings. Reading the files is tested in test_profile_info_task.py."""

from __future__ import annotations

from pathlib import Path

import pytest

from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._role.profile_files import (
    OWN_PLAYBOOKS,
    profile_files,
)


@pytest.mark.parametrize(
    ("playbook_dir", "folders"),
    [
        ("", ["WORKING"]),
        ("/srv/plays", ["/srv/plays", "WORKING"]),
        (str(OWN_PLAYBOOKS), ["WORKING", str(OWN_PLAYBOOKS)]),
    ],
    ids=["no playbook", "a playbook of the user", "a playbook of this collection"],
)
def test_files_are_searched_beside_the_playbook_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, playbook_dir: str, folders: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    found = profile_files(None, {"playbook_dir": playbook_dir})
    assert found.folders == tuple(str(tmp_path) if folder == "WORKING" else folder for folder in folders)
