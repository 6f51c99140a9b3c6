# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.errors import AppsError, InputError
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._report.files import (
    ReportFile,
    mode_of,
    write_report_file,
)

DIGEST = "0" * 64


def run(path: Path, text: str, *, check: bool = False, mode: int = 0o640) -> ReportFile:
    return write_report_file(str(path), text, mode=mode, check_mode=check)


def test_a_report_is_predicted_written_and_then_unchanged(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "report.txt"
    assert run(path, "one", check=True).changed
    assert not path.parent.exists()
    assert run(path, "one").changed
    assert (path.read_text(), stat.S_IMODE(path.stat().st_mode)) == ("one", 0o640)
    before = path.stat().st_ino
    again = run(path, "one")
    assert (again.changed, again.differs, path.stat().st_ino) == (False, False, before)
    assert list(path.parent.iterdir()) == [path]


def test_a_report_with_the_same_content_on_another_day_is_unchanged(tmp_path: Path) -> None:
    path = tmp_path / "report.md"
    run(path, f"<!-- content-digest {DIGEST} -->\n12 days left")
    again = run(path, f"<!-- content-digest {DIGEST} -->\n11 days left")
    assert (again.changed, again.differs) == (False, True)
    assert path.read_text().endswith("11 days left")
    assert run(path, f"<!-- content-digest {DIGEST[:-1]}1 -->\n11 days left").changed


def test_a_wrong_mode_is_corrected(tmp_path: Path) -> None:
    path = tmp_path / "report.txt"
    run(path, "one")
    assert run(path, "one", mode=0o600).changed
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("mode", ["rw", "0999", "", "4755"])
def test_an_invalid_mode_is_refused(mode: str) -> None:
    with pytest.raises(InputError, match="not a mode"):
        mode_of("mode", mode)


def test_a_folder_that_cannot_be_created_is_reported(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(AppsError, match="Could not write"):
        run(tmp_path / "file" / "report.txt", "one")
