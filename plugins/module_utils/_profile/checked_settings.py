# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private module utility of email_gateway.azure_apps: it may change without notice.
"""The settings of the role, after none was refused, and what they mean as options of later tasks. Pure."""

from __future__ import annotations

import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core import json as _json
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.checked_options import VERIFICATION
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.lists import filled_members
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._profile.credential_settings import (
    CredentialSettings,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._profile.mailboxes import MailboxSettings
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._profile.other_settings import (
    AccessSettings,
    StoreSettings,
    VerifySettings,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._profile.profile import Profile
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._profile.settings import Settings

Options = dict[str, t.Any]


class CheckedSettings(t.NamedTuple):
    """``raw`` has those that need no class of their own."""

    raw: Settings
    credential: CredentialSettings
    stores: StoreSettings
    access: AccessSettings
    mailboxes: MailboxSettings
    verify: VerifySettings
    after_new_secret: str  # absolute path; empty if there is none
    notes: tuple[str, ...]

    def module_options(
        self, profile: Profile, *, operator_steps: t.Sequence[str], wait_timeout: int
    ) -> dict[str, Options]:
        """By the names of the modules that take them. What a setting leaves empty is left out."""
        names = {
            "client_id": self.raw.text("client_id"),
            "unique_name": self.raw.text("unique_name"),
            "display_name": self.raw.text("display_name"),
        }
        access = {"wait_timeout": wait_timeout, "steps": list(operator_steps), **filled_members(names)}
        common: Options = {"wait_timeout": wait_timeout}
        if "stores" in self.raw:
            common["stores"] = list(self.stores.entries)
            common |= filled_members({"store_path": self.stores.path, "store_vault_id": self.stores.vault_id})
        proof = {**common, "expected_roles": list(profile.expected_roles)}
        return {
            **self._of_credential(profile, common),
            "azure_app_token_info": {**proof, **self._of_token(profile)},
            "azure_operator_access_info": access,
            VERIFICATION: {**proof, **self._of_verification(profile)},
        }

    def _of_credential(self, profile: Profile, common: Options) -> dict[str, Options]:
        """Client secrets are always among them: their module removes what was replaced, of any type."""
        credential = self.credential
        life = {
            **common,
            "profile": profile.name,
            "renew_before_days": credential.renew_before_days,
            "overlap_days": credential.overlap_days,
            "hand_over": bool(self.after_new_secret),
            "verify_token": credential.verify_token,
            "token_resource": profile.token_resource,
        }
        expiring = {
            **life,
            "description": credential.description,
            "lifetime_days": credential.lifetime_days,
            "rotate": self.raw.flag("rotate_now"),
        }
        found = {"azure_app_secret": expiring}
        if credential.certificate_path:
            found["azure_app_certificate"] = {**expiring, "path": credential.certificate_path}
        if credential.federated is not None:
            found["azure_app_federated_credential"] = {**life, **credential.federated.as_options()}
        return found

    def _of_token(self, profile: Profile) -> Options:
        # Without a consent of this run, it is unknown when the roles will be granted.
        consents = self.access.grants_consent
        return {
            "resource": profile.token_resource,
            "fail_if_missing": consents,
            "poll": consents,
            **filled_members({"client_assertion_file": self._assertion_file}),
        }

    def _of_verification(self, profile: Profile) -> Options:
        verify = self.verify
        return {
            "token_resource": profile.token_resource,
            "federated_credential": filled_members({"assertion_file": self._assertion_file}),
            "mailbox": verify.mailbox,
            "forbidden_mailbox": verify.forbidden_mailbox,
            "smtp": verify.smtp,
            "smtp_host": verify.smtp_host,
            "smtp_port": verify.smtp_port,
            "assigned_at": self.raw.raw("mailboxes_assigned_at", ""),
            "assignment_delay_minutes": self.mailboxes.delay_minutes,
            "expected_applications": self.raw.raw("expected_applications", {}),
        }

    @property
    def _assertion_file(self) -> str:
        """For any type of credential: a store may still hold a federated one."""
        members = _json.as_object(self.raw.raw("federated_credential", {}))
        return _json.text_or_empty(members, "assertion_file")
