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

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._credential.record import Record
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.application import derived_unique_name
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._report.build import build
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._report.csv_view import csv_view
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._report.gateway import (
    Gateway,
    StoreContent,
    StoredCredential,
    unread_keys,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._report.problems import failures, line
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._report.structure import (
    ReadApplication,
    Report,
    ReportedApplication,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._report.timeline import timeline
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._report.page import html_page, markdown_page
from ansible_collections.email_gateway.azure_apps.tests.unit.report_samples import (
    TENANT,
    TENANT_NAME,
    application,
    applications,
    credential,
    gateway,
    gateways,
    guid,
    permission,
)

NOW = datetime.datetime(2026, 11, 24, 9, tzinfo=datetime.timezone.utc)
CERTIFICATE = credential(NOW, 3, 300)


def made(read: list[ReadApplication], wanting: t.Sequence[Gateway] = (), **more: t.Any) -> Report:
    given = {"tag": "email_gateway.azure_apps", "scope": "mail", "due_within_days": 30, "now": NOW, **more}
    return build(read, gateways=wanting, **{"tenants": {TENANT: TENANT_NAME}, **given})


def one(*ends: int | None, **more: t.Any) -> ReportedApplication:
    (found,) = made([application(NOW, 1, "One", ends, **more)])["applications"]
    return found


@pytest.mark.parametrize(
    ("left", "status"), [(-1, "expired"), (0, "due"), (29, "due"), (30, "ok"), (9999, "ok"), (None, "none")]
)
def test_the_status_depends_on_the_days_left(left: int | None, status: str) -> None:
    assert one(left)["status"] == status


def test_a_newer_credential_of_the_same_description_replaces_the_older_one() -> None:
    counts = {c["days_left"]: (c["newer_exists"], c["counts"]) for c in one(-20, 12, 170)["credentials"]}
    assert counts == {-20: (True, False), 12: (True, False), 170: (False, True)}
    two = application(NOW, 1, "One", [-20, 170])
    two["secrets"][0]["description"] = "another"
    (found,) = made([two])["applications"]
    assert found["status"] == "expired"


def test_a_replaced_credential_counts_while_it_is_stored() -> None:
    read = application(NOW, 1, "One", [12, 170])
    (found,) = made([read], [gateway("mx-graz", 1, key_id=read["secrets"][0]["key_id"])])["applications"]
    assert found["status"] == "due"
    assert found["credentials"][0]["stored_by"] == ["mx-graz"]


def test_a_certificate_does_not_replace_a_secret() -> None:
    read = application(NOW, 1, "One", [-1])
    read["certificates"] = [application(NOW, 2, "x", [300])["secrets"][0]]
    (found,) = made([read])["applications"]
    assert found["status"] == "expired"


FEDERATED = {"federated_credential_id": guid(7), "name": "cluster", "issuer": "https://x", "subject": "s"}


@pytest.mark.parametrize(
    ("kind", "found", "key_id", "in_store", "note"),
    [
        ("certificate", {"certificates": [CERTIFICATE]}, CERTIFICATE["key_id"], "yes", ""),
        ("certificate", {"certificates": []}, CERTIFICATE["key_id"], "no", "the certificate in the store is not among"),
        ("certificate", {"certificates": []}, "", "no", "the store has no certificate"),
        ("federated", {"federated_credentials": [FEDERATED]}, guid(7), "yes", ""),
        (
            "federated",
            {"federated_credentials": []},
            guid(7),
            "no",
            "the federated credential in the store is not among",
        ),
        (
            "federated",
            {"federated_credentials": None},
            guid(7),
            "not checked",
            "may not read the federated credentials",
        ),
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
    kind: str, found: dict[str, t.Any], key_id: str, in_store: str, note: str
) -> None:
    read = application(NOW, 1, "One", [], **found)
    wanting = gateway("mx-graz", 1, key_id=str(key_id), credential_type=kind)
    (described_application,) = made([read], [wanting])["applications"]
    (described,) = described_application["gateways"]
    assert described["in_store"] == in_store
    assert note in described["in_store_note"]


def test_a_store_of_another_application_is_named_with_what_to_set() -> None:
    other = StoredCredential(client_id=guid(2), key_id=guid(7))
    wanting = gateway("mx-graz", 1, stored=StoreContent(checked=True, credential=other))
    (described_application,) = made([application(NOW, 1, "One", [100])], [wanting])["applications"]
    (described,) = described_application["gateways"]
    assert (described["in_store"], described["in_store_note"]) == (
        "no",
        "the store has the client secret of another application",
    )
    assert f"gateway_app_client_id to {guid(2)}" in described["next_step"]


def test_a_federated_credential_has_no_end() -> None:
    read = application(NOW, 1, "One", [], federated_credentials=[FEDERATED])
    wanting = gateway("mx-graz", 1, credential_type="federated")
    report = made([read], [wanting])
    (described_application,) = report["applications"]
    (credential,) = described_application["credentials"]
    assert (credential["kind"], credential["description"], credential["status"]) == ("federated", "cluster", "none")
    assert failures(report, within_days=30, drift=False) == []
    read["federated_credentials"] = []
    (failure,) = failures(made([read], [wanting]), within_days=30, drift=False)
    assert failure["text"] == "has no federated credential"


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
def test_applications_with_permissions_for_mail_are_included(resource: str, name: str, reaches: bool) -> None:
    read = application(NOW, 1, "One", [90], tags=[], permissions=[permission(name, resource=resource)])
    assert len(made([read])["applications"]) == reaches
    assert made([read], scope="managed")["applications"] == []


def test_a_gateway_is_known_by_client_id_unique_name_or_display_name() -> None:
    read = [application(NOW, 1, "One", [90])]
    by_id = gateway("h", 1, unique_name="", client_id=guid(1).upper())
    assert unread_keys([by_id, gateway("h", 1)], read) == []
    read[0]["unique_name"] = derived_unique_name("One")
    assert unread_keys([gateway("h", 1, unique_name="", display_name="One")], read) == []
    others = [gateway("h", 2, unique_name="", client_id=guid(2)), gateway("h", 2, unique_name="x")]
    assert unread_keys(others * 2, read) == [("client_id", guid(2)), ("unique_name", "x")]


def test_the_digest_only_changes_if_something_becomes_due() -> None:
    read = applications(NOW)
    later = copy.deepcopy(read)
    for entry in (entry for known in later for entry in known["secrets"] if entry["days_left"] is not None):
        entry["days_left"] = (entry["days_left"] or 0) - 1
    digest = made(read)["digest"]
    assert made(later, now=NOW + datetime.timedelta(days=1))["digest"] == digest
    next(known for known in later if known["client_id"] == guid(2))["secrets"][0]["days_left"] = 29
    assert made(later)["digest"] != digest


def test_no_view_contains_a_hint() -> None:
    assert "hint" not in json.dumps(made(applications(NOW), gateways()))


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
def test_names_are_escaped_in_markdown(name: str) -> None:
    text = markdown_page(made([application(NOW, 1, name, [90])]))
    (line,) = [line for line in text.splitlines() if guid(1) in line]
    cell = line.split(f" | {guid(1)}")[0]
    markup = cell[1:].replace("\\\\", "")
    assert not [c for i, c in enumerate(markup) if c in "|<>[]()!`@*_" and markup[i - 1] != "\\"]
    assert "://" not in cell and "www." not in cell and "\u202e" not in cell


def test_the_timeline_stays_in_its_frame_for_any_dates() -> None:
    read = [application(NOW, i, f"n{i}", [left]) for i, left in enumerate([-4000, -1, 0, 1, 700, 36500])]
    drawn_timeline = timeline(made(read))
    assert all(
        drawn["x"] >= 0 and drawn["x"] + drawn["width"] <= 100.01
        for lane in drawn_timeline["lanes"]
        for drawn in lane["bars"]
    )
    assert 2 <= len(drawn_timeline["ticks"]) <= 7
    assert 0 < drawn_timeline["today"] < drawn_timeline["due"] < 100
    replaced = timeline(made([application(NOW, 1, "One", [12, 170])]))
    assert [len(lane["bars"]) for lane in replaced["lanes"]] == [1], "what a newer one replaces is not drawn"
    endless = timeline(made([application(NOW, 1, "One", [None])]))
    assert endless["lanes"] == [], "what never ends has no place in it"
    many = timeline(made([application(NOW, i, "n", [i]) for i in range(100)]))
    assert (len(many["lanes"]), many["left_out"]) == (24, 76)


@pytest.mark.parametrize("days", [1, 40, 100, 200, 400, 730])
def test_the_labels_of_the_timeline_do_not_overlap(days: int) -> None:
    ticks = timeline(made([application(NOW, 1, "n", [days])]))["ticks"]
    assert 1 <= len(ticks) <= 7, ticks


def test_an_empty_report_has_every_view() -> None:
    empty = made([])
    assert "There is no application" in html_page(empty)
    assert markdown_page(empty).startswith("# Mail gateway")
    assert len(csv_view(empty).splitlines()) == 1


def test_failures_name_the_credential_and_the_date() -> None:
    report = made(applications(NOW), gateways())
    found = [line(problem) for problem in failures(report, within_days=13, drift=True)]
    assert any("Graz" in text and "expires on 2026-12-06, in 12 days" in text for text in found)
    (tomorrow,) = failures(made([application(NOW, 1, "One", [1])]), within_days=13, drift=False)
    assert line(tomorrow).endswith(", in 1 day")
    assert any("Wels" in text and "has expired on 2026-11-18" in text for text in found)
    assert any("Linz" in text and "not granted: SMTP.SendAsApp" in text for text in found)
    assert not any("Vienna" in text for text in found)
    assert failures(report, within_days=-1, drift=False) == []


def test_the_same_name_in_two_tenants_means_two_applications() -> None:
    tenants = [guid(98), guid(99)]
    read = [
        application(NOW, number, f"In {number}", [90], unique_name="gateway", tenant_id=tenant)
        for number, tenant in enumerate(tenants, 1)
    ]
    wanting = [gateway(f"host-{tenant}", 1, unique_name="gateway", tenant_id=tenant) for tenant in tenants]
    report = made(read, wanting, tenants={tenants[0]: "Contoso & <b>", tenants[1]: None})
    found = {a["tenant_id"]: [gateway["host"] for gateway in a["gateways"]] for a in report["applications"]}
    assert found == {tenant: [f"host-{tenant}"] for tenant in tenants}
    assert unread_keys(wanting, read[:1]) == [("unique_name", "gateway")]
    assert unread_keys(wanting, read) == []
    for text in (html_page(report), markdown_page(report)):
        assert all(tenant in text for tenant in tenants)
    named = f"<bdi>Contoso &amp; &lt;b&gt;</bdi> <code>{tenants[0]}</code>"
    assert f"Tenants {named}, <code>{tenants[1]}</code>, as of" in html_page(report)
    assert f'<p class="small muted">Tenant {named}</p>' in html_page(report)
    assert f"tenants Contoso \\& \\<b\\> ({tenants[0]}), {tenants[1]}:" in markdown_page(report)
    rows = list(csv.DictReader(io.StringIO(csv_view(report))))
    assert [row["tenant_id"] for row in rows] == [a["tenant_id"] for a in report["applications"]]


def test_skipped_hosts_are_in_every_view_with_the_reason() -> None:
    report = made([], skipped={"mx-b": "There is no profile 'x' | <b>.", "mx-a": "it failed."})
    assert [entry["host"] for entry in report["hosts_not_looked_at"]] == ["mx-a", "mx-b"]
    assert "<b>mx-b</b> was not checked: There is no profile &#x27;x&#x27; | &lt;b&gt;." in html_page(report)
    assert "mx-b was not checked: There is no profile 'x' \\| \\<b\\>." in markdown_page(report)


def record(number: int, start: str, **more: t.Any) -> Record:
    return Record(client_id=guid(1), key_id=guid(number), secret_start=start, **more)


def test_the_most_recent_known_value_of_several_stores_counts() -> None:
    older = record(1, "2026-01-01T00:00:00Z", client_secret="value of the older one")
    younger = record(2, "2026-02-01T00:00:00Z", client_secret="value of the younger one")
    unknown = record(3, "2026-03-01T00:00:00Z", client_secret=None)
    found = StoreContent.of([younger, None, older])
    assert found == StoreContent(checked=True, credential=StoredCredential(guid(1), guid(2)))
    assert "value" not in repr(found)
    assert StoreContent.of([older, unknown]).credential == StoredCredential(guid(1), guid(1))
    assert StoreContent.of([unknown, None]).credential == StoredCredential(guid(1), guid(3))
    nothing = StoreContent(checked=True)
    assert StoreContent.of([None]) == nothing
    assert StoreContent.of([Record(client_id=guid(1), key_id="no key id")]) == nothing
