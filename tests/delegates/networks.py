# SPDX-License-Identifier: Apache-2.0
"""Real float networks on a delegate, against our own run on the CPU. Ends with "N passed, N failed, N skipped".

  networks.py --program build/release/safelight --delegate opencl [--delegate opencl,storage:image ...] [--bound 1e-5] [--all]

Every output must be within --bound of its range, and the delegate must not fail on the way. The networks are those of
../shared/data/models/image_to_image at their own sizes; the slow ones only with --all.
"""
import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

import numpy as np
from ai_edge_litert.interpreter import Interpreter

ROOT = pathlib.Path(__file__).resolve().parents[2]
FOLDER = ROOT.parent / "shared/data/models/image_to_image"
QUICK = ["deblur/small_2conv_256_fp32", "lowlight/zero_dce_lite_160x160_fp32", "superres/espcn_x2_nopadding_f16w", "superres/espcn_x3_padding_f16w"]
SLOW = ["deblur/deblur_256_fp32", "isp/learned_isp_544x960x4_fp32", "lowlight/iat_enhance_512_fp32", "lowlight/zero_dce_lite_200x300_fp32",
        "superres/edsr_f32b5_fp32_540x960", "superres/espcn_x2_padding_f16w", "superres/evsrnet_x4_f16w", "superres/video_rrn_16_x4_fp32"]


def make_inputs(path, folder):
    """The words of the command line that name them."""
    random = np.random.default_rng(7)
    details = Interpreter(str(path)).get_input_details()
    words = []
    for number, detail in enumerate(details):
        file = folder / f"in{number}.npy"
        np.save(file, random.random(detail["shape"], dtype=np.float32))
        words.append(str(file) if len(details) == 1 else f"--input={detail['name']}={file}")
    return words


def run(command):
    result = subprocess.run([str(word) for word in command], capture_output=True, text=True)
    return result.stdout + result.stderr if result.returncode else None, result.stdout


def try_network(program, path, delegate, bound):
    """(what is wrong, "" when nothing is; what was seen)."""
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        words = [program, "run", path, *make_inputs(path, folder), "--arithmetic", "exact"]
        for more in [["-o", folder / "cpu.npy"], ["-o", folder / "delegate.npy", "--delegate", delegate, "--require"]]:
            wrong, _ = run(words + more)
            if wrong:
                return wrong, ""
        wrong, report = run([program, "inspect", path, "--json", "--delegate", delegate])
        if wrong:
            return wrong, ""
        nodes = json.loads(report)["placement"]
        taken = sum(1 for node in nodes if node["part"] >= 0)
        cpu, ours = np.load(folder / "cpu.npy").astype(np.float64), np.load(folder / "delegate.npy").astype(np.float64)
        apart = float(np.abs(cpu - ours).max() / (cpu.max() - cpu.min()))
        seen = f"{taken} of {len(nodes)} nodes, {apart:.1e} of the range"
        return ("" if apart <= bound else f"more than {bound:g}"), seen


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", required=True, type=pathlib.Path)
    parser.add_argument("--delegate", required=True, action="append")
    parser.add_argument("--bound", type=float, default=1e-5)
    parser.add_argument("--all", action="store_true")
    options = parser.parse_args()
    passed = failed = skipped = 0
    for name in QUICK + (SLOW if options.all else []):
        path = FOLDER / f"{name}.tflite"
        for delegate in options.delegate:
            if not path.exists():
                skipped += 1
                continue
            wrong, seen = try_network(options.program, path, delegate, options.bound)
            print(f"{'FAILED ' if wrong else 'ok     '} {name} on {delegate}: {seen} {wrong}", flush=True)
            passed, failed = passed + (not wrong), failed + bool(wrong)
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
