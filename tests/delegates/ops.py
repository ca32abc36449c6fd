# SPDX-License-Identifier: Apache-2.0
"""The cases of tests/ops inside LiteRT: each op alone, with our delegate and without. Ends with "N passed, N failed, N skipped".

  ops.py --library build/release/libsafelight_tflite_delegate.so [--only OP] [--every N] [--seed 1] [--write]

Every op is a process, so that a crash names it. What stays with the host is counted by its reason; --write puts the list into
docs/delegates.md.
"""
import argparse
import collections
import multiprocessing
import os
import pathlib
import re
import sys
import tempfile

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/ops"))
import oracle  # noqa: E402
from ai_edge_litert.interpreter import Interpreter, OpResolverType, load_delegate  # noqa: E402
from case import Dice  # noqa: E402
from run import TABLE  # noqa: E402

STAYS = re.compile(r"safelight: node \d+ stays with the host: (.*)")


def run_case(case, library):
    """(what is wrong, "" when nothing is)."""
    try:
        reference, default = oracle.answers(case)
    except (RuntimeError, ValueError):
        return None  # not taken by LiteRT itself
    plain = OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
    interpreter = Interpreter(model_content=case.model(), num_threads=1, experimental_delegates=[
        load_delegate(str(library), {"verbose": "1", "arithmetic": "exact"})],
        experimental_op_resolver_type=plain if case.op in oracle.NO_REFERENCE else OpResolverType.BUILTIN_REF)
    interpreter.allocate_tensors()
    for detail, operand in zip(interpreter.get_input_details(), case.inputs):
        interpreter.set_tensor(detail["index"], operand.array)
    interpreter.invoke()
    outputs = [interpreter.get_tensor(detail["index"]) for detail in interpreter.get_output_details()]
    for k, (a, b) in enumerate(zip(outputs, reference, strict=True)):
        other = default[k] if default is not None else None
        message, _ = oracle.judge(a, b, other)
        if message:
            return f"output {k}: {message}"
    return ""


def run_op(op, numbers, seed, make, library, pipe):
    """Sends (passed, [failures], {reason: cases})."""
    with tempfile.TemporaryFile() as log:
        os.dup2(log.fileno(), 2)
        passed, failures = 0, []
        for number in numbers:
            case = make(Dice(seed, op, number))
            try:
                message = run_case(case, library)
            except (RuntimeError, ValueError) as error:
                message = str(error)
            if message:
                failures.append(f"{op}:{number}: {message}; {case}")
            passed += message == ""
        log.seek(0)
        text = log.read().decode(errors="replace")
    pipe.send((passed, failures, collections.Counter(STAYS.findall(text)), len(re.findall(r"nodes from node", text))))


def write(reasons, taken):
    lines = [f"Of the single-op cases of `tests/ops` (made by `tests/delegates/ops.py --write`), {taken} are taken; {sum(reasons.values())} stay with the host:", "",
             "| reason | cases |", "|---|---|"]
    lines += [f"| {reason} | {count} |" for reason, count in sorted(reasons.items())]
    path = ROOT / "docs/delegates.md"
    path.write_text(re.sub(r"(<!-- ops -->\n).*?(<!-- end of ops -->)", lambda m: m[1] + "\n".join(lines) + "\n" + m[2], path.read_text(), flags=re.S))


def general(reason):
    """A reason without the names and numbers of its case."""
    return re.sub(r"\d+(x\d+)*", "N", re.sub(r"'[^']*'", "'...'", reason))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--library", required=True, type=pathlib.Path)
    parser.add_argument("--only", default="")
    parser.add_argument("--every", type=int, default=1, help="only every so many of an op's cases")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    context = multiprocessing.get_context("fork")
    passed, failed, taken, reasons = 0, 0, 0, collections.Counter()
    for op, make, count in TABLE:
        if options.only and op != options.only:
            continue
        ours, theirs = context.Pipe(False)
        process = context.Process(target=run_op, args=(op, range(0, count, options.every), options.seed, make, options.library.resolve(), theirs))
        process.start()
        theirs.close()
        try:
            good, failures, stays, parts = ours.recv()
        except EOFError:
            process.join()
            good, failures, stays, parts = 0, [f"{op}: the process ended with {process.exitcode}"], {}, 0
        process.join()
        passed, failed, taken = passed + good, failed + len(failures), taken + parts
        for reason, number in stays.items():
            reasons[general(reason)] += number
        for failure in failures:
            print(f"FAILED  {failure}", flush=True)
    for reason, number in sorted(reasons.items()):
        print(f"stays with the host, {number:4} times: {reason}")
    if options.write:
        write(reasons, taken)
    print(f"ops inside LiteRT: {taken} taken")
    print(f"{passed} passed, {failed} failed, 0 skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    np.seterr(all="ignore")
    sys.exit(main())
