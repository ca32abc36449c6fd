# SPDX-License-Identifier: Apache-2.0
# ./dev format: rewrites sources in the house's format.
need_packages clang-format-14
git ls-files --cached --others --exclude-standard -- '*.cc' '*.c' '*.h' | xargs clang-format-14 -i
