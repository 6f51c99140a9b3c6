# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Measures ansible-playbook and its workers: the time for imports, TLS, waiting and the collection's code.

Each watched call is written as a line of JSON at once, since a worker ends without any clean-up. The time of a nested
watched call counts only for the inner one.
"""

from __future__ import annotations

import collections.abc as c
import functools
import http.client
import importlib
import json
import os
import ssl
import threading
import time
import typing as t

from ansible.executor.task_executor import TaskExecutor
from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: bench_clock
type: aggregate
short_description: A clock for make bench
description: Writes to the file that the environment variable BENCH_CLOCK names.
"""
OURS = "ansible_collections.email_gateway"


class Clock:
    def __init__(self, path: str) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        self._main = os.getpid()
        self._here = threading.local()

    def watched(self, call: c.Callable[..., t.Any], what: c.Callable[..., str]) -> c.Callable[..., t.Any]:
        """The same call, timed; ``what`` gets its arguments and returns its name."""

        @functools.wraps(call)
        def timed(*args: t.Any, **options: t.Any) -> t.Any:
            within = self._here.__dict__.setdefault("within", [])
            within.append([0.0, 0.0])
            cpu, wall = time.thread_time(), time.perf_counter()
            try:
                return call(*args, **options)
            finally:
                cpu, wall = time.thread_time() - cpu, time.perf_counter() - wall
                inner_cpu, inner_wall = within.pop()
                if within:
                    within[-1][0] += cpu
                    within[-1][1] += wall
                self._write(what=what(*args), cpu=cpu - inner_cpu, wall=wall - inner_wall)

        return timed

    def _write(self, **line: t.Any) -> None:
        line["worker"] = os.getpid() != self._main
        os.write(self._file, f"{json.dumps(line)}\n".encode())


class CallbackModule(CallbackBase):  # type: ignore[misc,unused-ignore]  # ansible-core ships no types
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "bench_clock"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self) -> None:
        super().__init__()
        clock = Clock(os.environ["BENCH_CLOCK"])

        def watch(owner: t.Any, name: str, what: c.Callable[..., str]) -> None:
            setattr(owner, name, clock.watched(getattr(owner, name), what))

        for name in ("do_handshake", "load_verify_locations", "load_default_certs"):
            watch(ssl.SSLSocket if name == "do_handshake" else ssl.SSLContext, name, lambda *_: "TLS")
        watch(http.client.HTTPConnection, "getresponse", lambda *_: "answers")
        # The function that an import statement calls for a module that is not loaded yet.
        watch(importlib._bootstrap, "_find_and_load", lambda name, *_: f"import {name}")
        make_handler = TaskExecutor._get_action_handler_with_module_context

        def with_clock(executor: TaskExecutor, *args: t.Any, **options: t.Any) -> t.Any:
            handler, context = make_handler(executor, *args, **options)
            if type(handler).__module__.startswith(OURS):
                handler.run = clock.watched(handler.run, lambda *_: "tasks")
            return handler, context

        TaskExecutor._get_action_handler_with_module_context = with_clock
