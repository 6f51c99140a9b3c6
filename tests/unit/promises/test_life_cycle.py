# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each initial state of a credential, its store and its application: one run corrects it, and another one
changes nothing; or a person must decide, and nothing is changed."""

from __future__ import annotations

import collections.abc as c
import datetime
import json
import uuid

import pytest

from ansible_collections.email_gateway.azure_apps.tests.unit.graph_client import Client
from ansible_collections.email_gateway.azure_apps.tests.unit.promises.bench import SOON, Bench, described

State = c.Callable[[Bench], None]
A_DAY = datetime.timedelta(days=1)


def unchanged(_bench: Bench) -> None:
    """Nothing is changed."""


def due(bench: Bench) -> None:
    bench.end_of(bench.stored()["key_id"], SOON)


def expired(bench: Bench) -> None:
    bench.end_of(bench.stored()["key_id"], -A_DAY)


def removed(bench: Bench) -> None:
    bench.application["passwordCredentials"] = []


def refused(bench: Bench) -> None:
    """The tenant has the secret, but with another value."""
    _change_store(bench, client_secret="abc8Q~" + "x" * 34)


def lost(bench: Bench) -> None:
    bench.gateway.shelves[0].path.unlink()


def of_an_application_that_is_gone(bench: Bench) -> None:
    _change_store(bench, client_id=str(uuid.uuid4()), key_id=str(uuid.uuid4()))


def of_another_application(bench: Bench) -> None:
    other = bench.tenant.register("other")
    _change_store(bench, client_id=other["client_id"], key_id=str(uuid.uuid4()))


def deleted(bench: Bench) -> None:
    assert _operator(bench).delete(f"/applications/{bench.application['id']}").status_code == 204


def without_service_principal(bench: Bench) -> None:
    (principal,) = bench.tenant.service_principals(bench.application["appId"])
    assert _operator(bench).delete(f"/servicePrincipals/{principal['id']}").status_code == 204


def without_consent(bench: Bench) -> None:
    (principal,) = bench.tenant.service_principals(bench.application["appId"])
    assignments = bench.server.tenant.directory.assignments
    for assignment in list(assignments.where("principalId", principal["id"])):
        del assignments[assignment["id"]]


def without_declaration(bench: Bench) -> None:
    bench.application["requiredResourceAccess"] = []


CREDENTIALS: dict[str, State] = {
    "valid": unchanged, "due": due, "expired": expired, "removed": removed, "refused": refused,
}  # fmt: skip
STORES: dict[str, State] = {
    "kept": unchanged, "lost": lost, "of a gone application": of_an_application_that_is_gone,
    "of another application": of_another_application,
}  # fmt: skip
APPLICATIONS: dict[str, State] = {
    "there": unchanged, "deleted": deleted, "without service principal": without_service_principal,
    "without consent": without_consent, "without declaration": without_declaration,
}  # fmt: skip


@pytest.mark.parametrize("application", APPLICATIONS)
@pytest.mark.parametrize("store", STORES)
def test_one_run_reaches_the_desired_state(make_bench: c.Callable[[str], Bench], store: str, application: str) -> None:
    bench = make_bench("client_secret")
    broken = {credential: _broken(bench, credential, store, application) for credential in CREDENTIALS}
    assert {credential: why for credential, why in broken.items() if why} == {}


def _broken(bench: Bench, credential: str, store: str, application: str) -> list[str]:
    bench.start_from("valid")
    secret = bench.stored()["key_id"]
    for state in (CREDENTIALS[credential], STORES[store], APPLICATIONS[application]):
        state(bench)
    bench.server.journal.clear()
    if store == "of another application":
        return _is_unchanged(bench)
    run = bench.run("main")
    if not run.is_good:
        return [described(run)]
    if (credential, store, application) == ("valid", "kept", "there") and (run.changed or bench.tenant.writes):
        return [f"changed {run.changed}"]
    replaced = bench.stored()["key_id"] != secret
    if replaced == ((credential, store) == ("valid", "kept")):
        return ["a secret was replaced without need" if replaced else "the secret was not replaced"]
    # Only a person knows whether the previous one is still used.
    return bench.broken_in_the_end([secret] if replaced and credential != "removed" else [], "main")


def _is_unchanged(bench: Bench) -> list[str]:
    """The credential task fails before it creates anything, and has a next step."""
    stored = bench.stored()
    run = bench.run("main")
    if run.failure is None or "has the credential of another application" not in run.failure["msg"]:
        return [described(run)]
    touched = [write for write in bench.tenant.writes if write.endswith("Password")]
    return [f"{touched}"] if touched or bench.stored() != stored or bench.gateway.claims.exists() else []


def _change_store(bench: Bench, **content: str) -> None:
    bench.gateway.shelves[0].path.write_text(json.dumps({**bench.stored(), **content}))


def _operator(bench: Bench) -> Client:
    return Client(bench.server, bench.server.client_id, bench.server.client_secret)
