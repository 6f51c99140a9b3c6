# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A stateful emulator of Microsoft Graph v1.0 and of the Entra ID token endpoint, for rehearsal, demo and tests."""

from __future__ import annotations

__version__ = "1.0.0"
