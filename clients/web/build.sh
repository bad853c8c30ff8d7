#!/usr/bin/env bash
# Builds the screens into build/web: installs their npm packages as
# package-lock.json names them, generates the API's client from proto/, checks
# types (a text that is missing in one language is an error there), and bundles.
# Does nothing if nothing has changed since the last time.
#
#   clients/web/build.sh
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
# shellcheck source=deploy/lib/npm.sh
source ../../deploy/lib/npm.sh

output=../../build/web
mkdir -p ../../build
exec 8>../../build/web.lock
flock 8

# Everything that the result depends on.
sources=$(
  find ../../proto/housecall src public -type f -not -path 'src/gen/*' -print0 |
    sort -z | xargs -0 sha256sum
  sha256sum package.json package-lock.json tsconfig.json vite.config.ts \
    index.html build.sh
)
if [[ -f $output/index.html && -f ../../build/web.sources &&
  $(<../../build/web.sources) == "$sources" ]]; then
  echo "build/web is up to date."
  exit 0
fi

install_npm_packages .
rm -rf src/gen
mkdir -p src/gen
(cd ../../proto && find housecall -name '*.proto' | sort) |
  xargs protoc -I ../../proto --plugin=node_modules/.bin/protoc-gen-es \
    --es_out=src/gen --es_opt=target=ts
node_modules/.bin/tsc --noEmit
node_modules/.bin/vite build --logLevel warn
echo "$sources" >../../build/web.sources
echo "Built the screens in build/web"
