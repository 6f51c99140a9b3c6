# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The message that names all rights that a run lacks, after one refusal."""

from __future__ import annotations

import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.errors import (
    GraphError,
    GraphFault,
    lacks_right,
)
from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._action.rights_of_run import (
    BEFOREHAND,
    Asked,
    add_rights_of_run,
    rights_of_run,
)

Json = dict[str, t.Any]
REGISTRAR = ("register", "declare_permissions")


def _answer(*verdicts: Json) -> Json:
    return {"identity": {"name": "Operator", "client_id": "c"}, "steps": list(verdicts)}


def _verdict(step: str, possible: bool | None, add: str = "") -> Json:
    return {"step": step, "does": f"do {step}", "possible": possible, "add": add}


def test_each_missing_right_is_named_once_with_all_steps_that_need_it() -> None:
    answer = _answer(
        _verdict("register", False, "the application permission A"),
        _verdict("declare_permissions", False, "the application permission A"),
        _verdict("key_vault", None),
        _verdict("consent_application", False, "the application permission B"),
    )
    text = rights_of_run([Asked((*REGISTRAR, "key_vault", "consent_application"), answer)])
    assert text.startswith(
        "In total, Operator lacks the application permission A (to do register; to do declare_permissions), and the"
        " application permission B (to do consent_application) for this run. Or set gateway_app_consent to none"
    )
    assert text.endswith(BEFOREHAND)


def test_the_rights_of_two_identities_are_listed_separately() -> None:
    registrar = Asked(REGISTRAR, _answer(_verdict("register", True), _verdict("declare_permissions", True)))
    unknown = Asked(("consent_application",), {"failed": True, "msg": "no token"})
    text = rights_of_run([registrar, unknown])
    assert text.startswith(
        "As an application, this run needs in total AppRoleAssignment.ReadWrite.All and Application.Read.All"
        " (to consent to application permissions of Microsoft Graph). Or set gateway_app_consent to none"
    )


def test_an_opaque_token_leads_to_the_list_of_needed_rights() -> None:
    text = rights_of_run([Asked(("retire",), _answer(_verdict("retire", None)))])
    needed = "As an application, this run needs in total Application.ReadWrite.OwnedBy (to remove the application)."
    assert text == f"{needed} {BEFOREHAND}"


def test_steps_without_a_right_of_graph_and_identities_without_steps_are_left_out() -> None:
    answer = _answer(_verdict("retire", None), _verdict("key_vault", None))
    text = rights_of_run([Asked(("retire", "key_vault"), answer), Asked((), {"failed": True, "msg": "no token"})])
    needed = "As an application, this run needs in total Application.ReadWrite.OwnedBy (to remove the application)."
    assert text == f"{needed} {BEFOREHAND}"


def test_a_refusal_despite_the_token_names_possible_reasons() -> None:
    text = rights_of_run([Asked(("retire",), _answer(_verdict("retire", True)))])
    assert text.startswith("According to its token, nothing is missing. As an application, this run needs in total")
    assert "Conditional Access" in text


def test_an_identity_for_consent_is_not_advised_to_leave_consent_to_others() -> None:
    answer = _answer(_verdict("consent_application", False, "B"))
    assert "gateway_app_consent" not in rights_of_run([Asked(("consent_application",), answer)])


def test_a_failed_check_of_rights_keeps_the_original_refusal() -> None:
    def ask() -> t.NoReturn:
        raise KeyError("__gateway_app_profile")

    result: Json = {"msg": "Could not register. Give it a right.", "error": {"next_step": "Give it a right."}}
    add_rights_of_run(result, ask)
    assert result["msg"] == f"Could not register. Give it a right. {BEFOREHAND}"
    assert result["error"]["next_step"] == f"Give it a right. {BEFOREHAND}"


def test_only_refusals_because_of_rights_are_extended() -> None:
    def error(status: int, code: str, *, right: str = "write_application", message: str = "") -> Json:
        fault = GraphFault(status=status, code=code, message=message)
        failure = GraphError(fault, action="do it", method="POST", path="/x", right=right)
        described: Json = failure.describe(lambda text: text)["error"]
        return described

    denied = "Authorization_RequestDenied"
    for refused in (error(403, denied), error(403, ""), error(403, "NewCode")):
        assert lacks_right(refused)
    lagging = error(403, denied, message="The backing application must in the local tenant")
    other = [error(403, denied, right=""), error(403, "CredentialTypeNotAllowedAsPerAppPolicy"), error(400, "x")]
    assert not any(map(lacks_right, [lagging, *other, {"kind": "input"}]))
