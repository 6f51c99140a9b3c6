# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who is a direct member of which group or administrative unit, found from either side."""

from __future__ import annotations

from collections.abc import Callable


class Members:
    """Object ids only; the tables contain the objects."""

    def __init__(self) -> None:
        self._members: dict[str, list[str]] = {}
        self._containers: dict[str, list[str]] = {}
        self._set_aside: dict[str, tuple[list[str], list[str]]] = {}

    def add(self, container: str, member: str) -> None:
        if member not in self.of(container):
            self._members.setdefault(container, []).append(member)
            self._containers.setdefault(member, []).append(container)

    def remove(self, container: str, member: str) -> None:
        self._members[container].remove(member)
        self._containers[member].remove(container)

    def of(self, container: str) -> list[str]:
        return self._members.get(container, [])

    def containers(self, member: str) -> list[str]:
        return self._containers.get(member, [])

    def all_of(self, container: str) -> list[str]:
        """With the members of nested groups, each once, nearest first."""
        return _reached(container, self.of)

    def all_containers(self, member: str) -> list[str]:
        """With what the containers are members of, each once, nearest first."""
        return _reached(member, self.containers)

    def set_aside(self, object_id: str) -> None:
        """A deleted object that can be restored is not a member and has no members for now."""
        found = list(self.of(object_id)), list(self.containers(object_id))
        self.remove_all(object_id)
        self._set_aside[object_id] = found

    def bring_back(self, object_id: str, *, alive: Callable[[str], bool]) -> None:
        """With those members and containers that are still there."""
        members, containers = self._set_aside.pop(object_id, ([], []))
        for member in filter(alive, members):
            self.add(object_id, member)
        for container in filter(alive, containers):
            self.add(container, object_id)

    def remove_all(self, object_id: str) -> None:
        """An object that was deleted for good is not a member and has no members."""
        self._set_aside.pop(object_id, None)
        for member in list(self.of(object_id)):
            self.remove(object_id, member)
        for container in list(self.containers(object_id)):
            self.remove(container, object_id)

    def as_dict(self) -> dict[str, list[str]]:
        """The state for a human reader."""
        return {container: members for container, members in self._members.items() if members}


def _reached(start: str, step: Callable[[str], list[str]]) -> list[str]:
    """Groups may contain each other in a circle."""
    found: dict[str, None] = {}
    waiting = list(step(start))
    while waiting:
        object_id = waiting.pop(0)
        if object_id not in found:
            found[object_id] = None
            waiting.extend(step(object_id))
    return list(found)
