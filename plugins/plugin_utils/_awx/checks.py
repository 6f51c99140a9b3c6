# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a private plugin utility of email_gateway.azure_apps: it may change without notice.
"""The settings of the playbook awx_setup, and what is wrong with them. Pure; each problem is a text for a person."""

from __future__ import annotations

import dataclasses
import re
import typing as t

from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.checks import closest, did_you_mean
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.json import as_object, as_text
from ansible_collections.email_gateway.azure_apps.plugins.module_utils._core.lists import filled_members

Json = dict[str, t.Any]
PREFIX = "awx_setup_"
ANYWHERE = ("azure_key_vault", "hashi_vault", "awx_credential", "command")  # stores that are not a file of the job
COUNT = re.compile("0*[1-9][0-9]*")
FIXED = re.compile("[^{]+")  # one with braces, for AWX to fill in, differs from host to host
SEE = 'See "Where the client secret is stored" in docs/awx.md.'


@dataclasses.dataclass(frozen=True)
class Settings:
    """The variables of playbooks/vars/awx_setup.yml, by their names without the prefix."""

    organization: str
    name: str
    project_url: str
    project_branch: str
    project_credential: str
    image: str
    image_credential: str
    gateways: Json
    group_variables: Json
    inventory: str
    group: str
    operator_credential: str
    consent_credential: str
    mailbox_credential: str
    more_credentials: list[str]
    provision_job_template: str
    notification_templates: list[str]
    notification_webhook: str
    rotate_rrule: str
    report_rrule: str
    slices: int

    @classmethod
    def of(cls, variables: t.Mapping[str, t.Any]) -> tuple[Settings, list[str]]:
        """``variables`` are those of the play with the prefix. A malformed one counts as empty, and is a problem."""
        given = {name.removeprefix(PREFIX): value for name, value in variables.items()}
        known: dict[str, str] = cls.__annotations__
        problems = [_unknown(name, known) for name in sorted(given.keys() - known.keys())]
        values: Json = {}
        for name, kind in known.items():
            make, empty, blank, words = KINDS[kind]
            values[name] = make(given.get(name))
            if values[name] is None:
                values[name] = empty
                if given.get(name) not in blank:
                    problems.append(f"{PREFIX}{name} is not {words}.")
        return cls(**values), problems

    @property
    def inventory_name(self) -> str:
        return self.inventory or self.name

    def prefixed(self, name: str) -> str:
        return f"{self.name}: {name}"


def _texts(value: t.Any) -> list[str] | None:
    if isinstance(value, list) and all(map(as_text, value)):
        return list(value)
    return None


def _mapping(value: t.Any) -> Json | None:
    if isinstance(value, dict):
        return value
    return None


def _count(value: t.Any) -> int | None:
    """A number, also as text, as -e passes it."""
    text = str(value)
    if COUNT.fullmatch(text):
        return int(text)
    return None


BLANK = (None, "")  # as good as not set
# By type: the value or None, what counts instead, what is not a problem then, and what it has to be.
KINDS: dict[str, tuple[t.Callable[[t.Any], t.Any], t.Any, tuple[t.Any, ...], str]] = {
    "str": (as_text, "", BLANK, "a text"),
    "list[str]": (_texts, [], BLANK, "a list of names"),
    "Json": (_mapping, {}, BLANK, "a dictionary"),
    "int": (_count, 1, (), "a number from 1"),
}


def _unknown(name: str, known: t.Iterable[str]) -> str:
    close = [PREFIX + one for one in closest(name, known)[:1]]
    return f"{PREFIX}{name} is not a setting of this playbook. {did_you_mean(close)}".rstrip()


def problems_of(settings: Settings) -> list[str]:
    """What does not depend on the objects that AWX has."""
    return [*_missing(settings), *_malformed_gateways(settings), *_shared_applications(settings), *_stores(settings)]


def _missing(settings: Settings) -> t.Iterator[str]:
    for name in ("name", "organization", "project_url", "image"):
        if not getattr(settings, name):
            yield f"Set {PREFIX}{name}. playbooks/vars/awx_setup.yml of the collection describes it."
    if bool(settings.inventory) == bool(settings.gateways):
        yield (
            f"Set either {PREFIX}gateways, from which an inventory is created, or {PREFIX}inventory to the name of an"
            " existing one."
        )


def _malformed_gateways(settings: Settings) -> t.Iterator[str]:
    for host, variables in filled_members(settings.gateways).items():
        if not isinstance(variables, dict):
            yield f"The entry of {host} in {PREFIX}gateways is not a dictionary of variables."


def _gateways(settings: Settings) -> dict[str, Json]:
    """What a job sees of each: its own variables over those of the group."""
    return {host: {**settings.group_variables, **as_object(own)} for host, own in settings.gateways.items()}


def _shared_applications(settings: Settings) -> t.Iterator[str]:
    """The jobs of slices cannot wait for each other: each might create a client secret."""
    if settings.slices == 1:
        return
    names = [str(variables.get("gateway_app_unique_name") or "") for variables in _gateways(settings).values()]
    fixed = list(filter(FIXED.fullmatch, names))
    if len(set(fixed)) < len(fixed):
        yield (
            f"With {PREFIX}slices {settings.slices}, each gateway needs its own application, but some share"
            f" gateway_app_unique_name. Set {PREFIX}slices to 1."
        )


def _stores(settings: Settings) -> t.Iterator[str]:
    """Of an inventory that is there, nothing is known here: the job itself refuses a store that goes away with it."""
    without = []
    for host, variables in _gateways(settings).items():
        if not _outlives_a_job(variables):
            without.append(host)
    if without:
        yield (
            f"There is no permanent store for {', '.join(sorted(without))}: the files of a job are removed with its"
            f" container, and the client secret with them. Set gateway_app_stores in {PREFIX}group_variables, or in the"
            " entry of the gateway, to the type azure_key_vault or hashi_vault, to awx_credential, or to a file in a"
            f" folder that AWX mounts into its jobs. {SEE}"
        )


def _outlives_a_job(variables: Json) -> bool:
    stores = variables.get("gateway_app_stores") or [{"type": "ansible_vault"}]
    if not isinstance(stores, list):  # a template, for AWX to fill in
        return True
    return all(_is_elsewhere(store, variables) for store in stores)


def _is_elsewhere(store: t.Any, variables: Json) -> bool:
    """A file is, if its path does not depend on the folder of the job."""
    if not isinstance(store, dict) or store.get("type") in ANYWHERE:
        return True
    path = str(store.get("path") or variables.get("gateway_app_store_path"))
    return path.startswith(("/", "{{"))
