# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: gateway_app_checks
short_description: What the proofs of a mail gateway's application come to
version_added: 1.0.0
description:
  - Used by the entry point C(verify) of the role C(gateway_app).
author:
  - email_gateway.azure_apps contributors (@email-gateway)
positional: _input
options:
  _input:
    description: What the tasks of the role saw, without anything secret.
    type: dict
    required: true
"""

EXAMPLES = r"""
checks: "{{ __gateway_app_seen | email_gateway.azure_apps.gateway_app_checks }}"
"""

RETURN = r"""
_value:
  description: One for each proof, with name, subject, ok, tried, reason, next_step and exchange_commands.
  type: list
  elements: dict
"""

import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils import _verify as verify


class FilterModule:
    """The checks of the role gateway_app."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {
            "gateway_app_checks": verify.checks,
            "gateway_app_checks_complaint": verify.complaint,
            "gateway_app_checks_not_asked": verify.not_asked,
            "gateway_app_checks_summary": verify.summary,
        }
