#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# run.sh BUILD: installs a built tree, moves it, and uses it as a stranger would: the program, the package from an
# outside project in C and C++. Ends with "N passed, N failed".
set -uo pipefail
build=$1
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
work=$(cd "$build" && pwd)/install
rm -rf "$work"
mkdir -p "$work/outside" "$work/pictures"
prefix=$work/moved
log=$work/log
passed=0
failed=0

check() {
  local name=$1
  shift
  if "$@" >"$log" 2>&1; then
    passed=$((passed + 1))
    printf 'ok      %s\n' "$name"
  else
    failed=$((failed + 1))
    printf 'FAILED  %s\n' "$name"
    tail -20 "$log"
  fi
}

install_and_move() { cmake --install "$build" --prefix "$work/first" && mv "$work/first" "$prefix"; }
# Neither the sources nor the place of the first installation.
names_no_folder_of_ours() { ! grep -rlF -e "$root" "$prefix"; }
configure() {
  cmake -S "$work/outside" -B "$work/built" -DCMAKE_PREFIX_PATH="$prefix" -DCMAKE_BUILD_TYPE=Release \
    -DCMAKE_C_FLAGS="-Wall -Wextra -Werror" -DCMAKE_CXX_FLAGS="-Wall -Wextra -Werror"
}
# The libraries of a program besides the C and C++ ones.
needs_only() {
  local program=$1 library
  shift
  for library in $(objdump -p "$program" | awk '/NEEDED/ {print $2}'); do
    case $library in
      libc.so* | libm.so* | libgcc_s.so* | libstdc++.so* | ld-linux*) continue ;;
    esac
    printf '%s\n' "$@" | grep -qxF "${library%%.so*}" || { echo "$program needs $library"; return 1; }
  done
}
# The program in an empty environment, in a folder that has nothing to do with us.
as_a_stranger() { (cd / && env -i "$prefix/bin/safelight" "$@"); }
models_dir_is_right() { [ "$(cat "$work/built/models_dir.txt")" -ef "$prefix/share/safelight/models" ]; }
example_runs() { (cd "$prefix/share/safelight" && "$work/built/readme_example" "$1" "$2"); }

check "installs, and can be moved" install_and_move
check "no path of the source or build folder is in it" names_no_folder_of_ours
cp "$here/CMakeLists.txt" "$root"/tests/c_api/* "$work/outside/"
check "the example of the README is found" \
  cmake -D README="$root/README.md" -D OUT="$work/outside/readme_example.cc" -P "$here/readme_example.cmake"
check "an outside project finds the package" configure
check "an outside project builds against it" cmake --build "$work/built"
check "the folder of the built-in models is known" models_dir_is_right
model=$prefix/share/safelight/models/upscale_x3.tflite
check "a C program on the core alone runs" "$work/built/c_core" "$model"
check "the core alone needs Highway and pthreadpool only" needs_only "$work/built/c_core" libhwy libpthreadpool
check "a C program with pictures runs" "$work/built/c_picture" "$model" "$work/pictures"
check "the example of the README runs" example_runs "$work/pictures/photo.png" "$work/pictures/example.png"
check "the program finds its built-in model" \
  as_a_stranger run upscale_x3 "$work/pictures/photo.png" -o "$work/pictures/large.png"
check "both make the same picture" cmp "$work/pictures/example.png" "$work/pictures/large.png"
plugin=$(find "$prefix" -name libsafelight_tflite_delegate.so)
check "the program runs a delegate of others in a process of its own" \
  as_a_stranger run upscale_x3 "$work/pictures/photo.png" -o "$work/pictures/apart.png" --require --delegate "$plugin,isolate:1"
check "that makes the same picture" cmp "$work/pictures/apart.png" "$work/pictures/large.png"
if [ -n "$(find "$prefix" -name libsafelight_oiio.so)" ]; then
  check "the program finds its plug-in" \
    as_a_stranger run upscale_x3 "$work/pictures/photo.png" -o "$work/pictures/large.tif"
fi
printf '%d passed, %d failed\n' "$passed" "$failed"
[ "$failed" = 0 ]
