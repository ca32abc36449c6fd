# SPDX-License-Identifier: Apache-2.0
# ./dev build [PRESET]: the program at build/release/safelight.
preset=${1:-release}
# shellcheck disable=SC2086
need_packages $DEBIAN_PACKAGES
if [ "$preset" = arm64 ]; then
  # shellcheck disable=SC2086
  need_packages $ARM64_PACKAGES
  . tools/dev/arm64.sh
  need_arm64_libraries
fi
build_preset "$preset"
