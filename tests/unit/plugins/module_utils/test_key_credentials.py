# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import base64

import pytest

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.key_credentials import thumbprint_of

THUMBPRINT = "F9D4365AFC13FC27446AD529035997B32991AE85"  # recording rbac_create_cert


@pytest.mark.parametrize(
    ("identifier", "thumbprint"),
    [
        (THUMBPRINT, THUMBPRINT),
        (THUMBPRINT.lower(), THUMBPRINT),
        (base64.b64encode(bytes.fromhex(THUMBPRINT)).decode(), THUMBPRINT),
        (base64.b64encode(THUMBPRINT.encode()).decode(), THUMBPRINT),
        (base64.b64encode(b"a name chosen by hand").decode(), None),
        ("no base64!", None),
        ("", None),
        (None, None),
    ],
)
def test_a_thumbprint_is_recognised_in_all_forms(identifier: str | None, thumbprint: str | None) -> None:
    assert thumbprint_of(identifier) == thumbprint
