# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import datetime
import itertools
import json
import typing as t
from pathlib import Path

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.arguments import (
    AUTH,
    ENDPOINT,
    ArgumentSpec,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.errors import AppsError
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.lists import filled_members, selected
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.names import render
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.printable import printable
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.call import Call
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.module import Module
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._report.build import build
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._report.csv_view import csv_view
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._report.files import mode_of, write_report_file
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._report.problems import failures, line
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._report.structure import (
    Problem,
    ReadApplication,
    Report,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._report.summary import without_names
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._report.tenant import (
    ReadTenant,
    read_tenant,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._resources.registration_info import (
    all_applications,
)
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._action.controller_action import ControllerAction
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._report.hosts import (
    OPTION_NAMES,
    HostReader,
    Hosts,
)
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._report.page import html_page, markdown_page
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._role.profile_files import profile_files
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._run.host_variables import PlayVariables

OWN = ArgumentSpec(
    options={
        "scope": {"type": "str", "choices": ["managed", "mail"], "default": "managed"},
        "tag": {"type": "str", "default": "email_gateway.azure_apps"},
        "due_within_days": {"type": "int", "default": 30},
        "html_path": {"type": "path"},
        "csv_path": {"type": "path"},
        "json_path": {"type": "path"},
        "markdown_path": {"type": "path"},
        "mode": {"type": "str", "default": "0640"},
        "fail_within_days": {"type": "int", "default": -1},
        "fail_on_drift": {"type": "bool", "default": False},
        "fail_each_host": {"type": "bool", "default": False},
    },
)
SPEC = OWN + AUTH + ENDPOINT
REPORT_TASKS = Path(__file__).resolve().parents[2] / "roles" / "gateway_app_report" / "tasks"
MOST_LISTED = 20  # in the message of a failure
NEXT_STEP = "Follow the advice after each problem."


class ActionModule(ControllerAction):
    """Runs the module azure_app_report on the controller, once for all hosts of the play."""

    module_name = "azure_app_report"

    def module(self) -> Module:
        return Module(argument_spec=SPEC, run=self._report)

    def _option_names(self) -> t.Mapping[str, str]:
        if not self._is_below(REPORT_TASKS):
            return {}
        return {name: f"gateway_app_report_{name}" for name in OWN.options}

    def _report(self, call: Call) -> dict[str, t.Any]:
        params = call.params
        mode = mode_of("O(mode)", params["mode"])
        all_applications(params["tag"])  # raises InputError, before the sign-in
        hosts, report = self._built(call)
        texts: dict[str, str] = {}
        begin = "No gateway could be checked. "
        if hosts.tenants:  # an empty report would replace a useful one
            texts, begin = _texts(report, params), ""
        files = [write_report_file(path, text, mode=mode, check_mode=call.check_mode) for path, text in texts.items()]
        problems = failures(
            report, within_days=params["fail_within_days"], drift=params["fail_on_drift"], failed=hosts.failed
        )
        found = _lines(problems)
        paths = [file.path for file in files]
        result = {
            "changed": any(file.changed for file in files),
            "verdict": report["verdict"],
            "lines": _last_lines(report, paths),
            "summary": without_names(report["summary"]),
            "failures": len(found),
            "failure_list": found,
            "failures_by_host": _by_host(problems, elsewhere=str(self._task_vars["inventory_hostname"])),
            "digest": report["digest"],
            "files": paths,
            "diff": [file.diff() for file in files],
        }
        if found and not params["fail_each_host"]:
            result |= _failure(f"{begin}{_message(found)}")
        return result

    def _built(self, call: Call) -> tuple[Hosts, Report]:
        """What was read of many applications is not in memory any more when the views are made."""
        params = call.params
        variables = PlayVariables(self, task=self._task, task_vars=self._task_vars, role="gateway_app")
        files = profile_files(self._loader, self._task_vars)
        tag = None
        if params["scope"] == "managed":
            tag = params["tag"]
        reader = HostReader(call, variables, files=files, task_vars=self._task_vars)
        try:
            hosts = reader.read()
            tenants = _read_tenants(hosts, reader, tag=tag)
        finally:
            reader.close()
        applications: list[ReadApplication] = []
        deleted: set[tuple[str, str, str]] = set()
        names = {}
        for tenant_id, tenant in tenants.items():
            applications += tenant.applications
            deleted |= tenant.deleted
            names[tenant_id] = tenant.display_name
        report = build(
            applications,
            tenants=names,
            gateways=hosts.gateways,
            tag=params["tag"],
            scope=params["scope"],
            due_within_days=params["due_within_days"],
            now=datetime.datetime.now(datetime.timezone.utc),
            skipped=hosts.skipped,
            deleted=deleted,
        )
        return hosts, report


def _read_tenants(hosts: Hosts, reader: HostReader, *, tag: str | None) -> dict[str, ReadTenant]:
    """A tenant that cannot be read hides no other; its gateways are then not looked at."""
    found: dict[str, ReadTenant] = {}
    for tenant_id, tenant in list(hosts.tenants.items()):
        try:
            found[tenant_id] = read_tenant(tenant.call, tenant.gateways, tag=tag)
        except AppsError as exc:
            if not tenant.gateways:
                raise
            del hosts.tenants[tenant_id]
            for gateway in tenant.gateways:
                hosts.fail(gateway.host, reader.reason(exc))
    return found


def _lines(problems: t.Iterable[Problem]) -> list[str]:
    """Each problem and what to do; hosts that were not looked at for the same reason share a line."""
    hosts: dict[str, list[str]] = {}
    for problem in problems:
        text = _line(problem)
        if problem["kind"] == "not_looked_at":
            host = str(problem["host"])
            hosts.setdefault(text.removeprefix(f"{host} was "), []).append(host)
        else:
            hosts[text] = []
    return list(itertools.starmap(_with_hosts, hosts.items()))


def _with_hosts(text: str, hosts: list[str]) -> str:
    if not hosts:
        return text
    if len(hosts) == 1:
        return f"{hosts[0]} was {text}"
    return f"{', '.join(hosts)} were {text}"


def _by_host(problems: t.Iterable[Problem], *, elsewhere: str) -> dict[str, str]:
    """For each host what it has to fail with; ``elsewhere`` is charged with what concerns no host of the play."""
    lines: dict[str, list[str]] = {}
    for problem in problems:
        lines.setdefault(problem["host"] or elsewhere, []).append(_line(problem))
    return {host: _message(found) for host, found in lines.items()}


def _line(problem: Problem) -> str:
    """On one line."""
    text = printable(render(f"{line(problem).rstrip('.')}. {problem['next_step']}".rstrip(), OPTION_NAMES))
    return text.rstrip(".")


def _last_lines(report: Report, paths: t.Sequence[str]) -> list[str]:
    """For a person, at the end of a run."""
    verdict = report["verdict"]
    return [verdict["headline"], *verdict["more"], *map("Report: {}".format, paths)]


def _texts(report: Report, params: t.Mapping[str, t.Any]) -> dict[str, str]:
    """The text for each path that is given."""
    views: dict[str, t.Callable[[Report], str]] = {
        "html_path": html_page,
        "csv_path": csv_view,
        "json_path": _json,
        "markdown_path": markdown_page,
    }
    paths = filled_members(selected(params, views))
    return {path: views[option](report) for option, path in paths.items()}


def _json(report: Report) -> str:
    return json.dumps(report, indent=4) + "\n"


def _failure(message: str) -> dict[str, t.Any]:
    """The task fails, and its result is complete all the same."""
    error = {"kind": "report", "status": None, "code": None, "request_id": None, "next_step": NEXT_STEP}
    return {"failed": True, "msg": f"{message} {NEXT_STEP}", "error": error}


def _message(found: list[str]) -> str:
    number = f"{len(found)} problems"
    if len(found) == 1:
        number = "1 problem"
    text = f"Found {number}. {'. '.join(found[:MOST_LISTED])}."
    if len(found) > MOST_LISTED:
        text += " The others are in the report."
    return text
