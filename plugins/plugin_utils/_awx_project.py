# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private plugin utility of email_gateway.azure_apps: it may change without notice.
"""Why AWX could not update a project, in the words of the program that failed. Pure."""

from __future__ import annotations

import re
import typing as t

Json = dict[str, t.Any]
# How git and ansible-galaxy begin what is wrong. All before it is warnings.
ERROR = re.compile(r"(fatal|error):|ERROR!|\[ERROR\]", re.IGNORECASE)
REQUIREMENTS = re.compile(r"\b(?:(?:collections|roles)/)?requirements\.ya?ml\b")
LONGEST = 1500  # characters


def awx_project_error(events: t.Sequence[Json], updates: t.Sequence[Json]) -> str:
    """``events`` are the failed tasks of the update, ``updates`` the update itself, as the API of AWX shows them."""
    results = [(event.get("event_data") or {}).get("res") or {} for event in events]
    words = [_words(result) for result in results] or [str(update.get("job_explanation") or "") for update in updates]
    files = {found for result in results for found in REQUIREMENTS.findall(str(result.get("cmd", "")))}
    return " ".join(filter(None, [*dict.fromkeys(words), *map(_about, sorted(files))]))


def _words(result: Json) -> str:
    lines = str(result.get("stderr") or result.get("msg") or "").splitlines()
    first = next((number for number, line in enumerate(lines) if ERROR.match(line)), 0)
    text = " ".join(" ".join(lines[first:]).split())
    return text if len(text) <= LONGEST else f"{text[:LONGEST]} ..."


def _about(file: str) -> str:
    return (
        f"AWX installs what {file} in the repository lists at each update, by Ansible Galaxy. If the execution"
        " environment has the collections, remove that file; otherwise let AWX reach Galaxy or an Automation Hub."
    )
