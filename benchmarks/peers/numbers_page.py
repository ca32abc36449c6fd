# SPDX-License-Identifier: Apache-2.0
"""docs/numbers.md from the results of bench_numbers.py: medians, ratios of turns of the same round, goals reached or not.

    numbers_page.py docs/numbers.md build/bench/numbers.json [MORE.json ...]      results of several runs on one machine
"""
import json
import pathlib
import statistics
import sys

import report

OURS = "safelight"
HEAD = """# Speed of integer networks

Made by `./dev bench numbers` and `benchmarks/peers/numbers_page.py`; last measured {date}, commit {commit}{changed}.

{cpu}, {cores} cores, Linux {system}. Peers, from PyPI: {packages}.

Ours runs with `--arithmetic exact`, which is bit for bit LiteRT's reference kernels (`BUILTIN_REF`); LiteRT runs with XNNPACK, its default;
ONNX Runtime and OpenVINO have the same numbers as an ONNX file with QuantizeLinear and DequantizeLinear (uint8 activations, which suit
them best). Tensors go in and out as integers. Networks are described in `benchmarks/integer_networks.py`; weights are random. All runtimes
have the same number of threads and take turns in random order, one computing at a time; a ratio is the median over pairs of the same
round, with quartiles, above 1 where ours is faster. "differing" is the share of the output that is not LiteRT's, "by" the largest
difference in steps. GOP/s counts direct convolution. "AVX2 only" leaves AVX-512 and its 8-bit products out. Memory is the peak of the process,
with interpreter and numpy of the peers.
"""


def ratio(result, name, other):
    """Quartiles of other's time over name's: how many times faster `name` is."""
    return report.ratio(result, other, name)


def has(result, *names):
    return all(name in result["facts"] for name in names)


def table(result):
    ours = f"{OURS} int8" if has(result, f"{OURS} int8") else f"{OURS} 16x8/32"
    h, w, c = result["shape"]
    rounds, disturbed = report.counted_rounds(result)
    lines = ["", f"## {result['network']}, {w}x{h}, {report.threads_text(result)}", "",
             f"{result['gop']:.1f} GOP; FMA peak {result['peak']:.0f} GFLOP/s ({result['simd']}); {len(rounds)} rounds counted, {disturbed} of"
             f" {len(result['rounds'])} disturbed by others.", "",
             f"| | ms | quartiles | GOP/s | peak MB | {ours} is faster by | differing | by |", "|---|---|---|---|---|---|---|---|"]
    rows = []
    for name, facts in result["facts"].items():
        low, median, high = report.quartiles([r[name]["value"] for r in rounds])
        faster = ""
        if has(result, ours) and name != ours:
            a, b, d = ratio(result, ours, name)
            faster = f"{b:.2f} ({a:.2f}-{d:.2f})"
        bold = "**" if name.startswith(OURS) else ""
        rows.append((median, f"| {bold}{name}{bold} | {1e3 * median:.1f} | {1e3 * low:.1f}-{1e3 * high:.1f} | {result['gop'] / median:.0f} |"
                     f" {facts['peak_kib'] / 1024:.0f} | {faster} | {facts['differing']:.2%} | {facts['difference']:.0f} |"))
    lines += [row for _, row in sorted(rows)]
    return lines + [f"\nNot counted: {name}: {why}." for name, why in result["refused"].items()]


def verdict(sentence, value, least):
    return f"{'reached' if value >= least else 'MISSED '}  {sentence}: {value:.3g}, at least {least:.3g}"


def goals_of(result):
    name, lines, int8 = f"{result['network']} at {report.threads_text(result)}", [], f"{OURS} int8"
    peers = {n: statistics.median(r[n]["value"] for r in report.counted_rounds(result)[0]) for n in result["facts"]
             if not n.startswith(OURS) and n.endswith("int8")}
    if has(result, int8, "litert int8"):
        lines.append(verdict(f"{name}, int8 against LiteRT's", ratio(result, int8, "litert int8")[1], 1.5))
    if has(result, int8) and peers:
        best = min(peers, key=peers.get)
        lines.append(verdict(f"{name}, int8 against the fastest peer's ({best})", ratio(result, int8, best)[1], 1.15))
    if has(result, int8, f"{OURS} float32"):
        lines.append(verdict(f"{name}, int8 against our float32 direct", ratio(result, int8, f"{OURS} float32")[1], 1.25))
    for bits, least in ((32, 5), (64, 20)):
        kind = f"16x8/{bits}"
        if has(result, f"{OURS} {kind}", f"litert {kind}"):
            lines.append(verdict(f"{name}, {kind} against LiteRT's", ratio(result, f"{OURS} {kind}", f"litert {kind}")[1], least))
        if has(result, f"{OURS} {kind}", int8):
            lines.append(verdict(f"{name}, speed of {kind} by that of int8", ratio(result, f"{OURS} {kind}", int8)[1], 0.7))
    if result["network"].startswith("ABPN") and result["threads"] == 2 and has(result, int8):
        median = statistics.median(r[int8]["value"] for r in report.counted_rounds(result)[0])
        lines.append(verdict(f"{name}, frames a second", 1 / median, 8))
    return lines


def goals(everything):
    return [line for result in everything["results"] for line in goals_of(result)]


def write(everything, page):
    machine = everything["machine"]
    packages = ", ".join(f"{name} {machine['packages'][name]}" for name in ("ai-edge-litert", "onnxruntime", "openvino"))
    changed = ", with changes that are not committed" if machine["changed"] else ""
    lines = [HEAD.format(**{**machine, "packages": packages, "changed": changed}), "## Goals", "",
             *[f"- {line}" for line in goals(everything)]]
    for result in everything["results"]:
        lines += table(result)
    page.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    page_path, *sources = map(pathlib.Path, sys.argv[1:])
    runs = [json.loads(source.read_text()) for source in sources]
    commits = ", ".join(sorted({run["machine"]["commit"] for run in runs}))
    date = max(run["machine"]["date"] for run in runs)
    write({"machine": runs[-1]["machine"] | {"commit": commits, "date": date}, "results": [result for run in runs for result in run["results"]]}, page_path)
