# SPDX-License-Identifier: Apache-2.0
# ./dev bench [startup|peers|numbers|delegates|choice|kernels|instructions] [OPTIONS]: measurements on this machine; none of them is a test.
#   startup   the built-in upscaler, whole processes, median of nine (default)
#   peers     the networks of benchmarks/networks.py beside other runtimes, interleaved; benchmarks/peers/bench.py --help
#   numbers   integer networks beside other runtimes, interleaved; benchmarks/peers/bench_numbers.py --help
#   delegates  stock LiteRT with and without our delegate; benchmarks/delegates/bench.py --help
#   choice    the delegate auto against each delegate alone; benchmarks/delegates/choice.py --help
#   kernels   micro-benchmarks beside the kernels (Google Benchmark's options)
#   instructions  of the same on arm64 under qemu-user, per multiply-add
what=${1:-startup}
shift || true
# shellcheck disable=SC2086
need_packages $DEBIAN_PACKAGES
PEERS_VENV=.venv-peers

need_peers() {
  local list=benchmarks/peers/requirements.txt
  if [ ! -x "$PEERS_VENV/bin/python" ] || ! cmp -s "$list" "$PEERS_VENV/requirements.txt"; then
    say "making the peers' Python environment in $PEERS_VENV"
    rm -rf "$PEERS_VENV"
    /usr/bin/python3 -m venv "$PEERS_VENV"
    "$PEERS_VENV/bin/pip" install --quiet --disable-pip-version-check -r "$list"
    cp "$list" "$PEERS_VENV/requirements.txt"
  fi
}

case "$what" in
  startup)
    need_python
    build_preset release safelight_cli
    "$VENV/bin/python" benchmarks/startup.py --program build/release/safelight
    ;;
  peers)
    need_peers
    build_preset release bench_runner bench_fma_peak
    "$PEERS_VENV/bin/python" benchmarks/peers/bench.py "$@"
    ;;
  numbers)
    need_peers
    build_preset release bench_runner bench_fma_peak
    "$PEERS_VENV/bin/python" benchmarks/peers/bench_numbers.py "$@"
    ;;
  delegates)
    need_peers
    build_preset release safelight_tflite_delegate
    "$PEERS_VENV/bin/python" benchmarks/delegates/bench.py "$@"
    ;;
  choice)
    need_peers
    build_preset release bench_runner safelight_cli
    "$PEERS_VENV/bin/python" benchmarks/delegates/choice.py "$@"
    ;;
  kernels)
    build_preset release kernels_bench
    build/release/kernels_bench "$@"
    ;;
  instructions)
    # shellcheck disable=SC2086
    need_packages $ARM64_PACKAGES
    . tools/dev/arm64.sh
    need_arm64_libraries
    build_preset arm64 bench_kernel_work
    gcc -O2 -shared -fPIC -o build/count_instructions.so benchmarks/count_instructions.c
    python3 benchmarks/arm_instructions.py "$@"
    ;;
  *)
    echo "usage: ./dev bench [startup|peers|numbers|delegates|kernels|instructions] [OPTIONS]"
    exit 2
    ;;
esac
