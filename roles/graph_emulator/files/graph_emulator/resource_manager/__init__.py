# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Azure Resource Manager, as far as a tenant without subscriptions needs it: discovery of a cloud, tenants, sign-in."""

from __future__ import annotations
