#!/usr/bin/env bash
# The daemon against broken surroundings: each gets a clear message, an exit
# code, and nothing is lost.
#
#   tests/end_to_end/daemon_test.sh BIN_FOLDER
set -euo pipefail

bin=$(realpath "${1:?"usage: daemon_test.sh BIN_FOLDER"}")
folder=$(mktemp -d)
server=
finish() {
  [[ -z $server ]] || kill "$server" 2>/dev/null || true
  rm -rf "$folder"
}
trap finish EXIT
cd "$folder"

failures=0
# expect CODE TEXT COMMAND…: the command exits with CODE and says TEXT.
expect() {
  local code=$1 text=$2 status=0
  shift 2
  timeout 60 "$@" >out 2>&1 </dev/stdin || status=$?
  if [[ $status -ne $code ]] || ! grep -qF -- "$text" out; then
    printf 'FAILED (exit %d, wanted %d and "%s"): %s\n' \
      "$status" "$code" "$text" "$*" >&2
    cat out >&2
    failures=$((failures + 1))
  fi
}

create() {
  "$bin/housecalld" create-center --db="$1" --center=hino \
    --display_name=日野往診センター --position=35.6714,139.3950 \
    --last_resort_name=当番 --last_resort_phone=042-000-0000 --admin=admin
}
export -f create
export bin

# --- Flags --------------------------------------------------------------------
expect 2 "housecalld serve" "$bin/housecalld" </dev/null
expect 2 "housecalld serve" "$bin/housecalld" dance </dev/null
expect 2 "--db" "$bin/housecalld" serve </dev/null
expect 1 "Unknown command line flag" "$bin/housecalld" serve --bd=x </dev/null
expect 2 "no password" "$bin/housecalld" create-center --db=a.db \
  --center=hino --display_name=x --position=35,139 --last_resort_name=x \
  --last_resort_phone=1 --admin=admin </dev/null
expect 2 "13" bash -c 'create a.db <<<short'
expect 2 "--position" "$bin/housecalld" create-center --db=a.db --center=hino \
  --display_name=x --position=here --last_resort_name=x \
  --last_resort_phone=1 --admin=admin <<<"a long enough password"
for position in 91,139 35,181 nan,139 35,inf 35; do
  expect 2 "--position" "$bin/housecalld" create-center --db=a.db \
    --center=hino --display_name=x --position=$position --last_resort_name=x \
    --last_resort_phone=1 --admin=admin <<<"a long enough password"
done
expect 2 "--last_resort_phone" "$bin/housecalld" create-center --db=a.db \
  --center=hino --display_name=x --position=35,139 \
  --admin=admin <<<"a long enough password"
expect 2 "--center" "$bin/housecalld" create-center --db=a.db \
  --center='Hino!' --display_name=x --position=35,139 --last_resort_name=x \
  --last_resort_phone=1 --admin=admin <<<"a long enough password"

expect 2 "--display_name" "$bin/housecalld" create-center --db=a.db \
  --center=hino --display_name=$'\xff' --position=35,139 --last_resort_name=x \
  --last_resort_phone=1 --admin=admin <<<"a long enough password"
expect 2 "password" bash -c 'create a.db <<<$'"'a long enough\\tpassword'"
expect 2 "--center" "$bin/housecalld" reset-password --db=a.db \
  --admin=admin <<<"a long enough password"
expect 2 "--admin" "$bin/housecalld" reset-password --db=a.db \
  --center=hino <<<"a long enough password"
if [[ -e a.db ]]; then
  echo "FAILED: flags that are refused leave a database" >&2
  failures=$((failures + 1))
fi

# --- The database -------------------------------------------------------------
expect 0 "created center hino" \
  bash -c 'create good.db <<<"a long enough password"'
expect 1 "reset-password" bash -c 'create good.db <<<"a long enough password"'
# It was interrupted before there was an administrator: the same again.
sqlite3 good.db 'DELETE FROM accounts'
expect 0 "created center hino" \
  bash -c 'create good.db <<<"a long enough password"'
expect 0 "the database is sound" "$bin/housecalld" check --db=good.db </dev/null
expect 1 "create-center" "$bin/housecalld" serve --db=new.db \
  --listen=127.0.0.1:0 </dev/null
expect 1 "there is no database typo.db" "$bin/housecalld" check --db=typo.db \
  </dev/null
expect 1 "there is no database typo.db" "$bin/housecalld" reset-password \
  --db=typo.db --center=hino --admin=admin <<<"a long enough password"
for made in new.db typo.db; do
  if [[ -e $made ]]; then
    echo "FAILED: $made is made by a command that makes nothing" >&2
    failures=$((failures + 1))
  fi
done
head -c 5000 /dev/urandom >foreign.db
expect 1 "foreign.db" "$bin/housecalld" check --db=foreign.db </dev/null
cp good.db torn.db
truncate -s 6000 torn.db
expect 1 "torn.db" "$bin/housecalld" check --db=torn.db </dev/null
expect 1 "missing/x.db" "$bin/housecalld" check --db=missing/x.db </dev/null

# --- Passwords ----------------------------------------------------------------
reset() {
  "$bin/housecalld" reset-password --db=good.db --center="$1" --admin="$2"
}
export -f reset
expect 2 "13" bash -c 'reset hino admin <<<short'
expect 1 "no account nobody" bash -c 'reset hino nobody <<<"a third password"'
expect 1 "no account admin" bash -c 'reset other admin <<<"a third password"'
# As another system ends its lines.
expect 0 "new password" bash -c 'printf "a second password\r\n" |
  reset hino admin'
if grep -q "second" out; then
  echo "FAILED: reset-password shows the password" >&2
  failures=$((failures + 1))
fi
if grep -qa "second password" good.db*; then
  echo "FAILED: the database holds the password" >&2
  failures=$((failures + 1))
fi

# --- Backup and restore -------------------------------------------------------
mkdir backups later empty
expect 0 "created center hino" \
  bash -c 'create fresh.db <<<"a long enough password"'
expect 2 "--to" "$bin/housecalld" backup --db=fresh.db </dev/null
expect 2 "--from" "$bin/housecalld" drill </dev/null
expect 1 "no complete backup" "$bin/housecalld" drill --from=empty </dev/null
expect 1 "missing" "$bin/housecalld" backup --db=fresh.db --to=missing </dev/null
expect 0 "wrote housecall-" "$bin/housecalld" backup --db=fresh.db \
  --to=backups </dev/null
expect 0 "can be put back" "$bin/housecalld" drill --from=backups \
  --db=fresh.db --scratch=. </dev/null
if ! grep -qF "would lose 0 journal entries" out ||
  compgen -G "housecall-drill-*" >/dev/null; then
  echo "FAILED: the drill miscounts, or leaves its trial behind" >&2
  failures=$((failures + 1))
fi
expect 2 "--until" "$bin/housecalld" restore --from=backups --db=again.db \
  --until=yesterday </dev/null
expect 1 "that old" "$bin/housecalld" restore --from=backups --db=again.db \
  --until=2020-01-01T00:00:00Z </dev/null
expect 1 "is there already" "$bin/housecalld" restore --from=backups \
  --db=fresh.db </dev/null
expect 0 "the database is sound" "$bin/housecalld" restore --from=backups \
  --db=again.db --journal=fresh.db </dev/null
expect 0 "the database is sound" "$bin/housecalld" check --db=again.db </dev/null

# --- The map ------------------------------------------------------------------
expect 1 "no.map" "$bin/housecalld" serve --db=good.db --map=no.map \
  --listen=127.0.0.1:0 </dev/null
expect 2 "foreign.db" "$bin/housecalld" serve --db=good.db --map=foreign.db \
  --listen=127.0.0.1:0 </dev/null

expect 2 "--road_conditions needs --map" "$bin/housecalld" serve --db=good.db \
  --road_conditions=roads.geojson --listen=127.0.0.1:0 </dev/null
expect 2 "--finished_drives needs --map" "$bin/housecalld" serve --db=good.db \
  --finished_drives=good.drives --listen=127.0.0.1:0 </dev/null
"$bin/housecall-map" demo-town -o town.osm 2>/dev/null
"$bin/housecall-map" import town.osm -o town.map --quiet
expect 1 "roads.geojson" "$bin/housecalld" serve --db=good.db --map=town.map \
  --road_conditions=roads.geojson --listen=127.0.0.1:0 </dev/null
echo '{"type": "FeatureCollection", "features": [{}]}' >roads.geojson

# --- Listening ----------------------------------------------------------------
expect 2 "loopback" "$bin/housecalld" serve --db=good.db \
  --listen=0.0.0.0:0 </dev/null
expect 2 "key" "$bin/housecalld" serve --db=good.db --listen=127.0.0.1:0 \
  --tls_cert=good.db </dev/null
expect 2 "--tls_client_ca" "$bin/housecalld" serve --db=good.db \
  --listen=127.0.0.1:0 --tls_client_ca=good.db </dev/null
expect 2 "--web_listen" "$bin/housecalld" serve --db=good.db \
  --listen=127.0.0.1:0 --web_root=. </dev/null
expect 2 "index.html" "$bin/housecalld" serve --db=good.db \
  --listen=127.0.0.1:0 --web_listen=127.0.0.1:0 --web_root=. </dev/null
expect 2 "loopback" "$bin/housecalld" serve --db=good.db \
  --listen=127.0.0.1:0 --web_listen=0.0.0.0:0 </dev/null
expect 2 "no.pem" "$bin/housecalld" serve --db=good.db --listen=127.0.0.1:0 \
  --tls_cert=no.pem --tls_key=no.pem </dev/null

# A slip in the closures keeps no center from being served.
"$bin/housecalld" serve --db=good.db --map=town.map \
  --road_conditions=roads.geojson --listen=127.0.0.1:0 --port_file=port \
  2>log &
server=$!
for _ in {1..300}; do
  [[ -s port ]] && break
  sleep 0.1
done
if ! [[ -s port ]]; then
  echo "FAILED: the server does not start" >&2
  cat log >&2
  exit 1
fi
for _ in {1..300}; do
  grep -q roads_not_refreshed log && break
  sleep 0.1
done
expect 0 "roads.geojson: feature 1:" cat log
# What is learned is kept beside the database.
expect 0 "good.db.drives" ls
expect 0 "created center hino" \
  bash -c 'create other.db <<<"a long enough password"'
expect 1 "$(<port)" "$bin/housecalld" serve --db=other.db \
  --listen="127.0.0.1:$(<port)" </dev/null
# A database has one daemon.
expect 1 "good.db" "$bin/housecalld" serve --db=good.db \
  --listen=127.0.0.1:0 </dev/null
expect 1 "good.db" bash -c 'reset hino admin <<<"a third password"'
log_in() {
  HOME=$PWD XDG_CONFIG_HOME=$PWD "$bin/housecall" login --password-stdin \
    --lang en --server "127.0.0.1:$(<port)" --center hino --account admin
}
export -f log_in
expect 0 "admin" bash -c 'log_in <<<"a second password"'
expect 1 "wrong" bash -c 'log_in <<<"a long enough password"'
expect 0 "wrote housecall-" "$bin/housecalld" backup --db=good.db --to=later \
  </dev/null
kill "$server"
status=0
wait "$server" || status=$?
server=
if [[ $status -ne 0 ]] || ! grep -q ' INFO stopped' log; then
  echo "FAILED: SIGTERM does not end the server in order (exit $status)" >&2
  cat log >&2
  failures=$((failures + 1))
fi
expect 0 "the database is sound" "$bin/housecalld" check --db=good.db </dev/null

if [[ $failures -gt 0 ]]; then
  echo "$failures expectations failed" >&2
  exit 1
fi
echo "daemon_test: passed"
