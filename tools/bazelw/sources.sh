# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# The sources of third-party libraries, from Debian's own source packages. They
# are built with the flags of each configuration (C++20, sanitizers), which the
# libraries that Debian has built already are not.

readonly SOURCE_PACKAGES=(abseil benchmark googletest)

# A new number here makes everybody fetch again.
readonly SOURCES_EDITION=1

sources_folder() { printf '%s' "$CACHE/sources-$SOURCES_EDITION"; }

# have_sources: the folder appears under this name only when it is complete.
have_sources() { [[ -d $CACHE/sources-$SOURCES_EDITION ]]; }

# source_lists FOLDER: writes the system's package sources there, asking each for
# source packages instead of programs.
source_lists() {
  local file
  for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
    if [[ ! -r $file ]]; then continue; fi
    sed -nE 's/^[[:space:]]*deb([[:space:]])/deb-src\1/p' "$file" >"$1/${file##*/}"
  done
  for file in /etc/apt/sources.list.d/*.sources; do
    if [[ ! -r $file ]]; then continue; fi
    sed -E 's/^Types:.*/Types: deb-src/' "$file" >"$1/${file##*/}"
  done
  # The extension tells apt how to read a file, and only in a folder of parts.
  if [[ -e $1/sources.list ]]; then mv -- "$1/sources.list" "$1/main.list"; fi
}

# download_sources FOLDER: leaves the upstream archives there. It needs no rights,
# for it works on lists of its own and leaves the system's alone.
download_sources() {
  local options codename
  mkdir -p -- "$1/parts" "$1/lists/partial" "$1/cache/archives/partial"
  source_lists "$1/parts"
  options=(
    -oDir::Etc::sourcelist=/dev/null
    "-oDir::Etc::sourceparts=$1/parts"
    "-oDir::State::Lists=$1/lists"
    "-oDir::Cache=$1/cache"
    -oAPT::Sandbox::User=root
    -oAcquire::Retries=2
  )
  # Some of the system's sources may be out of reach or carry no sources at all;
  # what counts is whether the archives come.
  run_logged apt-get "${options[@]}" update || true
  # A machine that also lists a later release must still take its own.
  codename=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)
  (
    cd -- "$1" || exit
    run_logged apt-get "${options[@]}" source --download-only \
      "${SOURCE_PACKAGES[@]/%/${codename:+/$codename}}"
  )
}

# fetch_sources: returns when all are here, or ends bazelw.
fetch_sources() {
  local work unpacked package archive
  if have_sources; then return; fi
  say "fetching the sources of ${SOURCE_PACKAGES[*]} (a few seconds) ..."
  unpacked=$(sources_folder).part
  work=$CACHE/download.part
  # What an interrupted run left behind goes first.
  rm -rf -- "$unpacked" "$work"
  download_sources "$work" || die_with_log "could not fetch the sources"
  for package in "${SOURCE_PACKAGES[@]}"; do
    mkdir -p -- "$unpacked/$package"
    for archive in "$work/$package"_*.orig.tar.*; do
      tar --extract --file "$archive" --strip-components=1 --directory "$unpacked/$package"
    done
  done
  mv -T -- "$unpacked" "$(sources_folder)"
  rm -rf -- "$work"
}
