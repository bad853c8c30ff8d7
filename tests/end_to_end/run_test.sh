#!/usr/bin/env bash
# deploy/run as a newcomer uses it, with the programs of one build instead of a
# build of its own: again and again, beside a server that still runs, after one
# that was killed, with a data folder that is half made, from a terminal that is
# closed.
#
#   tests/end_to_end/run_test.sh BIN_FOLDER
set -euo pipefail

bin=$(realpath "${1:?"usage: run_test.sh BIN_FOLDER"}")
repository=$(realpath "$(dirname "${BASH_SOURCE[0]}")/../..")
# A folder within a folder: there is no shared/ beside the repository.
outer=$(mktemp -d)
folder=$outer/housecall
finish() {
  "$folder/deploy/run" --stop >/dev/null 2>&1 || true
  rm -rf "$outer"
}
trap finish EXIT
mkdir -p "$folder/build/release/bin" "$folder/build/web"
cp -r "$repository/deploy" "$folder/deploy"
cp "$bin"/{housecall,housecalld,housecall-map} "$folder/build/release/bin/"
printf '#!/bin/sh\n' >"$folder/deploy/build"
printf '<!doctype html><title>screens</title>' >"$folder/build/web/index.html"
export LC_ALL=C.UTF-8
# Whose map lies on the machine must not matter.
unset HOUSECALL_MAP HOUSECALL_POSITION
cd "$folder"

fail() {
  echo "FAILED: $1" >&2
  tail -n 40 "$outer/out" >&2 || true
  exit 1
}

# Two ports that nobody listens on.
ports=()
for candidate in $(shuf -i 20000-29999 -n 50); do
  if ! (: <"/dev/tcp/127.0.0.1/$candidate") 2>/dev/null; then
    ports+=("$candidate")
  fi
done
port=${ports[0]}
web_port=${ports[1]}

# run ARGUMENTS…: must end well.
run() {
  deploy/run --port "$port" --web_port="$web_port" "$@" \
    >"$outer/out" 2>&1 </dev/null || fail "deploy/run $* ended with $?"
}

# get PATH: what a browser is answered.
get() {
  exec 8<>"/dev/tcp/127.0.0.1/$web_port" || return 1
  printf 'GET %s HTTP/1.1\r\nHost: center\r\nConnection: close\r\n\r\n' \
    "$1" >&8
  cat <&8
  exec 8>&-
}

# is_served: whether the demo's server answers.
is_served() {
  HOUSECALL_CONFIG=build/demo/data/profiles build/release/bin/housecall \
    --profile operator board --timeout 2s >/dev/null 2>&1
}

deploy/run --dance >"$outer/out" 2>&1 && fail "an unknown argument is taken"
deploy/run --port 70000 >"$outer/out" 2>&1 && fail "port 70000 is taken"
deploy/run --web_port=x >"$outer/out" 2>&1 && fail "port x is taken"
HOUSECALL_MAP=/does/not/exist deploy/run >"$outer/out" 2>&1 &&
  fail "a map that is not there is taken"
grep -q 'cannot read /does/not/exist' "$outer/out" ||
  fail "it is not said which map cannot be read"

run --headless
grep -q 'CLOSED' build/demo/housecalld.log ||
  fail "the call of the headless run was not closed"
is_served && fail "the headless run left its server running"

run
is_served || fail "the server does not go on running"
grep -qF "http://127.0.0.1:$web_port/" "$outer/out" ||
  fail "it is not said where the screens are"
get / | grep -q '<title>screens' || fail "the screens are not served"
get /map/roads.geojson | grep -q LineString || fail "the map is not served"
first=$(<build/demo/housecalld.pid)
# Beside a server that still runs.
run
is_served || fail "the second server does not go on running"
[[ $first != "$(<build/demo/housecalld.pid)" ]] || fail "it is still the first"
[[ ! -e /proc/$first ]] || fail "the first server was not stopped"

# After one that was killed, and with half a data folder.
kill -9 "$(<build/demo/housecalld.pid)"
rm -f build/demo/data/housecall.db
run
is_served || fail "no server after the last one was killed"

# Two at once.
exec 9>build/demo/lock
flock 9
deploy/run --port "$port" --web_port "$web_port" >"$outer/out" 2>&1 9>&- &&
  fail "two runs at once"
grep -q 'another deploy/run' "$outer/out" || fail "it is not said why not"
exec 9>&-
is_served || fail "a run that was refused stopped the server"

# From a terminal that is closed afterwards.
script -qec "deploy/run --port $port --web_port $web_port" /dev/null >"$outer/out" 2>&1 </dev/null ||
  fail "it does not run in a terminal"
is_served || fail "the server ended with its terminal"

deploy/run --stop >"$outer/out" 2>&1 || fail "--stop ended with $?"
is_served && fail "--stop left the server running"
deploy/run --stop >"$outer/out" 2>&1 || fail "a second --stop ended with $?"

# Ports that somebody else has.
build/release/bin/housecall receive-webhooks --port "$port" \
  --port-file "$outer/taken" >/dev/null 2>&1 &
other=$!
until [[ -s $outer/taken ]]; do
  kill -0 "$other" || fail "no other program on the port"
  sleep 0.1
done
deploy/run --port "$port" >"$outer/out" 2>&1 && fail "a busy port is taken"
grep -q "port $port is in use" "$outer/out" || fail "the port is not named"
deploy/run --port "$web_port" --web_port "$port" >"$outer/out" 2>&1 &&
  fail "a busy port is taken for the screens"
grep -q "port $port is in use" "$outer/out" || fail "the port is not named"
kill "$other"
wait "$other" || true

echo "run_test: passed"
