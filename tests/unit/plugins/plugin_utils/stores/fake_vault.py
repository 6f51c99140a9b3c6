# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lookups of community.hashi_vault, with an engine of KV version 2 in memory; tests/stores uses a real one."""

from __future__ import annotations

import copy
import typing as t

from ansible.errors import AnsibleError

Json = dict[str, t.Any]
POLICY = {"data": ["create", "read", "update"], "metadata": ["read"], "delete": ["update"]}


def _hvac(name: str) -> type[Exception]:
    """An exception with the name that hvac uses."""
    return type(name, (Exception,), {"__module__": "hvac.exceptions"})


Forbidden, InvalidPath, InvalidRequest = _hvac("Forbidden"), _hvac("InvalidPath"), _hvac("InvalidRequest")


class FakeVault:
    """``versions`` are those of one secret; a deleted one is None. ``asked`` are the lookups and their terms."""

    def __init__(self) -> None:
        self.versions: list[Json | None] = []
        self.policy = {name: list(capabilities) for name, capabilities in POLICY.items()}
        self.engine: Json = {"type": "kv", "options": {"version": "2"}}
        self.asked: list[tuple[str, str]] = []
        self.fail: dict[str, Exception] = {}  # by the name of a lookup and the beginning of a term
        self.lose_next_write = False
        self.hides_deleted = True  # as in hvac before version 3
        self.destroyed: set[int] = set()
        self.before_write: t.Callable[[], None] = lambda: None  # to simulate a concurrent change

    def __call__(self, name: str, terms: t.Sequence[str], **options: t.Any) -> list[t.Any]:
        (term,) = terms
        lookup = name.removeprefix("community.hashi_vault.")
        assert lookup != name, name
        self.asked.append((lookup, term))
        for wanted, failure in self.fail.items():
            if f"{lookup} {term}".startswith(wanted):
                raise failure
        answer = getattr(self, f"_{lookup}")(term, **options)
        return [copy.deepcopy(answer)]

    @property
    def newest(self) -> Json | None:
        return self.versions[-1] if self.versions else None

    def _vault_kv2_get(self, term: str, *, engine_mount_point: str) -> Json:
        assert (term, engine_mount_point) == ("gateways/vienna", "secret")
        self._require("data", "read", term)
        if self.newest is None and not (self.versions and not self.hides_deleted):
            raise AnsibleError(f"Invalid or missing path ['{term}'] with secret version 'latest'.") from InvalidPath()
        return {"secret": self.newest, "metadata": {"version": len(self.versions)}}

    def _vault_read(self, term: str) -> Json:
        if term.startswith("sys/internal/ui/mounts/"):
            return {"data": self.engine}
        assert term == "secret/metadata/gateways/vienna"
        self._require("metadata", "read", term)
        if not self.versions:
            raise AnsibleError(f"The path '{term}' doesn't seem to exist.")
        numbers = range(1, len(self.versions) + 1)
        versions = {
            str(number): {
                "deletion_time": "2026-11-28T08:00:00Z" if self.versions[number - 1] is None else "",
                "destroyed": number in self.destroyed,
            }
            for number in numbers
        }
        return {"data": {"current_version": len(self.versions), "versions": versions}}

    def _vault_write(self, term: str, *, data: Json) -> Json:
        if term == "sys/capabilities-self":
            return {"data": {path: self.policy[path.split("/")[1]] for path in data["paths"]}}
        kind = term.split("/")[1]
        self._require(kind, "update", term)
        if kind == "delete":
            for number in data["versions"]:
                self.versions[number - 1] = None
            return {}
        self.before_write()
        if data["options"]["cas"] != len(self.versions):
            raise InvalidRequest("check-and-set parameter did not match the current version")
        self.versions.append(data["data"])
        if self.lose_next_write:
            self.lose_next_write = False
            raise ConnectionError("Remote end closed connection without response")
        return {"data": {"version": len(self.versions)}}

    def _require(self, kind: str, capability: str, term: str) -> None:
        if not {capability, "root"} & set(self.policy[kind]):
            raise AnsibleError(f"Forbidden: Permission Denied to path '{term}'.") from Forbidden()
