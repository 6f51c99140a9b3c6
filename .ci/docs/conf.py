# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sphinx settings of the documentation site. build.py copies this file beside the pages that it prepares."""

from __future__ import annotations

project = "email_gateway.azure_apps"
copyright = "the email_gateway.azure_apps authors"  # noqa: A001  # Sphinx wants this name
html_title = "email_gateway.azure_apps"
html_short_title = "azure_apps"
extensions = ["myst_parser", "sphinx.ext.intersphinx", "sphinx_antsibull_ext"]
intersphinx_mapping = {"ansible": ("https://docs.ansible.com/projects/ansible/latest/", "ansible.inv")}
myst_heading_anchors = 4
html_theme = "sphinx_ansible_theme"
html_show_sphinx = False
html_copy_source = False
pygments_style = "ansible"
highlight_language = "text"
html_theme_options = {
    "display_version": False,
    "collapse_navigation": False,
    "documentation_home_url": "index.html",
    "tag_manager_id": "",
    "vcs_pageview_mode": "edit",
}
