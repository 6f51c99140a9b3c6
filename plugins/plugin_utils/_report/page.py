# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private plugin utility of email_gateway.azure_apps: it may change without notice.
"""The report as a page and as Markdown, from the templates of the role gateway_app_report.

The templates are rendered by Jinja itself: to Ansible, a name in a tenant might be a template.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import typing as t
from pathlib import Path

import jinja2
import markupsafe

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._report.structure import Report
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._report.texts import (
    escaped,
    html_text,
    markdown_text,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._report.timeline import timeline

ROLE = Path(__file__).parents[3] / "roles" / "gateway_app_report"
PAGE_TEMPLATE = "report.html.j2"
MARKDOWN_TEMPLATE = "report.md.j2"


def html_page(report: Report) -> str:
    """A page that needs nothing else, with a Content-Security-Policy that allows only its own style and script."""
    style, script = _asset("report.css"), _asset("report.js")
    policy = (
        f"default-src 'none'; style-src {_source(style)}; script-src {_source(script)}; img-src data:;"
        " base-uri 'none'; form-action 'none'"
    )
    return _rendered(
        PAGE_TEMPLATE,
        report=escaped(report, _html),
        timeline=escaped(timeline(report), _html),
        style=markupsafe.Markup(style),
        script=markupsafe.Markup(script),
        policy=markupsafe.Markup(policy),
    )


def markdown_page(report: Report) -> str:
    """One line of a table for each credential."""
    return _rendered(MARKDOWN_TEMPLATE, report=escaped(report, markdown_text))


@functools.cache
def _environment() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(ROLE / "templates"),
        trim_blocks=True,
        undefined=jinja2.StrictUndefined,
        autoescape=jinja2.select_autoescape(enabled_extensions=("html.j2",)),
    )


def _rendered(template: str, **values: t.Any) -> str:
    return f"{_environment().get_template(template).render(**values).strip()}\n"


def _html(text: str) -> markupsafe.Markup:
    """Jinja escapes nothing twice. It would let control characters through."""
    return markupsafe.Markup(html_text(text))


def _asset(name: str) -> str:
    return (ROLE / "files" / name).read_text(encoding="utf-8").rstrip()


def _source(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
