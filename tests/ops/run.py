# SPDX-License-Identifier: Apache-2.0
"""Single ops against LiteRT's reference kernels, at random sizes and options. Ends with "N passed, N failed, N skipped".

  run.py --program build/release/run_cases [--seed N] [--only OP[:NUMBER]] [--list]      (or of the sanitizers' build)

A case is a model of one node. LiteRT runs it, and safelight with strips of one row, whole, and in small blocks; these
must give the same bits. The node twice between a SLICE and a PAD, so that it reads and writes rings of rows, and both
results parts of one CONCATENATION, must give the same bits again. The op's own reference must agree with LiteRT too.
"""
import argparse
import concurrent.futures
import pathlib
import re
import subprocess
import sys
import tempfile
import time

import numpy as np
from ai_edge_litert import schema_py_generated as schema

import dynamic
import elementwise
import movement
import oracle
import products
import quantized
import quantized_tiles
import recurrent
import windows
from case import Dice

ROOT = pathlib.Path(__file__).resolve().parents[2]
TABLE = [*windows.TABLE, *elementwise.TABLE, *products.TABLE, *movement.TABLE, *quantized.TABLE, *quantized_tiles.TABLE, *dynamic.TABLE,
         *recurrent.TABLE]
# Strip rows, block columns, threads: a row at a time, whole, small blocks; on two threads for every third case only,
# since threads that wait for work keep both cores busy.
CUTS = ["1:0:1", "1000000:0:1", "3:5:1"]
CUTS_WITH_THREADS = [*CUTS, "3:5:2"]
LEAST_CASES, LEAST_CASES_OF_AN_OP = 2000, 30
CHUNK = 100
MEMORY = pathlib.Path("/dev/shm")  # some ten thousand small files are quicker there than on a disk


class Trial:
    """One case on its way: made, run by both sides, judged."""

    def __init__(self, op, make, number, seed):
        self.name, self.number = f"{op}.{number}", number
        self.repeat = f"--seed {seed} --only {op}:{number}"
        self.case = make(Dice(seed, op, number))
        self.reference = self.default = None
        self.message, self.widened = "", False

    def prepare(self, folder):
        """Asks LiteRT and writes what our side needs; returns the lines to run."""
        try:
            self.reference, self.default = oracle.answers(self.case)
        except (RuntimeError, ValueError) as error:
            self.message = "LiteRT refuses it: " + str(error).replace("\n", " ")
            return []
        self._write(folder, self.name, self.case.model(), [operand.array for operand in self.case.inputs])
        ring = f"{self.name}.ring"
        self._write(folder, ring, *self.case.ring_model(self.reference))
        cuts = CUTS_WITH_THREADS if self.number % 3 == 0 else CUTS
        return [" ".join([self.name, *CUTS, "reference"]), " ".join([ring, *cuts])]

    @staticmethod
    def _write(folder, name, model, inputs):
        (folder / f"{name}.tflite").write_bytes(model)
        for k, array in enumerate(inputs):
            np.save(folder / f"{name}.in{k}.npy", array)

    def finish(self, folder, said):
        """`said`: what the program made of each name."""
        if self.message:
            return
        for name in (self.name, f"{self.name}.ring"):
            if said.get(name) != "ok":
                self.message = f"{'in rings: ' if name != self.name else ''}{said.get(name)}"
                return
        for k, (reference, default) in enumerate(zip(self.reference, self.default or self.reference)):
            load = lambda kind: np.load(folder / f"{kind}{k}.npy")
            ours, plain = load(f"{self.name}.out"), load(f"{self.name}.ref")
            message, widened = oracle.judge(ours, reference, default)
            self.widened = self.widened or widened
            if message:
                self.message = f"output {k}: {message}"
                return
            message, _ = oracle.judge(plain, reference, default)
            if message:
                self.message = f"output {k} of the op's reference implementation: {message}"
                return
            for copy in range(self.case.copies):
                padded = np.load(folder / f"{self.name}.ring.out{k * self.case.copies + copy}.npy")
                ring = self.case.cut(padded, ours.shape)
                if not self.case.ring_bits:
                    message, _ = oracle.judge(ring, reference, default)
                elif ring.shape != ours.shape or ring.tobytes() != ours.tobytes():
                    message = "other bits than without rings"
                if message:
                    self.message = f"output {k} in rings, copy {copy}: {message}"
                    return


def run_program(command, names):
    """What the program says of each name; after a crash it goes on with the next."""
    said = {}
    while names:
        result = subprocess.run([str(word) for word in command], input="\n".join(names), capture_output=True, text=True)
        lines = [line.split(" ", 1) for line in result.stdout.splitlines()]
        said.update({name: text for name, text in lines})
        done, names = names[:len(lines)], names[len(lines):]
        if names or result.returncode != 0:  # a leak shows at the very end
            blamed = names[0] if names else done[-1]
            said[blamed.split()[0]] = f"the program ended with {result.returncode}: {result.stderr.strip()[-300:]}"
            names = names[1:]
    return said


def run_trials(program, trials):
    """Runs chunk after chunk; LiteRT makes the next one ready while our side works on the last."""
    def work(chunk, folder, names):
        said = run_program([program, folder.name], names)
        for trial in chunk:
            trial.finish(pathlib.Path(folder.name), said)
        folder.cleanup()

    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        works = []
        for first in range(0, len(trials), CHUNK):
            folder = tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None)
            chunk = trials[first:first + CHUNK]
            names = [name for trial in chunk for name in trial.prepare(pathlib.Path(folder.name))]
            for future in works[-1:]:
                future.result()  # one chunk at work, one being made
            works.append(pool.submit(work, chunk, folder, names))
        works[-1].result()


def unlisted_ops():
    """Ops of src/ops/ops.def that have too few cases; the format does not know those that only passes make."""
    listed = [name.upper() for name in re.findall(r"^OP\((\w+)\)", (ROOT / "src/ops/ops.def").read_text(), re.M)]
    counts = {op: count for op, _, count in TABLE}
    return [op for op in listed if hasattr(schema.BuiltinOperator, op) and counts.get(op, 0) < LEAST_CASES_OF_AN_OP]


def make_trials(seed, only):
    op_wanted, _, number_wanted = (only or "").partition(":")
    return [Trial(op, make, number, seed) for op, make, count in TABLE if not op_wanted or op == op_wanted
            for number in ([int(number_wanted)] if number_wanted else range(count))]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", required=True, type=pathlib.Path)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only")
    parser.add_argument("--list", action="store_true", help="print every case")
    options = parser.parse_args()
    started = time.monotonic()
    trials = make_trials(options.seed, options.only)
    if not trials:
        print(f"no case is named {options.only}")
        return 2
    run_trials(options.program, trials)
    for trial in trials:
        if options.list:
            print(f"{'FAILED' if trial.message else 'ok':7} {trial.name}: {trial.case}")
        if trial.message:
            print(f"FAILED  {trial.name}: {trial.message}\n        {trial.case}\n        repeat with {trial.repeat}")
    failed = sum(bool(trial.message) for trial in trials)
    passed = len(trials) - failed
    if not options.only:
        for op in unlisted_ops():
            print(f"FAILED  {op} has fewer than {LEAST_CASES_OF_AN_OP} cases")
            failed += 1
        if len(trials) < LEAST_CASES:
            print(f"FAILED  {len(trials)} cases, must be at least {LEAST_CASES}")
            failed += 1
    widened = sum(trial.widened for trial in trials)
    print(f"single ops: seed {options.seed}, {len({trial.case.op for trial in trials})} ops, {len(trials)} cases under the cuts "
          f"{' '.join(CUTS_WITH_THREADS)}, {widened} needed the bound of XNNPACK's difference, {time.monotonic() - started:.0f} s")
    print(f"{passed} passed, {failed} failed, 0 skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
