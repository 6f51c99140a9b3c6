# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A clone can be in a folder with any name: commands run with paths that Ansible can use."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

DEV = Path(__file__).resolve().parents[2] / ".ci" / "dev"
# A socket's path may have 103 characters on macOS; Python's multiprocessing appends these to the temporary folder.
LONGEST = 103 - len("/pymp-12345678/listener-12345678")


@pytest.mark.parametrize("name", ["a" * 60, "with blanks and: more", "short"])
def test_the_path_of_the_temporary_folder_is_short_and_plain(tmp_path: Path, name: str) -> None:
    clone = tmp_path / name
    (clone / ".ci").mkdir(parents=True)
    shutil.copy(DEV, clone / ".ci")
    shown = subprocess.run(
        ["sh", clone / ".ci/dev", "run", "sh", "-c", "pwd; echo $TMPDIR"], capture_output=True, text=True, check=True
    )
    root, temporary = (Path(line) for line in shown.stdout.splitlines())
    if root.is_symlink():
        root.unlink()
    assert root.name != name
    assert len(str(temporary)) <= LONGEST
    assert " " not in f"{root}{temporary}"
