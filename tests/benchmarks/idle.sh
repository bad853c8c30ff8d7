#!/usr/bin/env bash
# Memory of the idle server and the time until it serves, with a map.
#
#   tests/benchmarks/idle.sh MAP [RUNS]
#
# MAP is a file made by `housecall-map import`. Needs the release build.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../.."
bin=build/release/bin
map=${1:?"usage: tests/benchmarks/idle.sh MAP [RUNS]"}
runs=${2:-5}
folder=$(mktemp -d)
server=
cleanup() {
  [[ -z $server ]] || kill "$server" 2>/dev/null || true
  rm -rf "$folder"
}
trap cleanup EXIT

head -c 24 /dev/urandom | base64 | "$bin/housecalld" create-center \
  --db="$folder/idle.db" --center=idle --display_name=Idle \
  --position=35.7,139.4 --last_resort_name=Nobody \
  --last_resort_phone=000-0000 --admin=admin >/dev/null
for ((i = 0; i < runs; ++i)); do
  rm -f "$folder/port"
  "$bin/housecalld" serve --db="$folder/idle.db" --map="$map" \
    --listen=127.0.0.1:0 --port_file="$folder/port" 2>"$folder/log" &
  server=$!
  until [[ -s $folder/port ]]; do
    kill -0 "$server" 2>/dev/null || { cat "$folder/log" >&2; exit 1; }
    sleep 0.01
  done
  sleep 1
  awk '/^VmRSS/ { rss = $2 } /^RssAnon/ { anon = $2 }
       END { printf "memory_kib=%d anonymous_kib=%d ", rss, anon }' \
    "/proc/$server/status"
  grep -o 'start_milliseconds=[0-9]*' "$folder/log"
  kill "$server"
  wait "$server" || true
  server=
done
