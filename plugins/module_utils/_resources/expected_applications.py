# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private module utility of email_gateway.azure_apps: it may change without notice.
"""The applications that an earlier job registered, as it handed them over: any other is refused before a grant."""

from __future__ import annotations

import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.checks import filled
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.errors import ConflictError, InputError
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.json import as_object
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.yaml import Unreadable, parse_yaml


class Registered(t.NamedTuple):
    """What the earlier job knew of one application; ``tenant_id`` is empty if it did not hand that over."""

    client_id: str
    tenant_id: str

    def is_of(self, client_id: str, tenant_id: str) -> bool:
        same_tenant = self.tenant_id in ("", tenant_id.lower())
        return self.client_id == client_id.lower() and same_tenant


class ExpectedApplications(t.NamedTuple):
    """``name`` is the option or variable. By unique name, or by client id if the application has no unique name."""

    name: str
    applications: t.Mapping[str, Registered]

    @classmethod
    def of(cls, name: str, value: t.Any) -> ExpectedApplications:
        """A dictionary, a list of them, or either as text in JSON or YAML, as AWX hands it on. Raises InputError."""
        found: dict[str, Registered] = {}
        for key, entry in _entries(name, value):
            known = found.setdefault(key, entry)
            if known != entry:
                raise InputError(
                    f"{name} names two applications for {key}: those with the client ids {known.client_id} and"
                    f" {entry.client_id}",
                    next_step="Find out which one is right, and register it again.",
                )
        return cls(name, found)

    def check(self, *, unique_name: str | None, client_id: str, tenant_id: str, whose: str) -> None:
        """Raises ConflictError if there are expectations, and they are not of this application.

        ``whose`` is its name.
        """
        if not self.applications:
            return
        expected = self.applications.get(unique_name or client_id)
        if expected is None:
            difference = "does not list it"
        elif not expected.is_of(client_id, tenant_id):
            difference = f"lists the one with the client id {expected.client_id}"
            if expected.tenant_id:
                difference += f" in the tenant {expected.tenant_id}"
        else:
            return
        raise ConflictError(
            f"{whose} is now the application with the client id {client_id} in the tenant {tenant_id}, and"
            f" {self.name} {difference}",
            next_step="Find out who replaced it, and register it again.",
            client_id=client_id,
        )


def _entries(name: str, value: t.Any) -> t.Iterator[tuple[str, Registered]]:
    written = filled(value)
    if written is not None:
        try:
            value = parse_yaml(written)
        except Unreadable:
            raise _malformed(name) from None
    if isinstance(value, list):
        for item in value:
            if item in (None, "") or isinstance(item, list):
                raise _malformed(name)
            yield from _entries(name, item)
        return
    if value in (None, ""):
        return
    if not isinstance(value, dict) or not all(map(_is_application, value.values())):
        raise _malformed(name)
    for key, entry in value.items():
        yield str(key), Registered(str(entry["client_id"]).lower(), str(entry.get("tenant_id") or "").lower())


def _malformed(name: str) -> InputError:
    return InputError(
        f"{name} is malformed",
        next_step="Set it to what the playbook email_gateway.azure_apps.register hands over: a dictionary of"
        " applications by their unique names, each with tenant_id, client_id, object_id and"
        " service_principal_object_id.",
    )


def _is_application(entry: t.Any) -> bool:
    return bool(as_object(entry).get("client_id"))
