#!/usr/bin/env bash
# Installs the npm packages of this folder exactly as package-lock.json names
# them. Does nothing, and needs no network, if that was done before.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
# shellcheck source=deploy/lib/npm.sh
source ../../deploy/lib/npm.sh
install_npm_packages .
