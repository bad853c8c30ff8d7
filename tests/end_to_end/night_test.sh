#!/usr/bin/env bash
# The demo's night (deploy/demo/night.sh) with the programs of one build, on a
# map that housecall draws itself: the call must be closed with every delivery
# received, the server must end in order, and its log must hold no name and
# nothing clinical.
#
#   tests/end_to_end/night_test.sh BIN_FOLDER
set -euo pipefail

bin=$(realpath "${1:?"usage: night_test.sh BIN_FOLDER"}")
repository=$(realpath "$(dirname "${BASH_SOURCE[0]}")/../..")
folder=$(mktemp -d)
server=
finish() {
  [[ -z $server ]] || kill "$server" 2>/dev/null || true
  rm -rf "$folder"
}
trap finish EXIT
cd "$folder"
mkdir -p demo/data
export PATH=$bin:$PATH LC_ALL=C.UTF-8

housecall-map demo-town -o town.osm
housecall-map import town.osm -o town.map --quiet
openssl rand -base64 24 >password
housecalld create-center --db=center.db --center=demo \
  --display_name=夜間往診センター --position=35.6700,139.3900 \
  --last_resort_name=当番 --last_resort_phone=042-555-0199 \
  --admin=admin <password
housecalld serve --db=center.db --map=town.map --listen=127.0.0.1:0 \
  --port_file=port --webhook_loopback_http 2>log &
server=$!
for _ in {1..600}; do
  [[ -s port ]] && break
  sleep 0.1
done

HOUSECALL_SERVER=127.0.0.1:$(<port) HOUSECALL_DEMO=$folder/demo \
  HOUSECALL_PASSWORD_FILE=$folder/password HOUSECALL_POSITION=35.6700,139.3900 \
  HOUSECALL_HEADLESS=true "$repository/deploy/demo/night.sh"

kill "$server"
wait "$server"
server=
# Words of the demo's call and card.
if grep -nE '息切れ|心不全|田中|さくら町|長女|042-555-0201' log; then
  echo "night_test: the server's log holds what it must not" >&2
  exit 1
fi
if grep -n ' ERROR ' log; then
  echo "night_test: the server's log has errors" >&2
  exit 1
fi
housecalld check --db=center.db

# What housecall-night makes of it, as dispatcher/night/README.md says: a night
# with the demo's call, in which nobody is named.
mkdir backups
housecalld backup --db=center.db --to=backups
housecalld restore --from=backups --db=copy.db
housecall-night from-center --database copy.db --center demo \
  --night "$(TZ=Asia/Tokyo date -d '2 hours ago' +%F)" \
  --begin "$(TZ=Asia/Tokyo date -d '2 hours ago' +%H:%M)" \
  --map town.map >night.json
if grep -nE '息切れ|田中|さくら|佐藤|山田|sato|yamada|call-1|042-' night.json; then
  echo "night_test: the night file holds what it must not" >&2
  exit 1
fi
housecall-night simulate night.json --timeline | tee timeline
if ! grep -q 'sees call 0, at the door' timeline; then
  echo "night_test: the demo's call is not in the night" >&2
  exit 1
fi
