# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private module utility of email_gateway.azure_apps: it may change without notice.
"""The settings of the role that are about stores, verification and the check of access."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core import json as _json
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.checks import check_mailbox
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.errors import InputError
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._profile.settings import Settings, wrong
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._profile.variables import PREFIX
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._proof.smtp_server import check_server
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._resources.expected_applications import (
    ExpectedApplications,
)

PLAYBOOKS = ("register", "mailboxes", "consent", "rotate", "verify", "report", "retire")
# Names of settings that hold a secret, by their last word.
SECRET_WORD = re.compile(
    r"(^|_)(password|passwd|passphrase|secret|secret_id|token|api_?key|access_key|private_key|credentials?)$", re.I
)
FLAGS = {
    "add_user_read": False,
    "exact_permissions": False,
    "retire_purge": False,
    "rotate_now": False,
    "verify_token": True,
}
VERIFY = f"{PREFIX}verify_"


class StoreSettings(t.NamedTuple):
    """``entries`` are as they were written; each store checks its own."""

    entries: tuple[dict[str, t.Any], ...]
    path: str
    vault_id: str

    @classmethod
    def of(cls, settings: Settings) -> StoreSettings:
        """Raises InputError for what cannot be a list of stores, and for a secret in it."""
        entries = settings.raw("stores", [{"type": "ansible_vault"}])
        stores = _json.objects(entries)
        if not stores or stores != entries:
            raise wrong("stores", entries, "List at least one store, each with its type. See docs/stores.md.")
        _check_no_secret(stores)
        return cls(
            entries=tuple(stores),
            path=settings.path("store_path"),
            vault_id=settings.text("store_vault_id"),
        )

    def has(self, store_type: str) -> bool:
        return store_type in [entry.get("type") for entry in self.entries]


class VerifySettings(t.NamedTuple):
    """What a verification tries. A mailbox is empty if it is not tried."""

    mailbox: str
    forbidden_mailbox: str
    smtp: bool
    smtp_host: str
    smtp_port: int

    @classmethod
    def of(cls, settings: Settings) -> VerifySettings:
        mailbox = _mailbox(settings, "verify_mailbox")
        forbidden = _mailbox(settings, "verify_forbidden_mailbox")
        port = settings.number("verify_smtp_port", 587, lowest=1, highest=65535)
        host, port = check_server(settings.text("verify_smtp_host", "smtp.office365.com"), port, prefix=VERIFY)
        if mailbox and mailbox.lower() == forbidden.lower():
            raise InputError(
                f"{VERIFY}mailbox and {VERIFY}forbidden_mailbox are the same",
                next_step="Set the second to one that the application must not reach.",
            )
        smtp = settings.flag("verify_smtp")
        if smtp and not mailbox:
            raise InputError(
                f"{VERIFY}smtp is set, but {VERIFY}mailbox is not",
                next_step="Set it to the address that the gateway sends as.",
            )
        return cls(mailbox, forbidden, smtp, host, port)


class AccessSettings(t.NamedTuple):
    """Which steps of the playbooks these settings take."""

    playbooks: tuple[str, ...]
    grants_consent: bool
    has_owners: bool
    purges: bool

    @classmethod
    def of(cls, settings: Settings) -> AccessSettings:
        return cls(
            playbooks=settings.choices("check_access_for", ("register", "rotate", "verify"), choices=PLAYBOOKS),
            grants_consent=settings.choice("consent", "grant", choices=("grant", "url", "none")) == "grant",
            has_owners=settings.is_filled("owners"),
            purges=settings.flag("retire_purge"),
        )


def check_others(settings: Settings) -> None:
    """The settings that need no more than their type. Raises InputError."""
    for name, default in FLAGS.items():
        settings.flag(name, default)
    ExpectedApplications.of(f"{PREFIX}expected_applications", settings.raw("expected_applications", {}))


def check_environment(name: str, value: t.Any) -> None:
    """Raises InputError for what is no dictionary. The value itself is not shown, since it may hold a secret."""
    if isinstance(value, dict):
        return
    if isinstance(value, str) and "{{" in value:
        raise InputError(
            f"{name} is a text with braces that Ansible must not fill in",
            next_step="In AWX, set ALLOW_JINJA_IN_EXTRA_VARS to template (settings of jobs: When can extra variables"
            " contain Jinja templates?), or set the variable in the inventory.",
        )
    raise InputError(
        f"{name} is not a dictionary", next_step="Set it to environment variables with their values, or to {}."
    )


def _mailbox(settings: Settings, name: str) -> str:
    value = settings.text(name)
    if not value:
        return ""
    return check_mailbox(PREFIX + name, value)


def _check_no_secret(value: t.Any) -> None:
    """In all that an entry holds: it is in the open in playbooks, inventories and results."""
    for item in _json.as_list(value):
        _check_no_secret(item)
    for name, item in _json.as_object(value).items():
        if SECRET_WORD.search(str(name)):
            raise InputError(
                f"{PREFIX}stores has the member {name}, which looks like a secret",
                next_step="Configure the sign-in to a store with its environment variables. See docs/stores.md.",
            )
        _check_no_secret(item)
