# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private module utility of email_gateway.azure_apps: it may change without notice.
"""One run of one module, in ansible-playbook or as a process of its own.

The same code serves the action plugin (the normal way: inside the ansible-playbook process, so that neither an option
nor a result with a secret passes through a file or a command line) and ``main()`` of a module file.
"""

from __future__ import annotations

import os
import traceback
import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.arguments import ArgumentSpec
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.checks import check_characters
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.errors import AppsError
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.lists import (
    filled_members,
    selected,
    without,
)
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.names import rendered
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.run_memory import RunMemory
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._graph.call import Call


class Module(t.NamedTuple):
    """What a module file declares: its options and what a call does with them.

    ``secret_results`` are the documented return values that hold a secret: if one has a value, the action plugin keeps
    the whole result out of callbacks and logs, even without ``no_log`` on the task. ``checks_itself`` are options for
    whose texts ``run`` knows better names than that of the option.
    """

    argument_spec: ArgumentSpec
    run: t.Callable[[Call], dict[str, t.Any]]
    secret_results: tuple[str, ...] = ()
    checks_itself: tuple[str, ...] = ()

    def execute(self, call: Call) -> dict[str, t.Any]:
        """The result, or one with ``failed``. Errors other than AppsError are bugs, raised without secrets."""
        try:
            return self._result(call)
        except AppsError as exc:
            failure = exc.describe(call.secrets.for_message, call.option_names)
            return {"failed": True, "changed": call.wrote, **failure, **_warnings(call)}
        except Exception:
            # Ansible shows the text of a bug, which can be anything.
            shown = traceback.format_exc()
            without_secrets = call.secrets.masked_whole(shown)
            if without_secrets == shown:
                raise
        finally:
            call.close()
        # Not raised above, where it would have the exception with the secret as its context.
        raise RuntimeError(without_secrets)

    def _result(self, call: Call) -> dict[str, t.Any]:
        """Check the texts of the options, run, and mask what is no documented secret."""
        call.secrets.add(*map(call.params.get, self.argument_spec.secret_options))
        options = self.argument_spec.options
        for name in without(options, self.checks_itself):
            check_characters(f"O({name})", call.params.get(name), is_path=options[name].get("type") == "path")
        returned = self.run(call)
        secret = selected(returned, self.secret_results)
        others = selected(returned, without(returned, self.secret_results))
        return {**call.secrets.masked(others), **secret, **_warnings(call)}


def _warnings(call: Call) -> dict[str, t.Any]:
    call.warn_of_clock()
    return filled_members({"warnings": call.secrets.for_message(rendered(call.warnings, call.option_names))})


def run_as_module(module: Module) -> None:
    """``main()`` of a module file: the one place that calls fail_json and exit_json."""
    ansible_module = AnsibleModule(
        argument_spec=module.argument_spec.options, supports_check_mode=True, **module.argument_spec.rules()
    )
    call = Call(
        params=ansible_module.params, check_mode=ansible_module.check_mode, environ=os.environ, memory=RunMemory()
    )
    result = module.execute(call)
    if result.get("failed"):
        ansible_module.fail_json(**result)
    ansible_module.exit_json(**result)
