# SPDX-License-Identifier: Apache-2.0
# ./dev demo: a real photo enlarged three times by the built-in model, beside bicubic.
need_packages $DEBIAN_PACKAGES
need_python
say "building"
build_preset release safelight_cli safelight_demo
mkdir -p build/demo
"$VENV/bin/python" tools/demo_photo.py build/demo/photo.png
say "enlarging a photo three times"
build/release/safelight_demo models/upscale_x3.tflite build/demo/photo.png build/demo
