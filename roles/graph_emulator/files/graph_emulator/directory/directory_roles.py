# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The directory roles that matter for applications and groups, by the template ids that tokens carry as `wids`.

Page "Microsoft Entra built-in roles"; the claim: "Access token claims reference".
"""

from __future__ import annotations

GLOBAL_ADMINISTRATOR = "62e90394-69f5-4237-9190-012177145e10"
PRIVILEGED_ROLE_ADMINISTRATOR = "e8611ab8-c189-46e8-94e1-60213ab1f814"
APPLICATION_ADMINISTRATOR = "9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3"
CLOUD_APPLICATION_ADMINISTRATOR = "158c047a-c907-4556-b7ef-446551a6b5f7"
EXCHANGE_ADMINISTRATOR = "29232cdf-9323-42fd-ade2-1d097af3e4de"
GROUPS_ADMINISTRATOR = "fdd7a751-b60b-444a-984c-02652fe8fa1c"
USER_ADMINISTRATOR = "fe930be7-5e62-47db-91af-98c3a49a38b1"
APPLICATION_DEVELOPER = "cf1c38e5-3621-4004-a7cb-879624dced7c"
# In the wids of every member of the tenant; stands for the default user permissions.
MEMBER = "b79fbf4d-3ef9-4689-8143-76b194e85509"

BY_NAME = {
    "Global Administrator": GLOBAL_ADMINISTRATOR,
    "Privileged Role Administrator": PRIVILEGED_ROLE_ADMINISTRATOR,
    "Application Administrator": APPLICATION_ADMINISTRATOR,
    "Cloud Application Administrator": CLOUD_APPLICATION_ADMINISTRATOR,
    "Application Developer": APPLICATION_DEVELOPER,
    "Exchange Administrator": EXCHANGE_ADMINISTRATOR,
}
# Roles that administer groups, and nothing about applications.
_OTHERS = {
    "Groups Administrator": GROUPS_ADMINISTRATOR,
    "User Administrator": USER_ADMINISTRATOR,
}


def template_ids(names: list[str]) -> frozenset[str]:
    """Ids of roles given by name; an unknown name is a ValueError."""
    known = {**BY_NAME, **_OTHERS}
    for name in names:
        if name not in known:
            raise ValueError(f"unknown directory role '{name}'; known: {', '.join(sorted(known))}")
    return frozenset(known[name] for name in names)
