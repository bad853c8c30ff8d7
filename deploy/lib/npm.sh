# shellcheck shell=bash
#
# Installs a folder's npm packages exactly as its package-lock.json names them
# (versions and checksums). Sourced by clients/web/build.sh, tests/npm:
#
#   source deploy/lib/npm.sh
#   install_npm_packages FOLDER
#
# Does nothing, and needs no network, if that was done before. Safe to run
# several times at once.

install_npm_packages() {
  local folder=$1 mark wanted
  mkdir -p "$folder/node_modules"
  exec 9<"$folder/node_modules"
  flock 9
  # `npm ci` deletes what is in node_modules, so a finished one is marked there.
  mark=$folder/node_modules/.installed
  wanted=$(cat "$folder"/{package.json,package-lock.json,.npmrc} | sha256sum)
  if [[ -f $mark && $(<"$mark") == "$wanted" ]]; then
    echo "$folder/node_modules is as package-lock.json wants it."
  elif ! command -v npm >/dev/null; then
    echo "npm is missing: run deploy/build, or apt-get install nodejs npm" >&2
    return 1
  else
    (cd "$folder" && npm ci --no-progress 9<&-)
    echo "$wanted" >"$mark"
  fi
  exec 9<&-
}
