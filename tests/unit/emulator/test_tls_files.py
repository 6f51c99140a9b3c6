# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The certificate of the emulator and the file of its authority."""

from __future__ import annotations

import functools
import threading

import pytest
import trustme

from graph_emulator.wire import tls


def test_two_emulators_that_start_at_the_same_moment_have_one_authority(monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise one of them could write the file of the other's authority, and no client would accept it."""
    made: list[trustme.CA] = []
    answers: list[trustme.CA] = []
    other = threading.Thread(target=lambda: answers.append(tls.authority()))

    @functools.cache
    def make() -> trustme.CA:
        made.append(trustme.CA())
        if len(made) == 1:
            other.start()
            other.join(0.2)  # it ends in this time only if it did not have to wait for this one
        return made[-1]

    monkeypatch.setattr(tls, "_authority", make)
    answers.append(tls.authority())
    other.join()
    assert len(made) == 1
    assert answers[0] is answers[1]
