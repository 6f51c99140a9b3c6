# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private module utility of email_gateway.azure_apps: it may change without notice.
"""Which steps of the role the identity that signs in may do, by its own token and by who owns the application."""

from __future__ import annotations

import textwrap
import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.checks import filled
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.errors import AppsError
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.json import as_object
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.rights import RIGHTS, STEPS
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.shape import Shape
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph import application
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.request import Read
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._resources.allowed import if_allowed
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._resources.rights_check import (
    Identity,
    Verdict,
    judge,
)

if t.TYPE_CHECKING:
    from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.call import Call

OWNER = Shape("an owner", needs=("id",))
WIDTH = 100  # characters of a line
# What no token shows.
BEYOND = (
    "Roles that Privileged Identity Management has not activated, custom roles, roles within an administrative unit,"
    " Conditional Access and app management policies are not in a token."
)


class OtherIdentity(t.NamedTuple):
    """An identity other than the operator, which signs in by ``call``. ``known_as`` is its name for the user."""

    call: Call
    steps: t.Sequence[str]
    known_as: str

    def verdicts(self) -> list[dict[str, t.Any]]:
        """What the operator owns is no matter for it. Raises AppsError."""
        try:
            return _seen(self.call, self.steps, None).verdicts
        except AppsError as exc:
            exc.message = f"{self.known_as}: {exc.message}"
            raise


def operator_access_info(call: Call, others: t.Sequence[OtherIdentity] = ()) -> dict[str, t.Any]:
    """The verdict on each step. Raises InputError for a malformed key of the application."""
    params = call.params
    steps = params["steps"]
    if steps is None:
        steps = list(STEPS)
    seen = _seen(call, steps, _address(params))
    verdicts = list(seen.verdicts)
    for other in others:
        verdicts += other.verdicts()
    impossible = [verdict["does"] for verdict in verdicts if verdict["possible"] is False]
    uncertain = [verdict for verdict in verdicts if verdict["possible"] is None or verdict["only_owned"]]
    profile = as_object(params["profile_info"])
    owns = None
    if seen.found:
        owns = seen.owns
    return {
        "changed": False,
        "tenant_id": seen.tenant_id,
        "identity": seen.identity,
        "application_found": seen.found,
        "owns_application": owns,
        "steps": verdicts,
        "sufficient": not impossible,
        "certain": not uncertain,
        "impossible": impossible,
        "summary": _summary(verdicts),
        "failure": _failure(impossible),
        "beyond": BEYOND,
        "access": {
            "profile": profile.get("profile", ""),
            "display_name": application.text_or_empty(params, "display_name"),
            "sufficient": not impossible,
            "steps": verdicts,
        },
    }


class _Access(t.NamedTuple):
    """What is known of the identity, and the verdicts as they are returned."""

    identity: dict[str, t.Any]
    verdicts: list[dict[str, t.Any]]
    tenant_id: str | None = None
    found: bool | None = None
    owns: bool | None = None


def _seen(call: Call, steps: t.Sequence[str], address: application.Address | None) -> _Access:
    """Without steps, no sign-in is needed."""
    if not steps:
        return _Access(_described(Identity("unknown")), [])
    call.validate_sign_in()
    identity = Identity.of(call.claims)
    found, owns = _ownership(call, identity, address)
    who = identity.name or identity.client_id or "an identity whose token cannot be read"
    verdicts = []
    for step in dict.fromkeys(steps):
        verdicts.append(_verdict(judge(step, identity, owns=owns), who))
    return _Access(
        identity=_described(identity),
        verdicts=verdicts,
        tenant_id=application.text(call.claims, "tid"),
        found=found,
        owns=owns,
    )


def _described(identity: Identity) -> dict[str, t.Any]:
    roles = None
    if identity.shows_roles:
        roles = identity.role_names
    return {
        "kind": identity.kind,
        "name": filled(identity.name),
        "object_id": filled(identity.object_id),
        "client_id": filled(identity.client_id),
        "permissions": sorted(identity.permissions),
        "directory_roles": roles,
    }


def _verdict(verdict: Verdict, who: str) -> dict[str, t.Any]:
    return {**verdict._asdict(), "missing": list(verdict.missing), "message": verdict.message(who)}


def _summary(verdicts: t.Sequence[t.Mapping[str, t.Any]]) -> list[str]:
    answers = [verdict["possible"] for verdict in verdicts]
    outcome = f"{answers.count(True)} of {len(verdicts)} steps are possible"
    unknown = answers.count(None)
    if unknown:
        outcome += f", {unknown} not known"
    return [outcome, *(verdict["message"] for verdict in verdicts), *textwrap.wrap(BEYOND, WIDTH)]


def _failure(impossible: t.Sequence[str]) -> str:
    """The sentence with which a run fails; "" if no step is impossible."""
    if not impossible:
        return ""
    return f"Not enough rights to {'; '.join(impossible)}. See the list above for what to add."


def _address(params: t.Mapping[str, t.Any]) -> application.Address | None:
    """Found as azure_app_registration finds it; None if no application is named."""
    unique_name = params["unique_name"]
    if (params["client_id"], unique_name) == (None, None):
        if params["display_name"] is None:
            return None
        unique_name = application.derived_unique_name(params["display_name"])
    return application.Address.of({"client_id": params["client_id"], "unique_name": unique_name})


def _ownership(call: Call, identity: Identity, address: application.Address | None) -> tuple[bool | None, bool | None]:
    """Whether the application is there, and whether the identity owns it; None where it may not read that.

    What is not there yet, it will own once it has made it.
    """
    if address is None or identity.may(RIGHTS["read_application"]) in (None, False):
        return None, None
    document = call.graph.get(address.read(call.graph, select=("id", "appId")))
    if document is None:
        return False, True
    owners = Read(
        path=f"applications/{application.text(document, 'id')}/owners",
        collection=True,
        action=f"read the owners of {address}",
        query={"$select": "id"},
        shape=OWNER,
    )
    found = if_allowed(lambda: call.graph.collect(owners))
    if found is None:
        return True, None
    return True, identity.object_id in [application.text(owner, "id") for owner in found]
