# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Writes the public facts of the roles to a file when the run sets them."""

from __future__ import annotations

import json
import os
import typing as t

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: public_facts
type: notification
short_description: Writes down the public facts of the roles
description: A line of JSON for each task that set one, into the file that E(PUBLIC_FACTS_PATH) names.
options: {}
"""


class CallbackModule(CallbackBase):  # type: ignore[misc,unused-ignore]  # ansible-core ships no types
    """One line for each task."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "public_facts"
    CALLBACK_NEEDS_ENABLED = True

    def v2_runner_on_ok(self, result: t.Any) -> None:
        facts = result._result.get("ansible_facts") or {}
        public = {name: value for name, value in facts.items() if name.startswith("gateway_app_")}
        if public:
            with open(os.environ["PUBLIC_FACTS_PATH"], "a", encoding="utf-8") as file:
                file.write(json.dumps(public) + "\n")
