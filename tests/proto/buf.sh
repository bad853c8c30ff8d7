#!/usr/bin/env bash
# Checks the API with buf, which tests/npm installs. Needs no network.
#
#   tests/proto/buf.sh lint                 rules of proto/buf.yaml
#   tests/proto/buf.sh format               as `buf format` would write it
#   tests/proto/buf.sh breaking             nothing that breaks clients of the
#                                           API in baseline.binpb
#   tests/proto/buf.sh breaking_is_noticed  that check finds a planted break
#   tests/proto/buf.sh rewrite_format       writes the files formatted
#   tests/proto/buf.sh rewrite_baseline     makes the API of now the baseline;
#                                           only when a release is made
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

buf=tests/npm/node_modules/@bufbuild/buf-linux-$(uname -m |
  sed 's/x86_64/x64/')/bin/buf
baseline=tests/proto/baseline.binpb
if [[ ! -x $buf ]]; then
  echo "$buf is missing: run tests/npm/install.sh" >&2
  exit 1
fi
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
export BUF_CACHE_DIR=$scratch/cache

case "${1:-}" in
  lint) "$buf" lint proto ;;
  format)
    if ! "$buf" format proto --diff --exit-code; then
      echo "Write them so with: tests/proto/buf.sh rewrite_format" >&2
      exit 1
    fi
    ;;
  breaking)
    if ! "$buf" breaking proto --against "$baseline"; then
      echo "A client built from the last release would no longer work." \
        "Keep the old field, value or RPC and add a new one beside it." >&2
      exit 1
    fi
    ;;
  breaking_is_noticed)
    # Renumber the first field of a message; buf has to name the change.
    cp -r proto "$scratch/proto"
    planted=$(grep -rlE '^  string name = 1;' "$scratch/proto" | sort |
      head -n 1)
    if [[ -z $planted ]]; then
      echo "No .proto has the field 'string name = 1' to plant a break in." >&2
      exit 1
    fi
    sed -i '0,/^  string name = 1;/s//  string name = 1999;/' "$planted"
    if "$buf" breaking "$scratch/proto" --against "$baseline" \
      >"$scratch/findings"; then
      echo "buf breaking did not notice a renumbered field." >&2
      exit 1
    fi
    grep -q '"name"' "$scratch/findings" || {
      echo "buf breaking failed for another reason than the planted one:" >&2
      cat "$scratch/findings" >&2
      exit 1
    }
    ;;
  rewrite_format) "$buf" format proto --write ;;
  rewrite_baseline)
    "$buf" build proto --exclude-source-info --output "$baseline"
    ;;
  *)
    awk 'NR > 1 && !/^#/ { exit } NR > 1 { sub(/^# ?/, ""); print }' \
      "${BASH_SOURCE[0]}" >&2
    exit 2
    ;;
esac
