# SPDX-License-Identifier: Apache-2.0
# ./dev bench: the built-in upscaler on this machine, whole processes, median of nine.
need_packages $DEBIAN_PACKAGES
need_python
build_preset release
"$VENV/bin/python" benchmarks/startup.py --program build/release/safelight
