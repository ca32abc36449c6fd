# SPDX-License-Identifier: Apache-2.0
# ./dev demo: a real photo enlarged three times by the built-in model, beside bicubic.
# shellcheck disable=SC2086
need_packages $DEBIAN_PACKAGES
need_python
say "building"
build_preset release safelight_cli safelight_demo
mkdir -p build/demo
# A photo of a cup of coffee, shipped in scikit-image's package (public domain); only the file is used.
photo=build/demo/photo.png
if [ ! -e "$photo" ]; then
  "$VENV/bin/pip" download --quiet --disable-pip-version-check --no-deps --only-binary=:all: -d build/demo/wheel scikit-image==0.24.0
  "$VENV/bin/python" -c "import glob, zipfile
wheel = zipfile.ZipFile(glob.glob('build/demo/wheel/*.whl')[0])
open('$photo', 'wb').write(wheel.read('skimage/data/coffee.png'))"
fi
say "enlarging a photo three times"
build/release/safelight_demo models/upscale_x3.tflite "$photo" build/demo
