# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private module utility of email_gateway.azure_apps: it may change without notice.
"""The name and the port of an SMTP server, as a user writes them."""

from __future__ import annotations

import ipaddress
import re

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.checks import (
    HOST_NAME,
    LONGEST_HOST_NAME,
    shown,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.errors import InputError


def check_server(host: str, port: int, *, prefix: str = "") -> tuple[str, int]:
    """Host and port as they are used. ``prefix`` makes the name of a role's variable. Raises InputError."""
    host = host.strip().lower()
    named = re.fullmatch(HOST_NAME, host) and len(host) <= LONGEST_HOST_NAME
    if not named and not _is_address(host):
        raise InputError(
            f"{prefix}smtp_host is {shown(host)}, which is not a host name", next_step="Set it to a host name only."
        )
    if not 0 < port < 65536:
        raise InputError(
            f"{prefix}smtp_port is {port}", next_step="Set it to a number from 1 to 65535; Microsoft's is 587."
        )
    return host, port


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
