#!/bin/sh
# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# start.sh PYTHON FILES DIRECTORY [OPTION...]: start the emulator in the background and wait until it listens.
set -eu
python=$1 files=$2 directory=$3
shift 3
umask 077
mkdir -p "$directory"
cd "$directory"
if [ -s pid ] && kill -0 "$(cat pid)" 2>/dev/null; then
    echo "already running"
    exit 0
fi
rm -f announcement.json
PYTHONPATH=$files nohup "$python" -m graph_emulator --state-dir "$directory" "$@" \
    >announcement.json 2>log </dev/null &
echo $! >pid
tries=0
while [ ! -s announcement.json ]; do
    tries=$((tries + 1))
    if [ $tries -gt 150 ] || ! kill -0 "$(cat pid)" 2>/dev/null; then
        echo "The emulator did not start:" >&2
        cat log >&2
        rm -f pid
        exit 1
    fi
    sleep 0.2
done
echo "started"
