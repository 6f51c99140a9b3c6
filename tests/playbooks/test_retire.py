# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Retiring an application needs a confirmation, and can be repeated."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.email_gateway.azure_apps.tests.playbooks.playbook_runner import Playbooks, Run


def _retire(playbooks: Playbooks, *arguments: str, confirmed: t.Any = "gateway", **variables: t.Any) -> Run:
    return playbooks.register(*arguments, entry="retire", gateway_app_retire_confirmed=confirmed, **variables)


@pytest.mark.parametrize("confirmed", [[], "", "other", True, ["Gateway "]], ids=str)
def test_nothing_is_removed_without_confirmation(playbooks: Playbooks, confirmed: t.Any) -> None:
    playbooks.tenant.register(display_name="Gateway")
    run = _retire(playbooks, confirmed=confirmed).failed("To confirm it", "gateway_app_retire_confirmed", "Gateway")
    assert run.writes == []


def test_everything_is_removed_and_a_second_run_changes_nothing(playbooks: Playbooks) -> None:
    made = playbooks.register().ok().results["gateway_app_result"]
    playbooks.tenant.ok("azure_app_secret", unique_name="gateway", description="by hand")
    predicted = _retire(playbooks, "--check", "--diff").ok()
    assert predicted.writes == []
    assert "changed=0 " not in predicted.output
    assert playbooks.store.exists()

    run = _retire(playbooks, confirmed=["another-person", "Gateway"]).ok()
    assert run.results["gateway_app_result"]["changed"] is True
    assert playbooks.tenant.applications == []
    assert playbooks.tenant.service_principals(made["client_id"]) == []
    deleted = playbooks.server.tenant.deleted_application_by("appId", made["client_id"])
    assert deleted is not None
    assert deleted["passwordCredentials"] == [], "a restored application must not have a secret that others may know"
    granted = {a["principalDisplayName"] for a in playbooks.server.tenant.directory.assignments.values()}
    assert "Gateway" not in granted
    assert not playbooks.store.exists()
    assert not playbooks.claims.exists()

    again = _retire(playbooks).ok()
    assert (again.writes, "changed=0 " in again.output) == ([], True)


def test_the_application_is_purged_on_request_also_later(playbooks: Playbooks) -> None:
    playbooks.register().ok()
    _retire(playbooks).ok()
    _retire(playbooks, gateway_app_retire_purge=True).ok()
    assert _retire(playbooks, gateway_app_retire_purge=True).ok().writes == []
    playbooks.register().ok()
    assert len(playbooks.tenant.applications) == 1, "the unique name is free again"


@pytest.mark.parametrize("request_number", [3, 6, 9])
def test_an_interrupted_retirement_is_completed_by_the_next_run(playbooks: Playbooks, request_number: int) -> None:
    playbooks.register().ok()
    fault = playbooks.server.faults.add(nth=request_number, outer_only=True, status=403)
    _retire(playbooks)
    assert fault.fired
    playbooks.server.faults.clear()
    _retire(playbooks).ok()
    assert playbooks.tenant.applications == []
    assert not playbooks.store.exists()


@pytest.mark.parametrize("there", [True, False], ids=["existing", "already deleted"])
def test_the_store_of_another_application_is_not_changed(playbooks: Playbooks, there: bool) -> None:
    playbooks.register().ok()
    before = playbooks.store.read_bytes()
    if there:
        playbooks.tenant.register("other", display_name="Other")
    run = _retire(
        playbooks,
        confirmed="other",
        gateway_app_unique_name="other",
        gateway_app_display_name="Other",
        gateway_app_store_path=str(playbooks.store),
    )
    assert run.failed("has the credential of another application").writes == []
    assert playbooks.store.read_bytes() == before
