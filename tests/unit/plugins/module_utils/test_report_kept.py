# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The data that a report keeps of the applications that it read."""

from __future__ import annotations

import datetime
import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._report import tenant as _tenant
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._report.gateway import find_by_key
from ansible_collections.email_gateway.azure_apps.tests.unit.report_samples import TENANT, application, guid

NOW = datetime.datetime(2026, 11, 29, tzinfo=datetime.timezone.utc)


def test_an_application_without_a_unique_name_is_found_by_its_client_id() -> None:
    nameless = application(NOW, 1, "By hand", [90], unique_name=None)
    named = application(NOW, 2, "Gateway", [90])
    found = find_by_key([nameless, named])
    assert set(found) == {
        (TENANT, "client_id", guid(1)),
        (TENANT, "client_id", guid(2)),
        (TENANT, "unique_name", "gateway-2"),
    }


def test_data_that_cannot_be_read_is_unknown() -> None:
    described: dict[str, t.Any] = {**application(NOW, 1, "Gateway", [90], owners=None), "notes": "not needed"}
    kept = _tenant._Kept().of(described)
    assert kept["owners"] is None
    assert "notes" not in kept
    assert [secret["days_left"] for secret in kept["secrets"]] == [90]
