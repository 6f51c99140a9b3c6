# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private module utility of email_gateway.azure_apps: it may change without notice.
"""Options that an earlier task has checked: with ``profile_info``, a task takes those that it leaves out from there."""

from __future__ import annotations

import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.errors import InputError
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.json import as_object

OPTION = "profile_info"
RETURNED_AS = "module_options"
# For it, settings that were refused are a check that failed.
VERIFICATION = "azure_app_verification_info"


def with_checked_options(args: t.Mapping[str, t.Any], module: str) -> t.Mapping[str, t.Any]:
    """The arguments of a task, with the options that they leave out. Raises InputError."""
    result = as_object(args.get(OPTION))
    if not result:
        return args
    checked = as_object(result.get(RETURNED_AS)).get(module)
    if isinstance(checked, dict):
        return {**checked, **args}
    if module == VERIFICATION:
        return args
    raise InputError(
        f"O({OPTION}) has no options for {module}",
        next_step="Set it to the registered result of azure_app_profile_info, with settings for this kind of"
        " credential, and stop if that task fails.",
    )
