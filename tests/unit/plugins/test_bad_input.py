# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Any value of an option is either used, or refused clearly before anything is written.

The options are those of each module's argument spec, so that a new one is tested without a change here.
BAD_INPUT_EXAMPLES=2000 tries as many for each option, different ones in each run.
"""

from __future__ import annotations

import collections.abc as c
import importlib
import json
import os
import socket
import typing as t
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.arguments import ArgumentSpec
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.run_memory import RunMemory
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.module import Module
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._action.controller_action import call_module
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._run.plain import plain
from ansible_collections.email_gateway.azure_apps.tests.unit import hostile_input
from ansible_collections.email_gateway.azure_apps.tests.unit.action_runner import ActionRunner
from ansible_collections.email_gateway.azure_apps.tests.unit.paths import REPOSITORY, files_below
from ansible_collections.email_gateway.azure_apps.tests.unit.tenant import Json, Tenant

PLUGINS = "ansible_collections.email_gateway.azure_apps.plugins"
MODULES = sorted(path.stem for path in (REPOSITORY / "plugins" / "modules").glob("*.py"))
EXAMPLES = int(os.environ.get("BAD_INPUT_EXAMPLES", "0"))
FEW = settings(
    max_examples=EXAMPLES or 8,
    derandomize=not EXAMPLES,
    deadline=None,
    database=None,
    phases=(Phase.generate, Phase.shrink) if EXAMPLES else (Phase.generate,),
    suppress_health_check=list(HealthCheck),
)
# For options that need a specific value to be valid. Other options get a value of their kind.
SENSIBLE: dict[str, t.Any] = {
    "description": "gateway",
    "display_name": "Gateway",
    "unique_name": "gateway",
    "application_permissions": ["Mail.Read"],
    "content": {"mine": "value"},
    "end_date": "2999-01-01",
    "wait_timeout": 2,
    "tenant_id": "contoso.onmicrosoft.com",
    "client_secret": "a secret that is not known",
}
REPLACES_FILES = ("azure_app_report",)  # those that its options name, as template does
OF_KIND: dict[str, t.Any] = {"str": "x", "path": "x", "int": 1, "bool": False, "list": [], "dict": {}}


def _options(module: str) -> list[str]:
    action = importlib.import_module(f"{PLUGINS}.action.{module}").ActionModule
    declared: Module = action(None, None, None, None, None, None).module()
    return list(declared.argument_spec.options)


OPTIONS = [(module, option) for module in MODULES for option in _options(module)]


class SignInOnly(RunMemory):
    """Stores only the operator's token, for the sake of speed, so that one example does not affect the next."""

    def __init__(self) -> None:
        self._tokens: dict[str, t.Any] = {}

    def recall(self, key: str) -> t.Any | None:
        return self._tokens.get(key)

    def remember(self, key: str, value: t.Any, *, seconds: float) -> None:
        if key.startswith("token:"):
            self._tokens[key] = value


class Trial:
    """One module, run with valid options except for those that are tried, in a tenant with a bystander."""

    def __init__(self, tenant: Tenant, folder: Path, asked: list[str], actions: ActionRunner) -> None:
        self.tenant = tenant
        self.actions = actions
        self.folder = folder
        self.asked = asked
        self.paths = hostile_input.paths(folder)
        # No installed program is found, so that no example runs one.
        self.environ = {**tenant.environ, "PATH": str(folder / "no-programs")}
        self.tenant.memory = SignInOnly()
        self._made: dict[str, t.Any] = {}

    def prepare(self) -> dict[str, t.Any]:
        """The objects that the options can name; created again if the last example wrote."""
        if self._made and not self.tenant.writes:
            return self._made
        self.tenant.server.reset()
        memory, self.tenant.memory = self.tenant.memory, RunMemory()
        bystander = self.tenant.register("bystander", display_name="bystander", tags=["bystander"])
        made = self.tenant.register("gateway", display_name="Gateway")
        self.tenant.memory = memory
        self._made = {"bystander": bystander, "gateway": made}
        return self._made


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The hosts that were looked up or connected to. Only those on loopback are reachable."""
    seen: list[str] = []
    connect, look_up = socket.socket.connect, socket.getaddrinfo

    def guarded_connect(self: socket.socket, address: t.Any) -> None:
        if isinstance(address, tuple) and address[0] not in ("127.0.0.1", "::1"):
            seen.append(str(address[0]))
            raise OSError("no network in this test")
        connect(self, address)

    def guarded_look_up(host: t.Any, *arguments: t.Any, **keywords: t.Any) -> t.Any:
        seen.append(host.decode() if isinstance(host, bytes) else str(host))
        if seen[-1] not in ("localhost", "127.0.0.1", "::1"):
            raise socket.gaierror("no network in this test")
        return look_up(host, *arguments, **keywords)

    monkeypatch.setattr(socket.socket, "connect", guarded_connect)
    monkeypatch.setattr(socket, "getaddrinfo", guarded_look_up)
    return seen


@pytest.fixture
def trial(tenant: Tenant, tmp_path: Path, asked: list[str], monkeypatch: pytest.MonkeyPatch) -> c.Iterator[Trial]:
    monkeypatch.setenv("HOME", str(tmp_path))
    yield Trial(tenant, tmp_path, asked, ActionRunner(tenant, tmp_path, monkeypatch))
    assert not list(tmp_path.rglob(hostile_input.PWNED))


def _sensible(spec: ArgumentSpec, made: dict[str, t.Any], without: set[str]) -> dict[str, t.Any]:
    """As few options as the spec allows, ``without`` those that are set otherwise."""
    present = spec.options.get("state", {}).get("default") == "present"
    names = [name for name, option in spec.options.items() if option.get("required")]
    for group in spec.required_one_of:
        names += [] if without & set(group) else [group[0]]
    for rule in spec.required_if:
        names += rule[2] if present and rule[:2] == ("state", "present") else []
    known = {
        **SENSIBLE,
        "client_id": made["gateway"]["client_id"],
        "object_id": made["gateway"]["application_object_id"],
    }
    chosen = {name: known.get(name, OF_KIND[spec.options[name].get("type", "str")]) for name in names}
    if "wait_timeout" in spec.options:
        chosen["wait_timeout"] = 2
    return {name: value for name, value in chosen.items() if name not in without}


def _values(trial: Trial, spec: ArgumentSpec, name: str) -> st.SearchStrategy[t.Any]:
    option = spec.options[name]
    listed = hostile_input.values(option, name)
    if option.get("type") == "path":
        listed = [*trial.paths, *listed]
    choices = option.get("choices", [])
    of_kind: dict[str, st.SearchStrategy[t.Any]] = {
        "str": st.text(max_size=300),
        "int": st.integers() | st.floats(),
        "list": st.lists(st.text(max_size=20) | st.sampled_from(hostile_input.TEXTS), max_size=4),
        "dict": st.dictionaries(
            st.text(max_size=5), st.recursive(st.text(max_size=5), st.lists, max_leaves=5), max_size=3
        ),
    }
    free = of_kind.get(option.get("type", "str"), st.none())
    return st.sampled_from([*choices, *listed]) | free if EXAMPLES else st.sampled_from([*listed, *choices])


def _may_be_asked(params: dict[str, t.Any]) -> set[str]:
    """Names of hosts that the options themselves configure."""
    given = [str(params.get(name)).strip().rstrip("/").lower() for name in ("authority_url", "graph_url")]
    asked = {"localhost", "127.0.0.1"}
    if params.get("auth_source") == "managed_identity":
        asked.add("169.254.169.254")  # the machine's own service, which no name leads to
    return {*asked, *(text.rpartition("/")[2].partition(":")[0] for text in given)}


@pytest.mark.parametrize(("module", "option"), OPTIONS, ids=lambda name: name)
def test_every_option_is_accepted_or_refused(module: str, option: str, trial: Trial) -> None:
    declared = trial.actions.module(module)
    spec = declared.argument_spec

    @FEW
    @given(data=st.data())
    def tries(data: st.DataObject) -> None:
        made = trial.prepare()
        tried = {option: data.draw(_values(trial, spec, option))}
        other = data.draw(st.none() | st.sampled_from(sorted(spec.options)))
        if other is not None:
            tried[other] = data.draw(_values(trial, spec, other))
        params = {**_sensible(spec, made, set(tried)), **tried}
        before = trial.tenant.server.tenant.directory.applications[made["bystander"]["application_object_id"]]
        before = json.loads(json.dumps(before))
        trial.tenant.clear_requests()
        trial.asked.clear()
        files, check_mode = files_below(trial.folder), data.draw(st.booleans())

        result = call_module(
            declared, module, plain(params), check_mode=check_mode, environ=trial.environ, memory=trial.tenant.memory
        )

        json.dumps(result, allow_nan=False).encode()
        if result.get("failed"):
            hostile_input.check_clear_refusal(result)
            assert trial.tenant.writes == [], result
        if result.get("changed") and not check_mode:
            assert trial.tenant.writes or files_below(trial.folder) != files, "nothing has changed"
        assert {*trial.asked} <= _may_be_asked(params), trial.asked
        after = trial.tenant.server.tenant.directory.applications[made["bystander"]["application_object_id"]]
        assert after == before, "another object was changed"
        assert module in REPLACES_FILES or (trial.folder / "plain").read_text() == "a foreign file"

    tries()


QUOTED = [
    text
    for text in (*hostile_input.BREAKOUTS, *hostile_input.UNICODE, *hostile_input.CODE)
    # Entra ID ignores case in comparisons, so that such a name is the bystander's own.
    if text.isprintable() and text.strip() and text.strip().lower() != "bystander"
]
BYSTANDERS = ("bystander", "O'Bryan", "x")


@pytest.mark.parametrize("name", QUOTED)
def test_a_name_only_affects_the_object_that_it_names(name: str, tenant: Tenant) -> None:
    for other in BYSTANDERS:
        tenant.ok("azure_app_registration", display_name=other, unique_name=other, tags=[other])
    tag = "".join(name.split())[:200]
    keys: list[Json] = [{"unique_name": name}, {"display_name": name}, {"tag": tag}]
    for key in keys:
        assert tenant.ok("azure_app_registration_info", **key)["applications"] == [], key
    made = tenant.ok("azure_app_registration", display_name=name, unique_name=name, tags=[tag])
    for key in keys:
        (found,) = tenant.ok("azure_app_registration_info", **key)["applications"]
        assert found["client_id"] == made["client_id"], key
        assert (found["unique_name"], found["display_name"], found["tags"]) == (name, name, [tag])
    assert not tenant.ok("azure_app_registration", display_name=name, unique_name=name)["changed"]
    tenant.ok("azure_app_registration", unique_name=name, state="absent")
    assert sorted(a["uniqueName"] for a in tenant.applications) == ["O'Bryan", "bystander", "x"]
