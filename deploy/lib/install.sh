# shellcheck shell=bash
#
# Installs the project's Debian packages. Sourced by deploy/build, deploy/test:
#
#   source deploy/lib/install.sh
#   install_packages build [test]
#
# Asks apt for nothing when everything is there, so a machine without a network
# or without root can build once its packages are installed.

HOUSECALL_PACKAGE_LIST="$(dirname "${BASH_SOURCE[0]}")/../packages.txt"

# packages_of SECTION...: "package command" lines of these sections of
# deploy/packages.txt; the command is "-" where the file names none.
packages_of() {
  awk -v wanted=" $* " '
    { sub(/#.*/, "") }
    /^\[.*\]/ { section = substr($1, 2, length($1) - 2); next }
    NF && index(wanted, " " section " ") { print $1, (NF > 1 ? $2 : "-") }
  ' "$HOUSECALL_PACKAGE_LIST"
}

# missing_packages SECTION...: the packages that are not installed, one a line.
missing_packages() {
  local installed package program
  # dpkg-query fails where it knows no such package; those are the missing.
  # shellcheck disable=SC2016  # dpkg-query's variables, not the shell's
  installed=" $(packages_of "$@" | cut -d' ' -f1 |
    xargs dpkg-query -W -f='${db:Status-Status}:${Package} ' 2>/dev/null ||
    true)"
  packages_of "$@" | while read -r package program; do
    if [[ $program != - ]] && command -v "$program" >/dev/null; then
      continue
    fi
    if [[ $installed != *" installed:$package "* ]]; then
      echo "$package"
    fi
  done
}

# install_packages SECTION...: installs what is missing. Fails with a message
# that names the packages if it cannot.
install_packages() {
  local -a missing as_root=()
  local attempt list
  if [[ ! -r $HOUSECALL_PACKAGE_LIST ]]; then
    echo "Cannot read $HOUSECALL_PACKAGE_LIST" >&2
    return 1
  fi
  if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
    echo "This is not a Debian machine (no dpkg-query, no apt-get)." >&2
    echo "Install the equivalents of the packages in deploy/packages.txt," >&2
    echo "then build with: cmake --preset release && ninja -C build/release" >&2
    return 1
  fi
  list=$(missing_packages "$@") || return 1
  if [[ -z $list ]]; then
    return 0
  fi
  mapfile -t missing <<<"$list"
  if [[ $(id -u) -ne 0 ]]; then
    if ! command -v sudo >/dev/null; then
      echo "These Debian packages are missing, and neither root nor sudo is" \
        "here to install them:" >&2
      echo "  apt-get install ${missing[*]}" >&2
      return 1
    fi
    as_root=(sudo)
    # Without a terminal nobody can type a password: fail instead of waiting.
    [[ -t 0 ]] || as_root=(sudo -n)
  fi
  as_root+=(env DEBIAN_FRONTEND=noninteractive)

  echo "Installing from Debian: ${missing[*]}"
  local -a apt=("${as_root[@]}" apt-get -o Acquire::Retries=3
    -o DPkg::Lock::Timeout=300 -qq)
  local -a install=("${apt[@]}" install -y --no-install-recommends
    "${missing[@]}")
  # Package lists that are there may do as they are. If there are none, or one
  # names a version that the mirror no longer has, fetch them anew.
  if compgen -G '/var/lib/apt/lists/*_Packages*' >/dev/null; then
    if "${install[@]}" >/dev/null; then
      return 0
    fi
    echo "Fetching new package lists." >&2
  fi
  for attempt in 1 2 3; do
    if "${apt[@]}" update && "${install[@]}" >/dev/null; then
      return 0
    fi
    if [[ $attempt -lt 3 ]]; then
      echo "Attempt $attempt failed; trying again." >&2
      sleep $((attempt * 5))
    fi
  done
  echo "apt-get could not install: ${missing[*]}" >&2
  echo "Its own messages are above. Install these packages by hand, then run" \
    "this script again: it goes on where it stopped." >&2
  return 1
}
