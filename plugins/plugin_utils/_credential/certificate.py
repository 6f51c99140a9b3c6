# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private plugin utility of email_gateway.azure_apps: it may change without notice.
"""A certificate that the application signs in with. The private key stays in its file."""

from __future__ import annotations

import dataclasses
import datetime
import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.errors import InputError
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._credential.key_files import KeyFiles
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._credential.record import Record
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.call import Call
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._resources.certificate import (
    CertificateOptions,
    CertificateResource,
    Certificates,
)
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._credential.kind import (
    Found,
    Kind,
    applied,
    marks,
)


class Certificate(Kind):
    """The private key stays in the file. What the stores keep of it is not a secret."""

    type = "certificate"

    def __init__(self, call: Call) -> None:
        super().__init__(call)
        if not call.params["path"]:
            raise InputError(
                "O(stores) needs O(path): this module cannot renew a certificate whose key it did not create",
                next_step="Set O(path) to the file for the key, or remove O(stores).",
            )
        self._options = CertificateOptions.of(call.params, call.now)
        self._files = KeyFiles(call.params["path"])
        self.local_paths = (self._files.path,)
        self._resource = CertificateResource(call, self._options)
        self._current = Certificates(object_id="", client_id="", credentials=())

    def look(self, stored: Record, *, outgoing: t.Collection[str], unconfirmed: t.Sequence[datetime.datetime]) -> Found:
        replaced = self._options.replaced_key_id or min(outgoing, default=None)
        resource = CertificateResource(self.call, self._options._replace(replaced_key_id=replaced))
        current = resource.read()
        self._resource, self._current = resource, current
        return _found_certificate(resource, current, resource.desired(current))

    def not_registered(self) -> Found:
        nothing = self._current._replace(files=self._files.read())
        return _found_certificate(self._resource, nothing, self._resource.desired(nothing))

    def create(self, start: datetime.datetime) -> Found:
        return _found_certificate(self._resource, self._current, applied(self.call, self._resource, self._current))

    def record(self, common: Record, kept: Record) -> Record:
        return dataclasses.replace(common, certificate_path=self._files.path)

    def value(self, record: Record) -> dict[str, str]:
        return {"client_certificate_path": self._files.path}


def _found_certificate(resource: CertificateResource, current: Certificates, state: Certificates) -> Found:
    result = resource.result(state)
    before, after = resource.view(current), resource.view(state)
    return Found(
        client_id=state.client_id,
        object_id=state.object_id,
        **marks(result),
        due=before != after,
        before=before,
        after=after,
        result=result,
    )
