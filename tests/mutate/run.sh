#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# run.sh BUILD COUNT: damaged copies of the built-in model and, where it is there, of the shared data's models.
set -eu
build=$1
count=$2
set -- models/upscale_x3.tflite
if [ -d ../shared/data/models ]; then
  set -- "$@" $(find ../shared/data/models \( -name '*.tflite' -o -name '*.bin' \) -size -300k | sort)
else
  echo "SKIPPED: no ../shared/data/models: only the built-in model is damaged"
fi
exec "$build/mutate_models" --count "$count" --seed 1 "$@"
