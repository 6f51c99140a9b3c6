# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private module utility of email_gateway.azure_apps: it may change without notice.
"""The checks of a verification as lines for a person, and the sentence with which a run fails. Pure."""

from __future__ import annotations

import textwrap
import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.printable import printable
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._proof.checks import FAILED, Check, Skipped

WIDTH = 112  # characters of a line
INDENT = 31  # of them before the text of a check
LONG = 48  # characters from which on the subject of a check gets a line of its own
# Without one of these, the others could not be tried: the sentence gives the reason.
FIRST = ("preparation", "application", "credential")


def summary(*, display_name: str, profile: str, checks: t.Sequence[Check], not_asked: t.Sequence[Skipped]) -> list[str]:
    """Commands stand alone on their lines, to be copied."""
    title = display_name
    if profile not in display_name:
        title = f"{display_name} ({profile})"
    lines = [f"{title}: {_outcome(checks)}", ""]
    for check in checks:
        lines += _of_check(check, without=display_name)
    for skipped in not_asked:
        lines += _item("skipped", skipped.name, skipped.next_step)
    return list(map(printable, lines))


def failure(*, display_name: str, checks: t.Sequence[Check]) -> str:
    """Why the run fails, in one or two sentences; "" if all is proven."""
    reasons = {check.name: check.reason for check in checks if check.failed}
    if not reasons:
        return ""
    first, *_others = reasons
    reason = ""
    if first in FIRST:
        reason = f" {reasons[first]}"
    return printable(f"FAILED for {display_name}: {', '.join(reasons)}.{reason} See the list above for what to do.")


def _outcome(checks: t.Sequence[Check]) -> str:
    answers = [check.status for check in checks]
    failed, pending, untried = answers.count(FAILED), answers.count("not yet"), answers.count("not tried")
    if failed:
        outcome = f"{failed} of {len(checks)} checks failed"
        if untried:
            outcome += f", {untried} not tried"
        return outcome
    if pending:
        return f"{pending} of {len(checks)} checks not as expected yet"
    return f"all {len(checks)} checks passed"


def _of_check(check: Check, *, without: str) -> list[str]:
    status, subject = check.status, check.subject
    if subject in ("", without):
        lines = _item(status, check.name, check.reason)
    elif len(subject) > LONG:
        lines = _item(status, check.name, check.reason) + _item("", "", subject)
    else:
        lines = _item(status, check.name, f"{subject}: {check.reason}")
    if check.next_step:
        lines += _item("", "", f"-> {check.next_step}")
    if check.exchange_commands:
        lines += _item("", "", "exchange_commands, for Exchange Online PowerShell:")
        lines += [f"  {command}" for command in check.exchange_commands]
    return lines


def _item(status: str, name: str, text: str) -> list[str]:
    head = f"{status:<11} {name.replace('_', ' '):<19}"
    return textwrap.wrap(
        printable(text),
        WIDTH,
        initial_indent=f"{head:<{INDENT}}",
        subsequent_indent=" " * INDENT,
        break_long_words=False,
        break_on_hyphens=False,
    )
