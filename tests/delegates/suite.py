# SPDX-License-Identifier: Apache-2.0
"""The cases of tests/ops on a delegate: each op alone. Ends with "N passed, N failed, N skipped"; declined cases count as passed.

  suite.py --program build/release/run_cases --delegate xnnpack [--only OP] [--every N] [--seed 1] [--steps 1] [--compiles] [--write]

Floats must be as near to LiteRT as ours must, where they are finite; integers within --steps steps. What the delegate declines is
listed by its reason, also what it failed at in the run, so that the CPU had to do it; --write puts the list into docs/delegates.md.
"""
import argparse
import collections
import pathlib
import re
import sys
import tempfile

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/ops"))
import oracle  # noqa: E402
from case import Dice  # noqa: E402
from run import TABLE, Trial, run_program  # noqa: E402

CHUNK = 200
FAILED_IN_RUN = re.compile(r".*the delegate failed: (.*)")


def general(reason):
    """A reason without the names and numbers of its case."""
    return re.sub(r"-?\d+(\.\d+)?(x\d+)*", "N", re.sub(r"'[^']*'", "'...'", reason))


def judge(ours, reference, default, steps):
    if ours.dtype == reference.dtype and ours.shape == reference.shape and ours.dtype.kind == "f":
        # Infinities and NaN of the inputs are not looked at: fast kernels clamp or spread them.
        odd = ~(np.isfinite(ours) & np.isfinite(reference))
        ours, reference = np.where(odd, 0, ours), np.where(odd, 0, reference)
        default = np.where(odd, 0, default) if default is not None and default.shape == ours.shape else None
    if ours.dtype == reference.dtype and ours.shape == reference.shape and ours.dtype.kind in "iu":
        apart = np.abs(ours.astype(np.int64) - reference.astype(np.int64))
        return oracle.first_difference(ours, reference, apart > steps)
    return oracle.judge(ours, reference, default)[0]


def run_chunk(trials, options, declined):
    """The failures among these cases."""
    failures, taken = [], 0
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        names = [f"{trial.name} 0:0:1" for trial in trials if trial.prepare(folder)]
        said = run_program([options.program, folder, options.delegate], names)
        for trial in trials:
            answer = said.get(trial.name, trial.message or "nothing was said of it")
            if trial.message:  # LiteRT refuses it
                continue
            if options.compiles and answer.startswith("declined: did not compile"):
                failures.append(f"{trial.name}: taken, then {answer[len('declined: '):]}; {trial.case}")
                continue
            if answer.startswith("declined: "):
                declined[trial.case.op, general(answer[len("declined: "):])] += 1
                continue
            if wrong := FAILED_IN_RUN.match(answer):
                declined[trial.case.op, "fails in the run: " + general(wrong[1])] += 1
                continue
            taken += 1
            message = "" if answer == "ok" else answer
            for k, reference in enumerate(trial.reference):
                if message:
                    break
                ours = np.load(folder / f"{trial.name}.out{k}.npy")
                message = judge(ours, reference, trial.default[k] if trial.default else None, options.steps)
            if message:
                failures.append(f"{trial.name}: {message}; {trial.case}")
    return failures, taken


def write(delegate, declined, taken):
    by_reason = collections.defaultdict(lambda: [0, set()])
    for (op, reason), count in declined.items():
        by_reason[reason][0] += count
        by_reason[reason][1].add(op)
    lines = [f"Of the single-op cases of `tests/ops` (made by `tests/delegates/suite.py --write`) {taken} are taken, {sum(declined.values())} declined:", "",
             "| reason | cases | ops |", "|---|---|---|"]
    for reason, (count, ops) in sorted(by_reason.items(), key=lambda item: -item[1][0]):
        lines.append(f"| {reason} | {count} | {', '.join(sorted(ops)) if len(ops) <= 6 else f'{len(ops)} ops'} |")
    path = ROOT / "docs/delegates.md"
    path.write_text(re.sub(rf"(<!-- suite {delegate} -->\n).*?(<!-- end of suite -->)", lambda m: m[1] + "\n".join(lines) + "\n" + m[2], path.read_text(), flags=re.S))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", required=True, type=pathlib.Path)
    parser.add_argument("--delegate", required=True)
    parser.add_argument("--only", default="")
    parser.add_argument("--every", type=int, default=1, help="only every so many of an op's cases")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--steps", type=int, default=1)
    parser.add_argument("--compiles", action="store_true", help="what it takes and then does not compile has failed")
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    trials = [Trial(op, make, number, options.seed) for op, make, count in TABLE if options.only in ("", op) for number in range(0, count, options.every)]
    declined, failures, taken = collections.Counter(), [], 0
    for first in range(0, len(trials), CHUNK):
        wrong, count = run_chunk(trials[first:first + CHUNK], options, declined)
        failures += wrong
        taken += count
    for failure in failures:
        print(f"FAILED  {failure}")
    if options.write:
        write(options.delegate.split(",")[0], declined, taken)
    print(f"ops on {options.delegate}: {taken} taken, {sum(declined.values())} declined")
    if not options.only and taken == 0:
        print("FAILED  the delegate takes nothing")
        failures.append("")
    print(f"{len(trials) - len(failures)} passed, {len(failures)} failed, 0 skipped")
    return 1 if failures else 0


if __name__ == "__main__":
    np.seterr(all="ignore")
    sys.exit(main())
