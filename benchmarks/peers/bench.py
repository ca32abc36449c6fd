# SPDX-License-Identifier: Apache-2.0
"""safelight beside the peers, interleaved, on the same networks with the same weights and the same input.

Every runtime is one process per network and number of threads, and takes its turn in every round, in random order; the others
are stopped meanwhile. A turn that other processes disturb is repeated. All outputs are compared with LiteRT's first.
"""
import argparse
import datetime
import importlib.metadata
import json
import math
import os
import pathlib
import platform
import random
import subprocess
import sys

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "benchmarks"), str(ROOT / "benchmarks" / "peers")]
import model_files  # noqa: E402
import networks  # noqa: E402
import page  # noqa: E402
import processes  # noqa: E402
import random_networks  # noqa: E402
import report  # noqa: E402
from report import OURS  # noqa: E402

# A peer whose output differs by more of the output's range computes something else: bfloat16 differs by 3e-3 or more, the order
# of sums of a mean over the whole picture by 1.4e-3 (learned_isp), everything else by less than 5e-4.
AGREEMENT = 2e-3
# Ours with other options, as {name: (options of bench_runner, threads or 0 for those of the run)}.
VARIANTS = {
    f"{OURS} layers": (("--strip", "1000000"), 0),  # the same kernels, every layer whole
    f"{OURS} exact": (("--arithmetic", "exact"), 0),  # no Winograd
    f"{OURS} 1 thread": ((), 1),
}
LIMITED = {f"{OURS} 60MB": (("--memory-limit", "60000000"), 0)}


def git(*words):
    return subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True).stdout.strip()


def machine():
    with open("/proc/cpuinfo") as file:
        facts = dict(line.split(":", 1) for line in file if ":" in line)
    facts = {key.strip(): value.strip() for key, value in facts.items()}
    model = f"{facts.get('model name', platform.machine())} (family {facts.get('cpu family')} model {facts.get('model')})"
    packages = {name: importlib.metadata.version(name) for name in ("ai-edge-litert", "onnxruntime", "mnn", "ncnn", "openvino")}
    return {"cpu": model, "cores": len(os.sched_getaffinity(0)), "system": platform.release(),
            "date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M UTC"),
            "commit": git("rev-parse", "--short", "HEAD"), "changed": bool(git("status", "--porcelain", "--untracked-files=no")),
            "packages": packages}


def read_output(case, name, planar):
    """The first output, flat, in the order of n h w c; its file is removed."""
    path = case.file(f".{name}.out")
    values = np.fromfile(path, np.float32)
    path.unlink()
    if planar and values.size == math.prod(case.outputs[0]):
        _, h, w, c = case.outputs[0]
        values = values.reshape(c, h, w).transpose(1, 2, 0).ravel()
    return values


def commands(case, threads, options):
    """{name: command}; LiteRT first, which is the reference."""
    result = {peer: model_files.peer_command(case, peer, threads) for peer in options.peers if peer in case.files}
    result[OURS] = model_files.our_command(case, OURS, threads)
    variants = {}
    if options.variants and case.name in networks.FIXED:
        variants = VARIANTS | (LIMITED if case.name == "N4" else {})
    for name, (words, count) in variants.items():
        if count != threads:
            result[name] = model_files.our_command(case, name, count or threads, words)
    return dict(sorted(result.items(), key=lambda item: item[0] != "litert"))


def compare(output, reference):
    """(why the output is not the reference's, or an empty sentence; the largest difference)."""
    if output.size != reference.size:
        return f"its output has {output.size} numbers, must have {reference.size}", None
    difference, spread = float(np.max(np.abs(output - reference))), float(np.ptp(reference))
    if not difference <= AGREEMENT * spread:  # also where it is not a number
        return f"its output differs by {difference:.3g}, the range is {spread:.3g}", difference
    return "", difference


def start_all(case, threads, options):
    """({name: Runtime}, {name: why not}): those whose output agrees with LiteRT's."""
    running, refused, reference = {}, {}, None
    for name, command in commands(case, threads, options).items():
        try:
            runtime = processes.Runtime(name, command, case.file(f".{name}.log"))
        except processes.Failed as error:
            refused[name] = str(error)
            continue
        output = read_output(case, name, case.files.get(name, ("", "nhwc"))[1] == "nchw")
        reference = output if reference is None else reference
        why_not, runtime.facts["difference"] = compare(output, reference)
        if why_not:
            refused[name] = why_not
            runtime.kill()
        else:
            running[name] = runtime
    return running, refused


def run_rounds(running, peak, rounds, options):
    """[{name: turn}] of every round, "peak" among the names. At most as many turns again are spent on repeats."""
    order, shuffle, result = list(running) + ["peak"], random.Random(options.seed), []
    repeats = rounds * len(running) if options.repeat else 0
    for _ in range(rounds):
        shuffle.shuffle(order)
        turns = {}
        for name in order:
            turns[name], used = (peak if name == "peak" else running[name]).quiet_turn(repeats)
            repeats -= used
        result.append(turns)
    return result


def measure(case, threads, rounds, options):
    """The result of one network at one number of threads."""
    peak_command = [str(model_files.BUILD / "bench_fma_peak"), "--threads", str(threads)]
    peak = processes.Runtime("peak", peak_command, case.file(".peak.log"))
    try:
        running, refused = start_all(case, threads, options)
        turns = run_rounds(running, peak, rounds, options)
        facts = {name: {**runtime.facts, **runtime.end()} for name, runtime in running.items()}
    finally:
        processes.kill_all()
    return {"network": case.name, "threads": threads, "gflop": 2e-9 * case.macs, "tensors_kib": case.tensor_bytes() // 1024,
            "simd": peak.facts["simd"], "refused": {**refused, **case.missing}, "rounds": turns, "facts": facts}


def cases(options):
    """(group, Case) one after another, files written just before each is measured."""
    folder = ROOT / "build" / "bench" / "models"
    for name in filter(None, options.networks.split(",")):
        yield "fixed", model_files.write_case(networks.FIXED[name](), folder)
    if options.real:
        paths = sorted((options.data / "models" / "image_to_image").rglob("*.tflite"))
        if not paths:
            print(f"SKIPPED: no models at {options.data}: no real networks are measured")
        for path in paths:
            try:
                yield "real", model_files.real_case(path, folder)
            except ValueError as error:
                print(f"skipped {path.name}: {error}", flush=True)
    for index in range(options.random):
        seed = options.graph_seed + index
        print(f"random graph of seed {seed}", flush=True)
        yield "random", model_files.write_case(random_networks.random_network(f"random{index + 1}", seed), folder)


def parse():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--networks", default=",".join(networks.FIXED), help="of N1,N2,N3,N4; '' for none")
    parser.add_argument("--real", action="store_true", help="also the real float networks of --data, two threads")
    parser.add_argument("--data", type=pathlib.Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--random", type=int, default=0, metavar="N", help="also N random networks, two threads")
    parser.add_argument("--graph-seed", type=int, default=int(git("rev-parse", "HEAD")[:7] or "1", 16),
                        help="of the random networks; default: the commit's hash")
    parser.add_argument("--threads", default="2,1", help="of N1 to N4")
    parser.add_argument("--peers", default=",".join(model_files.PEERS))
    parser.add_argument("--no-variants", dest="variants", action="store_false", help="ours only as it is")
    parser.add_argument("--no-repeat", dest="repeat", action="store_false", help="disturbed turns are not repeated, only told")
    parser.add_argument("--rounds", type=int, default=9, help="of N1 to N4; a third of it, at least 3, for the others")
    parser.add_argument("--seed", type=int, default=1, help="of the order of turns")
    parser.add_argument("--json", type=pathlib.Path, default=ROOT / "build" / "bench" / "peers.json")
    parser.add_argument("--write", action="store_true", help="write docs/performance.md and its chart from this run")
    options = parser.parse_args()
    options.peers = options.peers.split(",")
    return options


def main():
    options = parse()
    everything = {"machine": machine(), "needed": model_files.NEEDED, "results": []}
    for group, case in cases(options):
        for threads in map(int, options.threads.split(",") if group == "fixed" else "2"):
            rounds = options.rounds if group == "fixed" else max(3, options.rounds // 3)
            result = {"group": group, **measure(case, threads, rounds, options)}
            everything["results"].append(result)
            print(report.text(result), flush=True)
            options.json.write_text(json.dumps(everything))
    print("\n".join(["", *report.goals(everything)]))
    print(f"written: {options.json}")
    if options.write:
        page.write(everything, ROOT / "docs" / "performance.md", ROOT / "docs" / "performance.png")


if __name__ == "__main__":
    main()
