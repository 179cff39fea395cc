#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# run.sh PROGRAM ARGUMENT...: runs a Windows test under Wine, for Bazel's --run_under.
#
# Each test has a prefix, and so a wineserver, of its own: tests run side by side, and
# in sandboxes. One that sets POLLUX_WINE_WIRES also has a network of its own (wires.sh).

set -eu

if [[ -n ${POLLUX_WINE_WIRES:-} ]]; then
  unset POLLUX_WINE_WIRES
  exec "${TEST_SRCDIR:?}/$TEST_WORKSPACE/tools/wine/wires.sh" "$0" "$@"
fi

template=$(<"${TEST_SRCDIR:?}/wine_prefix/prefix.path")
export WINEPREFIX=${TEST_TMPDIR:?}/wine WINEDEBUG=${WINEDEBUG:--all}
export WINEDLLOVERRIDES='mscoree=;mshtml=' DISPLAY=''

# The registry is copied; the libraries, of which there are many, are linked to.
rm -rf -- "$WINEPREFIX"
mkdir -p -- "$WINEPREFIX"
cp -a -- "$template"/{system.reg,user.reg,userdef.reg,.update-timestamp,dosdevices} "$WINEPREFIX"
cp -as -- "$template/drive_c" "$WINEPREFIX"

# drive LETTER FOLDER VARIABLE...: gives the folder a drive letter, and has the
# variables that name something in it name it there. The paths of Bazel's sandboxes are
# longer than Windows allows, and do not begin as an absolute path does there.
drive() {
  local letter=$1 folder=$2 variable rest
  shift 2
  ln -sfn -- "$folder" "$WINEPREFIX/dosdevices/$letter:"
  for variable in "$@"; do
    if [[ ${!variable:-} != "$folder" && ${!variable:-} != "$folder"/* ]]; then continue; fi
    rest=${!variable#"$folder"}
    rest=${rest#/}
    export "$variable=${letter^}:\\${rest//\//\\}"
  done
}

drive o "$(dirname -- "${XML_OUTPUT_FILE:?}")" XML_OUTPUT_FILE TEST_SHARD_STATUS_FILE \
  TEST_PREMATURE_EXIT_FILE TEST_UNDECLARED_OUTPUTS_DIR TEST_WARNINGS_OUTPUT_FILE
drive t "$TEST_TMPDIR" TEST_TMPDIR GTEST_TMP_DIR
drive r "$TEST_SRCDIR" TEST_SRCDIR RUNFILES_DIR

program=$1
shift
if [[ $program != /* ]]; then program=./$program; fi
code=0
wine "$program" "$@" || code=$?

# wineserver may still be writing: whether this succeeds must not matter.
socket=$(<"$WINEPREFIX/wineserver") || true
if [[ $socket == wine-?????? ]]; then rm -rf -- "/tmp/$socket" || true; fi
rm -rf -- "$WINEPREFIX" 2>/dev/null || true
exit "$code"
