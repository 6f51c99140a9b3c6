# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The path of the repository, and the folder in which Ansible finds it as a collection."""

from __future__ import annotations

from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
COLLECTIONS = REPOSITORY / "build" / "collections"


def files_below(folder: Path) -> dict[str, bytes]:
    """The content of each file, by its path."""
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
