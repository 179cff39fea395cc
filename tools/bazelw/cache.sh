# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# One folder per person keeps what outlives a clone: third-party sources, results
# of compilers and tests, and the settings that tell Bazel where these are.

# find_cache: sets CACHE, LOG and SETTINGS.
find_cache() {
  local home=${HOME:-}
  # A service or a container may start without HOME; the user database knows.
  if [[ -z $home ]]; then home=$(getent passwd "$EUID" | cut -d: -f6) || home=; fi
  CACHE=${XDG_CACHE_HOME:-$home/.cache}/pollux
  if ! mkdir -p -- "$CACHE" 2>/dev/null || [[ ! -w $CACHE ]]; then
    CACHE=${TMPDIR:-/tmp}/pollux-$EUID
    mkdir -p -- "$CACHE"
    [[ -O $CACHE ]] || die "$CACHE belongs to somebody else; please set XDG_CACHE_HOME."
  fi
  LOG=$CACHE/bazelw.log
  # A new number whenever settings() says something else: clones of other commits use
  # this folder at the same time.
  SETTINGS=$CACHE/bazelrc-3
}

# lock_cache: waits until no other bazelw is setting up, then starts a new log.
lock_cache() {
  exec {LOCK}>"$CACHE/lock"
  if ! flock --nonblock "$LOCK"; then
    say "another one is setting up; waiting for it ..."
    flock "$LOCK"
  fi
  : >"$LOG"
}

# unlock_cache: closes the file as well, since Bazel's server would keep it open.
unlock_cache() { exec {LOCK}>&-; }

settings() {
  cat <<END
# Written by bazelw: what depends on this machine.
common "--repo_env=POLLUX_SOURCES=$(sources_folder)"
build "--disk_cache=$CACHE/disk"
# What later versions of Bazel do by themselves: find toolchains by platform.
build --incompatible_enable_cc_toolchain_resolution
build:windows --crosstool_top=//tools/toolchains:suite
build:macos_arm64 --crosstool_top=//tools/toolchains:suite
build:macos_x86_64 --crosstool_top=//tools/toolchains:suite
common "--repo_env=ZIG=$(zig_program)"
END
}

have_settings() { [[ -e $SETTINGS && $(<"$SETTINGS") == "$(settings)" ]]; }

write_settings() {
  if have_settings; then return; fi
  settings >"$SETTINGS.new"
  mv -f -- "$SETTINGS.new" "$SETTINGS"
}

# Compiled things that nobody has used for long go when there is more of them than
# this, or when they take a third of what the disk could give. It is looked at once in
# so many seconds, for it reads the whole folder.
readonly DISK_CACHE_BYTES=$((20 << 30))
readonly DISK_CACHE_SECONDS=3600

# prune_disk_cache: Bazel takes what is gone for what it never had.
prune_disk_cache() {
  local now looked=0 stamp=$CACHE/pruned
  printf -v now '%(%s)T' -1
  if [[ -e $stamp ]]; then looked=$(<"$stamp"); fi
  if [[ $looked =~ ^[0-9]+$ ]] && ((now - looked < DISK_CACHE_SECONDS)); then return; fi
  printf '%s' "$now" >"$stamp"
  if [[ -d $CACHE/disk ]]; then
    remove_unused "$CACHE/disk" "$(bytes_to_keep "$(free_bytes)" "$(bytes_in "$CACHE/disk")")"
  fi
}

# bytes_to_keep FREE HELD
bytes_to_keep() {
  local third=$((($1 + $2) / 3))
  printf '%d\n' $((third < DISK_CACHE_BYTES ? third : DISK_CACHE_BYTES))
}

free_bytes() { df -B1 --output=avail -- "$CACHE" | tail -n 1; }

bytes_in() { du -s -B1 -- "$1" | cut -f 1; }

# remove_unused FOLDER BYTES: keeps what was read last, as many bytes as that. The
# names of its files have no white space: Bazel names them by their hashes.
remove_unused() (
  cd -- "$1" || exit
  find . -type f -printf '%A@ %b %p\n' | sort -rn |
    awk -v left="$2" '{ left -= $2 * 512 } left < 0 { print $3 }' | xargs -r rm -f --
)
