# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Real lookups of other collections, in a process of their own that has ansible-core's real plugin loader.

As a program it answers one request per line: {name, terms, options, environ}, with {result} or {error}.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import types
import typing as t
from pathlib import Path

from ansible.errors import AnsibleError

from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._store.contract import LookupMissing

Json = dict[str, t.Any]


class Lookups:
    """A ``Lookup``; ``environ`` is that of the task. Raises the errors of the real one, as far as stores use them."""

    def __init__(self, environ: t.Mapping[str, str]) -> None:
        self.environ = dict(environ)
        self._process = subprocess.Popen(
            [sys.executable, str(Path(__file__).resolve())],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=self.environ,
            text=True,
        )

    def __call__(self, name: str, terms: t.Sequence[str], **options: t.Any) -> list[t.Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        request = {"name": name, "terms": list(terms), "options": options, "environ": self.environ}
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        answer: Json = json.loads(self._process.stdout.readline())
        if "error" in answer:
            raise _exception(answer["error"])
        result: list[t.Any] = answer["result"]
        return result

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()


def _exception(error: Json) -> Exception:
    if error["type"] == "LookupMissing":
        return LookupMissing(error["text"])
    made: Exception = AnsibleError(error["text"]) if error["is_ansible"] else _named(error["type"], error["module"])
    if error["cause"]:
        made.__cause__ = _named(*error["cause"])
    return made


def _named(name: str, module: str) -> Exception:
    made: Exception = type(name, (Exception,), {"__module__": module})()
    return made


def _serve() -> None:
    from ansible.parsing.dataloader import DataLoader
    from ansible.plugins.loader import init_plugin_loader
    from ansible.template import Templar

    from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._store.context import TaskLookup

    answers, sys.stdout = sys.stdout, sys.stderr  # lookups may print
    init_plugin_loader()
    loader = DataLoader()
    templating = types.SimpleNamespace(loader=loader, templar=Templar(loader=loader, variables={}))
    for line in sys.stdin:
        request = json.loads(line)
        lookup = TaskLookup(templating, environ=request["environ"])
        before = dict(os.environ)
        try:
            answer: Json = {"result": lookup(request["name"], request["terms"], **request["options"])}
        except Exception as exc:
            cause = exc.__cause__ or exc.__context__
            answer = {
                "error": {
                    "type": type(exc).__name__,
                    "module": type(exc).__module__,
                    "is_ansible": isinstance(exc, AnsibleError),
                    "text": str(exc),
                    "cause": None if cause is None else [type(cause).__name__, type(cause).__module__],
                }
            }
        assert dict(os.environ) == before
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


if __name__ == "__main__":
    _serve()
