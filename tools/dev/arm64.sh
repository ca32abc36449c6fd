# SPDX-License-Identifier: Apache-2.0
# Debian's arm64 libraries unpacked into build/arm64-root, for the cross build.
ARM64_ROOT=build/arm64-root

need_arm64_libraries() {
  [ -e "$ARM64_ROOT/complete" ] && return 0
  say "fetching arm64 libraries"
  rm -rf "$ARM64_ROOT"
  mkdir -p "$ARM64_ROOT/packages"
  if ! dpkg --print-foreign-architectures | grep -q arm64; then
    as_root dpkg --add-architecture arm64
    as_root apt-get update -qq
  fi
  local package
  (cd "$ARM64_ROOT/packages" && for package in $ARM64_LIBRARIES; do apt-get download -qq "$package:arm64"; done)
  for package in "$ARM64_ROOT"/packages/*.deb; do dpkg -x "$package" "$ARM64_ROOT"; done
  touch "$ARM64_ROOT/complete"
}
