# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private plugin utility of email_gateway.azure_apps: it may change without notice.
"""What the playbook awx_setup reads of AWX, by the lookup of awx.awx: all of its ways to sign in can be used."""

from __future__ import annotations

import typing as t

from ansible.plugins.loader import lookup_loader
from ansible.plugins.lookup import LookupBase

from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._awx.checks import PREFIX, Json, Settings

CONTROLLER_API = "awx.awx.controller_api"
MOST_CREDENTIALS = 100_000
INSTALL = (
    "Install the collection awx.awx (ansible-galaxy collection install awx.awx), and set CONTROLLER_HOST with"
    " CONTROLLER_OAUTH_TOKEN, or with CONTROLLER_USERNAME and CONTROLLER_PASSWORD, in the environment."
)

Query = t.Callable[..., list[t.Any]]


class AwxUnreadableError(Exception):
    """AWX, or the lookup that asks it, refused. The text is for a person."""

    def __init__(self, reason: object) -> None:
        super().__init__(f"AWX cannot be read: {reason} {INSTALL}")


class AwxLookup(LookupBase):  # type: ignore[misc,unused-ignore]  # ansible-core ships no types
    """What the lookup plugins of the playbook awx_setup have in common."""

    def query(self, endpoint: str, **options: t.Any) -> list[t.Any]:
        """By the lookup of awx.awx, in the place of this one. Raises AwxUnreadableError."""
        variables = self._templar.available_variables
        try:
            plugin = lookup_loader.get(CONTROLLER_API, loader=self._loader, templar=self._templar)
            if plugin is None:
                raise LookupError(f"there is no lookup plugin {CONTROLLER_API}.")
            found: list[t.Any] = plugin.run([endpoint], variables=variables, **options)
        except Exception as exc:  # of another collection, which may raise anything
            raise AwxUnreadableError(exc) from None
        return found

    def setup_variables(self) -> Json:
        """The variables of the play with the prefix, as the objects that they are: some must not be filled in."""
        variables = self._templar.available_variables
        found = {}
        for name in variables:
            if str(name).startswith(PREFIX):
                found[str(name)] = self._templar.template(variables[name])
        return found


def read_objects(query: Query, settings: Settings) -> Json:
    """What AWX has of the objects that the playbook makes or names. Raises AwxUnreadableError."""
    of_this_name = {"name__startswith": settings.prefixed("")}
    projects = _projects(query, settings)
    return {
        "organizations": query("organizations", query_params={"name": settings.organization}),
        "credential_types": query("credential_types", query_params={"name__startswith": "Entra "}, return_all=True),
        "credentials": query(
            "credentials", query_params={"page_size": 200}, return_all=True, max_objects=MOST_CREDENTIALS
        ),
        "projects": projects,
        "playbooks": _playbooks(query, projects),
        "inventories": query(
            "inventories", query_params={"name": settings.inventory_name, "organization__name": settings.organization}
        ),
        "job_templates": query("job_templates", query_params=of_this_name, return_all=True),
        "workflow_job_templates": query("workflow_job_templates", query_params=of_this_name, return_all=True),
        "provision_job_templates": query("job_templates", query_params={"name": settings.provision_job_template}),
    }


def read_playbooks(query: Query, settings: Settings) -> list[str]:
    """Those of the project, as of its last update. Raises AwxUnreadableError."""
    return _playbooks(query, _projects(query, settings))


def read_last_update(query: Query, settings: Settings) -> tuple[list[Json], list[Json]]:
    """The last update of the project, and its failed tasks. Raises AwxUnreadableError."""
    of_project = {"unified_job_template__name": settings.name, "order_by": "-id", "page_size": 1}
    updates = query("project_updates", query_params=of_project)
    if not updates:
        return [], []
    path = f"project_updates/{updates[0]['id']}/events"
    return updates, query(path, query_params={"event": "runner_on_failed"})


def _projects(query: Query, settings: Settings) -> list[Json]:
    return query("projects", query_params={"name": settings.name, "organization__name": settings.organization})


def _playbooks(query: Query, projects: list[Json]) -> list[str]:
    if not projects:
        return []
    found: list[str] = query(f"projects/{projects[0]['id']}/playbooks")[0]
    return found
