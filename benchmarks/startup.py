# SPDX-License-Identifier: Apache-2.0
"""Whole processes of the program on this machine: start to first output. Medians of nine, with minimum and maximum.

Not a test: the machine's speed is part of the figure.
"""
import argparse
import os
import pathlib
import statistics
import tempfile
import time

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parents[1]
MODEL = ROOT / "models" / "upscale_x3.tflite"
RUNS = 9


def time_once(command):
    """(wall milliseconds, peak memory in MB by the system's account) of one process."""
    begin = time.perf_counter()
    # spawn instead of fork: a forked child's peak would include what this interpreter holds.
    pid = os.posix_spawn(command[0], command, os.environ,
                         file_actions=[(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)])
    _, status, usage = os.wait4(pid, 0)
    if status != 0:
        raise SystemExit(f"{command} failed")
    return 1000 * (time.perf_counter() - begin), usage.ru_maxrss / 1024


def measure(name, command):
    time_once(command)
    times = [time_once(command)[0] for _ in range(RUNS)]
    print(f"{name:58} {statistics.median(times):8.1f} ms   {min(times):8.1f} .. {max(times):.1f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--program", required=True, type=pathlib.Path)
    program = str(parser.parse_args().program.resolve())
    print(f"{'whole process':58} {'median':>8}")
    with tempfile.TemporaryDirectory() as folder:
        for width, height in ((32, 32), (640, 360), (1440, 1080)):
            values = np.random.default_rng(1).uniform(0, 1, (1, height, width, 3)).astype(np.float32)
            np.save(f"{folder}/in.npy", values)
            for threads in (1, 2):
                measure(f"run upscale_x3 {width}x{height}, tensors in and out, {threads} threads",
                        [program, "run", str(MODEL), f"{folder}/in.npy", "-o", f"{folder}/out.npy", "--threads", str(threads)])


if __name__ == "__main__":
    main()
