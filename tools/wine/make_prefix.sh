#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# make_prefix.sh FOLDER: makes a Wine prefix there, fresh, and whole on disk.

set -eu

export WINEPREFIX=$1 WINEDEBUG=-all DISPLAY='' WINEDLLOVERRIDES='mscoree=;mshtml='
# Bazel kills what a repository rule leaves behind, and wineserver writes the registry
# only when it ends: so it has to have ended.
trap 'wineserver -k || true' EXIT
wineboot --init
# A program that crashes ends at once, and no debugger is waited for.
wine reg add 'HKLM\Software\Microsoft\Windows NT\CurrentVersion\AeDebug' /v Debugger /d '' /f
trap - EXIT
wineserver -k
wineserver --wait
# Debian's Wine keeps here under which name in /tmp its socket is.
rm -f -- "$WINEPREFIX/wineserver"
test -s "$WINEPREFIX/system.reg"
