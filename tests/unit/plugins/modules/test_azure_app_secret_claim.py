# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import typing as t

from ansible_collections.email_gateway.azure_apps.tests.unit.playbook_runner import Playbooks, Run

MODULE = "email_gateway.azure_apps.azure_app_secret_claim"


def _play(playbooks: Playbooks, *tasks: dict[str, t.Any], check: bool = False) -> Run:
    named = [{MODULE: task, "register": f"claim_{number}"} for number, task in enumerate(tasks)]
    play = {"hosts": "localhost", "gather_facts": False, "tasks": named}
    return playbooks.run(
        [play], *(["--check"] if check else []), show=[f"claim_{number}" for number in range(len(tasks))]
    )


def test_a_missing_path_is_refused(playbooks: Playbooks) -> None:
    _play(playbooks, {}).failed("path")


def test_claims_remembers_and_settles(playbooks: Playbooks) -> None:
    path = playbooks.folder / "gateway.claims"
    predicted = _play(playbooks, {"path": str(path)}, {"path": str(path), "state": "absent"}, check=True).ok()
    assert predicted.results["claim_0"]["start"] is None
    assert not path.exists()

    first = _play(playbooks, {"path": str(path)}).ok().results["claim_0"]
    assert first["changed"] is False
    assert first["lost_starts"] == []
    assert [entry["start"] for entry in json.loads(path.read_text())] == [first["start"]]

    second = _play(
        playbooks,
        {"path": str(path)},
        {"path": str(path), "state": "absent"},
        {"path": str(path), "state": "absent", "settled_starts": "{{ claim_0.lost_starts + [claim_0.start] }}"},
    ).ok()
    assert second.requests == []
    assert second.results["claim_0"]["lost_starts"] == [first["start"]], "the first run ended without settling"
    assert sorted(second.results["claim_1"]["lost_starts"]) == sorted(
        [first["start"], second.results["claim_0"]["start"]]
    )
    assert second.results["claim_2"]["lost_starts"] == []
    assert not path.exists()
    assert second.results["claim_0"].keys() == second.results["claim_2"].keys()


def test_another_run_that_does_not_end_is_named(playbooks: Playbooks) -> None:
    path = playbooks.folder / "gateway.claims"
    entry = {"start": "2026-11-23T07:00:00.123456Z", "machine": "jump-host", "run": "/tmp/x", "host": "gw1"}
    path.write_text(json.dumps([{**entry, "until": "2999-01-01T00:00:00Z", "ended": False}]))
    _play(playbooks, {"path": str(path), "wait_timeout": 1}).failed("the run on jump-host for gw1", "Run again")
    _play(playbooks, {"path": str(path), "wait_timeout": 0}).failed("wait_timeout is 0", "from 1 to 3600")
    assert [claim["start"] for claim in json.loads(path.read_text())] == [entry["start"]]
