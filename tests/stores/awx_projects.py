# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Projects as AWX updates them: their playbooks are those of the last update that succeeded.

Sources, AWX 24.6.1: awx/main/models/projects.py, awx/playbooks/project_update.yml.
"""

from __future__ import annotations

import json
import typing as t

Json = dict[str, t.Any]
# AWX installs these from Galaxy at each update, even if the execution environment contains them.
REQUIREMENTS = frozenset(
    f"{folder}requirements.{ending}" for folder in ("", "collections/", "roles/") for ending in ("yml", "yaml")
)
GALAXY = "Unknown error when attempting to call Galaxy at 'https://galaxy.ansible.com/api/': <urlopen error>"
ANSI = "\x1b[0;31m{}\x1b[0m"


class Projects:
    """``repository`` has the paths in git, whose server responds if ``reachable``; ``galaxy`` is that of Galaxy."""

    def __init__(self, next_id: t.Callable[[], int]) -> None:
        self.repository: list[str] = []
        self.reachable = True
        self.galaxy = False
        self.updates: dict[int, Json] = {}
        self._next_id = next_id
        self._playbooks: dict[int, list[str]] = {}

    def playbooks_of(self, project: int) -> list[str]:
        return self._playbooks.get(project, [])

    def status_of(self, project: int) -> str:
        last = [update for update in self.updates.values() if update["unified_job_template"] == project]
        return str(last[-1]["status"]) if last else "never updated"

    def update(self, project: Json) -> Json:
        """The update has ended when this returns."""
        key, error = self._next_id(), self._error()
        self.updates[key] = {
            "id": key,
            "type": "project_update",
            "url": f"/api/v2/project_updates/{key}/",
            "name": project["name"],
            "unified_job_template": project["id"],
            "status": "failed" if error else "successful",
            "failed": bool(error),
            "finished": "2026-01-01T00:00:00Z",
            "event_processing_finished": True,
            "elapsed": 1.0,
            "started": "2026-01-01T00:00:00Z",
            "scm_revision": "0" * 40,
            "error": error,
        }
        if not error:
            self._playbooks[project["id"]] = sorted(
                path for path in self.repository if path.endswith((".yml", ".yaml")) and "/" not in path
            )
        return self.updates[key]

    def events(self, update: int) -> list[Json]:
        """With the result of the failed task."""
        error = self.updates[update]["error"]
        if not error:
            return []
        warnings = ["[DEPRECATION WARNING]: a line without information about the error"] * 40
        result: Json = {"msg": error, "rc": 1}
        if error == GALAXY:
            result = {"msg": "non-zero return code", "rc": 1, "cmd": ["ansible-galaxy", "-r", self._requirements[0]]}
            result |= {"stdout_lines": [], "stderr_lines": [*warnings, f"ERROR! {error}"]}
        result |= {"stderr": "\n".join(result.get("stderr_lines", []))}
        shown = ANSI.format(f"fatal: [localhost]: FAILED! => {json.dumps(result)}")
        return [{"event": "runner_on_failed", "stdout": shown, "event_data": {"res": result}}]

    @property
    def _requirements(self) -> list[str]:
        return sorted(REQUIREMENTS & set(self.repository))

    def _error(self) -> str:
        if not self.reachable:
            return "Failed to download remote objects and refs"
        if self._requirements and not self.galaxy:
            return GALAXY
        return ""
