# SPDX-License-Identifier: Apache-2.0
"""Instructions per multiply-add of the kernels on arm64, counted under qemu-user: a count, so the same on every machine.

The start of the program is taken off by running each work once and three times. A vector of NEON holds four floats, so a
kernel that did nothing but multiply-adds would need 0.25; Winograd, counted as direct convolution, 0.0625.
"""
import argparse
import pathlib
import re
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[1]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", type=pathlib.Path, default=ROOT / "build" / "arm64" / "bench_kernel_work")
    parser.add_argument("--plugin", type=pathlib.Path, default=ROOT / "build" / "count_instructions.so")
    options = parser.parse_args()
    qemu = [ROOT / "tools" / "dev" / "qemu-arm64"]

    def run(words, plugin=()):
        result = subprocess.run([*map(str, [*qemu, *plugin, options.program, *words])], capture_output=True, text=True)
        if result.returncode != 0:
            raise SystemExit(f"{options.program}: {result.stderr.strip()}")
        return result

    def instructions(name, times):
        text = run([name, times], ["-plugin", options.plugin]).stderr
        return int(re.search(r"instructions (\d+)", text).group(1))

    print(f"{'kernel':24}{'instructions per multiply-add':>30}")
    for line in run([]).stdout.splitlines():
        name, macs = line.split()
        count = (instructions(name, 3) - instructions(name, 1)) / 2
        print(f"{name:24}{count / float(macs):30.3f}")


main()
