# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Pages for people: the tenant at the server's root, and the form for a device code."""

from __future__ import annotations

import base64
import hashlib
import re
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from ..emulator import Emulator
from .view import tenant_view

PATH = "/"
_FOLDER = Path(__file__).resolve().parent


class Window:
    """Renders the page for every request."""

    def __init__(self, emulator: Emulator) -> None:
        self.emulator = emulator
        environment = Environment(
            loader=FileSystemLoader(_FOLDER),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        environment.filters["breakable"] = _breakable
        self._template = environment.get_template("page.html")
        self._style = (_FOLDER / "page.css").read_text(encoding="utf-8")
        digest = base64.b64encode(hashlib.sha256(self._style.encode("utf-8")).digest()).decode("ascii")
        self._headers = {
            "content-security-policy": (
                f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'; form-action 'none'; "
                "frame-ancestors 'none'"
            ),
            "cache-control": "no-store",
            "referrer-policy": "no-referrer",
            "x-content-type-options": "nosniff",
        }

    async def page(self, request: Request) -> Response:
        number = request.query_params.get("page", "1")
        return HTMLResponse(self.render(page=int(number) if number.isdecimal() else 1), headers=self._headers)

    def render(self, *, page: int = 1) -> str:
        # Trusted, and a digest of exactly these characters stands in the policy.
        style = Markup(self._style)
        return self._template.render(view=tenant_view(self.emulator, page=page), style=style)


def _breakable(text: str) -> Markup:
    """Names like Mail.ReadWrite break behind a dot or a slash before they break anywhere else."""
    return Markup(re.sub(r"([./:])(?=\w)", r"\1<wbr>", str(escape(text))))
