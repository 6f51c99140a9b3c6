# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private plugin utility of email_gateway.azure_apps: it may change without notice.
"""What the templates of the report print: every text escaped before a template sees it, and what needs arithmetic.

Names in a tenant are chosen by anybody who may register an application, so none is trusted.
"""

from __future__ import annotations

import base64
import csv
import datetime
import hashlib
import html
import io
import re
import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core import times

Json = dict[str, t.Any]

DAY = 86400
MOST_LANES = 24  # of the timeline: what is not due for long needs no lane
PAST_DAYS = 45  # of the timeline
MOST_DAYS = 730
MOST_TICKS = 6  # as many labels as a narrow window can hold
# Control characters do not print, and those of writing direction would turn around what stands beside a name.
UNPRINTABLE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufeff\ufffe\uffff]"
)
# OWASP, "CSV Injection"; a leading apostrophe makes a spreadsheet take the cell for text.
FORMULA = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")
CSV_COLUMNS = (
    "display_name", "unique_name", "client_id", "tenant_id", "gateways", "profiles", "owners", "kind", "description",
    "key_id", "start", "end", "days_left", "status", "newer_exists", "in_store", "permissions_missing",
    "permissions_granted", "managed",
)  # fmt: skip
_DIGEST = re.compile(r"content-digest\W{1,12}(?:content=\")?([0-9a-f]{64})|\"digest\": \"([0-9a-f]{64})\"")


def printable(text: str) -> str:
    return UNPRINTABLE.sub("\ufffd", re.sub(r"[\t\r\n\u2028\u2029]+", " ", text))


def html_text(text: str) -> str:
    return html.escape(re.sub("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]", "\ufffd", text))


def markdown_text(text: str) -> str:
    """As it is read in a table: no markup, no link, no mention and no end of the cell can come of it."""
    escaped = re.sub(r"([\\`*_\[\]()<>#|~&@!$^{}])", r"\\\1", printable(text))
    return re.sub(r"(?i)\bwww\.", r"www\\.", escaped.replace("://", ":\\/\\/"))


def csv_text(text: str) -> str:
    clean = printable(text)
    return f"'{clean}" if clean.lstrip().startswith(FORMULA) else clean


def escaped(value: t.Any, how: t.Callable[[str], str]) -> t.Any:
    """The same structure, all its texts escaped. The names of members are ours."""
    if isinstance(value, str):
        return how(str(value))
    if isinstance(value, dict):
        return {str(name): escaped(inner, how) for name, inner in value.items()}
    return [escaped(inner, how) for inner in value] if isinstance(value, (list, tuple)) else value


def html_view(report: Json, *, style: str, script: str) -> Json:
    """The report with texts for HTML, the timeline, and the page's Content-Security-Policy."""
    policy = (
        f"default-src 'none'; style-src {_source(style)}; script-src {_source(script)}; img-src data:;"
        " base-uri 'none'; form-action 'none'"
    )
    return {**escaped(report, html_text), "timeline": escaped(timeline(report), html_text), "policy": policy}


def _source(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def timeline(report: Json) -> Json:
    """Lanes for the applications whose credentials end first. Places are percentages of the width."""
    now = datetime.datetime.fromisoformat(f"{report['generated']}T00:00:00+00:00")
    rows = [a for a in report["applications"] if any(c["counts"] and c["end"] for c in a["credentials"])]
    shown = rows[:MOST_LANES]
    ends = [moment for a in shown for c in a["credentials"] if c["counts"] and (moment := times.parse(c["end"] or ""))]
    last = min(max([*ends, now + 90 * times.DAY]), now + MOST_DAYS * times.DAY)
    first, last = now - PAST_DAYS * times.DAY, last + (last - now) / 25
    whole = (last - first).total_seconds()

    def place(moment: datetime.datetime) -> float:
        return round(min(100.0, max(0.0, 100 * (moment - first).total_seconds() / whole)), 2)

    lanes = []
    for application in shown:
        bars = []
        for credential in application["credentials"]:
            end = times.parse(credential["end"] or "")
            if not credential["counts"] or end is None:
                continue
            left, right = place(times.parse(credential["start"] or "") or first), place(end)
            bars.append({**credential, "x": left, "width": round(max(right - left, 0.0), 2), "end_x": right})
        lanes.append({**application, "bars": bars})
    return {
        "lanes": lanes,
        "left_out": len(rows) - len(shown),
        "today": place(now),
        "due": place(now + report["due_within_days"] * times.DAY),
        "ticks": [{"x": place(moment), "label": label} for moment, label in _ticks(first, last)],
    }


def _ticks(first: datetime.datetime, last: datetime.datetime) -> list[tuple[datetime.datetime, str]]:
    """The beginnings of months, or of every second, third, sixth or twelfth month, so that all labels have room."""
    months = (last - first).days / 30.44
    step = next((step for step in (1, 2, 3, 6) if months / step <= MOST_TICKS), 12)
    found = []
    for number in range(first.year * 12 + first.month, last.year * 12 + last.month):
        year, month = divmod(number, 12)
        moment = datetime.datetime(year, month + 1, 1, tzinfo=datetime.timezone.utc)
        if month % step == 0 and first <= moment <= last:
            found.append((moment, f"{moment:%b %Y}"))
    return found


def csv_view(report: Json) -> str:
    """One line for each credential, and one for an application without any; days_left is a number."""
    lines: list[t.Sequence[t.Any]] = [CSV_COLUMNS]
    for application in report["applications"]:
        for credential in application["credentials"] or [None]:
            lines.append([_csv_cell(value) for value in _csv_line(application, credential)])
    for gateway in report["gateways_without_application"]:
        line = {
            **dict.fromkeys(CSV_COLUMNS, ""),
            **{n: gateway[n] for n in ("display_name", "unique_name", "tenant_id")},
        }
        line.update(gateways=gateway["host"], profiles=gateway["profile"], status="no application")
        lines.append([_csv_cell(line[name]) for name in CSV_COLUMNS])
    text = io.StringIO()
    csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows(lines)
    return text.getvalue()


def _csv_cell(value: t.Any) -> t.Any:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value if isinstance(value, int) else csv_text(str(value)) if value is not None else ""


def _csv_line(application: Json, credential: Json | None) -> list[t.Any]:
    gateways, owners, permissions = application["gateways"], application["owners"], application["permissions"]
    own: Json = credential or {"status": "no credential"}
    return [
        application["display_name"],
        application["unique_name"],
        application["client_id"],
        application["tenant_id"],
        _joined(gateway["host"] for gateway in gateways),
        _joined(dict.fromkeys(gateway["profile"] for gateway in gateways)),
        "unknown" if owners is None else _joined(owner["display_name"] or owner["object_id"] for owner in owners),
        *(own.get(name) for name in ("kind", "description", "key_id", "start", "end", "days_left", "status")),
        own.get("newer_exists"),
        _joined(dict.fromkeys(gateway["in_store"] for gateway in gateways)),
        _joined(application["drift"]),
        _joined(p["name"] if p["granted"] else f"{p['name']}?" for p in permissions if p["granted"] is not False),
        application["managed"],
    ]


def _joined(values: t.Iterable[t.Any]) -> str:
    return "; ".join(str(value) for value in values)


def told(text: str) -> str:
    """What a written report tells, apart from the time: equal where nothing but the days left has changed."""
    if text.startswith('"display_name"'):
        rows = list(csv.reader(io.StringIO(text)))
        days = CSV_COLUMNS.index("days_left")
        return repr([row[:days] + row[days + 1 :] for row in rows])
    found = _DIGEST.search(text)
    return (found.group(1) or found.group(2)) if found else text
