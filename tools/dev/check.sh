# SPDX-License-Identifier: Apache-2.0
# ./dev check: what can be said of the sources without building them. Ends with "N passed, N failed".
need_packages clang-format-14 python3 git
passed=0
failed=0
check() {
  local name=$1
  shift
  if "$@"; then
    printf 'ok      %s\n' "$name"
    passed=$((passed + 1))
  else
    printf 'FAILED  %s\n' "$name"
    failed=$((failed + 1))
  fi
}
format_is_right() {
  git ls-files --cached --others --exclude-standard -- '*.cc' '*.c' '*.h' | xargs clang-format-14 --dry-run -Werror
}
check "format (./dev format mends it)" format_is_right
check "layers: folders include only what layers.txt allows" python3 tools/check_layers.py
check "lists and folders agree" python3 tools/check_lists.py
check "size budget: files and functions" python3 tools/check_budget.py
check "house rules: licence lines, no machine paths, no marks left" python3 tools/check_rules.py
printf '%d passed, %d failed\n' "$passed" "$failed"
[ "$failed" = 0 ]
