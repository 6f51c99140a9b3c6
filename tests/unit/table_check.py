# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Checks that a table lists everything, with a message that names the line to add or to remove."""

from __future__ import annotations

import typing as t


def check_listed(present: t.Iterable[str], listed: t.Iterable[str], *, table: str) -> None:
    """``table`` names the place to correct: a file, and the part of it."""
    present, listed = set(present), set(listed)
    advice = [f"add {name!r} to {table}" for name in sorted(present - listed)]
    advice += [f"remove {name!r} from {table}: there is no such thing" for name in sorted(listed - present)]
    assert not advice, "; ".join(advice)
