# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import datetime
import os
import subprocess
import sys
import typing as t

import pytest
import yaml
from ansible.utils.unsafe_proxy import wrap_var

from ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._controller_action import plain


class Text(str):
    """Like the tagged and unsafe strings of ansible-core."""

    __slots__ = ()


@pytest.mark.parametrize("value", ["text", Text("text"), wrap_var("text")], ids=["str", "subclass", "unsafe"])
def test_every_kind_of_string_becomes_a_plain_one(value: t.Any) -> None:
    assert plain(value).__class__ is str
    assert plain(value) == "text"


def test_what_is_nested_is_plain_too_and_can_be_dumped() -> None:
    value = wrap_var({"a": ["b", {"c": 1, "d": None, "e": True, "f": 1.5}]})
    assert yaml.safe_load(yaml.safe_dump(plain(value))) == {"a": ["b", {"c": 1, "d": None, "e": True, "f": 1.5}]}


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (datetime.date(2027, 6, 30), "2027-06-30"),
        (datetime.datetime(2027, 6, 30, 12, tzinfo=datetime.timezone.utc), "2027-06-30T12:00:00+00:00"),
    ],
)
def test_dates_of_a_playbook_are_written_as_they_are_read(value: datetime.date, text: str) -> None:
    assert plain(value) == text


LOADED = """
import sys

class Missing:
    def find_spec(self, name, path=None, target=None):
        if name in {missing!r}:
            raise ImportError(name=name)

sys.meta_path.insert(0, Missing())
import ansible_collections.email_gateway.azure_apps.plugins.plugin_utils._controller_action
print(*[name for name in ("requests", "msal") if name in sys.modules])
"""


@pytest.mark.parametrize(
    ("missing", "imported"), [((), "requests msal"), (("msal",), "requests"), (("requests",), "")], ids=str
)
def test_libraries_are_imported_before_a_worker_is_forked(missing: tuple[str, ...], imported: str) -> None:
    """A missing one is reported by the task that needs it, see test_sign_in.py, and not where the plugin is loaded."""
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    code = LOADED.format(missing=missing)
    done = subprocess.run(
        [sys.executable, "-c", code], env=environ, check=True, capture_output=True, text=True, timeout=60
    )
    assert done.stdout.strip() == imported
