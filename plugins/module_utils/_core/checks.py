# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private module utility of email_gateway.azure_apps: it may change without notice.
"""Checks of one value that a user wrote. Each error names the option and what to set instead."""

from __future__ import annotations

import difflib
import os
import re
import typing as t
from urllib.parse import SplitResult, urlsplit

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.errors import InputError
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.printable import shortened

GUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
TENANT = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?")
HOST_NAME = r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?"
HOST_URL = re.compile(rf"https://({HOST_NAME}|\[[0-9a-f:.]+\])(:(?P<port>[0-9]{{1,5}}))?")
# Letters of any alphabet, but no blanks, control characters or quotes that mail systems do not take either.
ADDRESS = re.compile(r"[^\s@\x00-\x1f\x7f\"<>()\[\]\\,;:/?]+@[^\s@\x00-\x1f\x7f\"'<>()\[\]\\,;:/?]+")
LONGEST_ADDRESS = 320  # characters
LONGEST_HOST_NAME = 253  # characters, of DNS
OURS = "this collection"  # whose limit it is if no source gives one
NOT_A_TENANT = frozenset({"common", "organizations", "consumers"})


def check_characters(name: str, value: t.Any, *, is_path: bool = False) -> None:
    """Raises InputError if a text, also one inside a list or a dict, cannot be written in UTF-8 or contains a NUL.

    Names of files need not be UTF-8: Python holds their other bytes as halves of characters.
    """
    if isinstance(value, t.Mapping):
        value = [*value, *value.values()]
    if isinstance(value, (list, tuple)):
        for item in value:
            check_characters(name, item, is_path=is_path)
    elif isinstance(value, str) and not _can_be_written(value, is_path=is_path):
        raise InputError(
            f"{name} contains a NUL character or an incomplete character (a lone surrogate)",
            next_step=f"Remove it from {name}; a file that it comes from may not be in UTF-8.",
        )


def _can_be_written(value: str, *, is_path: bool) -> bool:
    try:
        if is_path:
            content = os.fsencode(value)
        else:
            content = value.encode()
    except UnicodeEncodeError:
        return False
    return b"\0" not in content


def check_guid(name: str, value: str) -> str:
    if not GUID.fullmatch(value):
        raise InputError(f"{name} is {shown(value)}, which is not a GUID", next_step=f"Set {name} to a GUID.")
    return value.lower()


def guid_option(params: t.Mapping[str, t.Any], name: str) -> str | None:
    """An option with the id of an object, if it is set. Raises InputError."""
    if params[name] is None:
        return None
    return check_guid(name, params[name])


def check_tenant(name: str, value: str) -> str:
    if not TENANT.fullmatch(value) or value.lower() in NOT_A_TENANT:
        raise InputError(
            f"{name} is {shown(value)}, which does not name a single tenant",
            next_step=f"Set {name} to the tenant id (a GUID) or to one of the tenant's verified domain names.",
        )
    return value


def check_text(name: str, value: str, *, longest: int, limit_of: str = "Entra ID") -> str:
    """One line of text, as directory names are: not blank, not too long, no control characters.

    ``limit_of`` is the owner of the limit ``longest``: there is no source for some of them.
    """
    if not value.strip():
        raise InputError(f"{name} is blank", next_step=f"Give {name} a value.")
    if len(value) > longest:
        raise InputError(
            f"{name} has {len(value)} characters; {limit_of} allows {longest}", next_step=f"Shorten {name}."
        )
    if re.search(r"[\x00-\x1f\x7f]", value):
        raise InputError(f"{name} contains a control character", next_step=f"Remove it from {name}.")
    return value


def check_mailbox(name: str, value: str) -> str:
    """A mailbox by its address. Other text could change the meaning of what it is written into."""
    text = value.strip()
    if not ADDRESS.fullmatch(text) or len(text) > LONGEST_ADDRESS:
        raise InputError(
            f"{name} is {shown(value)}, which is not the address of a mailbox", next_step="Write it as name@domain."
        )
    return text


def positive(name: str, params: t.Mapping[str, t.Any]) -> int:
    return check_number(f"O({name})", int(params[name]), lowest=1, highest=3600, what="a number of seconds")


def check_number(name: str, value: int, *, lowest: int, highest: int, what: str = "a number") -> int:
    if not lowest <= value <= highest:
        raise InputError(f"{name} is {value}", next_step=f"Set {name} to {what} from {lowest} to {highest}.")
    return value


def check_goes_with(
    option: str, condition: str, *, is_set: bool, is_met: bool, reason: str = "", instead: str = ""
) -> None:
    """Raises InputError for an option that is set although its condition, another option, is not met.

    ``reason`` ends the message, and ``instead`` the advice.
    """
    if is_set and not is_met:
        raise InputError(
            f"O({option}) goes with O({condition}) only{reason}", next_step=f"Remove O({option}){instead}."
        )


def closest(name: str, known: t.Iterable[str]) -> list[str]:
    """Up to three of the known names that are like a misspelt one, whatever their case."""
    lowered = {one.lower(): one for one in known}
    return [lowered[key] for key in difflib.get_close_matches(name.lower(), lowered, n=3, cutoff=0.6)]


def did_you_mean(close: t.Iterable[str], *, otherwise: str = "") -> str:
    """The advice to use one of these names; ``otherwise`` if there is none."""
    names = " or ".join(close)
    if not names:
        return otherwise
    return f"Did you mean {names}?"


def shown(value: str) -> str:
    """A value from a user inside a message: quoted and not endless."""
    return repr(shortened(value))


def filled(value: t.Any) -> str | None:
    if isinstance(value, str) and value.strip():
        return value
    return None


def address_parts(text: str) -> SplitResult:
    """The parts of an address; all of them empty if it is malformed, such as half of an IPv6 address."""
    try:
        return urlsplit(text)
    except ValueError:
        return urlsplit("")


def host_url(name: str, value: str) -> str:
    """An option with the address of an https host, in one form. Raises InputError."""
    text = value.strip().rstrip("/").lower()
    match = HOST_URL.fullmatch(text)
    if match is None or not 0 < int(match["port"] or 443) < 65536:
        raise InputError(
            f"{name} is not the address of an https host",  # not shown: it may hold a password
            next_step="Set it to https://HOST or https://HOST:PORT, with nothing after it.",
        )
    return text
