# SPDX-License-Identifier: Apache-2.0
"""safelight beside the peers, interleaved, on the same networks with the same weights and the same input.

Every runtime is one process per network and number of threads, and takes its turn in every round, in random order; the others
are stopped meanwhile. A turn that other processes disturb is repeated. All outputs are compared with LiteRT's first.
"""
import argparse
import datetime
import importlib.metadata
import json
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
import processes  # noqa: E402
import report  # noqa: E402

OURS = "safelight"
# A peer whose output differs by more of the output's range computes something else (bfloat16 does).
AGREEMENT = 5e-4
# Runs of ours with other options, told beside the peers: network -> name -> options of bench_runner.
VARIANTS = {"N4": {"safelight 60MB": ("--memory-limit", "60000000")}}


def machine():
    with open("/proc/cpuinfo") as file:
        facts = dict(line.split(":", 1) for line in file if ":" in line)
    facts = {key.strip(): value.strip() for key, value in facts.items()}
    model = f"{facts.get('model name', platform.machine())} (family {facts.get('cpu family')} model {facts.get('model')})"

    def git(*words):
        return subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True).stdout.strip()

    packages = {name: importlib.metadata.version(name) for name in ("ai-edge-litert", "onnxruntime", "mnn", "ncnn", "openvino")}
    return {"cpu": model, "cores": len(__import__("os").sched_getaffinity(0)), "system": platform.release(),
            "date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M UTC"),
            "commit": git("rev-parse", "--short", "HEAD"), "changed": bool(git("status", "--porcelain", "--untracked-files=no")),
            "packages": packages}


def read_output(case, name, layout, shape):
    values = np.fromfile(case.file(f".{name}.out"), np.float32)
    h, w, c = shape
    return values.reshape(c, h, w).transpose(1, 2, 0) if layout == "nchw" else values.reshape(h, w, c)


def start_all(case, threads, peers, shape):
    """({name: Runtime}, {name: why not}): those whose output agrees with LiteRT's."""
    commands = {peer: model_files.peer_command(case, peer, threads) for peer in peers}
    commands[OURS] = model_files.our_command(case, OURS, threads)
    for name, options in VARIANTS.get(case.name, {}).items():
        commands[name] = model_files.our_command(case, name, threads, options)
    commands = dict(sorted(commands.items(), key=lambda item: item[0] != "litert"))  # the reference first
    running, refused, reference = {}, {}, None
    for name, command in commands.items():
        try:
            runtime = processes.Runtime(name, command, case.file(f".{name}.log"))
        except processes.Failed as error:
            refused[name] = str(error)
            continue
        output = read_output(case, name, runtime.facts["layout"], shape)
        case.file(f".{name}.out").unlink()
        reference = output if reference is None else reference
        difference, spread = float(np.max(np.abs(output - reference))), float(np.ptp(reference))
        runtime.facts["difference"] = difference
        if not difference <= AGREEMENT * spread:
            refused[name] = f"{name}: its output differs by {difference:.3g}, the range is {spread:.3g}"
            runtime.kill()
            continue
        running[name] = runtime
    return running, refused


def run_rounds(running, peak, rounds, seed):
    """[{name: turn}] of every round, "peak" among the names."""
    order, shuffle, repeats, result = list(running) + ["peak"], random.Random(seed), rounds * len(running), []
    for _ in range(rounds):
        shuffle.shuffle(order)
        turns = {}
        for name in order:
            turns[name], used = (peak if name == "peak" else running[name]).quiet_turn(repeats)
            repeats -= used
        result.append(turns)
    return result


def measure(case, threads, options, shape):
    """The result of one network at one number of threads."""
    running, refused = start_all(case, threads, options.peers, shape)
    peak_command = [str(model_files.BUILD / "bench_fma_peak"), "--threads", str(threads)]
    peak = processes.Runtime("peak", peak_command, case.file(".peak.log"))
    try:
        rounds = run_rounds(running, peak, options.rounds, options.seed)
        facts = {name: {**runtime.facts, **runtime.end()} for name, runtime in running.items()}
    finally:
        for runtime in [*running.values(), peak]:
            runtime.kill()
    tensors = int(case.picture.nbytes) + 4 * shape[0] * shape[1] * shape[2]
    return {"network": case.name, "threads": threads, "gflop": 2e-9 * case.macs, "tensors_kib": tensors // 1024, "simd": peak.facts["simd"],
            "refused": {**refused, **case.missing}, "rounds": rounds, "facts": facts}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--networks", default=",".join(networks.FIXED), help="of N1,N2,N3,N4")
    parser.add_argument("--threads", default="2,1")
    parser.add_argument("--peers", default=",".join(model_files.PEERS))
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--seed", type=int, default=1, help="of the order of turns")
    parser.add_argument("--json", type=pathlib.Path, default=ROOT / "build" / "bench" / "peers.json")
    options = parser.parse_args()
    options.peers = options.peers.split(",")
    results = {"machine": machine(), "results": []}
    folder = ROOT / "build" / "bench" / "models"
    for name in options.networks.split(","):
        net = networks.FIXED[name]()
        case = model_files.write_case(net, folder)
        out = net.outputs[0]
        for threads in map(int, options.threads.split(",")):
            results["results"].append(measure(case, threads, options, (out.h, out.w, out.c)))
            print(report.text(results["results"][-1], OURS), flush=True)
            options.json.write_text(json.dumps(results, indent=1))
    print(f"written: {options.json}")


if __name__ == "__main__":
    main()
