#!/usr/bin/env bash
# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

set -eux
printf '%s' "a password for this test" > "${OUTPUT_DIR}/vault-password"
ansible-playbook test.yml --vault-password-file "${OUTPUT_DIR}/vault-password" -e "output_dir=${OUTPUT_DIR}" "$@"
