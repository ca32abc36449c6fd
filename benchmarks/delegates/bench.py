# SPDX-License-Identifier: Apache-2.0
"""Stock LiteRT with and without our delegate, through its own Python interface, side by side.

  bench.py [--library PATH] [--threads 2] [--rounds 5] [--data ../shared/data] [--only PART] [--write]

Every measurement is a process: in each round both sides run the same network on the same noise, in random order, the first run
of a process not counted. Memory is the peak of the process less the interpreter's, taken before the model is opened.
--write puts the table into docs/delegates.md.
"""
import argparse
import datetime
import json
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
sys.path[:0] = [str(ROOT / "benchmarks"), str(ROOT / "benchmarks/peers"), str(ROOT / "tests")]
import networks  # noqa: E402
import write_tflite  # noqa: E402

HOST = ROOT / "tests/delegates/host.py"
# Image-to-image networks of 1440x1080 class, by what they read or make; a size where the file leaves it open.
REAL = [("superres/edsr_f32b5_fp32_540x960.tflite", None), ("superres/edsr_f32b5_QAT_540x960.tflite", None),
        ("superres/abpn_x3_qat_u8io_360x640.tflite", None), ("deblur/deblur_720x1280_int8_floatio.tflite", None),
        ("deblur/small_2conv_256_fp32.tflite", [1, 1080, 1440, 3]), ("lowlight/zero_dce_lite_200x300_fp32.tflite", [1, 1080, 1440, 3])]


def run(folder, case, ours, options):
    model, size = case
    job = {"model": str(model), "outputs": str(folder / ("ours" if ours else "plain")), "threads": options.threads, "runs": 3}
    if size:
        job["sizes"] = [size]
    if ours:
        job["delegate"] = str(options.library.resolve())
    (folder / "job.json").write_text(json.dumps(job))
    done = subprocess.run([sys.executable, str(HOST), str(folder / "job.json")], capture_output=True, text=True)
    said = json.loads(done.stdout.strip().splitlines()[-1]) if done.stdout.strip() else {"error": done.stderr[-200:]}
    if "error" in said:
        raise RuntimeError(said["error"])
    return statistics.median(said["ms"][1:]), (said["peak_kib"] - said["base_kib"]) / 1024, said


def difference(ours, plain):
    """The largest, as a share of the range."""
    shares = []
    for a, b in zip(ours["outputs"], plain["outputs"], strict=True):
        a, b = np.load(a).astype(np.float64), np.load(b).astype(np.float64)
        shares.append(float(np.max(np.abs(a - b)) / max(np.ptp(b), 1e-9)))
    return max(shares)


def measure(name, case, folder, options):
    rows = []
    for _ in range(options.rounds):
        pair = {}
        for ours in random.sample([True, False], 2):
            pair[ours] = run(folder, case, ours, options)
        rows.append((pair[True][0], pair[False][0], pair[True][1], pair[False][1], difference(pair[True][2], pair[False][2])))
    ours, plain, own, other, parts = zip(*rows)
    ratios = sorted(b / a for a, b in zip(ours, plain, strict=True))
    row = {"name": name, "ours": statistics.median(ours), "plain": statistics.median(plain), "ratio": statistics.median(ratios),
           "spread": (ratios[0], ratios[-1]), "own": statistics.median(own), "other": statistics.median(other), "parts": max(parts)}
    print("{name:44} {plain:9.1f} {ours:9.1f} ms  x{ratio:.2f}  {other:7.0f} {own:7.0f} MB  {parts:.1e}".format(**row), flush=True)
    return row


def write(rows, summary, options, host):
    stamp = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M UTC")
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, cwd=ROOT).stdout.strip()
    lines = [f"Made by `./dev bench delegates --write`; {stamp}, commit {commit}; {host}, {options.threads} threads, {options.rounds} rounds.", "",
             "| network | LiteRT ms | with safelight ms | times faster | smallest-largest | LiteRT MB | with safelight MB | largest difference |",
             "|---|---|---|---|---|---|---|---|"]
    for r in rows:
        lines.append(f"| {r['name']} | {r['plain']:.1f} | {r['ours']:.1f} | {r['ratio']:.2f} | {r['spread'][0]:.2f}-{r['spread'][1]:.2f} | "
                     f"{r['other']:.0f} | {r['own']:.0f} | {r['parts']:.1e} |")
    path = ROOT / "docs/delegates.md"
    text = re.sub(r"(<!-- measured -->\n).*?(<!-- end -->)", lambda m: m[1] + "\n".join([*lines, "", summary, ""]) + m[2],
                  path.read_text(), flags=re.S)
    path.write_text(text)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--library", type=pathlib.Path, default=ROOT / "build/release/libsafelight_tflite_delegate.so")
    parser.add_argument("--data", type=pathlib.Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", default="")
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        cases = []
        for make in (networks.n1, networks.n2, networks.n3, networks.n4):
            net = make()
            write_tflite.write(net, folder / f"{net.name}.tflite")
            cases.append((net.name, (folder / f"{net.name}.tflite", None)))
        models = options.data / "models/image_to_image"
        cases += [(pathlib.Path(file).stem, (models / file, size)) for file, size in REAL if (models / file).exists()]
        rows = [measure(name, case, folder, options) for name, case in cases if options.only in name]
        host = run(folder, cases[0][1], False, options)[2]["host"]
    faster = math.exp(statistics.mean(math.log(r["ratio"]) for r in rows))
    memory = max(r["own"] / r["other"] for r in rows)
    summary = f"Geometric mean: {faster:.2f} times faster (asked: 1.5). Memory above the interpreter's: at most {memory:.2f} of LiteRT's (asked: 0.33)."
    print(summary)
    if options.write:
        write(rows, summary, options, host)


if __name__ == "__main__":
    main()
