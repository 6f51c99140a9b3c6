#!/bin/sh
# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# stop.sh DIRECTORY: stop the emulator that runs from that directory, wait until it is gone, and remove the directory.
set -eu
cd "$1" 2>/dev/null || exit 0
directory=$(pwd -P)
if [ -s pid ] && pid=$(cat pid) && kill "$pid" 2>/dev/null; then
    tries=0
    while kill -0 "$pid" 2>/dev/null; do
        tries=$((tries + 1))
        if [ $tries -gt 50 ]; then
            kill -9 "$pid" 2>/dev/null || true
        fi
        sleep 0.1
    done
fi
cd /
rm -rf -- "$directory"
echo "stopped"
