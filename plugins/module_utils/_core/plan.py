# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private module utility of email_gateway.azure_apps: it may change without notice.
"""Pure: the current and the desired state, side by side. No secret ever enters a plan."""

from __future__ import annotations

import typing as t

View = dict[str, t.Any]


class Plan(t.NamedTuple):
    """``before`` and ``after`` in the words that a person reads; {} stands for "not there"."""

    before: View
    after: View

    @property
    def changes(self) -> list[str]:
        """The names of what differs, in order of appearance."""
        after = {**dict.fromkeys(self.before), **self.after}
        return list(changed_fields(self.before, after))

    @property
    def changed(self) -> bool:
        return self.before != self.after

    def diff(self) -> dict[str, View]:
        return {"before": self.before, "after": self.after}


def changed_fields(current: t.Mapping[str, t.Any], wanted: t.Mapping[str, t.Any]) -> View:
    """The wanted fields whose value differs: the body of a PATCH."""
    return {name: value for name, value in wanted.items() if current.get(name) != value}
