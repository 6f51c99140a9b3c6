# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private plugin utility of email_gateway.azure_apps: it may change without notice.
"""A federated credential: the application signs in with the tokens of another issuer."""

from __future__ import annotations

import dataclasses
import datetime
import os
import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core import times
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.checks import filled
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.errors import InputError
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.json import text_or_empty
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._credential.record import NO_RECORD, Record
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.call import Call
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._resources.federated_credential import (
    FederatedCredentialResource,
    Federation,
)
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._credential.kind import (
    Found,
    Kind,
    applied,
)


class FederatedCredential(Kind):
    type = "federated"

    def __init__(self, call: Call) -> None:
        super().__init__(call)
        self._resource = FederatedCredentialResource(call)
        self._current = Federation(object_id="", client_id="")
        self._kept = NO_RECORD
        if call.params["verify_token"]:
            path = text_or_empty(call.params, "assertion_file")
            if not os.path.isfile(path):
                raise InputError(
                    "O(verify_token) needs a token of the issuer, and O(assertion_file) is"
                    f" {path!r}, which is not a file",
                    next_step="Set O(assertion_file) to a file with such a token, or O(verify_token) to false.",
                )

    def look(self, stored: Record, *, outgoing: t.Collection[str], unconfirmed: t.Sequence[datetime.datetime]) -> Found:
        self._kept = stored
        self._current = self._resource.read()
        return self._found(self._current, self._resource.desired(self._current))

    def not_registered(self) -> Found:
        return self._found(self._current, self._resource.desired(self._current))

    def create(self, start: datetime.datetime) -> Found:
        return self._found(self._current, applied(self.call, self._resource, self._current))

    def _found(self, current: Federation, state: Federation) -> Found:
        """Microsoft Graph has no start. The overlap begins when the credential was stored first."""
        result = self._resource.result(state)
        before, after = self._resource.view(current), self._resource.view(state)
        key_id = text_or_empty(result, "federated_credential_id").lower()
        start = times.written(self.call.now)
        if self._kept.key_id == key_id:
            start = self._kept.secret_start
        result = {
            **result,
            "key_id": filled(key_id),
            "start": None,
            "end": None,
            "days_left": None,
            "fresh": before != after,
        }
        if key_id:
            result["start"] = start
        return Found(
            client_id=state.client_id,
            object_id=state.object_id,
            key_id=key_id,
            start=start,
            end="",
            due=before != after,
            before=before,
            after=after,
            result=result,
        )

    def record(self, common: Record, kept: Record) -> Record:
        return dataclasses.replace(common, federated_credential=self.call.params["name"])

    def value(self, record: Record) -> dict[str, str]:
        return {"client_assertion_file": self.call.params["assertion_file"]}
