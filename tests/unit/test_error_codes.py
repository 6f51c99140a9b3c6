# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The table of error codes: the advice for each code, and the generated tables of docs/errors.md."""

from __future__ import annotations

import pytest

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.error_code import ErrorCode, Then
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.errors import GraphError, GraphFault
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.graph_codes import GRAPH_CODES
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.sign_in_codes import SIGN_IN_CODES
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._http.client import Response
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._sign_in.refusal import refusal
from ansible_collections.email_gateway.azure_apps.tests.unit.error_page import PAGE, page_with_tables

COMMAND = (
    "env PYTHONPATH=build/collections python -m ansible_collections.email_gateway.azure_apps.tests.unit.error_page"
)


def test_the_page_on_errors_has_the_generated_tables() -> None:
    page = PAGE.read_text()
    assert page == page_with_tables(page), f"docs/errors.md does not match the tables of codes: .ci/dev run {COMMAND}"


@pytest.mark.parametrize("rows", [GRAPH_CODES, SIGN_IN_CODES])
def test_each_row_can_be_reached_and_has_advice(rows: tuple[ErrorCode, ...]) -> None:
    assert len({row.key for row in rows}) == len(rows)
    for number, row in enumerate(rows):
        found = next(r for r in rows if r.fits(status=row.status or 400, codes=(row.code,), message=row.text))
        assert found is row, f"row {number}, {row.key}, stands behind one that always fits first"
        assert row.meaning, row
        assert row.source, row
        assert row.next_step == "RIGHT" or row.next_step.endswith((".", ")")), row


def graph_error(
    status: int, code: str, message: str = "Words of Microsoft.", *, right: str | None = None
) -> GraphError:
    fault = GraphFault.of(status, {"error": {"code": code, "message": message}}, "request-1")
    return GraphError(fault, action="register the application", method="PATCH", path="/v1.0/applications", right=right)


def sign_in_step(status: int, description: str, *, error: str = "invalid_client", person: bool = False) -> str:
    answer = Response(status_code=status, headers={}, content=b"")
    result = {"error": error, "error_description": description}
    return refusal("sign in", answer, result, fallback="nothing", person=person).next_step


@pytest.mark.parametrize(
    ("status", "code", "words", "not_words"),
    [
        (403, "Directory_QuotaExceeded", "purge", "permission"),
        (400, "ServiceTreeValueMissing", "O(service_management_reference)", ""),
        (400, "KeyCredentialsInvalidStartDate", "clock of the controller", ""),
        (401, "Authorization_IdentityDisabled", "have it enabled", "Sign in again"),
        (401, "Authentication_ExpiredToken", "Sign in again", ""),
        (403, "Authorization_RequestDenied", "AppRoleAssignment.ReadWrite.All", ""),
        (503, "Directory_ResourceSizeExceeded", "remove secrets", "later"),
    ],
)
def test_the_code_has_precedence_over_the_status(status: int, code: str, words: str, not_words: str) -> None:
    error = graph_error(status, code, right="assign_app_role")
    assert words in error.next_step
    assert not not_words or not_words not in error.next_step


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 429, 500, 503])
def test_an_unknown_code_is_reported_with_the_page_to_look_it_up(status: int) -> None:
    error = graph_error(status, "Brand_NewCode")
    assert "does not know the code Brand_NewCode" in error.next_step
    assert "https://learn.microsoft.com/graph/errors" in error.next_step
    assert "Words of Microsoft." in error.message
    assert error.details["request_id"] == "request-1"


@pytest.mark.parametrize(
    ("status", "error", "code", "words"),
    [
        (400, "unauthorized_client", "AADSTS7000112", "application was disabled or deactivated"),
        (400, "invalid_request", "AADSTS500014", "service principal of the resource is disabled"),
        (503, "temporarily_unavailable", "AADSTS90033", "run again later"),
        (400, "invalid_client", "AADSTS650052", "this tenant does not have"),
        (401, "invalid_client", "AADSTS7000218", "Send the credential of the application"),
    ],
)
def test_a_refused_sign_in_gets_the_advice_for_its_code(status: int, error: str, code: str, words: str) -> None:
    step = sign_in_step(status, f"{code}: Words of Microsoft. Trace ID: 1", error=error)
    assert words in step
    assert "Check the tenant id, the client id and the credential" not in step


def test_an_unknown_number_is_looked_up_on_the_page_of_the_identity_platform() -> None:
    step = sign_in_step(400, "AADSTS1234567: Words of Microsoft.")
    assert "does not know the code AADSTS1234567" in step
    assert "https://login.microsoftonline.com/error?code=1234567" in step


def test_the_advice_can_differ_for_a_person() -> None:
    description = "AADSTS7000218: The request body must contain client_assertion or client_secret."
    assert "Allow public client flows" in sign_in_step(401, description, person=True)
    assert "Allow public client flows" not in sign_in_step(401, description)


def test_automatic_reactions_are_in_the_table() -> None:
    """It has one place: the modules use the row."""
    fault = graph_error(409, "Error_MsaAppDoesNotExist").fault
    assert fault.passes
    assert graph_error(
        400, "Request_MultipleObjectsWithSameKeyValue", "EntitlementGrant entry already exists."
    ).fault.exists
    assert graph_error(400, "Request_BadRequest", "EntitlementGrant ... is not found.").fault.then is Then.READ_ONCE
    assert graph_error(409, "Brand_NewCode").fault.then is Then.READ_ONCE
    assert graph_error(403, "Brand_NewCode").fault.then is Then.FAIL
