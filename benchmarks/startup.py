# SPDX-License-Identifier: Apache-2.0
"""Whole processes of the program on this machine: start to first output. Medians of nine, with minimum and maximum, and
the peak memory.

Not a test: the machine's speed is part of the figure.
"""
import argparse
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "cli"))
from bench import png_bytes  # noqa: E402 - a PNG file without any library

MODEL = ROOT / "models" / "upscale_x3.tflite"
RUNS = 9


def time_once(command):
    """(wall milliseconds, peak memory as the program says it) of one process."""
    begin = time.perf_counter()
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    # Not the child's ru_maxrss: it begins with what this interpreter holds.
    return 1000 * (time.perf_counter() - begin), text.rsplit("peak of the process ", 1)[1].strip()


def measure(name, command):
    time_once(command)
    runs = [time_once(command) for _ in range(RUNS)]
    times = [milliseconds for milliseconds, _ in runs]
    print(f"{name:58} {statistics.median(times):8.1f} ms   {min(times):8.1f} .. {max(times):8.1f}   {runs[-1][1]}")


def gradient(width, height):
    """A picture that is neither flat nor noise, 8-bit RGB."""
    y, x = np.mgrid[0:height, 0:width]
    planes = np.stack([x * 0.4 + y * 0.1, y * 0.7, (x + y) * 0.3], -1) % 256
    return planes.astype(np.uint8)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--program", required=True, type=pathlib.Path)
    program = str(parser.parse_args().program.resolve())
    print(f"{'whole process':58} {'median':>8}")
    with tempfile.TemporaryDirectory() as folder:
        for width, height in ((32, 32), (640, 360), (1440, 1080)):
            pixels = gradient(width, height)
            np.save(f"{folder}/in.npy", pixels.astype(np.float32)[None] / 255)
            rows = b"".join(b"\0" + row.tobytes() for row in pixels)
            pathlib.Path(f"{folder}/in.png").write_bytes(png_bytes(width, height, rows))
            for threads in (1, 2):
                for kind in ("png", "npy"):
                    measure(f"run upscale_x3 {width}x{height}, .{kind} in and out, {threads} threads",
                            [program, "run", str(MODEL), f"{folder}/in.{kind}", "-o", f"{folder}/out.{kind}",
                             "--threads", str(threads)])


if __name__ == "__main__":
    main()
