# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The common guarantees of every module that writes. The modules are data: writers.py."""

from __future__ import annotations

import json
import re
import typing as t
from pathlib import Path

import pytest

from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._run.shared_memory import SharedMemory
from ansible_collections.email_gateway.azure_apps.tests.unit.fixed_time import fix_now
from ansible_collections.email_gateway.azure_apps.tests.unit.key_stock import take_keys_from_stock
from ansible_collections.email_gateway.azure_apps.tests.unit.paths import files_below
from ansible_collections.email_gateway.azure_apps.tests.unit.plugins.modules.bad_options import BAD_OPTIONS
from ansible_collections.email_gateway.azure_apps.tests.unit.plugins.modules.writers import (
    NO_WRITERS,
    UNKNOWN,
    WRITERS,
    Writer,
)
from ansible_collections.email_gateway.azure_apps.tests.unit.tenant import (
    Json,
    Tenant,
    VirtualTime,
    concurrency_violation,
    lasting,
)
from ansible_collections.email_gateway.azure_apps.tests.unit.tenant_application import REQUESTS, TenantApplication

MODULES = Path(__file__).resolve().parents[4] / "plugins" / "modules"
GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
ID_IN_PATH = re.compile(r"(?<=[/'])(?!applications|servicePrincipals)[\w-]{36}")
STEPS = ("create", "change", "remove")
PASSING_FAULTS: dict[str, Json] = {
    "closed before": {"close_before": True},
    "closed after": {"close_after": True},
    "cut off": {"truncate": True},
    "no JSON": {"invalid_json": True},
    "503 although done": {"status": 503, "processed": True},
    "500": {"status": 500},
    "429": {"status": 429},
    **{
        f"too close: {code}": {"status": code, "body": concurrency_violation(code), "times": 2}
        for code in (400, 409, 503)
    },
}


class Work:
    """A writer in a tenant, step by step."""

    def __init__(self, writer: Writer, tenant: Tenant) -> None:
        self.writer = writer
        self.tenant = tenant
        self.made: Json = {}
        writer.prepare(tenant)
        tenant.clear_requests()

    def options(self, step: str) -> Json:
        if step == "create":
            return self.writer.create
        return {**self.writer.create, **self.writer.change} if step == "change" else self.writer.remove(self.made)

    def before(self, step: str) -> Work:
        """Perform all steps before this one."""
        if step != "create":
            self.made = self.run("create")
        if step == "change":
            self.writer.before_change(self.tenant)
        self.tenant.clear_requests()
        return self

    def run(self, step: str, *, check: bool = False) -> Json:
        return self.tenant.ok(self.writer.module, check=check, **self.options(step))

    def fails(self, step: str) -> Json:
        return self.tenant.fails(self.writer.module, **self.options(step))

    def fault(self, step: str, **fault: t.Any) -> None:
        method, path = REQUESTS[self.writer.requests[step]]
        self.tenant.server.faults.add(method=method, path=path, **fault)

    @property
    def current_state(self) -> object:
        return self.writer.current_state(self.tenant)


@pytest.fixture(params=WRITERS, ids=lambda writer: writer.module)
def work(request: pytest.FixtureRequest, tenant: Tenant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Work:
    monkeypatch.chdir(tmp_path)
    take_keys_from_stock(monkeypatch)
    return Work(request.param, tenant)


def snapshot(tenant: Tenant) -> str:
    return json.dumps({k: v for k, v in tenant.server.tenant.snapshot().items() if k != "clock_offset"})


def test_every_module_that_writes_is_listed() -> None:
    names = {path.stem for path in MODULES.glob("*.py") if not path.stem.endswith("_info")}
    listed = {writer.module for writer in WRITERS}
    missing = sorted(names - listed - NO_WRITERS.keys())
    assert not missing, f"add a Writer for {missing} to WRITERS in {Path(__file__).with_name('writers.py')}"
    gone = sorted((listed | NO_WRITERS.keys()) - names)
    assert not gone, f"remove {gone} from {Path(__file__).with_name('writers.py')}: there is no such module"
    bad = sorted(listed ^ BAD_OPTIONS.keys())
    assert not bad, f"BAD_OPTIONS in {Path(__file__).with_name('bad_options.py')} differs from WRITERS in {bad}"


@pytest.mark.parametrize(
    ("writer", "options", "words"),
    [(writer, options, words) for writer in WRITERS for options, words in BAD_OPTIONS[writer.module]],
    ids=lambda value: value.module if isinstance(value, Writer) else "",
)
def test_invalid_options_are_refused_before_any_request(
    writer: Writer, options: Json, words: str, tenant: Tenant
) -> None:
    given = {name: value for name, value in {**writer.create, **options}.items() if value is not None}
    result = tenant.fails(writer.module, **given)
    assert words in result["msg"]
    assert result["error"]["kind"] == "input"
    assert tenant.server.requests() == []


@pytest.mark.parametrize("step", STEPS)
def test_check_mode_predicts_and_writes_nothing(work: Work, step: str, monkeypatch: pytest.MonkeyPatch) -> None:
    fix_now(monkeypatch)
    work.before(step)
    before = snapshot(work.tenant), files_below(Path())
    predicted = work.run(step, check=True)
    assert predicted["changed"]
    if work.writer.secret is not None:
        assert predicted[work.writer.secret] is None
    if work.writer.new_id is not None and step == "create":
        assert predicted[work.writer.new_id] is None
    assert work.tenant.writes == []
    assert (snapshot(work.tenant), files_below(Path())) == before
    done = work.run(step)
    assert done["changed"]
    assert predicted["diff"]["before"] == done["diff"]["before"]
    assert lasting(predicted["diff"]["after"], "end") == lasting(done["diff"]["after"], "end")
    assert work.run(step, check=True)["changed"] is (step == "change" and work.writer.secret is not None)


def test_a_creation_sends_the_listed_requests(work: Work) -> None:
    assert work.run("create")["changed"]
    assert [ID_IN_PATH.sub("*", write) for write in work.tenant.writes] == list(work.writer.writes)
    assert work.current_state == work.writer.states["create"]


def test_a_second_run_changes_nothing_and_returns_the_same(work: Work) -> None:
    work.before("remove")
    again = work.run("create")
    assert not again["changed"]
    assert work.tenant.writes == []
    assert work.tenant.graph_requests == work.writer.requests_if_unchanged
    assert again["diff"]["before"] == again["diff"]["after"]
    assert work.writer.secret is None or again[work.writer.secret] is None
    assert lasting(again, *work.writer.moving) == lasting(work.made, *work.writer.moving)


@pytest.mark.parametrize("key", ["client_id", "object_id"])
def test_the_application_can_be_found_by_its_ids(work: Work, key: str) -> None:
    work.before("change")
    ids = TenantApplication(work.tenant).ids
    options = {name: value for name, value in work.options("change").items() if name != "unique_name"}
    options[key] = ids[key].upper()
    work.tenant.ok(work.writer.module, **options)
    assert work.current_state == work.writer.states["change"]


def test_the_diff_of_a_change_has_names(work: Work) -> None:
    work.before("change")
    changed = work.run("change")
    assert changed["changed"]
    assert work.current_state == work.writer.states["change"]
    diff = json.dumps(changed["diff"])
    assert changed["diff"]["before"] != changed["diff"]["after"]
    assert work.writer.diff_of_change in diff
    assert not GUID.search(diff)


def test_a_removal_changes_nothing_when_repeated(work: Work) -> None:
    work.before("remove")
    gone = work.run("remove")
    assert gone["changed"]
    assert work.current_state == work.writer.states["remove"]
    assert not GUID.search(json.dumps(gone["diff"]))
    work.tenant.clear_requests()
    again = work.run("remove")
    assert not again["changed"]
    assert work.tenant.writes == []
    assert work.tenant.graph_requests <= work.writer.requests_if_absent


def test_all_runs_return_the_same_keys(work: Work) -> None:
    runs = [work.run("create", check=True), work.run("create")]
    work.made = runs[-1]
    runs += [work.run("create"), work.run("remove", check=True), work.run("remove"), work.run("remove")]
    without_name = {name: value for name, value in work.options("remove").items() if name != "unique_name"}
    absent: tuple[Json, ...] = ({"client_id": UNKNOWN}, {"unique_name": "unknown"})
    for key in absent:
        runs.append(work.tenant.ok(work.writer.module, **without_name, **key))
        assert not runs[-1]["changed"], "the application is not there"
    assert {frozenset(run) for run in runs} == {frozenset(runs[0])}


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("fault", PASSING_FAULTS)
def test_a_temporary_fault_ends_in_the_desired_state(work: Work, step: str, fault: str) -> None:
    work.before(step)
    work.fault(step, **PASSING_FAULTS[fault])
    assert work.run(step)["changed"]
    assert work.current_state == work.writer.states[step]


@pytest.mark.parametrize("status", [429, 503])
def test_throttling_and_unavailability_are_retried(work: Work, status: int, virtual_time: VirtualTime) -> None:
    work.fault("create", status=status, headers={"Retry-After": "17"})
    assert work.run("create")["changed"]
    assert 17 <= sum(virtual_time.waited) < 19


def test_missing_rights_are_named_with_the_next_step(work: Work) -> None:
    work.tenant.sign_in_with("Application.Read.All")
    before = work.current_state
    result = work.fails("create")
    assert (result["error"]["status"], result["error"]["code"]) == (403, "Authorization_RequestDenied")
    assert result["error"]["request_id"]
    for words in work.writer.rights:
        assert words in result["error"]["next_step"]
    assert not result["changed"]
    assert work.current_state == before
    assert tuple(files_below(Path())) == work.writer.files_for_the_next_run


@pytest.mark.parametrize("lag", [1, 3])
def test_an_application_of_this_run_is_waited_for(writer_with_lag: tuple[Writer, Tenant], lag: int) -> None:
    writer, tenant = writer_with_lag
    tenant.server.settings.update({"lag": lag})
    work = Work(writer, tenant)
    assert work.run("create")["changed"]
    assert work.current_state == writer.states["create"]


@pytest.fixture(params=WRITERS, ids=lambda writer: writer.module)
def writer_with_lag(
    request: pytest.FixtureRequest, tenant: Tenant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> tuple[Writer, Tenant]:
    """Nothing exists yet, and a task knows the objects that another one created, as in a run of a playbook."""
    monkeypatch.chdir(tmp_path)
    tenant.memory = SharedMemory()
    return request.param, tenant


def test_secrets_are_only_where_they_belong(work: Work) -> None:
    secrets = {work.tenant.server.client_secret}
    results = []
    for step in STEPS:
        if step == "change":
            work.writer.before_change(work.tenant)
        results.append(work.run(step))
        work.made = work.made or results[-1]
    for result in results:
        value = result.pop(work.writer.secret) if work.writer.secret else None
        if value:
            secrets.add(value)
    for content in files_below(Path()).values():
        secrets |= set(re.findall(r"\w{50,}", content.decode().partition("-----BEGIN CERTIFICATE")[0]))
    assert len(secrets) > 1 or work.writer.module not in ("azure_app_secret", "azure_app_certificate")
    output = json.dumps(results)
    assert [secret for secret in secrets if secret in output] == []


def test_an_unknown_application_is_named(work: Work) -> None:
    if work.writer.module == "azure_app_registration":
        result = work.tenant.fails(work.writer.module, client_id=UNKNOWN, notes="n")
        assert UNKNOWN in result["msg"]
    else:
        work.tenant.server.reset()
        work.tenant.environ = work.tenant.server.environment()
        result = work.fails("create")
        assert "'gateway'" in result["msg"]
        assert "azure_app_registration" in result["error"]["next_step"]
    assert work.tenant.writes == []
    assert files_below(Path()) == {}
