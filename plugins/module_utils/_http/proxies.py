# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private module utility of email_gateway.azure_apps: it may change without notice.
"""The proxies that the environment names, checked before anything is sent. No message repeats an address."""

from __future__ import annotations

import importlib.util
import re
import typing as t
from urllib.parse import urlsplit
from urllib.request import proxy_bypass_environment  # type: ignore[attr-defined]

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.errors import (
    InputError,
    MissingLibraryError,
)

SCHEMES = ("http", "https", "socks4", "socks4a", "socks5", "socks5h")
EXAMPLE = "http://user:password@proxy.example.com:3128"


def environment_proxies(environ: t.Mapping[str, str], host: str) -> dict[str, str]:
    """The proxies for a host (with its port) by scheme; variables in lower case have precedence.

    Raises InputError for an invalid address, MissingLibraryError for SOCKS without its library.
    """
    variables: dict[str, str] = {}  # by scheme, as the addresses
    proxies: dict[str, str] = {}
    names = [name for name in environ if name.lower().endswith("_proxy")]
    for name in sorted(names, key=str.islower):
        # Files with variables leave blanks and line ends behind, which no address has.
        address = environ[name].strip()
        if address:
            scheme = name[:-6].lower()
            variables[scheme] = name
            proxies[scheme] = address
    if "no" in proxies:
        proxies["no"] = re.sub(r"[\s,;]+", ",", proxies["no"])
    if proxy_bypass_environment(host, proxies):
        return {}
    for scheme in {"https", "http", "all"} & variables.keys():
        proxies[scheme] = checked(variables[scheme], proxies[scheme])
    return proxies


def checked(variable: str, address: str) -> str:
    """The address of a proxy, with its scheme. Raises as ``environment_proxies``."""
    written = address
    if "://" not in address:
        written = f"http://{address}"
    scheme = written.partition("://")[0].lower()
    if scheme not in SCHEMES:
        raise InputError(
            f"{variable} is not the address of a proxy: its scheme is not one of {', '.join(SCHEMES)}",
            next_step=f"Set {variable} to an address such as {EXAMPLE}.",
        )
    if not _is_address(written):
        raise InputError(
            f"{variable} is not the address of a proxy",
            next_step=f"Set {variable} to an address such as {EXAMPLE}, with each special character of user and"
            " password percent-encoded: # as %23, [ as %5B, ] as %5D, @ as %40, / as %2F, ? as %3F, % as %25.",
        )
    if scheme.startswith("socks") and importlib.util.find_spec("socks") is None:
        raise MissingLibraryError(
            f"{variable} names a SOCKS proxy, for which the Python library PySocks is missing",
            next_step="Install PySocks (pip install 'requests[socks]') for the Python that runs the module.",
        )
    return written


def _is_address(written: str) -> bool:
    try:
        parts = urlsplit(written)
        port = parts.port
    except ValueError:  # a bracket, or a port that is no number
        return False
    if not parts.hostname or port == 0:
        return False
    return (parts.path, parts.query, parts.fragment) in (("", "", ""), ("/", "", ""))
