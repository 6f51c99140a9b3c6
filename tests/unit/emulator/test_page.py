# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The HTML page, read by a parser: its content, escaping, and the amount of work for it."""

from __future__ import annotations

import base64
import hashlib
import re
import time
from datetime import timedelta
from html.parser import HTMLParser
from typing import Any

import pytest

from ansible_collections.email_gateway.azure_apps.tests.unit.emulator.page_tenant import ATTACK, furnish
from graph_emulator.directory.seed import Operator, add_operator

VOID = {"meta", "link", "rect", "br", "wbr"}


class Page(HTMLParser):
    """Elements with their attributes, the text of each, and rows of all tables."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text: dict[str, list[str]] = {}
        self.rows: list[list[str]] = []
        self._open: list[str] = []
        self.feed(html)
        self.close()
        assert self._open == [], "every element is closed"

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag in VOID:
            return
        self._open.append(tag)
        self.text.setdefault(tag, []).append("")
        if tag == "tr":
            self.rows.append([])
        if tag in ("th", "td"):
            self.rows[-1].append("")

    def handle_startendtag(self, tag: str, attrs: Any) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        for tag in set(self._open):
            self.text[tag][-1] += data
        if "th" in self._open or "td" in self._open:
            self.rows[-1][-1] = " ".join(f"{self.rows[-1][-1]} {data}".split())

    def count(self, tag: str) -> int:
        return sum(name == tag for name, _attributes in self.elements)


def ask(emulator: Any, operator: Any, query: str = "") -> Any:
    return operator.session.get(f"{emulator.graph}/{query}", timeout=10)


def test_everything_is_shown_by_name(emulator: Any, operator: Any) -> None:
    made = furnish(operator)
    emulator.clock.advance(3 * 86400)
    emulator.settings.update({"lag": 2})
    page = Page(ask(emulator, operator).text)
    body = " ".join(page.text["body"][0].split())
    for word in (
        "Contoso",
        emulator.domain,
        emulator.tenant_id,
        emulator.graph,
        "3 d ahead",
        "lag: 2",
        made["appId"],
        "Any tenant AzureADMultipleOrgs",
        "Gateway operator",
        "mail-gateway",
        "Disabled service",
        "Sign-in is disabled.",
        "It has no service principal and cannot sign in.",
    ):
        assert word in body, word
    rows = [" | ".join(row) for row in page.rows]
    for row in (
        "Mail. ReadWrite | Application | ✓ Granted",
        "User. Read. All | Application | + Granted, not declared",
        "User. Read | Delegated | ○ Not granted",
        "offline_access | Delegated | ✓ Granted",
        "Microsoft Graph",
        "Office 365 Exchange Online",
        f"Retired relay | retired-relay | {made['retired']['appId']} | {made['retired']['deletedDateTime'][:10]} "
        f"{made['retired']['deletedDateTime'][11:16]}",
    ):
        assert row in rows, row
    credentials = "\n".join(rows)
    assert re.search(r"old one Secret, begins with \S+ \| 2021-01-01 ✕ expired \d+ years ago", credentials)
    assert re.search(r"soon over Secret, begins with \S+ \| \d{4}-\d\d-\d\d ▲ 9 days left", credentials)
    assert re.search(r"github Federated, .+ \| does not expire", credentials)


def test_requests_are_sorted_with_the_newest_first_and_inner_ones_below_their_batch(
    emulator: Any, operator: Any
) -> None:
    operator.get("/organization")
    operator.post(
        "/$batch",
        {
            "requests": [
                {"id": "1", "method": "GET", "url": "/users?$top=1"},
                {"id": "2", "method": "GET", "url": "/users/unknown"},
            ]
        },
    )
    page = Page(ask(emulator, operator).text)
    rows = [" ".join(row[1:]) for row in page.rows if row and re.match(r"\d\d:\d\d:\d\d$", row[0])]
    token_path = f"/{emulator.tenant_id}/oauth2/v2.0/token"
    assert rows == [
        "POST /v1.0/$batch 200 OK Gateway operator",
        "GET /v1.0/users ?$top=1 200 OK Gateway operator",
        "GET /v1.0/users/unknown ✕ 404 Not Found Gateway operator",
        "GET /v1.0/organization 200 OK Gateway operator",
        f"POST {token_path} 200 OK Gateway operator",
    ]
    assert sum(attributes.get("class") == "inner" for _tag, attributes in page.elements) == 2


def test_names_are_escaped(emulator: Any, operator: Any) -> None:
    furnish(operator)
    emulator.tenant.directory.organization["displayName"] = ATTACK
    operator.get(f"/applications?$filter=displayName eq '{ATTACK}'")
    html = ask(emulator, operator).text
    page = Page(html)
    assert page.count("script") == page.count("img") == 0
    assert ATTACK in page.text["h1"] and ATTACK in page.text["h3"]
    assert "<script" not in html and not any(
        name.startswith("on") or name == "style" for _tag, attributes in page.elements for name in attributes
    )


def test_nothing_is_loaded_from_other_hosts_and_the_policy_forbids_it(emulator: Any, operator: Any) -> None:
    furnish(operator)
    answer = ask(emulator, operator)
    page = Page(answer.text)
    assert answer.status_code == 200 and answer.headers["content-type"] == "text/html; charset=utf-8"
    for _tag, attributes in page.elements:
        for name in ("href", "src", "action", "srcset"):
            value = attributes.get(name)
            assert value is None or (value.startswith(("#", "/", "data:")) and not value.startswith("//")), value
    (style,) = page.text["style"]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy and f"style-src 'sha256-{digest}'" in policy and "unsafe" not in policy
    assert "url(" not in style and "@import" not in style
    assert (answer.headers["x-content-type-options"], answer.headers["referrer-policy"]) == ("nosniff", "no-referrer")


def test_the_structure_is_accessible(emulator: Any, operator: Any) -> None:
    furnish(operator)
    page = Page(ask(emulator, operator).text)
    assert [page.count(tag) for tag in ("header", "main", "footer", "h1", "title")] == [1, 1, 1, 1, 1]
    assert page.elements[0] == ("html", {"lang": "en"})
    ids = [attributes["id"] for _tag, attributes in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    for tag, attributes in page.elements:
        assert tag != "th" or attributes.get("scope"), "a header cell has a scope"
        assert "aria-labelledby" not in attributes or attributes["aria-labelledby"] in ids
        assert tag != "a" or not (attributes["href"] or "").startswith("#") or (attributes["href"] or "")[1:] in ids
    assert page.count("table") == page.count("caption")


def test_requests_for_the_page_are_neither_recorded_nor_faulty(emulator: Any, operator: Any) -> None:
    emulator.faults.add(path=".*", status=503)
    assert ask(emulator, operator).status_code == 200
    assert emulator.journal.entries() == []


def plant(emulator: Any, count: int) -> None:
    for number in range(count):
        add_operator(emulator.tenant, Operator(roles=("Mail.Send", "Mail.Read"), display_name=f"App {number}"), age=DAY)


DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("", ("App 119", "App 70")),
        ("?page=2", ("App 69", "App 20")),
        ("?page=3", ("App 19", "Gateway operator")),
        ("?page=99", ("App 19", "Gateway operator")),
        ("?page=-1", ("App 119", "App 70")),
        ("?page=x", ("App 119", "App 70")),
    ],
)
def test_a_page_shows_fifty_applications(emulator: Any, operator: Any, query: str, names: tuple[str, str]) -> None:
    plant(emulator, 120)
    page = Page(ask(emulator, operator, query).text)
    assert (page.text["h3"][0], page.text["h3"][-1]) == names
    assert page.count("article") <= 50
    links = {attributes["href"] for tag, attributes in page.elements if tag == "a" and "rel" in attributes}
    assert (
        links
        == {
            ("App 119",): {"/?page=2#applications"},
            ("App 69",): {"/?page=1#applications", "/?page=3#applications"},
            ("App 19",): {"/?page=2#applications"},
        }[names[:1]]
    )


def test_work_does_not_grow_with_the_number_of_applications(emulator: Any, operator: Any) -> None:
    tables = emulator.tenant.directory
    work = []
    for count in (120, 400):
        plant(emulator, count)
        before = sum(table.looked_at for table in (tables.applications, tables.service_principals, tables.assignments))
        assert ask(emulator, operator).status_code == 200
        work.append(
            sum(table.looked_at for table in (tables.applications, tables.service_principals, tables.assignments))
            - before
        )
    assert work[0] == work[1] < 50 * 10


def test_a_page_with_a_hundred_applications_is_quick(emulator: Any, operator: Any) -> None:
    plant(emulator, 100)
    ask(emulator, operator)
    started = time.perf_counter()
    ask(emulator, operator)
    # Typically 15 ms; the limit allows for a busy machine.
    assert time.perf_counter() - started < 0.5
