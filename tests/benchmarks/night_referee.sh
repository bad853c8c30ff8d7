#!/usr/bin/env bash
# The planner before a night referee, beside the referee's own policies: one
# table. Needs the folder with the referee and its nights beside this
# repository (../shared, or $HOUSECALL_SHARED); says so and ends well where it
# is missing. See README.md.
#
#   tests/benchmarks/night_referee.sh [PROGRAM [ARGUMENT…]]
#
# PROGRAM: build/release/bin/housecall-night unless given; ARGUMENTs go to its
# command `policy`. $HOUSECALL_SCENARIOS: "small smallsurge large largesurge".
set -euo pipefail

top=$(cd "$(dirname "$0")/../.." && pwd)
shared=${HOUSECALL_SHARED:-$top/../shared}
referee=$shared/tools/night-referee/sim.py
if [ ! -f "$referee" ]; then
  echo "night_referee.sh: skipped: no referee in $shared" >&2
  exit 0
fi
program=$top/build/release/bin/housecall-night
if [ $# -gt 0 ]; then
  program=$1
  shift
fi
if [ ! -x "$program" ]; then
  echo "night_referee.sh: $program: build it first" >&2
  exit 1
fi
python=/usr/bin/python3
policies="closest insert"
if "$python" -c 'import scipy' 2>/dev/null; then
  policies="$policies hungarian hungarian+"
else
  echo "night_referee.sh: without python3-scipy: no Hungarian policies" >&2
fi

results=$(mktemp -d)
trap 'rm -rf "$results"' EXIT
for scenario in ${HOUSECALL_SCENARIOS:-small smallsurge large largesurge}; do
  for policy in $policies "exec:$program policy $*"; do
    name=$policy
    case $policy in exec:*) name=housecall-night ;; esac
    echo "$scenario: $name" >&2
    "$python" "$referee" --policy "$policy" \
      --out "$results/$scenario=$name.jsonl" \
      "$shared/data/nights/$scenario"-*.json >"$results/log" 2>&1 || {
      cat "$results/log" >&2
      exit 1
    }
  done
done

"$python" - "$results" <<'END'
import glob, json, os, sys

columns = [("wt", "wt", "%.2f"), ("late", "late", "%.3f"),
           ("resp", "resp", "%.1f"), ("resp_p90", "p90", "%.1f"),
           ("km_call", "km/call", "%.2f"), ("own", "own", "%.2f"),
           ("changes_call", "changes", "%.2f"), ("dt_p50_ms", "dt p50", "%.1f"),
           ("dt_p99_ms", "dt p99", "%.1f"), ("dt_max_ms", "dt max", "%.0f"),
           ("rejected", "rejected", "%d"), ("unserved", "unserved", "%d")]
worst = ("dt_p99_ms", "dt_max_ms")
total = ("rejected", "unserved")
print("| scenario | nights | policy | "
      + " | ".join(name for _, name, _ in columns) + " |")
print("|---" * (len(columns) + 3) + "|")
order = ["small", "smallsurge", "large", "largesurge"]
files = sorted(glob.glob(os.path.join(sys.argv[1], "*.jsonl")),
               key=lambda f: (order.index(os.path.basename(f).split("=")[0])
                              if os.path.basename(f).split("=")[0] in order
                              else len(order), f))
for path in files:
    scenario, policy = os.path.basename(path)[:-len(".jsonl")].split("=")
    nights = [json.loads(line) for line in open(path)]
    row = []
    for key, _, form in columns:
        values = [n[key] for n in nights if n.get(key) is not None]
        if not values:
            row.append("")
            continue
        value = (max(values) if key in worst else
                 sum(values) if key in total else sum(values) / len(values))
        row.append(form % value)
    print("| %s | %d | %s | %s |"
          % (scenario, len(nights), policy, " | ".join(row)))
END
