# SPDX-License-Identifier: Apache-2.0
# Shared by the verbs of ./dev; sourced, never run.
JOBS=${JOBS:-$(nproc)}
VENV=.venv

say() { printf '\n== %s\n' "$*"; }

# Packages of Debian 12 that building and testing need.
DEBIAN_PACKAGES="build-essential cmake ninja-build ccache pkg-config git
  libhwy-dev libflatbuffers-dev flatbuffers-compiler libpthreadpool-dev
  libpng-dev libjpeg62-turbo-dev libwebp-dev libopenimageio-dev openimageio-tools
  libxnnpack-dev libeigen3-dev opencl-headers ocl-icd-libopencl1 pocl-opencl-icd
  libfmt-dev nlohmann-json3-dev libcli11-dev libtomlplusplus-dev
  libgtest-dev libgmock-dev libbenchmark-dev clang-format-14 python3 python3-venv"
ARM64_PACKAGES="g++-aarch64-linux-gnu qemu-user"
FUZZ_PACKAGES="clang-14 libclang-rt-14-dev"
# Taken apart rather than installed: these may not stand beside their amd64 twins.
ARM64_LIBRARIES="libhwy1 libhwy-dev libpthreadpool0 libpthreadpool-dev libflatbuffers-dev libflatbuffers2 libgtest-dev libgmock-dev"

as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }

missing_packages() {
  local package
  for package in "$@"; do
    dpkg-query -W -f '${Status}\n' "$package" 2>/dev/null | grep -q 'ok installed' || echo "$package"
  done
}

# Installs what is not there yet; without network it fails only if something is really missing.
need_packages() {
  local missing
  # shellcheck disable=SC2068
  missing=$(missing_packages $@)
  [ -z "$missing" ] && return 0
  say "installing Debian packages:" $missing
  as_root apt-get update -qq
  # shellcheck disable=SC2086
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
}

# The Python environment of the oracles; made once, remade when the list changes.
need_python() {
  if [ ! -x "$VENV/bin/python" ] || ! cmp -s tools/requirements.txt "$VENV/requirements.txt"; then
    say "making the Python environment in $VENV"
    rm -rf "$VENV"
    /usr/bin/python3 -m venv "$VENV"
    "$VENV/bin/pip" install --quiet --disable-pip-version-check -r tools/requirements.txt
    cp tools/requirements.txt "$VENV/requirements.txt"
  fi
}

# build_preset PRESET [TARGET...]: configures and builds.
build_preset() {
  local preset=$1
  shift
  cmake --preset "$preset" >"build/$preset.configure.log" 2>&1 || { cat "build/$preset.configure.log"; return 1; }
  if [ $# -gt 0 ]; then cmake --build "build/$preset" -j "$JOBS" --target "$@"; else cmake --build "build/$preset" -j "$JOBS"; fi
}
mkdir -p build
