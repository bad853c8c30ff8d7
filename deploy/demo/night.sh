#!/usr/bin/env bash
# Plays one night's excerpt through the API with the command line, as deploy/run
# calls it: a visiting nurse submits a call, the operator triages, the engine
# matches, physician and driver accept, drive, treat, leave, the note reaches
# the care team, the call closes. Exit 0 only if it was closed and every
# delivery was received.
#
#   HOUSECALL_SERVER         HOST:PORT of a housecalld with a new center "demo"
#   HOUSECALL_DEMO           folder for what the demo writes
#   HOUSECALL_PASSWORD_FILE  the password of the center's account "admin"
#   HOUSECALL_POSITION       where the center is: LAT,LNG
#   HOUSECALL_HEADLESS       true: stop the webhook receiver at the end
set -euo pipefail

folder=$(dirname "${BASH_SOURCE[0]}")
server=$HOUSECALL_SERVER
demo=$HOUSECALL_DEMO
headless=${HOUSECALL_HEADLESS:-false}
# Where center.jsonl has its center.
home=35.6980,139.4137
call="call-1"
export HOUSECALL_CONFIG=$demo/data/profiles

# fail MESSAGE
fail() {
  echo "deploy/demo/night.sh: $1" >&2
  exit 1
}

# say ENGLISH JAPANESE: a heading, in the language of the command line's output.
say() {
  case ${LC_ALL:-${LANG:-}} in
    en*) printf '\n--- %s\n' "$1" ;;
    *) printf '\n--- %s (%s)\n' "$2" "$1" ;;
  esac
}

# as ACCOUNT COMMAND…: runs the command line with that account's login.
as() {
  local profile=$1
  shift
  housecall --profile "$profile" "$@"
}

# The same without its answer: the timeline tells what happened.
quietly() {
  as "$@" >/dev/null
}

# Moves every "LAT,LNG" of standard input from center.jsonl's center to ours.
moved() {
  awk -v from="$home" -v to="${HOUSECALL_POSITION:-$home}" '
    BEGIN { split(from, f, ","); split(to, t, ",") }
    {
      line = ""; rest = $0
      while (match(rest, /"[0-9]+\.[0-9]+,[0-9]+\.[0-9]+"/)) {
        split(substr(rest, RSTART + 1, RLENGTH - 2), p, ",")
        line = line substr(rest, 1, RSTART - 1) \
          sprintf("\"%.5f,%.5f\"", p[1] + t[1] - f[1], p[2] + t[2] - f[2])
        rest = substr(rest, RSTART + RLENGTH)
      }
      print line rest
    }'
}

# position LAT,LNG: the same for one.
position() {
  echo "\"$1\"" | moved | tr -d '"'
}

# wait_for SECONDS WHAT COMMAND…: until the command succeeds.
wait_for() {
  local deadline=$((SECONDS + $1)) what=$2
  shift 2
  until "$@"; do
    ((SECONDS < deadline)) || fail "$what did not come in time"
    sleep 0.2
  done
}

receiver=
timeline=
keep_receiver=false
clean_up() {
  [[ -z $timeline ]] || kill "$timeline" 2>/dev/null || true
  if [[ -n $receiver ]] && ! $keep_receiver; then
    kill "$receiver" 2>/dev/null || true
    rm -f "$demo/receiver.pid"
  fi
}
trap clean_up EXIT

say "The clinic's own system waits for notes" \
  "かかりつけ医療機関のシステムが記録を待つ"
DEMO_WEBHOOK_SECRET=whsec_$(openssl rand -base64 32)
export DEMO_WEBHOOK_SECRET
rm -f "$demo/receiver.port"
# In a session of its own: it outlives the terminal.
setsid housecall receive-webhooks --port 0 --secret env:DEMO_WEBHOOK_SECRET \
  --port-file "$demo/receiver.port" >"$demo/receiver.log" 2>&1 </dev/null &
receiver=$!
echo "$receiver" >"$demo/receiver.pid"
wait_for 10 "the webhook receiver" test -s "$demo/receiver.port"
DEMO_WEBHOOK_URL=http://127.0.0.1:$(<"$demo/receiver.port")/webhook
export DEMO_WEBHOOK_URL
echo "$DEMO_WEBHOOK_URL (pid $receiver)"

say "The administrator sets the center up" \
  "管理者がセンターを準備する"
# One password for all of the demo's accounts, new at each run.
(umask 077 && openssl rand -base64 24 >"$demo/data/demo-password")
DEMO_PASSWORD=$(<"$demo/data/demo-password")
export DEMO_PASSWORD
housecall login --profile admin --server "$server" --center demo \
  --account admin --password-stdin <"$HOUSECALL_PASSWORD_FILE"
moved <"$folder/center.jsonl" >"$demo/data/center.jsonl"
as admin apply "$demo/data/center.jsonl" --skip-existing >"$demo/setup.log" ||
  { tail -n 3 "$demo/setup.log" >&2; fail "the center was not set up"; }
tail -n 1 "$demo/setup.log"
as admin list-on-duty
for account in operator nurse manager clinic-doctor dr-sato dr-suzuki \
  dr-tanabe driver-yamada driver-ogawa; do
  housecall login --profile "$account" --server "$server" --center demo \
    --account "$account" --password-stdin <"$demo/data/demo-password"
done

say "The crews go on duty and say where they are" \
  "当番医と運転手が勤務に就き、現在地を知らせる"
quietly operator go-on-duty
while read -r account where; do
  quietly "$account" go-on-duty </dev/null
  quietly "$account" report-position "$(position "$where")" \
    --accuracy-meters 15 </dev/null
done <<'CREWS'
dr-sato 35.7010,139.4090
dr-suzuki 35.6960,139.4170
dr-tanabe 35.6945,139.4105
driver-yamada 35.6995,139.4110
driver-ogawa 35.6960,139.4170
CREWS
as operator board

say "A visiting nurse submits a call" \
  "訪問看護師が往診を依頼する"
quietly nurse submit-call "$call" --patient p-1001 \
  --complaint "息切れが強くなった。横になれない" --onset "21時ごろから" \
  --judgement "心不全の悪化と思われ、朝まで待てない" \
  --attendant "長女" --callback-phone 042-555-0201 \
  --vitals.pulse-per-minute 104 --vitals.systolic-mmhg 152 \
  --vitals.oxygen-saturation-percent 91
# Not through as(): the shell of a function would leave the program running.
housecall --profile operator timeline "$call" --watch &
timeline=$!

say "The operator triages" \
  "相談員がトリアージする"
quietly operator triage-call "$call" --disposition visit --urgency urgent

say "The engine matches and offers" \
  "医師と車が選ばれ、打診が届く"
offer=
has_offer() {
  offer=$(as operator list-offers --call "$call" --states pending \
    --field offers.name)
  [[ -n $offer ]]
}
wait_for 30 "an offer" has_offer
physician=$(as operator list-offers --call "$call" --states pending \
  --field offers.physician)
driver=$(as operator list-offers --call "$call" --states pending \
  --field offers.driver)
physician=${physician##*/} driver=${driver##*/}
as operator why "$call"

say "Both accept" \
  "医師と運転手が承諾する"
quietly "$physician" accept-offer "$offer"
if [[ -n $driver ]]; then
  quietly "$driver" accept-offer "$offer"
fi
crew=${driver:-$physician}
assignment=$(as operator get-call "$call" --field assignment)
[[ -n $assignment ]] || fail "there is no assignment"

say "They drive" \
  "訪問先へ向かう"
quietly "$crew" start-drive "$assignment" --device-time now
if [[ -n $driver ]]; then
  quietly "$driver" pick-up-physician "$assignment"
fi
quietly "$crew" report-position "$(position 35.7018,139.4075)"
as operator board

say "They arrive, treat and leave" \
  "到着、診療、退出"
quietly "$crew" arrive "$assignment"
quietly "$physician" start-treatment "$assignment"
quietly "$physician" end-treatment "$assignment"
quietly "$crew" leave-scene "$assignment"

say "The physician writes and signs the note" \
  "医師が記録を書き、署名する"
note=$(as "$physician" draft-note "$call" \
  --text.findings "起座呼吸、両下肺に湿性ラ音、SpO2 91%" \
  --text.diagnosis "慢性心不全の急性増悪" \
  --text.treatment "フロセミド 20mg 静注。30分後 SpO2 95%、呼吸数 20" \
  --text.advice "夜間は酸素 2L/分。息切れが戻れば電話を" \
  --text.follow-up "明朝の体重と尿量の確認、利尿薬の調整をお願いします" \
  --field name)
quietly "$physician" sign-note "$note" --etag current

say "The care team receives it" \
  "ケアチームが記録を受け取る"
inbox_has_note() {
  [[ -n $(as "$1" inbox --field deliveries.name) ]]
}
for account in manager nurse; do
  wait_for 30 "the note in the inbox of $account" inbox_has_note "$account"
  as "$account" inbox
  as "$account" inbox --field deliveries.name | while read -r delivery; do
    quietly "$account" confirm-receipt "$delivery" </dev/null
  done
done
is_received() {
  [[ $(as operator list-deliveries --call "$call" --field deliveries.state |
    sort -u) == DELIVERY_STATE_RECEIVED ]]
}
wait_for 30 "the receipt of every delivery" is_received
cat "$demo/receiver.log"

say "Requester informed, hours confirmed" \
  "依頼者への報告、勤務時間の確認"
quietly nurse inform-requester "$call"
quietly "$physician" confirm-hours "$assignment"
if [[ -n $driver ]]; then
  quietly "$driver" confirm-hours "$assignment"
fi
is_closed() {
  [[ $(as operator get-call "$call" --field state) == CALL_STATE_CLOSED ]]
}
wait_for 30 "the end of the call" is_closed
timeline_is_over() {
  ! kill -0 "$timeline" 2>/dev/null
}
wait_for 30 "the end of the timeline" timeline_is_over
wait "$timeline" || fail "the timeline broke off"
timeline=

say "Closed, and every delivery received" \
  "依頼は終了。記録は全員に届いた"
as operator list-deliveries --call "$call"
deliveries=$(as operator list-deliveries --call "$call" \
  --field deliveries.state)
[[ $(grep -c DELIVERY_STATE_RECEIVED <<<"$deliveries") -eq 3 ]] ||
  fail "not every delivery was received"
is_closed || fail "the call is not closed"

if ! $headless; then
  keep_receiver=true
  disown "$receiver"
  say "Try next" "次に試す"
  cat <<NEXT
# Everybody's password: $demo/data/demo-password
  export PATH=\$PWD/build/release/bin:\$PATH
  export HOUSECALL_CONFIG=$HOUSECALL_CONFIG
  housecall --profile operator board --watch
  housecall --profile nurse submit-call call-2 --patient p-1002 \\
    --complaint 疼痛 --judgement レスキューが効かない \\
    --callback-phone 042-555-0202
  housecall --profile operator triage-call call-2 --disposition visit \\
    --urgency urgent
  housecall --profile operator why call-2
  housecall --profile dr-sato watch-duty
  housecall --profile admin list-patients
  housecall --help
NEXT
fi
