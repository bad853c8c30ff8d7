#!/usr/bin/env bash
# What a longer search is worth: the same nights with less and more time for
# each decision, as a table. Needs night files; those beside this repository
# (../shared, or $HOUSECALL_SHARED) unless others are named; says so and ends
# well where there are none. See README.md.
#
#   tests/benchmarks/night_search_time.sh [NIGHT.json…]
#
# $HOUSECALL_NIGHT: the program, build/release/bin/housecall-night unless given.
# $HOUSECALL_STEPS: the steps to try.
set -euo pipefail

top=$(cd "$(dirname "$0")/../.." && pwd)
program=${HOUSECALL_NIGHT:-$top/build/release/bin/housecall-night}
if [ ! -x "$program" ]; then
  echo "night_search_time.sh: $program: build it first" >&2
  exit 1
fi
if [ $# -eq 0 ]; then
  folder=${HOUSECALL_SHARED:-$top/../shared}/data/nights
  shopt -s nullglob
  set -- "$folder"/small-*.json "$folder"/smallsurge-*.json
  if [ $# -eq 0 ]; then
    echo "night_search_time.sh: skipped: no nights in $folder" >&2
    exit 0
  fi
fi

# The daemon searches for 2000000 steps, or 50 ms, and looks ahead for half as
# many.
echo "| steps | s per night | weighted tardiness, min/call | late, % |" \
  "response, min | p90, min |"
echo "|---|---|---|---|---|---|"
for steps in ${HOUSECALL_STEPS:-0 2000 20000 200000 2000000 8000000}; do
  begin=$(date +%s%N)
  # The last row is the mean, or the only night; what follows are words. Names
  # have no blanks.
  row=$("$program" simulate "$@" --max_steps "$steps" \
    --set "forecast_steps=$((steps / 2))" 2>/dev/null |
    awk '$2 ~ /^[0-9.]+$/ { row = $0 } END { print row }')
  end=$(date +%s%N)
  awk -v steps="$steps" -v ns=$((end - begin)) -v nights=$# '{
    printf "| %s | %.2f | %s | %s | %s | %s |\n",
      steps, ns / 1e9 / nights, $2, $3, $4, $5 }' <<<"$row"
done
