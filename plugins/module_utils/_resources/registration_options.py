# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private module utility of email_gateway.azure_apps: it may change without notice.
"""What the options of a registration ask for, checked before anything is sent."""

from __future__ import annotations

import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.checks import (
    OURS,
    check_goes_with,
    check_guid,
    check_text,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.errors import InputError
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.json import as_list
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph import application
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._resources.confirmation import (
    check_confirm_option,
)


class RegistrationOptions(t.NamedTuple):
    """What the options ask for. None leaves a property as it is; an empty value empties it."""

    present: bool
    address: application.Address
    display_name: str | None
    unique_name: str | None
    sign_in_audience: str
    notes: str | None
    tags: list[str] | None
    owners: list[str]
    service_management_reference: str | None
    redirect_uris: list[str] | None
    create: bool
    restore: bool
    purge: bool
    confirm: t.Sequence[str] | None  # None if a deletion needs no confirmation

    @classmethod
    def of(cls, params: t.Mapping[str, t.Any]) -> RegistrationOptions:
        """Raises InputError for every value that Entra ID would refuse, before anything is sent."""
        display_name, unique_name = params["display_name"], params["unique_name"]
        if display_name is not None:
            check_text("O(display_name)", display_name, longest=application.LONGEST_DISPLAY_NAME)
        if unique_name is not None:
            check_text("O(unique_name)", unique_name, longest=application.LONGEST_UNIQUE_NAME, limit_of=OURS)
        elif display_name is not None and not params["client_id"] and not params["object_id"]:
            unique_name = application.derived_unique_name(display_name)
        for name in ("notes", "service_management_reference"):
            length = len(application.text_or_empty(params, name))
            if length > application.LONGEST_NOTES:
                raise InputError(
                    f"O({name}) has {length} characters; at most {application.LONGEST_NOTES} are allowed",
                    next_step=f"Shorten O({name}).",
                )
        present = params["state"] == "present"
        check_goes_with(
            "purge", "state=absent", is_set=params["purge"], is_met=not present, instead=", or set O(state) to absent"
        )
        check_confirm_option(params["confirm"], present=present)
        address = application.Address.of({**params, "unique_name": unique_name})
        tags, redirect_uris = params["tags"], params["redirect_uris"]
        if tags is not None:
            tags = application.check_tags(tags)
        owners = {check_guid("O(owners)", owner) for owner in as_list(params["owners"])}
        if redirect_uris is not None:
            redirect_uris = application.check_redirect_uris(redirect_uris)
        return cls(
            present=present,
            address=address,
            display_name=display_name,
            unique_name=unique_name,
            sign_in_audience=params["sign_in_audience"],
            notes=params["notes"],
            tags=tags,
            owners=sorted(owners),
            service_management_reference=params["service_management_reference"],
            redirect_uris=redirect_uris,
            create=params["create"],
            restore=params["restore_deleted"],
            purge=params["purge"],
            confirm=params["confirm"],
        )
