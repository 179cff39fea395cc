# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# Which Debian packages a build needs, and how they get here.

# The table: a feature is "base", a --config of .bazelrc or a job of .ci/run. Each
# entry is PACKAGE:FILE, where FILE is there when the package is. A --config that
# is not listed needs nothing beyond "base".
declare -rA PACKAGE_TABLE=(
  [base]="g++:/usr/bin/g++
          bazel-bootstrap:/usr/share/bazel/A-server.jar
          bazel-platforms:/usr/share/bazel/platforms/WORKSPACE
          bazel-skylib:/usr/share/bazel/tools/skylib/WORKSPACE"
  [clang]="clang:/usr/bin/clang++"
  [formats]="chromium:/usr/bin/chromium
             chromium-driver:/usr/bin/chromedriver
             tshark:/usr/bin/tshark"
  [fuzz]="clang:/usr/bin/clang++
          libclang-rt-14-dev:/usr/lib/llvm-14/lib/clang/14.0.6/lib/linux/libclang_rt.fuzzer-x86_64.a"
  [kernels]="runsc:/usr/bin/runsc
             user-mode-linux:/usr/bin/linux.uml"
  [lint]="clang-format:/usr/bin/clang-format
          clang-tidy:/usr/bin/clang-tidy
          python3:/usr/bin/python3
          shellcheck:/usr/bin/shellcheck"
  [macos_arm64]="npm:/usr/bin/npm"
  [macos_x86_64]="npm:/usr/bin/npm"
  [ns3]="libns3-dev:/usr/include/ns3/core-module.h"
  [peers]="libasio-dev:/usr/include/asio.hpp
           libboost-dev:/usr/include/boost/asio.hpp
           libevent-dev:/usr/include/event2/event.h
           libuv1-dev:/usr/include/uv.h
           qt6-base-dev:/usr/include/x86_64-linux-gnu/qt6/QtNetwork/QUdpSocket"
  [windows]="iproute2:/sbin/ip
             g++-mingw-w64-x86-64-posix:/usr/bin/x86_64-w64-mingw32-g++-posix
             wine64:/usr/lib/wine/wine64
             wine:/usr/bin/wine"
)

say() { printf 'bazelw: %s\n' "$*" >&2; }

die() {
  say "$@"
  exit 1
}

# have_packages FEATURE...: fails when one is missing, and sets MISSING to them all.
have_packages() {
  local feature entry
  MISSING=()
  for feature in "$@"; do
    for entry in ${PACKAGE_TABLE[$feature]:-}; do
      if [[ ! -e ${entry#*:} ]]; then MISSING+=("${entry%%:*}"); fi
    done
  done
  ((${#MISSING[@]} == 0))
}

# die_with_log WHAT: for commands that ran under run_logged.
die_with_log() {
  grep -E '^(E|W|Err|dpkg)\b' -- "$LOG" | tail -n 5 >&2 || true
  die "$1; is Debian's package registry within reach? Everything that was said: $LOG"
}

# run_logged COMMAND...: keeps the output in LOG, for nobody reads it when all is well.
run_logged() { "$@" >>"$LOG" 2>&1 </dev/null; }

apt_install() {
  # The time limit is for another apt-get that is at work right now.
  DEBIAN_FRONTEND=noninteractive run_logged apt-get -o DPkg::Lock::Timeout=600 \
    install --yes --no-install-recommends "$@"
}

# install_packages FEATURE...: returns when all of them are here, or ends bazelw.
install_packages() {
  if have_packages "$@"; then return; fi
  if ((EUID != 0)); then
    say "missing: ${MISSING[*]}. Please run this once, then the same command again:"
    say "  sudo sh -c 'apt-get update && apt-get install --yes --no-install-recommends ${MISSING[*]}'"
    exit 1
  fi
  say "installing ${MISSING[*]} (under a minute) ..."
  if ! apt_install "${MISSING[@]}"; then
    # The list of packages is missing or out of date, or an earlier run of dpkg
    # was interrupted: both can be put right.
    run_logged dpkg --configure -a || true
    run_logged apt-get -o DPkg::Lock::Timeout=600 update || true
    apt_install "${MISSING[@]}" || die_with_log "could not install ${MISSING[*]}"
  fi
  have_packages "$@" || die "installed, yet still missing: ${MISSING[*]}"
}
