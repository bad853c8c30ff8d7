#!/usr/bin/env bash
# Checks every shell script of the repository with bash -n and shellcheck.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

scripts=()
while IFS= read -r -d '' file; do
  [[ -f $file ]] || continue
  if [[ $file == *.sh ]] || head -c 100 "$file" | head -n 1 | tr -d '\0' |
    grep -q '^#!.*sh$'; then
    scripts+=("$file")
  fi
done < <(git ls-files -z --cached --others --exclude-standard)
if [[ ${#scripts[@]} -lt 3 ]]; then
  echo "git lists hardly a script here: ${scripts[*]}" >&2
  exit 1
fi

for script in "${scripts[@]}"; do
  bash -n "$script"
  # What git checks out has to be runnable as the documentation says.
  if head -n 1 "$script" | grep -q '^#!' && [[ ! -x $script ]]; then
    echo "$script is not executable: chmod +x" >&2
    exit 1
  fi
done
shellcheck --external-sources --severity=style "${scripts[@]}"
echo "${#scripts[@]} scripts are clean."
