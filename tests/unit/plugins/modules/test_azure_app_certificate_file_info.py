# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pathlib

import pytest

from ansible_collections.email_gateway.azure_apps.tests.unit.tenant import Json, Tenant

MODULE = "azure_app_certificate_file_info"
MADE: Json = {"unique_name": "gateway", "description": "mail gateway"}


@pytest.fixture
def path(tmp_path: pathlib.Path) -> pathlib.Path:
    return tmp_path / "keys" / "gateway.pem"


def test_tells_of_the_certificate_and_asks_no_tenant(tenant: Tenant, path: pathlib.Path) -> None:
    made = tenant.register() and tenant.ok("azure_app_certificate", **MADE, path=str(path))
    tenant.forget_requests()
    before = path.read_bytes()
    found = tenant.ok(MODULE, path=str(path), check_writable=True)
    assert found == {
        "changed": False,
        "path": str(path),
        "exists": True,
        "client_id": made["client_id"],
        "thumbprint": made["thumbprint"],
        "common_name": "mail gateway",
        "start": made["start"],
        "end": made["end"],
        "days_left": found["days_left"],
        "private": True,
        "old_path": None,
    }
    assert found["days_left"] in (179, 180)
    assert tenant.server.requests() == []
    assert path.read_bytes() == before
    tenant.ok("azure_app_certificate", **MADE, path=str(path), replaced_key_id=made["key_id"])
    assert tenant.ok(MODULE, path=str(path))["old_path"] == f"{path}.old"
    path.chmod(0o644)
    assert tenant.ok(MODULE, path=str(path))["private"] is False


def test_a_file_that_is_not_there_is_no_error(tenant: Tenant, path: pathlib.Path) -> None:
    found = tenant.ok(MODULE, path=str(path), check_writable=True)
    assert found["exists"] is False
    assert {found[name] for name in ("client_id", "thumbprint", "start", "end", "days_left", "old_path")} == {None}
    assert not path.parent.exists()


def test_a_file_that_is_cut_off_holds_nothing(tenant: Tenant, path: pathlib.Path) -> None:
    made = tenant.register() and tenant.ok("azure_app_certificate", **MADE, path=str(path))
    path.write_bytes(path.read_bytes()[:300])
    found = tenant.ok(MODULE, path=str(path))
    assert (found["exists"], found["client_id"]) == (False, made["client_id"])
    assert found["warnings"] == [f"{path} is damaged: the key in it is lost, and does not count"]


@pytest.mark.parametrize(
    ("content", "words"),
    [("somebody's notes", "was not made by azure_app_certificate"), (None, "is not a regular file")],
)
def test_what_it_did_not_make_is_an_error(tenant: Tenant, path: pathlib.Path, content: str | None, words: str) -> None:
    path.parent.mkdir()
    path.mkdir() if content is None else path.write_text(content)
    result = tenant.fails(MODULE, path=str(path))
    assert words in result["msg"]
    assert result["error"]["next_step"]


def test_says_that_a_file_could_not_be_written(tenant: Tenant, path: pathlib.Path) -> None:
    path.parent.write_text("no folder")
    assert tenant.ok(MODULE, path=str(path))["exists"] is False
    result = tenant.fails(MODULE, path=str(path), check_writable=True)
    assert f"Could not write {path}" in result["msg"]
