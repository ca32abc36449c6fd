# SPDX-License-Identifier: Apache-2.0
# ./dev test [--all]: builds and runs all tests. Ends with "N passed, N failed, N skipped".
all=0
[ "${1:-}" = --all ] && all=1
# shellcheck disable=SC2086
need_packages $DEBIAN_PACKAGES $ARM64_PACKAGES
need_python
. tools/dev/arm64.sh
need_arm64_libraries
passed=0
failed=0
skipped=0

# add PASSED FAILED SKIPPED: into the totals.
add() {
  passed=$((passed + $1))
  failed=$((failed + $2))
  skipped=$((skipped + $3))
}

# Counts of a GoogleTest log; a program that died without a summary is one failure.
count_gtest() {
  local log=$1 status=$2 good bad skip
  good=$(grep -oP '^\[  PASSED  \] \K[0-9]+' "$log" | tail -1 || true)
  bad=$(grep -oP '^\[  FAILED  \] \K[0-9]+(?= tests?, listed)' "$log" | tail -1 || true)
  skip=$(grep -oP '^\[  SKIPPED \] \K[0-9]+(?= tests?, listed)' "$log" | tail -1 || true)
  if [ "$status" != 0 ] && [ -z "$bad" ]; then bad=1; fi
  add "${good:-0}" "${bad:-0}" "${skip:-0}"
}

# gtests PRESET PATTERN [LAUNCHER...]: every test program of a build that matches.
gtests() {
  local preset=$1 pattern=$2 program log status
  shift 2
  for program in build/"$preset"/$pattern; do
    [ -x "$program" ] || continue
    log=$program.log
    status=0
    "$@" "$program" >"$log" 2>&1 || status=$?
    printf '%-44s %s\n' "$program" "$(grep -E '^\[  (PASSED|FAILED|SKIPPED)' "$log" | tr '\n' ' ' | cut -c1-120)"
    [ "$status" = 0 ] || { grep -E '^\[  FAILED|Failure|ERROR|runtime error' -A6 "$log" | head -60 || true; tail -5 "$log"; }
    count_gtest "$log" "$status"
  done
}

# part NAME COMMAND...: one passed or failed.
part() {
  local name=$1
  shift
  if "$@"; then
    printf 'ok      %s\n' "$name"
    add 1 0 0
  else
    printf 'FAILED  %s\n' "$name"
    add 0 1 0
  fi
}

# closing NAME COMMAND...: a program that ends with "N passed, N failed[, N skipped]".
closing() {
  local name=$1 log=build/closing.log status=0 line
  shift
  "$@" 2>&1 | tee "$log" || status=${PIPESTATUS[0]}
  line=$(grep -oE '[0-9]+ passed, [0-9]+ failed(, [0-9]+ skipped)?' "$log" | tail -1 || true)
  if [ -z "$line" ]; then
    printf 'FAILED  %s: no closing line (exit %s)\n' "$name" "$status"
    add 0 1 0
    return
  fi
  # shellcheck disable=SC2046
  set -- $(echo "$line" | grep -oE '[0-9]+')
  add "$1" "$2" "${3:-0}"
}

ASAN_OPTIONS=detect_leaks=1:allocator_may_return_null=1
UBSAN_OPTIONS=print_stacktrace=1
TSAN_OPTIONS=suppressions=$PWD/tools/dev/tsan.supp
export ASAN_OPTIONS UBSAN_OPTIONS TSAN_OPTIONS

say "release build"
build_preset release
gtests release '*_test'
closing "the program as a user types it" "$VENV/bin/python" tests/cli/run.py --program build/release/safelight
closing "the C API, core" build/release/c_core models/upscale_x3.tflite
closing "the C API, pictures" build/release/c_picture models/upscale_x3.tflite build/release
closing "installed, moved, used from outside" tests/install/run.sh build/release
closing "single ops against LiteRT" "$VENV/bin/python" tests/ops/run.py --program build/release/run_cases
closing "models written again" "$VENV/bin/python" tests/rewrite/run.py --program build/release/rewrite_model
closing "networks quantized" "$VENV/bin/python" tests/quantize/run.py --program build/release/safelight
closing "conformance with LiteRT" "$VENV/bin/python" tests/conformance/run.py --program build/release/safelight

closing "the delegate in stock LiteRT" "$VENV/bin/python" tests/delegates/run.py \
  --library build/release/libsafelight_tflite_delegate.so $([ "$all" = 1 ] && echo --hosts)
closing "what delegates are shown, beside LiteRT" "$VENV/bin/python" tests/external/run.py --build build/release
closing "single ops inside LiteRT" "$VENV/bin/python" tests/delegates/ops.py \
  --library build/release/libsafelight_tflite_delegate.so
closing "single ops on XNNPACK" "$VENV/bin/python" tests/delegates/suite.py --program build/release/run_cases \
  --delegate xnnpack
# PoCL compiles a program for nearly every case.
closing "single ops on OpenCL" "$VENV/bin/python" tests/delegates/suite.py --program build/release/run_cases \
  --delegate opencl --compiles $([ "$all" = 1 ] || echo --every 8)
closing "networks on OpenCL" "$VENV/bin/python" tests/delegates/networks.py --program build/release/safelight \
  --delegate opencl --delegate opencl,storage:image $([ "$all" = 1 ] && echo --all)
closing "networks on OpenCL, in strips" "$VENV/bin/python" tests/delegates/networks.py \
  --program build/release/safelight --delegate opencl,memory:4MB
closing "networks on OpenCL, float16" "$VENV/bin/python" tests/delegates/networks.py \
  --program build/release/safelight --delegate opencl,precision:float16 --bound 1e-2 $([ "$all" = 1 ] && echo --all)

say "address and undefined-behaviour sanitizers"
build_preset asan
gtests asan '*_test'
closing "single ops under the sanitizers" "$VENV/bin/python" tests/ops/run.py --program build/asan/run_cases
closing "the C API, core" build/asan/c_core models/upscale_x3.tflite
closing "the C API, pictures" build/asan/c_picture models/upscale_x3.tflite build/asan
closing "mutated models" tests/mutate/run.sh build/asan $([ "$all" = 1 ] && echo 10000 || echo 1000)

say "arm64 under qemu-user"
if [ "$all" = 1 ]; then
  build_preset arm64
  gtests arm64 '*_test' tools/dev/qemu-arm64
else
  build_preset arm64 kernels_test
  gtests arm64 'kernels_test' tools/dev/qemu-arm64
fi

if [ "$all" = 1 ]; then
  say "fuzzing the reader"
  . tools/dev/fuzz.sh
  part "a minute of libFuzzer on the reader" fuzz_reader 60
  say "thread sanitizer"
  build_preset tsan
  gtests tsan '*_test'
fi
printf '%d passed, %d failed, %d skipped\n' "$passed" "$failed" "$skipped"
[ "$failed" = 0 ]
