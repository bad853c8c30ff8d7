#!/usr/bin/env bash
# Runs the examples of a document as its reader would: every ```sh block, in
# order, in one shell, with the programs on the PATH, in a folder in which there
# is nothing but the repository's deploy/. Blocks after a line
# <!-- not run: REASON --> are left out, and said so.
#
#   tests/end_to_end/examples.sh BIN_FOLDER DOCUMENT.md
#
# The port 7443 of the examples becomes a free one, so that they can run beside
# a server that somebody uses.
set -euo pipefail

bin=$(realpath "${1:?"usage: examples.sh BIN_FOLDER DOCUMENT.md"}")
document=$(realpath "${2:?"usage: examples.sh BIN_FOLDER DOCUMENT.md"}")

# Some port that nobody listens on.
free_port() {
  local port
  for port in $(shuf -i 20000-29999 -n 50); do
    if ! (: <"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
      echo "$port"
      return
    fi
  done
  echo "examples.sh: no free port" >&2
  return 1
}

folder=$(mktemp -d)
script=$folder/.examples.sh
finish() {
  # What the examples left in the background, by their own process ids.
  if [[ -s $folder/.pids ]]; then
    xargs kill <"$folder/.pids" 2>/dev/null || true
  fi
  rm -rf "$folder"
}
trap finish EXIT

{
  echo 'set -euo pipefail'
  echo "trap 'jobs -p >$folder/.pids' EXIT"
  awk '
    /^<!-- not run: / { skip = 1; print "echo " "\"left out: line " NR "\""; next }
    /^```sh$/ { inside = !skip; skip = 0; if (inside) print "echo \"--- line " NR "\""; next }
    /^```/ { inside = 0; next }
    inside { print }
  ' "$document" | sed "s/\b7443\b/$(free_port)/g"
} >"$script"

if ! grep -q '^echo "--- line' "$script"; then
  echo "examples.sh: $document has no sh block to run" >&2
  exit 1
fi

ln -s "$(realpath "$(dirname "${BASH_SOURCE[0]}")/../../deploy")" \
  "$folder/deploy"
export HOUSECALL_CONFIG=$folder/.config
export PATH=$bin:$PATH LC_ALL=C.UTF-8
cd "$folder"
bash "$script" </dev/null
