# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private module utility of email_gateway.azure_apps: it may change without notice.
"""A registration: one application and its service principal, found by a key that the caller owns."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.checks import filled, shown
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.clouds import consent_url, portal_url
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.errors import (
    ConflictError,
    InputError,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.plan import View
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.switched_off import note_may_sign_in
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._resources.confirmation import check_confirmed
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._resources.registration_options import (
    RegistrationOptions,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._resources.registration_read import (
    RegistrationReader,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._resources.registration_state import (
    Registration,
    described,
    properties_of,
)

if t.TYPE_CHECKING:
    from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.call import Call


STATES = {"live": "present", "deleted": "absent", "nothing": "absent"}


class RegistrationResource:
    """Finds, creates, updates, restores, deletes and purges a registration."""

    def __init__(self, call: Call) -> None:
        self._call = call
        self._options = RegistrationOptions.of(call.params)
        self._deleted_now: Registration | None = None

    def read(self) -> Registration:
        if self._deleted_now is not None:
            # Only the purge is left, and a read could lag behind our own deletion.
            return self._deleted_now
        return RegistrationReader(self._call.graph, self._options).read()

    def desired(self, current: Registration) -> Registration:
        if not self._options.present:
            return self._removed(current)
        if not self._options.create and not current.is_registered:
            raise ConflictError(
                f"{self._options.display_name or self._options.address} is not registered, or its service principal is"
                " missing",
                next_step="Run the playbook email_gateway.azure_apps.register for it first, with the same variables.",
                client_id=filled(current.client_id),
            )
        if current.found == "nothing":
            self._refuse_impossible_creation(current)
        if current.found == "deleted" and not self._options.restore:
            raise ConflictError(
                f"Could not register {self._options.address}: a soft-deleted application has that key",
                next_step="Set O(restore_deleted) to true, purge it with O(state=absent) and O(purge=true), or choose"
                " another O(unique_name).",
                client_id=current.client_id,
            )
        self._refuse_what_was_switched_off(current)
        return dataclasses.replace(
            current,
            found="live",
            restored=current.found == "deleted",
            has_service_principal=True,
            properties=self._wanted_properties(current),
            owners=tuple(sorted({*current.owners, *self._options.owners})),
            namesakes=(),
        )

    def _removed(self, current: Registration) -> Registration:
        """What is soft-deleted is only left to purge. Whatever is removed has to be confirmed."""
        found = "deleted"
        if self._options.purge:
            found = "nothing"
        if current.found in (found, "nothing"):
            return current
        in_tenant = (current.properties.get("displayName"), current.properties.get("uniqueName"))
        names = (self._options.display_name, self._options.unique_name, *in_tenant)
        check_confirmed(self._options.confirm, names, action="delete")
        return dataclasses.replace(
            current,
            found=found,
            has_service_principal=False,
            service_principal_object_id=None,
        )

    def _refuse_what_was_switched_off(self, current: Registration) -> None:
        """An application that was switched off on purpose gets no new secrets and grants."""
        if current.switched_off is not None:
            raise ConflictError(
                f"Could not register {self._options.address}: {current.switched_off.reason}",
                next_step=current.switched_off.next_step,
                client_id=current.client_id,
            )
        if current.found == "live":
            note_may_sign_in(self._call.graph, current.client_id)

    def _refuse_impossible_creation(self, current: Registration) -> None:
        options = self._options
        if options.address.unique_name is None:
            raise ConflictError(
                f"Could not find {options.address} in this tenant",
                next_step="Check the id and the tenant. To register a new application, set O(display_name)"
                " and O(unique_name), and no id.",
            )
        if options.display_name is None:
            raise InputError(
                f"Could not register {options.address}: it does not exist, and O(display_name) is not set",
                next_step="Set O(display_name).",
            )
        if current.namesakes:
            which, client_id = "one of them", ""
            if len(current.namesakes) == 1:
                which, client_id = "it", f"={current.namesakes[0]}"
            raise ConflictError(
                f"Could not register {options.address}: another application already has the display name"
                f" {shown(options.display_name)} (client id {', '.join(current.namesakes[:5])})",
                next_step=f"To adopt {which}, set O(client_id{client_id}) together with"
                " O(unique_name); else choose another O(display_name).",
                client_ids=list(current.namesakes[:20]),
            )

    def _wanted_properties(self, current: Registration) -> dict[str, t.Any]:
        options = self._options
        known = current.properties.get("uniqueName")
        if options.unique_name is not None and known not in (None, options.unique_name):
            raise ConflictError(
                f"Could not set the unique name of {options.address}: it is already {shown(str(known))}, and Entra ID"
                " does not allow a change",
                next_step=f"Set O(unique_name) to {shown(str(known))}, or omit it.",
            )
        audience = current.properties.get("signInAudience")
        if options.address.unique_name is None and audience not in (None, options.sign_in_audience):
            self._call.warn(
                f"The adopted application is for {audience}; O(sign_in_audience) makes it {options.sign_in_audience}."
            )
        tags = options.tags
        if tags:
            # Tags of others stay; only the empty list is an order to remove them.
            tags = sorted({*current.properties.get("tags", ()), *tags})
        given: dict[str, t.Any] = {
            "displayName": options.display_name,
            "uniqueName": options.unique_name,
            "signInAudience": options.sign_in_audience,
            "notes": options.notes,
            "tags": tags,
            "serviceManagementReference": options.service_management_reference,
            "redirectUris": options.redirect_uris,
        }
        merged = {**properties_of({}), **current.properties}
        for name, value in given.items():
            if value == "":
                merged[name] = None
            elif value is not None:
                merged[name] = value
        return merged

    def apply(self, current: Registration, wanted: Registration) -> Registration:
        from ansible_collections.email_gateway.azure_apps.plugins.module_utils._resources.registration_write import (
            RegistrationWriter,
        )

        writer = RegistrationWriter(self._call, self._options)
        if self._options.present:
            made = writer.ensure(current, wanted)
            note_may_sign_in(self._call.graph, made.client_id)
            return made
        if current.found == "live":
            writer.delete(current)
            self._deleted_now = dataclasses.replace(current, found="deleted")
        if self._options.purge:
            writer.purge(current, just_deleted=self._deleted_now is not None)
        return wanted

    def view(self, state: Registration) -> View:
        if state.found == "nothing":
            return {}
        if state.found == "deleted":
            return {"state": "soft-deleted"}
        owners = sorted(state.owner_names.get(owner, owner) for owner in state.owners)
        return {**described(state), "service_principal": state.has_service_principal, "owners": owners}

    def result(self, state: Registration) -> View:
        known_id = filled(state.client_id)
        client_id = known_id
        if self._call.check_mode and state.restored:
            # Later tasks cannot read what would only be restored.
            client_id = None
        return {
            "state": STATES[state.found],
            "registered": state.is_registered,
            "tenant_id": self._call.tenant_id,
            "client_id": client_id,
            "application_object_id": state.application_object_id,
            "service_principal_object_id": state.service_principal_object_id,
            **described(state),
            # Also of an application that does not exist: the name by which it was looked for.
            "unique_name": described(state)["unique_name"] or self._options.address.unique_name,
            "owners": list(state.owners),
            "live_credentials": state.live_credentials(self._call.now),
            "authority_url": self._call.endpoint.authority,
            "graph_url": self._call.endpoint.graph,
            "portal_url": portal_url(self._call.endpoint.portal, known_id),
            "consent_url": consent_url(self._call.endpoint.authority, self._call.tenant_id, known_id),
        }
