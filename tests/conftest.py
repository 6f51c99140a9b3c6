# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Options of all tests, and the number of ansible-playbook runs at the end."""

from __future__ import annotations

import dataclasses
import typing as t

import pytest

from ansible_collections.email_gateway.azure_apps.tests.playbooks.run_count import RUN_COUNT

KEY = "playbook_runs"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--loud", action="store_true", help="run ansible-playbook with all that it can be made to write down"
    )


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A worker of pytest-xdist sends its count to the process that started it."""
    handed_over = getattr(session.config, "workeroutput", None)
    if handed_over is not None:
        handed_over[KEY] = dataclasses.asdict(RUN_COUNT)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: t.Any) -> None:
    """Called by pytest-xdist for each worker that has ended. A worker that crashed has not sent a count."""
    RUN_COUNT.add(getattr(node, "workeroutput", {}).get(KEY, {"runs": 0, "forked": 0}))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    terminalreporter.write_line(RUN_COUNT.line)
