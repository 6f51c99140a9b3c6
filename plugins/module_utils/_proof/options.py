# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private module utility of email_gateway.azure_apps: it may change without notice.
"""The options that all proofs have: whose credential is proven, and how long an answer is waited for."""

from __future__ import annotations

import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.arguments import ArgumentSpec
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._credential.options import STORES

if t.TYPE_CHECKING:
    from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.call import Call

Answer = t.TypeVar("Answer")

VALUES = ("client_secret", "client_certificate_path", "client_assertion", "client_assertion_file")

OWN_CREDENTIAL = ArgumentSpec(
    options={
        "tenant_id": {"type": "str"},
        "client_id": {"type": "str"},
        "client_secret": {"type": "str", "no_log": True},
        "client_certificate_path": {"type": "path"},
        "client_assertion": {"type": "str", "no_log": True},
        "client_assertion_file": {"type": "path"},
        "key_id": {"type": "str", "no_log": False},
        "poll": {"type": "bool", "default": True},
        "fresh_secret": {"type": "bool", "default": True, "no_log": False},
    },
    # With stores, an assertion proves a federated credential.
    mutually_exclusive=(VALUES, ("stores", "client_secret"), ("stores", "client_certificate_path")),
    required_one_of=((*VALUES, "stores"), ("tenant_id", "stores"), ("client_id", "stores")),
)

PROOF = OWN_CREDENTIAL + STORES


def of_stores(call: Call) -> bool:
    """Whether the credential is the one in the stores, rather than one among the options."""
    return call.params["stores"] is not None


def polls(call: Call) -> bool:
    """Whether an answer that may get better is waited for.

    In check mode, the tasks that created a stored credential or granted consent have only predicted it.
    """
    return bool(call.params["poll"]) and not (call.check_mode and of_stores(call))


def answered(call: Call, is_final: t.Callable[[Answer], bool], ask: t.Callable[[], Answer]) -> Answer:
    """The first answer that is final, or the last one within wait_timeout; the very first one if it must not wait."""
    if not polls(call):
        return ask()
    return call.http.patience.until(is_final, ask)


def waits_for_credential(call: Call) -> bool:
    """Whether a refused credential may have been created moments ago, so that it is tried again."""
    return polls(call) and bool(call.params["fresh_secret"])
