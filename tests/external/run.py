# SPDX-License-Identifier: Apache-2.0
"""What our host shows to TFLite external delegates is what LiteRT shows. Ends with "N passed, N failed, N skipped".

  run.py --build build/release [--only OP] [--list]

A delegate that keeps the rules (clean_delegate.cc) writes down all that a host shows of a network: ops, versions, options,
tensors. Both hosts show it models of one node, cases of tests/ops for every op, and whole networks. LiteRT also runs it,
which proves that it is such a delegate.
"""
import argparse
import os
import pathlib
import re
import subprocess
import sys
import tempfile

import numpy as np
from ai_edge_litert.interpreter import Interpreter, load_delegate

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tests/ops")]
import run as ops  # noqa: E402
from case import Dice  # noqa: E402

CASES_OF_AN_OP, LEAST = 4, 500
UPSCALER = ROOT / "models/upscale_x3.tflite"
NETWORKS = ["image_to_image/superres/abpn_x3_ptq_u8io_dynamic.tflite", "image_to_image/superres/edsr_f32b5_u8io_dynamic.tflite",
            "image_to_image/deblur/small_2conv_256_fp32.tflite", "dense/selfie_meet_144x256_fp32.tflite",
            "dense/selfie_meet_144x256_dynrange.tflite"]
# Our host shows them as custom ops: it does not know the layout of their options.
NOT_SHOWN = {"LSTM", "SVDF", "UNIDIRECTIONAL_SEQUENCE_LSTM"}
CAST, RESHAPE, PACK = 53, 22, 83


class Bench:
    def __init__(self, build):
        self.program, self.library = build.resolve() / "safelight", build.resolve() / "tests/libclean_delegate.so"
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="external"))

    def litert(self, model, options=None, size=None):
        """An interpreter with the delegate; None where LiteRT refuses the model or gives it to no delegate."""
        delegates = [] if options is None else [load_delegate(str(self.library), options)]
        interpreter = Interpreter(str(model), experimental_delegates=delegates)
        if size is not None:
            interpreter.resize_tensor_input(interpreter.get_input_details()[0]["index"], size)
        interpreter.allocate_tensors()
        return interpreter

    def seen_by_litert(self, model):
        """The lines; None where LiteRT does not ask a delegate (sizes that depend on the data)."""
        out = self.folder / "litert.txt"
        out.unlink(missing_ok=True)
        try:
            self.litert(model, {"dump": str(out)})
        except (RuntimeError, ValueError):
            pass
        return out.read_text().splitlines() if out.exists() else None

    def seen_by_us(self, model):
        out = self.folder / "ours.txt"
        out.unlink(missing_ok=True)
        done = subprocess.run([self.program, "inspect", model, "--delegate", f"{self.library},dump:{out}"], capture_output=True,
                              text=True, check=False)
        return out.read_text().splitlines() if out.exists() else [f"nothing: {done.stderr.strip()[-300:]}"]


def comparable(line):
    """Without options that files need not state and that one of the hosts works out."""
    if re.match(rf"op ({CAST}|{RESHAPE}) ", line):
        line = re.sub(r" options [0-9a-f]+| options null", "", line)
    return re.sub(rf"^(op {PACK} version \d+ options [0-9a-f]{{8}})[0-9a-f]+", r"\1", line)  # the axis is counted from either end


def difference(theirs, ours):
    """None, or the first place where they differ."""
    if len(theirs) != len(ours):
        return f"LiteRT shows {len(theirs)} nodes, we {len(ours)}: {ours[:1]}"
    for node, (a, b) in enumerate(zip(theirs, ours, strict=True)):
        for x, y in zip(comparable(a).split(" | "), comparable(b).split(" | "), strict=False):
            if x != y:
                return f"node {node}: LiteRT shows '{x}', we '{y}'"
    return None


def check_run(bench):
    """LiteRT's own result and its result with the delegate, in each of the ways that it hands its outputs over."""
    size = [1, 9, 14, 3]
    picture = np.random.default_rng(1).random(size, np.float32)
    results = []
    for options in (None, {}, {"temporary": "1"}, {"min_nodes": "3"}, {"ops": "CONV_2D+ADD"}, {"output": "handle"}, {"output": "dynamic"}):
        interpreter = bench.litert(UPSCALER, options, size)
        interpreter.set_tensor(interpreter.get_input_details()[0]["index"], picture)
        interpreter.invoke()
        results.append(interpreter.get_tensor(interpreter.get_output_details()[0]["index"]))
        if np.abs(results[-1] - results[0]).max() > 1e-5:
            return f"with {options} LiteRT's result differs by {np.abs(results[-1] - results[0]).max()}"
    return None


def models(bench, only):
    """(name, path) of each model to be shown."""
    path = bench.folder / "model.tflite"
    for op, make, count in ops.TABLE:
        if op.split(".")[0] in NOT_SHOWN or (only and op != only):
            continue
        for number in range(min(count, CASES_OF_AN_OP)):
            path.write_bytes(make(Dice(1, op, number)).model())
            yield f"{op}:{number}", path
    if not only:
        yield UPSCALER.name, UPSCALER
        shared = pathlib.Path(os.environ.get("SAFELIGHT_SHARED", ROOT.parent / "shared")) / "data/models"
        for name in NETWORKS:
            yield name, shared / name


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", required=True, type=pathlib.Path)
    parser.add_argument("--only")
    parser.add_argument("--list", action="store_true", help="print every model")
    options = parser.parse_args()
    bench = Bench(options.build)
    passed, failures, skipped = 0, [], 0
    for name, path in models(bench, options.only):
        theirs = bench.seen_by_litert(path) if path.exists() else None
        ours = bench.seen_by_us(path) if theirs is not None else []
        if theirs is None or not ours:  # nodes of constants alone are computed before a delegate is asked
            skipped += 1
            continue
        wrong = difference(theirs, ours)
        if options.list or wrong:
            print(f"{'FAILED ' if wrong else 'ok     '} {name} {wrong or ''}")
        passed, failures = passed + (not wrong), failures + [name] * bool(wrong)
    if not options.only:
        wrong = check_run(bench)
        print(f"FAILED  the delegate in LiteRT: {wrong}" if wrong else "ok      the delegate in LiteRT")
        passed, failures = passed + (not wrong), failures + ["the delegate in LiteRT"] * bool(wrong)
        if passed < LEAST:
            print(f"FAILED  {passed} models are alike, must be at least {LEAST}")
            failures.append("too few")
    print(f"{passed} passed, {len(failures)} failed, {skipped} skipped")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
