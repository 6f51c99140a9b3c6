#!/bin/sh
# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# The vault password of the scenarios, whose secrets are worth nothing once the embedded tenant is gone.

echo molecule
