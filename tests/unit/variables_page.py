# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Creates docs/variables.md from the argument specs of the roles. As a program, it writes the page."""

from __future__ import annotations

import json
import re
import typing as t
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "variables.md"
MUST = ("gateway_app_profile",)
OFTEN = (
    "gateway_app_display_name",
    "gateway_app_unique_name",
    "gateway_app_store_path",
    "gateway_app_stores",
    "gateway_app_client_id",
    "gateway_app_consent",
    "gateway_app_environment",
    "gateway_app_secret_lifetime_days",
    "gateway_app_secret_renew_before_days",
    "gateway_app_overlap_days",
    "gateway_app_rotate_now",
    "gateway_app_after_new_secret",
    "gateway_app_retire_confirmed",
    "gateway_app_verify_mailbox",
    "gateway_app_verify_smtp",
)
HEAD = """<!-- Made by tests/unit/variables_page.py from the argument specs of the roles. -->

# Variables

Set them in the inventory, in a play, or with `-e`. The playbooks of the collection also take `gateway_app_hosts`, the
hosts that are the gateways (default: `localhost`). If a name begins with `gateway_app_` and is close to a variable of
this page, but is none of them, the run stops. The whole documentation of each variable:
`ansible-doc -t role email_gateway.azure_apps.gateway_app`.
"""


def plain(text: str) -> str:
    """Ansible's markup as Markdown, in a cell of a table."""
    text = re.sub(r"U\(([^)]*)\)", r"<\1>", text)
    text = re.sub(r"L\(([^,]*), *([^)]*)\)", r"[\1](\2)", text)
    text = re.sub(r"[MP]\(email_gateway\.azure_apps\.(\w+)(?:#\w+)?\)", r"`\1`", text)
    text = re.sub(r"O\([\w.]+#\w+:(?:main:)?([^)]*)\)", r"`\1`", text)
    text = re.sub(r"[OVCERMP]\(([^)]*)\)", r"`\1`", text)
    return re.sub(r"[BI]\(([^)]*)\)", r"\1", text).replace("|", "\\|").replace("\n", " ").strip()


def default(value: t.Any) -> str:
    if value in ("", [], {}, None):
        return ""
    shown = value if isinstance(value, str) else json.dumps(value)
    return "derived" if "{{" in shown else f"`{shown}`"


def row(name: str, option: dict[str, t.Any], value: t.Any) -> str:
    described = option["description"]
    sentences = [described] if isinstance(described, str) else described
    # The first sentence is the summary, except for a choice: there each value has one.
    text = " ".join(plain(sentence) for sentence in (sentences if "choices" in option else sentences[:1]))
    return f"| `{name}` | {option['type']} | {default(value)} | {text} |"


def variables(role: str) -> dict[str, tuple[dict[str, t.Any], t.Any]]:
    """The option and the default of each variable of a role, of all its entry points."""
    folder = ROOT / "roles" / role
    entries = yaml.safe_load((folder / "meta/argument_specs.yml").read_text())["argument_specs"].values()
    defaults = yaml.safe_load((folder / "defaults/main.yml").read_text())
    options = {name: option for entry in entries for name, option in entry["options"].items()}
    return {name: (option, defaults.get(name)) for name, option in options.items()}


def page() -> str:
    gateway, report = variables("gateway_app"), variables("gateway_app_report")
    rarely = [name for name in gateway if name not in (*MUST, *OFTEN)]
    parts = [HEAD]
    for heading, found, names in (
        ("You must set", gateway, MUST),
        ("You often set", gateway, OFTEN),
        ("You rarely set", gateway, rarely),
        ("The report", report, report),
    ):
        rows = [row(name, *found[name]) for name in names]
        table = "\n".join(["| variable | type | default | |", "|---|---|---|---|", *rows])
        parts.append(f"## {heading}\n\n{table}\n")
    return "\n".join(parts)


if __name__ == "__main__":
    PAGE.write_text(page())
