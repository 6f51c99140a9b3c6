# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The device code flow: codes, what the user decided, and the answers to the polling client.

Page "Microsoft identity platform and the OAuth 2.0 device authorization grant flow"; texts of the AADSTS codes from
Azure/azure-cli issue 22251 and public logs. Numbers marked inferred are documented for the same event elsewhere.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import Any

from ..clock import Clock
from .aadsts import TokenRefused

Json = dict[str, Any]
GRANT_TYPES = ("urn:ietf:params:oauth:grant-type:device_code", "device_code")
LIFETIME = 900
INTERVAL = 5
# Letters and digits that are not mistaken for one another.
_CHARACTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"


@dataclass
class Flow:
    """One request of a device. `user_id` is set when a user decided; `approved` is their decision."""

    device_code: str
    user_code: str
    client_id: str
    scope: str
    expires: float
    user_id: str | None = None
    approved: bool = False


@dataclass
class DeviceFlows:
    flows: dict[str, Flow] = field(default_factory=dict)
    """device code -> flow"""

    def start(self, client_id: str, scope: str, clock: Clock) -> Flow:
        code = "".join(secrets.choice(_CHARACTERS) for _count in range(9))
        flow = Flow(secrets.token_urlsafe(60), code, client_id, scope, clock.timestamp() + LIFETIME)
        now = clock.timestamp()
        # Those that expired long ago are removed, so that the table does not grow without limit.
        self.flows = {key: held for key, held in self.flows.items() if held.expires + LIFETIME > now}
        self.flows[flow.device_code] = flow
        return flow

    def awaiting(self, user_code: str, clock: Clock) -> Flow | None:
        """The flow that still waits for a user's decision, by the code that the user typed."""
        wanted = user_code.replace("-", "").replace(" ", "").upper()
        for flow in self.flows.values():
            if flow.user_code == wanted and flow.user_id is None and flow.expires > clock.timestamp():
                return flow
        return None

    def redeemable(self, device_code: str, client_id: str, clock: Clock) -> Flow:
        """The approved flow, or the answer with which the client waits or gives up."""
        flow = self.flows.get(device_code)
        if flow is None or flow.client_id != client_id:
            # Number inferred: BadVerificationCode in the list of codes.
            raise TokenRefused(
                70018,
                "bad_verification_code",
                "The provided value for the input parameter 'device_code' is not valid. Device codes supplied for the "
                "request must be well-formed.",
            )
        if flow.expires <= clock.timestamp():
            raise TokenRefused(
                70020,
                "expired_token",
                "The provided value for the input parameter 'device_code' is not valid. This device code has expired.",
            )
        if flow.user_id is None:
            raise TokenRefused(
                70016,
                "authorization_pending",
                "OAuth 2.0 device flow error. Authorization is pending. Continue polling.",
            )
        if not flow.approved:
            # Number inferred: UserDeclinedConsent in the list of codes.
            raise TokenRefused(65004, "authorization_declined", "User declined to consent to access the app.")
        return flow

    def used(self, flow: Flow) -> None:
        """A code is good for one answer."""
        self.flows.pop(flow.device_code, None)

    def answer(self, flow: Flow, base: str) -> Json:
        """Key order of a real answer (Microsoft Q&A 981553)."""
        page = f"{base}/devicelogin"
        return {
            "user_code": flow.user_code,
            "device_code": flow.device_code,
            "verification_uri": page,
            "expires_in": LIFETIME,
            "interval": INTERVAL,
            "message": (
                f"To sign in, use a web browser to open the page {page} and enter the code {flow.user_code} to "
                "authenticate."
            ),
        }
