# SPDX-License-Identifier: Apache-2.0
"""The delegate for stock TFLite, loaded by its hosts. Ends with "N passed, N failed, N skipped".

  run.py --library build/release/libsafelight_tflite_delegate.so [--data ../shared/data] [--hosts] [--only PART]

Every run is a process of its own. With --hosts also in older and newer hosts, each in an environment that is made for it.
"""
import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import threading

import numpy as np

import hosts

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tests/conformance")]
import for_reference  # noqa: E402
from tflite_writer import Writer  # noqa: E402

ENTRY_POINTS = {"tflite_plugin_create_delegate", "tflite_plugin_destroy_delegate"}
BUILT_IN = ROOT / "models/upscale_x3.tflite"
# Against the host's reference kernels: every bit. Small, or of a size that can be chosen.
INTEGERS = {"superres/abpn_x3_ptq_u8io_dynamic.tflite": [1, 40, 56, 3], "superres/abpn_x3_qat_u8io_dynamic.tflite": [1, 31, 33, 3],
            "superres/edsr_f32b5_u8io_dynamic.tflite": [1, 24, 28, 3]}


class Bench:
    """Runs jobs in one host's Python."""

    def __init__(self, library, python=sys.executable):
        self.library, self.python = str(library), str(python)
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="delegates"))
        self.count, self.lock = 0, threading.Lock()

    def run(self, model, delegate=True, **job):
        """(what host.py printed, its standard error, the outputs)."""
        with self.lock:
            self.count += 1
            stem = str(self.folder / str(self.count))
        job = {"model": str(model), "outputs": stem, **job}
        if delegate:
            job["delegate"] = self.library
        pathlib.Path(f"{stem}.json").write_text(json.dumps(job))
        done = subprocess.run([self.python, str(pathlib.Path(__file__).with_name("host.py")), f"{stem}.json"],
                              capture_output=True, text=True, timeout=600, env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"})
        lines = done.stdout.strip().splitlines()
        assert done.returncode == 0 and lines, f"the host ended with {done.returncode}: {done.stderr[-600:]}"
        said = json.loads(lines[-1])
        return said, done.stderr, [np.load(name) for name in said.get("outputs", [])]

    def outputs(self, model, delegate=True, **job):
        said, _, outputs = self.run(model, delegate, **job)
        assert "error" not in said, said["error"]
        return outputs


def expect_close(ours, theirs, share):
    """Within `share` of the range of each output, and a little."""
    assert len(ours) == len(theirs)
    for a, b in zip(ours, theirs, strict=True):
        assert a.shape == b.shape and a.dtype == b.dtype, (a.shape, b.shape)
        if a.size:
            most = float(np.max(np.abs(a.astype(np.float64) - b)))
            assert most <= share * float(np.ptp(b)) + 1e-6, f"differs by {most} of a range of {float(np.ptp(b))}"


def nodes_taken(stderr):
    return sum(int(line.split()[1]) for line in stderr.splitlines() if line.startswith("safelight: ") and " nodes from node " in line)


def check_symbols(bench):
    """It exports the two entry points alone and imports nothing of the host."""
    def symbols(kind):
        listing = subprocess.run(["nm", "-D", kind, bench.library], capture_output=True, text=True, check=True).stdout
        return {line.split()[-1].split("@")[0] for line in listing.splitlines()}
    assert symbols("--defined-only") == ENTRY_POINTS, symbols("--defined-only")
    assert not [name for name in symbols("--undefined-only") if "tflite" in name.lower()]


def check_built_in(bench):
    """All nodes are taken; fast and exact arithmetic, one thread and three."""
    sizes = [[1, 37, 53, 3]]
    theirs = bench.outputs(BUILT_IN, False, sizes=sizes)
    said, stderr, ours = bench.run(BUILT_IN, sizes=sizes, options={"verbose": "1"})
    assert "error" not in said, said
    expect_close(ours, theirs, 1e-4)
    assert nodes_taken(stderr) > 5 and "stays with the host" not in stderr, stderr
    for options in ({"arithmetic": "exact"}, {"arithmetic": "exact", "threads": "3"}, {"memory_limit": "2MB", "arithmetic": "exact"}):
        expect_close(bench.outputs(BUILT_IN, sizes=sizes, options=options), theirs, 1e-5)


def check_sizes(bench):
    """One interpreter, several sizes one after another."""
    sizes = [[1, 20, 30, 3], [2, 31, 17, 3], [1, 20, 30, 3]]
    expect_close(bench.outputs(BUILT_IN, sizes=sizes), bench.outputs(BUILT_IN, False, sizes=sizes), 1e-4)


def mixed_network(path):
    """Convolutions with an op between them that is not ours."""
    random = np.random.default_rng(3)
    writer = Writer()
    value = writer.input((1, 24, 31, 8), np.float32)
    for k in range(3):
        filters = writer.constant(random.normal(0, 0.2, (8, 3, 3, 8)).astype(np.float32))
        bias = writer.constant(random.normal(0, 0.1, 8).astype(np.float32))
        made = writer.value(np.float32, (1, 24, 31, 8))
        writer.node("CONV_2D", [value, filters, bias], [made],
                    ("Conv2DOptions", {"strideW": 1, "strideH": 1, "dilationWFactor": 1, "dilationHFactor": 1,
                                       "fusedActivationFunction": k % 2}))
        value = made
        if k == 1:
            made = writer.value(np.float32, (1, 24, 31, 8))
            writer.node("LOCAL_RESPONSE_NORMALIZATION", [value], [made],
                        ("LocalResponseNormalizationOptions", {"radius": 2, "bias": 1.0, "alpha": 0.1, "beta": 0.5}))
            value = made
    path.write_bytes(writer.finish([value]))


def check_mixed(bench):
    """What is not ours stays with the host, with the reason; small parts too where asked."""
    model = bench.folder / "mixed.tflite"
    mixed_network(model)
    theirs = bench.outputs(model, False)
    _, stderr, ours = bench.run(model, options={"verbose": "1"})
    expect_close(ours, theirs, 1e-4)
    assert nodes_taken(stderr) == 3 and "node 2 stays with the host: op number 13 is not built" in stderr, stderr
    _, stderr, ours = bench.run(model, options={"verbose": "1", "min_nodes": "2"})
    expect_close(ours, theirs, 1e-4)
    assert nodes_taken(stderr) == 2, stderr


def check_options(bench):
    """What is wrong with an option comes to the host as a sentence."""
    for options, sentence in (({"colour": "red"}, "option colour: no such option"), ({"threads": "many"}, "option threads: 'many' is no number"),
                              ({"arithmetic": "slow"}, "must be fast or exact"), ({"memory_limit": "3 MB"}, "is no number")):
        said, _, _ = bench.run(BUILT_IN, options=options)
        assert sentence in said.get("error", ""), said
    said, _, _ = bench.run(BUILT_IN, sizes=[[1, 64, 4000, 3]], options={"memory_limit": "10KB"})
    assert "the limit is 10 KiB" in said.get("error", "") or "error" in said, said


def check_integers(bench, models):
    """Every bit of the host's reference kernels."""
    for name, size in INTEGERS.items():
        model = bench.folder / pathlib.Path(name).name
        model.write_bytes(for_reference.rewrite((models / name).read_bytes()))
        job = {"sizes": [size]}
        for a, b in zip(bench.outputs(model, **job), bench.outputs(model, False, reference=True, **job), strict=True):
            assert np.array_equal(a, b), f"{name}: {np.count_nonzero(a != b)} of {a.size} differ"


def check_floats(bench, models):
    """The float networks at hand, at the sizes of the files."""
    for path in sorted(models.glob("*/*.tflite")):
        if not any(kind in path.name for kind in ("fp32", "f16w")) or "540x960" in path.name:
            continue
        said, _, ours = bench.run(path, threads=2)
        assert "error" not in said, f"{path.name}: {said['error']}"
        # The MEAN of a whole picture, which the host adds up in float32 one by one, is less exact there.
        expect_close(ours, bench.outputs(path, False, threads=2), 2e-3 if "learned_isp" in path.name else 1e-4)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--library", required=True, type=pathlib.Path)
    parser.add_argument("--data", type=pathlib.Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--hosts", action="store_true")
    parser.add_argument("--only", default="")
    options = parser.parse_args()
    bench, models = Bench(options.library.resolve()), options.data / "models/image_to_image"
    checks = [("symbols", check_symbols, ()), ("built-in model", check_built_in, ()), ("sizes", check_sizes, ()),
              ("mixed network", check_mixed, ()), ("options", check_options, ()), ("integers", check_integers, (models,)),
              ("floats", check_floats, (models,))]
    jobs = [(name, check, bench, *rest) for name, check, rest in checks]
    if options.hosts:
        for host, python in hosts.environments():
            other = Bench(options.library.resolve(), python)
            jobs += [(f"{name} in {host}", check, other) for name, check, rest in checks[1:5]]
    counts = {"ok": 0, "FAILED": 0, "SKIPPED": 0}
    for name, check, *arguments in jobs:
        if options.only not in name:
            continue
        verdict, why = "ok", ""
        if len(arguments) > 1 and not models.is_dir():
            verdict, why = "SKIPPED", f"no models at {models}"
        else:
            try:
                check(*arguments)
            except (AssertionError, subprocess.SubprocessError) as error:
                verdict, why = "FAILED", str(error)
        counts[verdict] += 1
        print(f"{verdict:8}{name}{': ' + why if why else ''}", flush=True)
    print(f"{counts['ok']} passed, {counts['FAILED']} failed, {counts['SKIPPED']} skipped")
    return 1 if counts["FAILED"] else 0


if __name__ == "__main__":
    sys.exit(main())
