# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private plugin utility of email_gateway.azure_apps: it may change without notice.
"""Holds back a task's time-out while a new credential is in no store yet.

Ansible sets an alarm whose handler raises a BaseException, wherever the task is. In between creating a secret and
storing it, that would lose the secret's value.
"""

from __future__ import annotations

import contextlib
import signal
import types
import typing as t


@contextlib.contextmanager
def alarm_held_back(on_alarm: t.Callable[[], None]) -> t.Iterator[None]:
    """The handler of an alarm that comes meanwhile is called at the end; ``on_alarm`` at once.

    A mask would not do: other threads of the process could get the signal, and Python runs handlers in the main thread
    alone. In another thread nothing has to be held back.
    """
    came: list[tuple[int, types.FrameType | None]] = []

    def note(number: int, frame: types.FrameType | None) -> None:
        came.append((number, frame))
        on_alarm()

    try:
        handler = signal.signal(signal.SIGALRM, note)
    except ValueError:  # not in the main thread
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGALRM, handler)
        if came and callable(handler):
            handler(*came[0])
        elif came and handler == signal.SIG_DFL:
            signal.raise_signal(signal.SIGALRM)
