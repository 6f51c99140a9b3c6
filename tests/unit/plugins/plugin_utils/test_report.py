# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import copy
import csv
import datetime
import io
import json
import typing as t

import pytest

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.application import derived_unique_name
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils import _report, _report_views
from ansible_collections.email_gateway.azure_apps.tests.unit.report_page import rendered
from ansible_collections.email_gateway.azure_apps.tests.unit.report_texts import (
    application,
    applications,
    credential,
    gateways,
    guid,
    permission,
)

NOW = datetime.datetime(2026, 11, 24, 9, tzinfo=datetime.timezone.utc)
Json = dict[str, t.Any]
CERTIFICATE: Json = {**credential(NOW, 3, 300), "thumbprint": "AB"}


def made(read: list[Json], wanting: t.Sequence[Json] = (), **more: t.Any) -> Json:
    given: Json = {"tag": "email_gateway.azure_apps", "scope": "mail", "due_within_days": 30, "now": NOW, **more}
    return _report.build(read, tenant_ids=[guid(99)], gateways=wanting, **given)


def unread(wanting: t.Sequence[Json], read: t.Sequence[Json]) -> list[Json]:
    return _report.unread(wanting, read, tenant_ids=[guid(99)])


def one(*ends: int | None, **more: t.Any) -> Json:
    (found,) = made([application(NOW, 1, "One", ends, **more)])["applications"]
    return t.cast("Json", found)


@pytest.mark.parametrize(
    ("left", "status"), [(-1, "expired"), (0, "due"), (29, "due"), (30, "ok"), (9999, "ok"), (None, "none")]
)
def test_status(left: int | None, status: str) -> None:
    assert one(left)["status"] == status


def test_a_newer_one_of_the_same_description_replaces_the_older_one() -> None:
    counts = {c["days_left"]: (c["newer_exists"], c["counts"]) for c in one(-20, 12, 170)["credentials"]}
    assert counts == {-20: (True, False), 12: (True, False), 170: (False, True)}
    two = application(NOW, 1, "One", [-20, 170])
    two["secrets"][0]["description"] = "another"
    (found,) = made([two])["applications"]
    assert found["status"] == "expired"


def test_a_replaced_one_counts_while_a_store_holds_it() -> None:
    read = application(NOW, 1, "One", [12, 170])
    held = {"client_id": guid(1), "key_id": read["secrets"][0]["key_id"]}
    wanting = {**gateways()[1], "held": held}
    (found,) = made([read], [wanting])["applications"]
    assert found["status"] == "due"
    assert found["credentials"][0]["held_by"] == ["mx-graz"]


def test_a_certificate_does_not_replace_a_secret() -> None:
    read = application(NOW, 1, "One", [-1])
    read["certificates"] = [{**application(NOW, 2, "x", [300])["secrets"][0], "thumbprint": "AB"}]
    (found,) = made([read])["applications"]
    assert found["status"] == "expired"


FEDERATED = {"federated_credential_id": guid(7), "name": "cluster", "issuer": "https://x", "subject": "s"}


@pytest.mark.parametrize(
    ("kind", "found", "held", "in_store", "note"),
    [
        ("certificate", {"certificates": [CERTIFICATE]}, CERTIFICATE["key_id"], "yes", ""),
        ("certificate", {"certificates": []}, CERTIFICATE["key_id"], "no", "the certificate in the store is not among"),
        ("certificate", {"certificates": []}, "", "no", "the store holds no certificate"),
        ("federated", {"federated_credentials": [FEDERATED]}, guid(7), "yes", ""),
        (
            "federated",
            {"federated_credentials": []},
            guid(7),
            "no",
            "the federated credential in the store is not among",
        ),
        ("federated", {"federated_credentials": None}, guid(7), "not checked", "may not be read"),
        (
            "client_secret",
            {"certificates": [CERTIFICATE]},
            guid(7),
            "no",
            "the client secret in the store is not among",
        ),
    ],
)
def test_the_store_is_compared_with_credentials_of_every_kind(
    kind: str, found: Json, held: str, in_store: str, note: str
) -> None:
    read = application(NOW, 1, "One", [], **found)
    wanting = {
        **gateways()[1],
        "credential_type": kind,
        "held_checked": True,
        "held": {"client_id": guid(1), "key_id": held},
    }
    (told,) = made([read], [wanting])["applications"]
    (gateway,) = told["gateways"]
    assert gateway["in_store"] == in_store
    assert note in gateway["in_store_note"]


def test_a_federated_credential_is_one_without_an_end() -> None:
    read = application(NOW, 1, "One", [], federated_credentials=[FEDERATED])
    wanting = {**gateways()[1], "credential_type": "federated"}
    report = made([read], [wanting])
    (told,) = report["applications"]
    (credential,) = told["credentials"]
    assert (credential["kind"], credential["description"], credential["status"]) == ("federated", "cluster", "none")
    assert _report.failures(report, within_days=30, drift=False) == []
    read["federated_credentials"] = []
    (failure,) = _report.failures(made([read], [wanting]), within_days=30, drift=False)
    assert "has no federated credential" in failure


@pytest.mark.parametrize(
    ("resource", "name", "reaches"),
    [
        ("microsoft_graph", "Mail.Send", True),
        ("microsoft_graph", "MailboxSettings.ReadWrite", True),
        ("microsoft_graph", "User.Read.All", False),
        ("exchange_online", "SMTP.SendAsApp", True),
        ("exchange_online", "full_access_as_app", True),
        ("exchange_online", "Exchange.ManageAsApp", False),
        (guid(5), "Mail.Send", False),
    ],
)
def test_what_reaches_mail(resource: str, name: str, reaches: bool) -> None:
    read = application(NOW, 1, "One", [90], tags=[], permissions=[permission(name, resource=resource)])
    assert len(made([read])["applications"]) == reaches
    assert made([read], scope="managed")["applications"] == []


def test_a_gateway_is_known_by_client_id_unique_name_or_display_name() -> None:
    read = [application(NOW, 1, "One", [90])]
    base: Json = {"host": "h", "client_id": "", "unique_name": "", "display_name": ""}
    assert unread([{**base, "client_id": guid(1).upper()}, {**base, "unique_name": "gateway-1"}], read) == []
    read[0]["unique_name"] = derived_unique_name("One")
    assert unread([{**base, "display_name": "One"}], read) == []
    assert unread([{**base, "client_id": guid(2)}, {**base, "unique_name": "x"}] * 2, read) == [
        {"client_id": guid(2)},
        {"unique_name": "x"},
    ]


def test_the_digest_knows_no_time_but_what_is_due() -> None:
    read = applications(NOW)
    later = copy.deepcopy(read)
    for entry in (entry for known in later for entry in known["secrets"] if entry["days_left"] is not None):
        entry["days_left"] -= 1
    digest = made(read)["digest"]
    assert made(later, now=NOW + datetime.timedelta(days=1))["digest"] == digest
    next(known for known in later if known["client_id"] == guid(2))["secrets"][0]["days_left"] = 29
    assert made(later)["digest"] != digest


def test_no_output_holds_a_hint() -> None:
    assert "hint" not in json.dumps(made(applications(NOW), gateways()))


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@a", "\t=1", " =1", "\r\n=1", "\uff1d1", "a\n=1"])
def test_no_cell_is_a_formula(name: str) -> None:
    text = _report_views.csv_view(made([application(NOW, 1, name, [90], description=name)]))
    (row,) = csv.DictReader(io.StringIO(text))
    assert row["display_name"].strip()[0] not in "=+-@\uff1d\t\r"
    assert len(text.splitlines()) == 2


@pytest.mark.parametrize(
    "name",
    [
        "| a | b",
        "<b>",
        "[a](javascript:b)",
        "![x](//y)",
        "`",
        "a\nb",
        "www.evil.example",
        "https://e",
        "@all",
        "\u202egpj",
    ],
)
def test_a_name_in_markdown_is_only_a_name(name: str) -> None:
    text = rendered(made([application(NOW, 1, name, [90])]), "report.md.j2")
    (line,) = [line for line in text.splitlines() if guid(1) in line]
    cell = line.split(f" | {guid(1)}")[0]
    markup = cell[1:].replace("\\\\", "")
    assert not [c for i, c in enumerate(markup) if c in "|<>[]()!`@*_" and markup[i - 1] != "\\"]
    assert "://" not in cell and "www." not in cell and "\u202e" not in cell


def test_the_timeline_stays_in_its_frame_whatever_the_dates() -> None:
    read = [application(NOW, i, f"n{i}", [left]) for i, left in enumerate([-4000, -1, 0, 1, 700, 36500])]
    timeline = _report_views.timeline(made(read))
    assert all(
        drawn["x"] >= 0 and drawn["x"] + drawn["width"] <= 100.01
        for lane in timeline["lanes"]
        for drawn in lane["bars"]
    )
    assert 2 <= len(timeline["ticks"]) <= 7
    assert 0 < timeline["today"] < timeline["due"] < 100
    many = _report_views.timeline(made([application(NOW, i, "n", [i]) for i in range(100)]))
    assert (len(many["lanes"]), many["left_out"]) == (24, 76)


@pytest.mark.parametrize("days", [1, 40, 100, 200, 400, 730])
def test_the_labels_of_the_timeline_have_room(days: int) -> None:
    ticks = _report_views.timeline(made([application(NOW, 1, "n", [days])]))["ticks"]
    assert 1 <= len(ticks) <= 7, ticks


def test_an_empty_report_has_every_output() -> None:
    empty = made([])
    assert "There is no application" in rendered(empty)
    assert rendered(empty, "report.md.j2").startswith("# Mail gateway")
    assert len(_report_views.csv_view(empty).splitlines()) == 1


def test_failures_name_what_and_when() -> None:
    report = made(applications(NOW), gateways())
    found = _report.failures(report, within_days=13, drift=True)
    assert any("Graz" in line and "expires on 2026-12-06, in 12 days" in line for line in found)
    assert any("Wels" in line and "has expired on 2026-11-18" in line for line in found)
    assert any("Linz" in line and "not granted: SMTP.SendAsApp" in line for line in found)
    assert not any("Vienna" in line for line in found)
    assert _report.failures(report, within_days=-1, drift=False) == []


def test_the_same_name_in_two_tenants_is_two_applications() -> None:
    tenants = [guid(98), guid(99)]
    read = [
        {**application(NOW, number, f"In {number}", [90]), "unique_name": "gateway", "tenant_id": tenant}
        for number, tenant in enumerate(tenants, 1)
    ]
    wanting = [
        {**gateways()[1], "client_id": "", "unique_name": "gateway", "host": f"host-{tenant}", "tenant_id": tenant}
        for tenant in (*tenants, guid(97))
    ]
    report = _report.build(
        read, tenant_ids=tenants, gateways=wanting, tag="x", scope="managed", due_within_days=30, now=NOW
    )
    found = {a["tenant_id"]: [gateway["host"] for gateway in a["gateways"]] for a in report["applications"]}
    assert found == {tenant: [f"host-{tenant}"] for tenant in tenants}
    assert report["tenant_ids"] == tenants
    # Nothing was read in the third tenant, so nobody knows what is missing there.
    assert (report["gateways_without_application"], report["hosts_not_looked_at"]) == ([], [f"host-{guid(97)}"])
    assert _report.unread(wanting, read[:1], tenant_ids=tenants[1:]) == [{"unique_name": "gateway"}]
    assert _report.unread(wanting, read, tenant_ids=tenants) == []
    for form in ("report.html.j2", "report.md.j2"):
        assert all(tenant in rendered(report, form) for tenant in tenants)
    rows = list(csv.DictReader(io.StringIO(_report_views.csv_view(report))))
    assert [row["tenant_id"] for row in rows] == [a["tenant_id"] for a in report["applications"]]
