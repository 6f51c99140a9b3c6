# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private module utility of email_gateway.azure_apps: it may change without notice.
"""Texts as a form of the report prints them.

Names in a tenant are chosen by anybody who may register an application, so none is trusted.
"""

from __future__ import annotations

import html
import re
import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.printable import printable

# OWASP, "CSV Injection"; a leading apostrophe makes a spreadsheet take the cell for text.
FORMULA = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def html_text(text: str) -> str:
    """For an element or an attribute in quotes."""
    return html.escape(re.sub("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]", "\ufffd", text))


def markdown_text(text: str) -> str:
    """As it is read in a table: no markup, no link, no mention and no end of the cell can come of it."""
    escaped_text = re.sub(r"([\\`*_\[\]()<>#|~&@!$^{}])", r"\\\1", printable(text))
    return re.sub(r"(?i)\bwww\.", r"www\\.", escaped_text.replace("://", ":\\/\\/"))


def csv_text(text: str) -> str:
    """A cell that a spreadsheet does not take for a formula."""
    clean = printable(text)
    return f"'{clean}" if clean.lstrip().startswith(FORMULA) else clean


def escaped(value: t.Any, escape: t.Callable[[str], str]) -> t.Any:
    """The same structure, all its texts escaped. The names of members are ours."""
    if isinstance(value, str):
        return escape(value)
    if isinstance(value, dict):
        return {name: escaped(inner, escape) for name, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [escaped(inner, escape) for inner in value]
    return value
