# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private plugin utility of email_gateway.azure_apps: it may change without notice.
"""Why a project of AWX cannot be used: its update failed, or the repository lacks a playbook. Pure."""

from __future__ import annotations

import itertools
import re
import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.json import as_object, text_or_empty
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.lists import without

Json = dict[str, t.Any]
# How git and ansible-galaxy begin what is wrong. All before it is warnings.
ERROR = re.compile(r"(fatal|error):|ERROR!|\[ERROR\]", re.IGNORECASE)
REQUIREMENTS = re.compile(r"\b(?:(?:collections|roles)/)?requirements\.ya?ml\b")
LONGEST = 1500  # characters


def unusable_project(name: str, failure: Json, *, updates: t.Sequence[Json], events: t.Sequence[Json]) -> str:
    """``failure`` is the result of the task that made or updated the project."""
    words = [f"The project {name} cannot be used: {failure.get('msg') or 'no answer'}", update_error(events, updates)]
    step = "Correct the settings awx_setup_project_* or the repository, and run this again."
    return " ".join(filter(None, [*words, step]))


def missing_playbooks(url: str, needed: t.Iterable[str], found: t.Collection[str]) -> str:
    """Empty if the repository has all of them."""
    missing = without(needed, found)
    if not missing:
        return ""
    return (
        f"The repository {url} lacks {', '.join(missing)}. Copy docs/examples/awx_project of this version of the"
        " collection into it, and run this again."
    )


def update_error(events: t.Sequence[Json], updates: t.Sequence[Json]) -> str:
    """In the words of the program that failed. ``events`` are the failed tasks of the last update."""
    results = [as_object(as_object(event.get("event_data")).get("res")) for event in events]
    words = list(map(_words, results))
    if not results:
        words = [text_or_empty(update, "job_explanation") for update in updates]
    files: set[str] = set()
    for result in results:
        files.update(REQUIREMENTS.findall(str(result.get("cmd", ""))))
    return " ".join(filter(None, [*dict.fromkeys(words), *map(_about, sorted(files))]))


def _words(result: Json) -> str:
    lines = str(result.get("stderr") or result.get("msg") or "").splitlines()
    from_error = list(itertools.dropwhile(lambda line: not ERROR.match(line), lines))
    text = " ".join(" ".join(from_error or lines).split())
    if len(text) <= LONGEST:
        return text
    return f"{text[:LONGEST]} ..."


def _about(file: str) -> str:
    return (
        f"AWX installs what {file} in the repository lists at each update, from Ansible Galaxy. If the execution"
        " environment has the collections, remove that file; otherwise let AWX reach Galaxy or an Automation Hub."
    )
