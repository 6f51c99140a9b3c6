# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The event source with ansible-rulebook's interface: ``main(queue, args)``, run here for a number of polls."""

from __future__ import annotations

import asyncio
import collections.abc as c
import json
import logging
import sys
import threading
import types
import typing as t
from pathlib import Path

import pytest
import yaml

from ansible_collections.email_gateway.azure_apps.extensions.eda.plugins.event_source import app_secret_expiry as source
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core import run_memory as _run_memory
from ansible_collections.email_gateway.azure_apps.tests.unit import leak_search
from ansible_collections.email_gateway.azure_apps.tests.unit.fixed_time import fix_now
from ansible_collections.email_gateway.azure_apps.tests.unit.tenant import Json, Tenant

TAG = "email_gateway.azure_apps"
UNKNOWN = "11111111-1111-1111-1111-111111111111"


class PollsAreOver(Exception):
    """Raised when the source would wait for its next poll."""


class Source:
    """Runs the source poll by poll. Between two polls a test may act."""

    def __init__(self, tenant: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
        self.tenant = tenant
        self.slept: list[float] = []
        self._between: list[c.Callable[[], object]] = []
        self._looks: list[list[Json]] = []
        for name, value in tenant.environ.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(
            source,
            "asyncio",
            types.SimpleNamespace(to_thread=asyncio.to_thread, sleep=self._sleep, Queue=asyncio.Queue),
        )

    def polls(self, *between: c.Callable[[], object], **args: t.Any) -> list[list[Json]]:
        """The events of each poll; there is one poll more than there are acts."""
        self._between, self._looks = list(between), [[]]
        with pytest.raises(PollsAreOver):
            asyncio.run(source.main(t.cast(t.Any, self), args))
        return self._looks

    def poll(self, **args: t.Any) -> list[Json]:
        (only,) = self.polls(**args)
        return only

    async def put(self, event: Json) -> None:
        """The method of the queue."""
        assert list(event) == ["app_secret_expiry"]
        self._looks[-1].append(event["app_secret_expiry"])

    async def _sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        if not self._between:
            raise PollsAreOver
        self._between.pop(0)()
        self._looks.append([])


@pytest.fixture
def eda(tenant: Tenant, monkeypatch: pytest.MonkeyPatch) -> Source:
    fix_now(monkeypatch)
    return Source(tenant, monkeypatch)


def gateway(tenant: Tenant, name: str = "gateway", *, days: int | None = None, tag: str = TAG) -> Json:
    """A registration, and a client secret with so many days left."""
    made = tenant.register(name, tags=[tag])
    if days is not None:
        add_secret(tenant, name, days=days)
    return made


def add_secret(tenant: Tenant, name: str = "gateway", *, days: int, description: str = "Mail gateway") -> Json:
    options: Json = {
        "unique_name": name,
        "description": description,
        "lifetime_days": days,
        "renew_before_days": days - 1,
    }
    made = tenant.ok("azure_app_secret", **options)
    tenant.clear_requests()
    return made


def has_expired(tenant: Tenant, name: str = "gateway") -> None:
    application = tenant.application(uniqueName=name)
    table = tenant.server.tenant.directory.applications
    past = {"startDateTime": "2020-01-01T00:00:00Z", "endDateTime": "2020-07-01T00:00:00Z"}
    table[application["id"]]["passwordCredentials"] = [
        {**entry, **past} for entry in application["passwordCredentials"]
    ]


def sign_ins(tenant: Tenant) -> int:
    return sum(entry.path.endswith("/token") for entry in tenant.server.requests())


def test_an_event_is_sent_for_a_secret_that_expires_soon(eda: Source) -> None:
    made = gateway(eda.tenant)
    secret = add_secret(eda.tenant, days=10)
    (event,) = eda.poll()
    assert event == {
        "state": "expiring",
        "tenant_id": eda.tenant.server.tenant_id,
        "client_id": made["client_id"],
        "application_object_id": made["application_object_id"],
        "display_name": "Gateway gateway",
        "unique_name": "gateway",
        "kind": "client_secret",
        "key_id": secret["key_id"],
        "description": "Mail gateway",
        "end": secret["end"],
        "days_left": 10,
        "message": None,
        "error": None,
    }
    assert eda.slept == [3600]


def test_no_event_is_sent_without_a_problem(eda: Source) -> None:
    gateway(eda.tenant, days=90)
    gateway(eda.tenant, "of-another-team", days=10, tag="other")
    assert eda.poll() == []


def test_the_threshold_is_the_requested_number_of_days(eda: Source) -> None:
    gateway(eda.tenant, days=90)
    assert [event["state"] for event in eda.poll(days=91)] == ["expiring"]


def test_an_expired_secret_is_reported_first(eda: Source) -> None:
    gateway(eda.tenant, "one", days=10)
    gateway(eda.tenant, "two", days=90)
    has_expired(eda.tenant, "two")
    found = [(event["unique_name"], event["state"], event["days_left"] < 0) for event in eda.poll()]
    assert found == [("two", "expired", True), ("one", "expiring", False)]


def test_a_replaced_secret_is_not_reported_but_one_of_another_description_is(eda: Source) -> None:
    gateway(eda.tenant, days=10)
    old = add_secret(eda.tenant, days=20, description="foreign-password")
    add_secret(eda.tenant, days=90)
    assert [event["key_id"] for event in eda.poll()] == [old["key_id"]]


def test_certificates_are_reported(eda: Source, tmp_path: Path) -> None:
    gateway(eda.tenant)
    options: Json = {"unique_name": "gateway", "description": "d", "lifetime_days": 10, "renew_before_days": 0}
    made = eda.tenant.ok("azure_app_certificate", path=str(tmp_path / "key.pem"), **options)
    (event,) = eda.poll()
    assert (event["kind"], event["key_id"], event["state"]) == ("certificate", made["key_id"], "expiring")


def test_an_application_without_a_credential_is_reported(eda: Source) -> None:
    gateway(eda.tenant)
    gateway(eda.tenant, "federated")
    trusted = eda.tenant.assertion("system:serviceaccount:mail:gateway")
    options = {name: trusted[name] for name in ("issuer", "subject")}
    eda.tenant.ok("azure_app_federated_credential", unique_name="federated", name="cluster", **options)
    (event,) = eda.poll()
    assert (event["unique_name"], event["state"], event["key_id"]) == ("gateway", "no_credential", None)


def test_applications_can_be_named_and_missing_ones_are_reported(eda: Source) -> None:
    made = gateway(eda.tenant, "one", days=10, tag="other")
    gateway(eda.tenant, "two", days=10)
    gateway(eda.tenant, "three", days=10)
    found = eda.poll(unique_names=["one", "two", "missing"], client_ids=[made["client_id"].upper(), UNKNOWN])
    outputs = [(event["unique_name"], event["client_id"] == UNKNOWN, event["state"]) for event in found]
    due = [("one", False, "expiring"), ("two", False, "expiring")]
    assert sorted(outputs[:2]) == due
    assert outputs[2:] == [("missing", False, "missing"), (None, True, "missing")]


def test_a_due_credential_is_reported_at_each_poll_until_it_is_renewed(eda: Source) -> None:
    gateway(eda.tenant, days=10)
    polls = eda.polls(lambda: None, lambda: add_secret(eda.tenant, days=90), interval=60)
    assert [len(found) for found in polls] == [1, 1, 0], polls
    assert polls[0] == polls[1]
    assert eda.slept == [60, 60, 60]


def test_the_source_only_reads_and_signs_in_once(eda: Source) -> None:
    for number in range(8):
        gateway(eda.tenant, f"gateway-{number}", days=10)
    polls = eda.polls(lambda: None, lambda: None)
    assert [len(found) for found in polls] == [8, 8, 8]
    assert eda.tenant.writes == []
    assert sign_ins(eda.tenant) == 1
    assert eda.tenant.graph_requests == 3


def test_an_expired_token_is_renewed_once(eda: Source) -> None:
    gateway(eda.tenant, days=10)
    polls = eda.polls(lambda: eda.tenant.server.clock.advance(4000), lambda: None)
    assert [len(found) for found in polls] == [1, 1, 1]
    assert sign_ins(eda.tenant) == 2


def test_the_memory_of_the_process_expires(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [1000.0]
    monkeypatch.setattr(_run_memory, "time", types.SimpleNamespace(time=lambda: now[0]))
    memory = _run_memory.ProcessMemory()
    memory.remember("token", "t", seconds=60)
    now[0] += 59
    assert memory.recall("token") == "t"
    now[0] += 1
    assert memory.recall("token") is None


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ({"path": "^/v1.0/", "status": 503, "times": 1000}, "Injected by the emulator"),
        ({"path": "^/v1.0/", "status": 429, "headers": {"Retry-After": "600"}, "times": 1000}, "retry again later"),
        ({"path": "^/v1.0/", "close_before": True, "times": 1000}, "connection was lost"),
        ({"path": "/token$", "status": 500, "times": 1000}, "sign in"),
    ],
    ids=["503", "429", "connection", "sign-in"],
)
def test_a_failing_tenant_is_logged_and_retried(eda: Source, fault: Json, words: str, caplog: t.Any) -> None:
    gateway(eda.tenant, days=10)
    eda.tenant.server.faults.add(**fault)
    failed, good = eda.polls(eda.tenant.server.faults.clear)
    (event,) = failed
    assert event["state"] == "error"
    assert words.lower() in event["message"].lower()
    assert event["error"]["next_step"]
    assert event["client_id"] is None
    assert event["message"] in caplog.text
    assert [entry["state"] for entry in good] == ["expiring"]


def test_a_failed_sign_in_is_logged_and_retried(eda: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    gateway(eda.tenant, days=10)
    monkeypatch.setenv("AZURE_SECRET", "a-secret-that-is-no-longer-right")

    def mended() -> None:
        monkeypatch.setenv("AZURE_SECRET", eda.tenant.environ["AZURE_SECRET"])

    (event,), good = eda.polls(mended)
    assert (event["state"], event["error"]["code"]) == ("error", "AADSTS7000215")
    assert "a-secret-that-is-no-longer-right" not in json.dumps(event)
    assert len(good) == 1


@pytest.mark.parametrize(
    ("args", "words"),
    [
        ({"days": -1}, "days is -1"),
        ({"days": "soon"}, "days"),
        ({"interval": 0}, "interval is 0"),
        ({"interval": float("inf")}, "interval"),
        ({"tags": []}, "tags is an empty list"),
        ({"tags": ["two words"]}, "two words"),
        ({"client_ids": ["no-guid"]}, "not a GUID"),
        ({"tag": "x"}, "Unsupported parameters"),
        ({"auth_source": "magic"}, "auth_source"),
        ({"auth_tenant_id": "common"}, "not name a single tenant"),
        ({"auth_access_token": "a-token-that-is-secret", "auth_client_secret": "s"}, "Two sign-in methods"),
        ({"auth_source": "client_secret", "auth_client_id": "a-token-that-is-secret"}, "GUID"),
        ({"graph_url": "https://example.com"}, "authority_url .* is not set"),
        ({"wait_timeout": 0}, "wait_timeout"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_invalid_arguments_end_the_source_before_any_request(
    eda: Source, monkeypatch: pytest.MonkeyPatch, args: Json, words: str
) -> None:
    if "graph_url" in args:
        monkeypatch.delenv("AZURE_AUTHORITY_HOST")
    with pytest.raises(ValueError, match=words) as raised:
        asyncio.run(source.main(asyncio.Queue(), args))
    assert "auth_access_token" not in args or "a-token-that-is-secret" not in str(raised.value)
    assert eda.tenant.server.requests() == []


def test_a_refused_argument_is_shown_without_its_secret(eda: Source) -> None:
    secret = "s3cret-of-the-operator"
    with pytest.raises(ValueError, match="Unsupported parameters") as raised:
        asyncio.run(source.main(asyncio.Queue(), {"auth_client_secret": secret, secret: 1}))
    assert secret not in str(raised.value)


def test_the_source_can_be_cancelled_while_it_waits_for_the_tenant(eda: Source) -> None:
    gateway(eda.tenant, days=10)
    asked, answer = threading.Event(), threading.Event()

    def hold() -> None:
        asked.set()
        answer.wait(30)

    eda.tenant.server.faults.add(path="^/v1.0/", then=hold)

    async def cancelled() -> int:
        queue: asyncio.Queue[Json] = asyncio.Queue()
        task = asyncio.create_task(source.main(queue, {}))
        await asyncio.to_thread(asked.wait, 30)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        answer.set()
        return queue.qsize()

    assert asyncio.run(cancelled()) == 0


def test_a_poll_does_not_block_the_event_loop(eda: Source) -> None:
    """Otherwise, a tenant that does not respond would stop all sources of a rulebook."""
    gateway(eda.tenant, days=10)
    others_ran = threading.Event()
    eda.tenant.server.faults.add(path="^/v1.0/", then=lambda: others_ran.wait(30))

    async def both() -> Json:
        queue: asyncio.Queue[Json] = asyncio.Queue()
        task = asyncio.create_task(source.main(queue, {}))
        while not eda.tenant.server.faults.rules[0].fired:
            await asyncio.sleep(0)
        others_ran.set()
        event = await queue.get()
        await asyncio.wait([task])
        return event

    assert asyncio.run(both())["app_secret_expiry"]["state"] == "expiring"


def test_neither_events_nor_logs_contain_a_secret(
    eda: Source, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    issued = leak_search.Issued(eda.tenant.server.client_secret)
    leak_search.record(issued, None, eda.tenant.server.journal, monkeypatch)
    caplog.set_level(logging.DEBUG)
    gateway(eda.tenant, days=10)
    refusal = {"error": {"code": "Authorization_RequestDenied", "message": "Insufficient privileges."}}
    rule = {"path": "^/v1.0/", "status": 403, "body": refusal, "times": 1000}
    first, second = eda.polls(lambda: eda.tenant.server.faults.add(**rule))
    assert [event["state"] for event in first + second] == ["expiring", "error"]
    assert len(issued.secrets) >= 3  # the operator's, the application's, a token
    outputs = [("events", json.dumps([first, second]).encode()), ("log", caplog.text.encode())]
    assert leak_search.hits(outputs, issued.secrets) == []


def test_a_name_that_looks_like_a_template_is_escaped(eda: Source) -> None:
    """ansible-rulebook passes the event to the playbook as an extra variable, and others choose names."""
    eda.tenant.register(display_name="{{ lookup('pipe', 'id') }} {% if x %} {# y", tags=[TAG])
    (event,) = eda.poll()
    assert event["display_name"] == "{ { lookup('pipe', 'id') }} { % if x %} { # y"


def test_a_missing_library_ends_the_source(eda: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "msal", None)
    with pytest.raises((RuntimeError, ValueError), match="msal is not installed"):
        asyncio.run(source.main(asyncio.Queue(), {}))


def test_the_documented_options_are_those_of_the_source() -> None:
    documented = yaml.safe_load(source.DOCUMENTATION)["options"]
    options = source.argument_spec().options
    assert documented.keys() == options.keys()
    for name, option in options.items():
        for member in ("type", "default", "choices", "elements", "required"):
            assert documented[name].get(member) == option.get(member), f"{name}: {member}"


def test_the_examples_are_arguments_of_the_source(eda: Source) -> None:
    for example in yaml.safe_load(source.EXAMPLES):
        (args,) = [value for name, value in example.items() if name == source.NAME]
        given = {"auth_client_id": UNKNOWN} if "auth_client_id" in args else {}
        assert source.Expiry({**args, **given}).interval == 3600
