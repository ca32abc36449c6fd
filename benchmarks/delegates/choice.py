# SPDX-License-Identifier: Apache-2.0
"""The delegate "auto" against the best single choice, on every network at hand whose inputs are numbers of any kind.

  choice.py [--threads 2] [--rounds 5] [--data ../shared/data] [--only PART] [--choices cpu,xnnpack] [--write]

"auto" measures in a process of its own first; what is timed is the second one, which finds the choice in the cache. All choices
are processes that take turns in random order; a ratio is the median over rounds of auto over the fastest of the round's medians.
--write puts the table into docs/delegates.md.
"""
import argparse
import datetime
import math
import pathlib
import random
import re
import statistics
import subprocess
import sys
import tempfile

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "benchmarks/peers"), str(ROOT / "tests")]
import processes  # noqa: E402

SHORTEST_MS = 0.2  # below, waking the process counts for more than the network
RUNNER = ROOT / "build/release/bench_runner"


def inputs_of(model, folder):
    """The bytes of all inputs one after another: pixels' noise, as the file's own types."""
    said = subprocess.run([ROOT / "build/release/safelight", "inspect", model, "--json"], capture_output=True, text=True)
    if said.returncode:
        raise processes.Failed(said.stderr.strip()[-200:])
    import json
    rng = np.random.default_rng(1)
    parts = []
    for port in json.loads(said.stdout)["inputs"]:
        shape = port["shape"]
        if port["dtype"] == "float32":
            parts.append(rng.random(shape, np.float32).tobytes())
        else:
            kind = {"bool": "uint8"}.get(port["dtype"], port["dtype"])
            parts.append(rng.integers(0, 2 if port["dtype"] in ("bool", "int32", "int64") else 100, shape).astype(kind).tobytes())
    path = folder / "inputs.raw"
    path.write_bytes(b"".join(parts))
    return path


def measure(model, options, folder):
    inputs = inputs_of(model, folder)
    command = [str(RUNNER), "--model", str(model), "--input", str(inputs), "--threads", str(options.threads)]
    cache = folder / "cache"
    first = processes.Runtime("first", [*command, "--output", str(folder / "o"), "--delegate", "auto", "--delegate-cache", str(cache)], folder / "log")
    first.end()
    runtimes = {}
    for choice in [*options.choices.split(","), "auto"]:
        extra = [] if choice == "cpu" else ["--delegate", choice, "--delegate-cache", str(cache)]
        runtimes[choice] = processes.Runtime(choice, [*command, "--output", str(folder / "o"), *extra], folder / f"log.{choice}")
    times = {choice: [] for choice in runtimes}
    for _ in range(options.rounds):
        for choice in random.sample(list(runtimes), len(runtimes)):
            times[choice].append(runtimes[choice].turn()["value"])
    for runtime in runtimes.values():
        runtime.end()
    taken = [path.read_text().rsplit("winner ", 1)[1].split("\n")[0] for path in cache.glob("auto-*.txt")]
    medians = {choice: statistics.median(values) for choice, values in times.items()}
    best = min((choice for choice in medians if choice != "auto"), key=medians.get)
    ratio = statistics.median(a / b for a, b in zip(times["auto"], times[best], strict=True))
    return {"name": model.stem, "best": best, "taken": taken[0] if taken else "?", "ratio": ratio, "ms": {c: 1000 * v for c, v in medians.items()}}


def write(rows, summary, options):
    stamp = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M UTC")
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, cwd=ROOT).stdout.strip()
    choices = list(rows[0]["ms"])
    lines = [f"Made by `./dev bench choice --write`; {stamp}, commit {commit}; {options.threads} threads, {options.rounds} rounds.", "", summary, "",
             "| network | " + " | ".join(f"{c} ms" for c in choices) + " | best | auto took | auto / best |", "|---" * (len(choices) + 4) + "|"]
    for row in rows:
        lines.append(f"| {row['name']} | " + " | ".join(f"{row['ms'][c]:.2f}" for c in choices) + f" | {row['best']} | {row['taken']} | {row['ratio']:.2f} |")
    path = ROOT / "docs/delegates.md"
    path.write_text(re.sub(r"(<!-- choice -->\n).*?(<!-- end of choice -->)", lambda m: m[1] + "\n".join(lines) + "\n" + m[2], path.read_text(), flags=re.S))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=pathlib.Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", default="")
    parser.add_argument("--choices", default="cpu,xnnpack")
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    rows = []
    for model in sorted((options.data / "models").rglob("*.tflite")):
        if options.only not in str(model) or {"ops", "malformed_or_unsupported"} & set(model.parts):
            continue  # single ops are no networks
        with tempfile.TemporaryDirectory() as name:
            try:
                row = measure(model, options, pathlib.Path(name))
            except processes.Failed as error:
                print(f"{model.stem}: left out: {error}", flush=True)
                continue
        if min(row["ms"].values()) < SHORTEST_MS:
            print(f"{model.stem}: left out: a run takes less than {SHORTEST_MS} ms", flush=True)
            continue
        rows.append(row)
        print(f"{row['name']:44} " + " ".join(f"{c} {ms:.2f}" for c, ms in row["ms"].items()) + f" ms; best {row['best']}, auto took {row['taken']}, ratio {row['ratio']:.2f}", flush=True)
    mean = math.exp(statistics.mean(math.log(row["ratio"]) for row in rows))
    worst = max(rows, key=lambda row: row["ratio"])
    summary = f"{len(rows)} networks: geometric mean of auto over the best single choice {mean:.3f} (asked: 1.03), worst {worst['ratio']:.3f}, {worst['name']} (asked: 1.12)."
    print(summary)
    if options.write:
        write(rows, summary, options)


if __name__ == "__main__":
    main()
