# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private module utility of email_gateway.azure_apps: it may change without notice.
"""Texts of others, as a person can read them on one line."""

from __future__ import annotations

import re

# Control characters do not print, and those of writing direction would turn around what stands beside a name.
UNPRINTABLE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufeff\ufffe\uffff]"
)


def printable(text: str) -> str:
    """One line, without control characters."""
    return UNPRINTABLE.sub("\ufffd", re.sub(r"[\t\r\n\u2028\u2029]+", " ", text))


def shortened(text: str, *, longest: int = 80) -> str:
    """At most so many characters; what is left out is shown by dots."""
    if len(text) > longest:
        return f"{text[: longest - 3]}..."
    return text
