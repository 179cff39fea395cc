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
  SETTINGS=$CACHE/bazelrc
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
END
}

have_settings() { [[ -e $SETTINGS && $(<"$SETTINGS") == "$(settings)" ]]; }

write_settings() {
  if have_settings; then return; fi
  settings >"$SETTINGS.new"
  mv -f -- "$SETTINGS.new" "$SETTINGS"
}
