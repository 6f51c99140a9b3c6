# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The page on which a user enters a device's code and approves or declines: one form, no script, nothing from afar.

The emulator has no passwords: the page lets a person select the user.
"""

from __future__ import annotations

from html import escape
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from ..directory.tenant import Tenant
from ..identity.aadsts import TokenRefused
from ..identity.platform import IdentityPlatform

Json = dict[str, Any]
# Where microsoft.com/devicelogin sends a browser.
PATH = "/common/oauth2/deviceauth"
_HEADERS = {
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'",
    "x-content-type-options": "nosniff",
}
_STYLE = """
body{font:16px/1.5 system-ui,sans-serif;margin:0;background:#f2f2f2;color:#1b1b1b}
main{max-width:26rem;margin:4rem auto;padding:2rem;background:#fff;box-shadow:0 2px 6px #0003}
h1{font-size:1.4rem;margin:0 0 1rem}label{display:block;margin:1rem 0 .25rem}
input,select{font:inherit;width:100%;min-height:2.75rem;box-sizing:border-box;padding:.4rem}
button{font:inherit;padding:.6rem 1.4rem;margin:1.5rem .5rem 0 0}
.note{padding:.5rem .75rem;border-left:4px solid #0067b8;background:#eef6fc}
.bad{border-color:#a80000;background:#fdeeee}
"""


class DevicePage:
    def __init__(self, identity: IdentityPlatform, tenant: Tenant) -> None:
        self.identity = identity
        self.tenant = tenant

    def routes(self) -> list[Route]:
        return [
            Route("/devicelogin", self.short_address, methods=["GET"]),
            Route("/{tenant}/oauth2/deviceauth", self.show, methods=["GET"]),
            Route("/{tenant}/oauth2/deviceauth", self.decide, methods=["POST"]),
        ]

    async def short_address(self, request: Request) -> Response:
        query = f"?{request.url.query}" if request.url.query else ""
        return RedirectResponse(f"{PATH}{query}", status_code=302)

    async def show(self, request: Request) -> Response:
        return self._page(code=request.query_params.get("user_code", ""))

    async def decide(self, request: Request) -> Response:
        form = (await request.body()).decode("utf-8", "replace")
        fields = dict(parse_qsl(form, keep_blank_values=True))
        code, approve = fields.get("user_code", ""), fields.get("decision") == "approve"
        try:
            with self.tenant.lock:
                self.identity.decide(code, user_name=fields.get("user", ""), approve=approve)
        except (ValueError, TokenRefused) as error:
            return self._page(code=code, note=str(error), status=400)
        done = "You have signed in. You can close this window." if approve else "You declined the sign-in."
        return _html(f'<p class="note">{escape(done)}</p>')

    def _page(self, *, code: str, note: str = "", status: int = 200) -> Response:
        with self.tenant.lock:
            users = [(user["userPrincipalName"], user["displayName"]) for user in self.tenant.directory.users.values()]
        options = "".join(
            f'<option value="{escape(str(name))}">{escape(str(shown))} &lt;{escape(str(name))}&gt;</option>'
            for name, shown in users
        )
        warning = f'<p class="note bad" role="alert">{escape(note)}</p>' if note else ""
        return _html(
            f"""{warning}<form method="post">
<label for="user_code">Code shown by the device</label>
<input id="user_code" name="user_code" value="{escape(code)}" autocomplete="off" autofocus required>
<label for="user">Sign in as</label><select id="user" name="user">{options}</select>
<button name="decision" value="approve">Approve</button><button name="decision" value="decline">Decline</button>
</form>""",
            status=status,
        )


def _html(inner: str, *, status: int = 200) -> Response:
    return HTMLResponse(
        f'<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>Enter code</title>'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style></head>'
        f"<body><main><h1>Sign in a device</h1>{inner}</main></body></html>",
        status_code=status,
        headers=_HEADERS,
    )
