#!/usr/bin/env bash
# Installs the npm packages of this folder exactly as package-lock.json names
# them (versions and checksums). Does nothing, and needs no network, if that was
# done before. Safe to run several times at once.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

mkdir -p node_modules
exec 9<node_modules
flock 9

# `npm ci` deletes what is in node_modules, so a finished one is marked there.
mark=node_modules/.installed
wanted=$(cat package.json package-lock.json .npmrc | sha256sum)
if [[ -f $mark && $(<"$mark") == "$wanted" ]]; then
  echo "tests/npm/node_modules is as package-lock.json wants it."
  exit 0
fi
if ! command -v npm >/dev/null; then
  echo "npm is missing: run deploy/test, or apt-get install nodejs npm" >&2
  exit 1
fi
npm ci --no-progress
echo "$wanted" >"$mark"
