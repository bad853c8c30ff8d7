#!/usr/bin/env bash
# Builds a sanitizer preset and runs its tests; prints the end of the output,
# where ctest names the failures, only if something fails.
#
#   tests/sanitizers/run.sh PRESET [FOLDER…]
#
# FOLDER…: only the tests of these folders under tests/ (and those which make
# sure that the sanitizer is awake); all without any.
# --build-only as the last argument: build, and show how far that is.
set -euo pipefail

preset=$1
shift
build_only=false
folders=()
for argument in "$@"; do
  if [[ $argument == --build-only ]]; then
    build_only=true
  else
    folders+=("$argument")
  fi
done

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cd "$here/../.."
log=build/$preset/sanitizer.log
mkdir -p "build/$preset"

targets=()
selection=()
if [[ ${#folders[@]} -gt 0 ]]; then
  folders+=(sanitizers)
  targets=("${folders[@]/#/tests_}")
  selection=(-L "^($(
    IFS='|'
    echo "${folders[*]}"
  ))\$")
else
  targets=(all)
fi

build() {
  cmake --preset "$preset" && cmake --build --preset "$preset" \
    --target "${targets[@]}"
}

if $build_only; then
  build
  exit
fi

# Every finding ends the program, so that the test which provoked it fails.
export ASAN_OPTIONS="detect_leaks=1:strict_init_order=1:\
detect_stack_use_after_return=1"
export UBSAN_OPTIONS="print_stacktrace=1:halt_on_error=1"
export LSAN_OPTIONS="suppressions=$here/lsan.supp:print_suppressions=0"
export TSAN_OPTIONS="suppressions=$here/tsan.supp:halt_on_error=1:\
second_deadlock_stack=1:history_size=4"

# The thread sanitizer of g++ 12 does not start under some kernels' address
# randomization; setarch switches that off where it is allowed to.
without_randomization=()
if setarch -R true 2>/dev/null; then
  without_randomization=(setarch -R)
fi

if build >"$log" 2>&1 && "${without_randomization[@]}" ctest \
  --test-dir "build/$preset" -j"$(nproc)" --output-on-failure --timeout 600 \
  --no-tests=error "${selection[@]}" >>"$log" 2>&1; then
  grep -E '^(100% tests|Total Test time)' "$log"
else
  tail -n 300 "$log"
  exit 1
fi
