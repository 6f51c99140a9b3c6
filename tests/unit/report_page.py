# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The templates of the role, rendered as Ansible does, without a run of ansible-playbook for every look at the page."""

from __future__ import annotations

import typing as t
from pathlib import Path

import jinja2

from ansible_collections.email_gateway.azure_apps.plugins.filter.gateway_app_report import FilterModule
from ansible_collections.email_gateway.azure_apps.tests.unit.playbook_runner import REPOSITORY

ROLE = REPOSITORY / "roles" / "gateway_app_report"


def rendered(report: dict[str, t.Any], template: str = "report.html.j2") -> str:
    # Ansible's own settings.
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(ROLE / "templates"), trim_blocks=True, undefined=jinja2.StrictUndefined
    )
    environment.filters.update({f"email_gateway.azure_apps.{n}": f for n, f in FilterModule().filters().items()})
    environment.globals["lookup"] = lambda _name, path: Path(path).read_text().rstrip()
    return environment.get_template(template).render(__gateway_app_report_made=report, role_path=str(ROLE))
