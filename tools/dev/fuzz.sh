# SPDX-License-Identifier: Apache-2.0
# ./dev fuzz [SECONDS]: libFuzzer on the reader of .tflite files (clang), seeded with real models. What it finds is kept
# in build/fuzz/found; what it learns, in build/fuzz/corpus.
# shellcheck disable=SC2086
need_packages $DEBIAN_PACKAGES $FUZZ_PACKAGES

# fuzz_reader SECONDS: fails when a file crashes, hangs or swells the reader, or makes it say nothing.
fuzz_reader() {
  build_preset fuzz reader_fuzzer || return 1
  local folders=models
  if [ -d ../shared/data/models ]; then
    folders="models ../shared/data/models"
  else
    echo "no ../shared/data/models: the built-in model is the only seed"
  fi
  rm -rf build/fuzz/seeds
  mkdir -p build/fuzz/seeds build/fuzz/corpus build/fuzz/found
  find $folders -name '*.tflite' -size -300k -exec cp -t build/fuzz/seeds --backup=numbered {} +
  build/fuzz/reader_fuzzer -max_total_time="$1" -timeout=20 -rss_limit_mb=2048 -print_final_stats=1 \
    -artifact_prefix=build/fuzz/found/ build/fuzz/corpus build/fuzz/seeds >build/fuzz.log 2>&1 ||
    { grep -vE '^#' build/fuzz.log | tail -60; return 1; }
  grep -E 'stat::number_of_executed_units|stat::peak_rss_mb' build/fuzz.log
}

if [ "$verb" = fuzz ]; then fuzz_reader "${1:-60}"; fi
