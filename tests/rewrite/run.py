# SPDX-License-Identifier: Apache-2.0
"""Models loaded and written again lose nothing. Ends with "N passed, N failed, N skipped".

  run.py --program build/release/rewrite_model [--data ../shared/data]

Every .tflite file at hand that safelight reads is rewritten. Both files are unpacked by the schema's own classes, which
know every field and every options table of the format, and must hold the same; LiteRT must compute the same bits from both
(where the model is small enough to take no time).
"""
import argparse
import pathlib
import subprocess
import sys
import tempfile

import numpy as np
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter, OpResolverType

ROOT = pathlib.Path(__file__).resolve().parents[2]
MOST_ELEMENTS = 2_000_000  # of all tensors, of models that LiteRT runs here


def difference(a, b, place):
    """The first place where two unpacked objects differ; None when there is none."""
    if isinstance(a, schema.BufferT) and place.endswith("]"):
        # Elements behind the container move into it.
        same = np.array_equal(np.asarray(a.data if a.data is not None else []), np.asarray(b.data if b.data is not None else []))
        return None if same or a.offset > 1 else place
    if hasattr(a, "__dict__"):
        if type(a) is not type(b):
            return place
        for name, value in vars(a).items():
            found = difference(value, getattr(b, name), f"{place}.{name}")
            if found:
                return found
        return None
    if isinstance(a, list) and isinstance(b, list):
        if len(a) != len(b):
            return f"{place}: {len(a)} and {len(b)} elements"
        for index, (x, y) in enumerate(zip(a, b)):
            found = difference(x, y, f"{place}[{index}]")
            if found:
                return found
        return None
    if isinstance(a, np.ndarray) or isinstance(b, np.ndarray):
        return None if np.array_equal(a, b, equal_nan=np.asarray(a).dtype.kind == "f") else place
    return None if a == b or (a != a and b != b) else f"{place}: {a!r} and {b!r}"


def unpack(data):
    return schema.ModelT.InitFromObj(schema.Model.GetRootAs(bytearray(data), 0))


def litert_outputs(data, resolver=OpResolverType.AUTO):
    """The outputs for random inputs; None when LiteRT does not take the model, or it is large."""
    try:
        interpreter = Interpreter(model_content=data, experimental_op_resolver_type=resolver)
        interpreter.allocate_tensors()
        if sum(int(np.prod(t["shape"])) for t in interpreter.get_tensor_details()) > MOST_ELEMENTS:
            return None
        rng = np.random.default_rng(5)
        for port in interpreter.get_input_details():
            kind = np.dtype(port["dtype"]).kind
            values = rng.random(port["shape"]) if kind == "f" else rng.integers(0, 2, port["shape"])
            interpreter.set_tensor(port["index"], values.astype(port["dtype"]))
        interpreter.invoke()
        return [interpreter.get_tensor(port["index"]) for port in interpreter.get_output_details()]
    except (ValueError, RuntimeError, TypeError):
        return None


def same(expected, results):
    return results is not None and all(np.array_equal(x, y, equal_nan=x.dtype.kind == "f") for x, y in zip(expected, results))


def check(program, path, folder):
    """(verdict, sentence) of one file."""
    written = folder / "rewritten.tflite"
    done = subprocess.run([program, path, written], capture_output=True, text=True)
    if done.returncode != 0:
        # What the reader refuses is not this program's to write; what it reads must be written.
        read = subprocess.run([program.parent / "safelight", "inspect", path], capture_output=True).returncode == 0
        return ("FAILED" if read or done.returncode != 1 else "refused"), done.stderr.strip()
    before, after = path.read_bytes(), written.read_bytes()
    found = difference(unpack(before), unpack(after), "model")
    if found:
        return "FAILED", f"differs at {found}"
    expected = litert_outputs(before)
    if expected is None:
        return "ok", "not run in LiteRT"
    if same(expected, litert_outputs(after)):
        return "ok", ""
    # Some optimised kernels depend on where the elements lie; the reference kernels do not.
    if same(litert_outputs(before, OpResolverType.BUILTIN_REF), litert_outputs(after, OpResolverType.BUILTIN_REF)):
        return "ok", ""
    return "FAILED", "LiteRT gives other outputs"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--program", required=True, type=pathlib.Path)
    parser.add_argument("--data", type=pathlib.Path, default=ROOT.parent / "shared" / "data")
    options = parser.parse_args()
    files = sorted((ROOT / "models").glob("*.tflite"))
    skipped = 0
    if (options.data / "models").is_dir():
        files += sorted(path for kind in ("*.tflite", "*.bin") for path in (options.data / "models").rglob(kind))
    else:
        print(f"SKIPPED: no models at {options.data}: only the built-in ones are rewritten")
        skipped = 1
    counts = {"ok": 0, "refused": 0, "FAILED": 0}
    not_run = 0
    with tempfile.TemporaryDirectory() as folder:
        for path in files:
            if path.read_bytes()[4:8] != b"TFL3":
                continue
            verdict, sentence = check(options.program, path, pathlib.Path(folder))
            counts[verdict] += 1
            not_run += sentence == "not run in LiteRT"
            if verdict == "FAILED":
                print(f"FAILED  {path}: {sentence}")
    print(f"{counts['refused']} files that are refused by the reader, {not_run} rewritten but too large for LiteRT here")
    print(f"{counts['ok']} passed, {counts['FAILED']} failed, {skipped} skipped")
    return 1 if counts["FAILED"] else 0


if __name__ == "__main__":
    sys.exit(main())
