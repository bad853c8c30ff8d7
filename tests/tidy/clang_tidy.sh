#!/usr/bin/env bash
# Runs clang-tidy with the checks of .clang-tidy, and clang's thread safety
# analysis, over the sources that people wrote (tests and generated code are
# not among them).
#
#   tests/tidy/clang_tidy.sh BUILD_FOLDER [FILE…]
#
# A file that passed is looked at again only after it, a header of ours or the
# checks changed; BUILD_FOLDER/tidy keeps what passed.
set -euo pipefail
build=$(cd "$1" && pwd)
shift
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

if [[ $# -gt 0 ]]; then
  candidates=("$@")
else
  mapfile -t candidates < <(git ls-files 'dispatcher/*.cc' 'router/*.cc' \
    'clients/*.cc')
fi
headers=$({
  cat .clang-tidy
  git ls-files -z 'dispatcher/*.h' 'router/*.h' 'clients/*.h' 'proto/*.proto' |
    xargs -0 cat 2>/dev/null
} | sha256sum)
mkdir -p "$build/tidy"

pending=()
for file in "${candidates[@]}"; do
  # Only what this build compiles: clang-tidy needs the compiler's arguments.
  grep -q "\"file\": \".*/$file\"" "$build/compile_commands.json" || continue
  mark=$build/tidy/${file//\//_}.passed
  wanted=$({
    echo "$headers"
    cat "$file"
  } | sha256sum)
  if [[ ! -f $mark || $(<"$mark") != "$wanted" ]]; then
    pending+=("$file" "$mark" "$wanted")
  fi
done

# check FILE MARK WANTED: silent if clang-tidy has nothing to say.
check() {
  local output
  if output=$(clang-tidy -p "$BUILD" --quiet \
    --extra-arg=-Wthread-safety --extra-arg=-Wno-unknown-warning-option \
    "$1" 2>&1); then
    echo "$3" >"$2"
  else
    echo "--- $1"
    echo "$output"
    return 1
  fi
}
export -f check
export BUILD=$build

echo "$((${#pending[@]} / 3)) of ${#candidates[@]} files to look at."
if [[ ${#pending[@]} -gt 0 ]]; then
  printf '%s\0' "${pending[@]}" |
    xargs -0 -n 3 -P "$(nproc)" bash -c 'check "$@"' check
fi
