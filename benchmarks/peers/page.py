# SPDX-License-Identifier: Apache-2.0
"""docs/performance.md and its chart from the results of bench.py.

    page.py build/bench/peers.json docs/performance.md docs/performance.png
"""
import json
import pathlib
import sys

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plot  # noqa: E402

import report  # noqa: E402
from report import OURS  # noqa: E402

HEAD = """# Performance

Made by `./dev bench peers --write`; {date}, commit {commit}{changed}.

{cpu}, {cores} cores, Linux {system}. Peers, from PyPI: {packages}.

float32 tensors in and out, both resident; ours is a program that links the runtime core alone (`benchmarks/peers/runner.cc`). All
runtimes have the same weights, the same input and the same number of threads, agree in output with LiteRT ("difference" is the
largest), and take turns in random order, one computing at a time. A ratio is the median over pairs of the same round, with
quartiles behind it; pairs are good to about 7 %. GFLOP/s counts direct convolution, so a share of the FMA peak (measured in
the same rounds) above 1 means Winograd. Memory is the peak of the process, "own" without the Python interpreter and numpy of the peers.
"First frame" is load, compile and first run, libraries loaded before.

![time and memory]({chart})
"""


def table(result):
    lines = ["", f"## {result['network']}, {report.threads_text(result)}", "", f"{report.head(result)}; {report.plan_text(result)}.", "",
             "| | ms | quartiles | fps | GFLOP/s | of FMA peak | peak MB | own MB | first frame ms | safelight / it | difference |",
             "|---|---|---|---|---|---|---|---|---|---|---|"]
    for row in report.rows(result)[0]:
        name = f"**{row['name']}**" if row["name"] == OURS else row["name"]
        share = f"{row['ratio'][1]:.2f} ({row['ratio'][0]:.2f}-{row['ratio'][2]:.2f})" if row["name"] != OURS else ""
        lines.append(f"| {name} | {row['ms']:.1f} | {row['low_ms']:.1f}-{row['high_ms']:.1f} | {row['fps']:.1f} | {row['gflops']:.0f} |"
                     f" {row['share']:.2f} | {row['peak_mb']:.0f} | {row['own_mb']:.0f} | {row['first_ms']:.0f} | {share} | {row['difference']:.1e} |")
    lines += [f"\nNot counted: {name}: {why}." for name, why in result["refused"].items()]
    return lines


def group_table(title, results):
    """One line a network: too many for a table each."""
    lines = ["", f"## {title}, 2 threads", "", "| network | GFLOP | safelight ms | fastest peer | its ms | ratio | quartiles | own MB | its own MB | peers not counted |",
             "|---|---|---|---|---|---|---|---|---|---|"]
    for result in results:
        rows = {row["name"]: row for row in report.rows(result)[0]}
        best = report.best_peer(result)
        if best is None:
            lines.append(f"| {result['network']} | {result['gflop']:.1f} | | | | | | | | {'; '.join(result['refused'].values())} |")
            continue
        ours, peer, (low, middle, high) = rows[OURS], rows[best[0]], best[1]
        refused = ", ".join(name for name in result["refused"] if name != "litert-ynnpack")
        lines.append(f"| {result['network']} | {result['gflop']:.1f} | {ours['ms']:.1f} | {best[0]} | {peer['ms']:.1f} | {middle:.2f} |"
                     f" {low:.2f}-{high:.2f} | {ours['own_mb']:.0f} | {peer['own_mb']:.0f} | {refused} |")
    return lines


def draw(results, path):
    """Time and own memory of the fixed networks at the larger number of threads."""
    fixed = [r for r in results if r["group"] == "fixed"]
    threads = max((r["threads"] for r in fixed), default=0)
    fixed = [r for r in fixed if r["threads"] == threads]
    if not fixed:
        return
    figure, axes = plot.subplots(2, len(fixed), figsize=(3.4 * len(fixed), 5), squeeze=False)
    for column, result in enumerate(fixed):
        rows = [row for row in reversed(report.rows(result)[0]) if report.is_peer(row["name"]) or row["name"] == OURS]
        colors = ["#c0392b" if row["name"] == OURS else "#9aa5b1" for row in rows]
        for axis, key, unit in ((axes[0][column], "ms", "ms"), (axes[1][column], "own_mb", "MB")):
            bars = axis.barh([row["name"] for row in rows], [row[key] for row in rows], color=colors)
            axis.bar_label(bars, [f"{row[key]:.0f} {unit}" for row in rows], padding=3, fontsize=8)
            axis.margins(x=0.25)
            axis.spines[["top", "right", "bottom"]].set_visible(False)
            axis.tick_params(length=0, labelsize=9)
            axis.set_xticks([])
        axes[0][column].set_title(f"{result['network']}: time of a frame", fontsize=10)
        axes[1][column].set_title(f"{result['network']}: memory, interpreter apart", fontsize=10)
    figure.suptitle(f"{threads} threads, float32; shorter is better", fontsize=11)
    figure.tight_layout()
    figure.savefig(path, dpi=110)


def write(everything, page, chart):
    machine = everything["machine"]
    packages = ", ".join(f"{name} {version}" for name, version in machine["packages"].items())
    changed = ", with changes that are not committed" if machine["changed"] else ""
    lines = [HEAD.format(**{**machine, "packages": packages, "changed": changed}, chart=chart.name)]
    lines += ["## Goals", "", *[f"- {line}" for line in report.goals(everything)]]
    for result in everything["results"]:
        if result["group"] == "fixed":
            lines += table(result)
    for group, title in (("real", "Real networks"), ("random", "Random networks")):
        results = [r for r in everything["results"] if r["group"] == group]
        if results:
            lines += group_table(title, results)
    page.write_text("\n".join(lines) + "\n")
    draw(everything["results"], chart)


if __name__ == "__main__":
    source, page_path, chart_path = map(pathlib.Path, sys.argv[1:])
    write(json.loads(source.read_text()), page_path, chart_path)
