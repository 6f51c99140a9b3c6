# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: gateway_app_report
short_description: Make the report on mail gateways' applications of what was read
version_added: 1.0.0
description:
  - Puts together what M(email_gateway.azure_apps.azure_app_registration_info) read and what gateways want. It is the
    JSON output of the role C(gateway_app_report).
author:
  - email_gateway.azure_apps contributors (@email-gateway)
positional: _input
options:
  _input:
    description: Results of M(email_gateway.azure_apps.azure_app_registration_info), which may overlap.
    type: list
    elements: dict
    required: true
  gateways:
    description: What each gateway wants and its store holds, as the role C(gateway_app) tells it.
    type: list
    elements: dict
    required: true
  tag:
    description: The tag of the applications that are managed.
    type: str
    required: true
  scope:
    description: Report on managed applications, or on all that may reach mailboxes, too.
    type: str
    choices: [managed, mail]
    default: managed
  due_within_days:
    description: A credential with fewer days left is due.
    type: int
    default: 30
  unseen:
    description: Hosts of which nothing is known.
    type: list
    elements: str
    default: []
  now:
    description: The point in time of the report, with its zone. Otherwise the time at which it is made.
    type: str
"""

EXAMPLES = r"""
- name: Read all that are tagged
  email_gateway.azure_apps.azure_app_registration_info:
    tag: mail-gateway
  register: found

- name: Show what runs out next
  ansible.builtin.debug:
    msg: "{{ ([found] | email_gateway.azure_apps.gateway_app_report(gateways=[], tag='mail-gateway')).summary.next }}"
"""

RETURN = r"""
_value:
  description: The report. Its members summary, applications and gateways_without_application tell everything.
  type: dict
"""

import datetime
import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core import times
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils import _report as report_of
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils import _report_views as views

Json = dict[str, t.Any]


def _applications(results: t.Iterable[Json]) -> list[Json]:
    """Each once, with the tenant in which it was read."""
    found = (
        {**application, "tenant_id": result.get("tenant_id")}
        for result in results
        for application in result.get("applications") or ()
    )
    return list({application["client_id"]: application for application in found}.values())


def _tenant_ids(results: t.Iterable[Json]) -> list[str]:
    return sorted({str(result["tenant_id"]) for result in results if result.get("tenant_id")})


def report(
    results: t.Sequence[Json],
    *,
    gateways: t.Sequence[Json],
    tag: str,
    scope: str = "managed",
    due_within_days: int = 30,
    unseen: t.Sequence[str] = (),
    now: str | None = None,
) -> Json:
    moment = times.parse_point("now", now) if now else datetime.datetime.now(datetime.timezone.utc)
    return report_of.build(
        _applications(results),
        tenant_ids=_tenant_ids(results),
        gateways=gateways,
        tag=tag,
        scope=scope,
        due_within_days=int(due_within_days),
        now=moment,
        unseen=unseen,
    )


def unread(gateways: t.Sequence[Json], results: t.Sequence[Json]) -> list[Json]:
    return report_of.unread(gateways, _applications(results), tenant_ids=_tenant_ids(results))


def view(made: Json, form: str, style: str = "", script: str = "") -> t.Any:
    """For a template; as "csv" the text itself."""
    if form == "csv":
        return views.csv_view(made)
    if form == "markdown":
        return views.escaped(made, views.markdown_text)
    return views.html_view(made, style=style, script=script)


def failures(made: Json, within_days: int = -1, drift: bool = False) -> list[str]:
    return [views.printable(line) for line in report_of.failures(made, within_days=int(within_days), drift=drift)]


class FilterModule:
    """The report of the role gateway_app_report."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {
            "gateway_app_report": report,
            "gateway_app_report_failures": failures,
            "gateway_app_report_unread": unread,
            "gateway_app_report_view": view,
        }
