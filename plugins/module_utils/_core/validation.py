# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private module utility of email_gateway.azure_apps: it may change without notice.
"""Arguments as a user wrote them, checked by Ansible's own rules."""

from __future__ import annotations

import math
import re
import typing as t

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.errors import AnsibleValidationError, UnsupportedError

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.arguments import ArgumentSpec
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.errors import InputError
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.masking import Secrets

# How Ansible's messages name an option. Only a refusal needs it, so it is not compiled while the file is imported.
NAMED = r"\b(?P<before>argument '|option '|value of )(?P<option>[a-z_]+)\b"


def with_marked_options(message: str) -> str:
    """A message of Ansible's validation in which options can be shown by the name that the caller knows (see names)."""
    return re.sub(NAMED, r"\g<before>O(\g<option>)", message)


def validated(spec: ArgumentSpec, args: t.Mapping[str, t.Any], *, name: str, see: str) -> dict[str, t.Any]:
    """The arguments of ``name`` with their defaults, in the types of the spec. ``see`` names their documentation.

    Raises InputError, in whose words no secret option is shown.
    """
    for option, value in args.items():
        obstacle = _obstacle(spec.options.get(option, {}), value)
        if obstacle:
            raise _refused(f"O({option}) {obstacle}", spec=spec, args=args, see=see)
    validation = ArgumentSpecValidator(spec.options, **spec.rules()).validate(dict(args))
    if validation.error_messages:
        found = [_worded(error, name) for error in validation.errors.errors]
        raise _refused("; ".join(found), spec=spec, args=args, see=see)
    accepted: dict[str, t.Any] = validation.validated_parameters
    return accepted


def _worded(error: AnsibleValidationError, name: str) -> str:
    if isinstance(error, UnsupportedError):
        return f"Unsupported parameters for {name}: {error.msg}"
    return str(error.msg)


def _refused(why: str, *, spec: ArgumentSpec, args: t.Mapping[str, t.Any], see: str) -> InputError:
    secrets = Secrets()
    secrets.add(*map(args.get, spec.secret_options))
    return InputError(secrets.for_message(why), next_step=f"See: {see}")


def _obstacle(declared: t.Mapping[str, t.Any], value: t.Any) -> str:
    """What Ansible's validation would fail at with a traceback; empty if there is nothing."""
    if declared.get("type") == "int" and _endless(value):
        return "is not a finite number"
    if "options" not in declared:
        return ""
    if isinstance(value, list):
        if not all(map(_may_be_members, value)):
            return "has an entry that is not a dictionary with texts as names"
    elif value is not None and not _may_be_members(value):
        return "is not a dictionary with texts as names"
    return ""


def _may_be_members(value: t.Any) -> bool:
    """Whether Ansible's validation looks for members in it. A text can be a=1, and it refuses a list by itself."""
    if isinstance(value, dict):
        return all(isinstance(name, str) for name in value)
    return isinstance(value, (str, list))


def _endless(value: t.Any) -> bool:
    """Infinite, or so large that Ansible's validation would fail with a traceback or not come to an end."""
    try:
        return not math.isfinite(float(value))
    except OverflowError:
        return True
    except (TypeError, ValueError):
        return False  # not a number, which the validation reports better
