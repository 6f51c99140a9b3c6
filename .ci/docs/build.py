# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Builds the documentation site into build/docs/html: the pages in docs, and a reference page for each plugin and role.

docs/*.md are the only source of the text: GitHub shows them as they are, and this script builds a site from
them. The lists of docs/index.md become the navigation.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import zlib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
SOURCE = ROOT / "build" / "docs" / "source"
HTML = ROOT / "build" / "docs" / "html"
COLLECTION = "email_gateway.azure_apps"
REPOSITORY = "https://github.com/email-gateway/azure_apps/blob/main"
# The labels in Ansible's documentation that generated pages refer to: the site is built without internet access.
ANSIBLE_LABELS = {
    "action_plugins": "plugins/action.html#$",
    "ansible_collections.ansible.builtin.fail_module": "collections/ansible/builtin/fail_module.html",
    "ansible_configuration_settings": "reference_appendices/config.html#$",
    "common_return_values": "reference_appendices/common_return_values.html#$",
}
LINK = re.compile(r"\]\((?![a-z]+:|#)([^)\s#]+)(#[^)\s]*)?\)")
OWN_PAGE = re.compile(rf"\]\({re.escape(REPOSITORY)}/docs/([\w-]+\.md)(#[^)\s]*)?\)")


def with_links_for_the_site(text: str) -> str:
    """Links to pages lead to pages of this site; links to other files lead to the repository on GitHub."""

    def to_page(match: re.Match[str]) -> str:
        page, anchor = match[1], match[2] or ""
        return f"]({page}{anchor})" if (DOCS / page).exists() else match[0]

    def to_repository(match: re.Match[str]) -> str:
        path, anchor = match[1], match[2] or ""
        if (path.endswith(".md") and "/" not in path) or path.startswith("images/"):
            return match[0]
        return f"]({REPOSITORY}/{os.path.relpath(DOCS / path, ROOT)}{anchor})"

    # GitHub renders Mermaid diagrams. This site cannot, and shows their source.
    text = text.replace("```mermaid\n", "```text\n")
    return LINK.sub(to_repository, OWN_PAGE.sub(to_page, text))


def with_navigation(index: str) -> str:
    """The index, with the pages of each section also in a hidden table of contents."""
    sections = re.split(r"^## ", index, flags=re.MULTILINE)[1:]
    trees = []
    for section in sections:
        pages = re.findall(r"\]\(([\w-]+)\.md\)", section)
        if "reference" in pages:
            pages.append("All options of modules and roles <collection/index>")
        title = section.splitlines()[0]
        trees.append("\n".join(["```{toctree}", ":hidden:", f":caption: {title}", *pages, "```"]))
    return "\n\n".join([index, *trees]) + "\n"


def inventory() -> bytes:
    """The labels of Ansible's documentation, as Sphinx publishes those of a project (objects.inv, version 2)."""
    head = "# Sphinx inventory version 2\n# Project: Ansible\n# Version: latest\n"
    head += "# The remainder of this file is compressed using zlib.\n"
    lines = "".join(
        f"{label} std:label -1 {path.replace('$', label.replace('_', '-'))} {label}\n"
        for label, path in ANSIBLE_LABELS.items()
    )
    return head.encode() + zlib.compress(lines.encode())


def prepare() -> None:
    shutil.rmtree(SOURCE, ignore_errors=True)
    SOURCE.mkdir(parents=True)
    for page in DOCS.glob("*.md"):
        text = with_links_for_the_site(page.read_text())
        (SOURCE / page.name).write_text(with_navigation(text) if page.name == "index.md" else text)
    shutil.copytree(DOCS / "images", SOURCE / "images")
    shutil.copy(ROOT / ".ci/docs/conf.py", SOURCE)
    (SOURCE / "ansible.inv").write_bytes(inventory())
    (SOURCE / "collection").mkdir()


def run(*command: str) -> None:
    done = subprocess.run(command, check=False, cwd=ROOT)
    if done.returncode:
        sys.exit(f"{' '.join(command[:3])} failed, see above")


def main() -> None:
    run("antsibull-docs", "lint-collection-docs", "--plugin-docs", "--check-extra-docs-refs", str(ROOT))
    prepare()
    run(
        "antsibull-docs",
        "collection",
        "--use-current",
        "--squash-hierarchy",
        "--fail-on-error",
        "--dest-dir",
        str(SOURCE / "collection"),
        COLLECTION,
    )
    run("sphinx-build", "-q", "-W", "--keep-going", "-b", "html", str(SOURCE), str(HTML))
    print(f"Open {HTML / 'index.html'}")


if __name__ == "__main__":
    main()
