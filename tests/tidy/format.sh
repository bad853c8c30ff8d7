#!/usr/bin/env bash
# Checks that every C++ file is as clang-format would write it.
#
#   tests/tidy/format.sh              names what differs
#   tests/tidy/format.sh --rewrite    formats the files in place
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

mapfile -d '' -t files < <(git ls-files -z --cached --others \
  --exclude-standard '*.h' '*.cc')
existing=()
for file in "${files[@]}"; do
  [[ -f $file ]] && existing+=("$file")
done
if [[ ${#existing[@]} -eq 0 ]]; then
  echo "git lists no C++ file here." >&2
  exit 1
fi

mode=(--dry-run --Werror)
[[ ${1:-} == --rewrite ]] && mode=(-i)
if ! printf '%s\0' "${existing[@]}" |
  xargs -0 -n 20 -P "$(nproc)" clang-format --style=file "${mode[@]}"; then
  echo "Format them with: tests/tidy/format.sh --rewrite" >&2
  exit 1
fi
echo "${#existing[@]} files are formatted."
