# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: gateway_app_result
short_description: The result of the role gateway_app
version_added: 1.0.0
description:
  - Used by the role C(gateway_app) to set C(gateway_app_result).
author:
  - email_gateway.azure_apps contributors (@email-gateway)
positional: _input
options:
  _input:
    description: The result of M(email_gateway.azure_apps.azure_app_registration).
    type: dict
    required: true
  profile:
    description: The result of M(email_gateway.azure_apps.azure_app_profile_info).
    type: dict
    required: true
  written:
    description: The results of the tasks that came before the credential.
    type: list
    elements: dict
    required: true
  credentials:
    description: The results of the tasks that looked after the credential. The last one that was not skipped counts.
    type: list
    elements: dict
    required: true
  token:
    description: The result of M(email_gateway.azure_apps.azure_app_token_info), perhaps skipped.
    type: dict
    required: true
  consent:
    description: How admin consent is granted.
    type: str
    required: true
  credential_type:
    description: The type of the credential.
    type: str
    required: true
"""

EXAMPLES = r"""
gateway_app_result: >-
  {{ registration | email_gateway.azure_apps.gateway_app_result(
       profile=profile, written=[], credentials=[secret], token=token, consent='grant',
       credential_type='client_secret') }}
"""

RETURN = r"""
_value:
  description: The members of C(gateway_app_result), which the role documents.
  type: dict
"""

import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._role_result import role_result


class FilterModule:
    """The result of the role gateway_app."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"gateway_app_result": role_result}
