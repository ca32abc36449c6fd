# SPDX-License-Identifier: Apache-2.0
# ./dev setup: everything that the other verbs install by themselves, at once.
# shellcheck disable=SC2086
need_packages $DEBIAN_PACKAGES $ARM64_PACKAGES $FUZZ_PACKAGES
need_python
. tools/dev/arm64.sh
need_arm64_libraries
say "ready"
