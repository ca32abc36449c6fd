# SPDX-License-Identifier: Apache-2.0
"""Tables from the results of bench.py: medians, spread, ratios of turns of the same round."""
import statistics

from processes import QUIET_CORES


def quartiles(values):
    if len(values) < 2:
        return values[0], values[0], values[0]
    low, middle, high = statistics.quantiles(values, n=4, method="inclusive")
    return low, middle, high


def counted_rounds(result):
    """(rounds to count, how many of all were disturbed): undisturbed ones if there are three, otherwise all."""
    quiet = [r for r in result["rounds"] if all(turn["other"] <= QUIET_CORES for turn in r.values())]
    disturbed = len(result["rounds"]) - len(quiet)
    return (quiet if len(quiet) >= 3 else result["rounds"]), disturbed


def rows(result, ours):
    """[dict] one per runtime, fastest first."""
    rounds, _ = counted_rounds(result)
    peak = statistics.median(r["peak"]["value"] for r in rounds)
    table = []
    for name, facts in result["facts"].items():
        low, median, high = quartiles([r[name]["value"] for r in rounds])
        rate = result["gflop"] / median
        ratio = quartiles([r[ours]["value"] / r[name]["value"] for r in rounds]) if ours in result["facts"] else (0, 0, 0)
        cpu_ratio = statistics.median(r[ours]["cpu"] / max(r[name]["cpu"], 1e-3) for r in rounds) if ours in result["facts"] else 0
        table.append({
            "name": name, "ms": 1e3 * median, "low_ms": 1e3 * low, "high_ms": 1e3 * high, "fps": 1 / median, "gflops": rate,
            "share": rate / peak, "peak_mb": facts["peak_kib"] / 1024, "own_mb": (facts["peak_kib"] - facts["interpreter_kib"]) / 1024,
            "first_ms": 1e3 * (facts["load_s"] + facts["compile_s"] + facts["first_s"]), "ratio": ratio, "cpu_ratio": cpu_ratio,
            "difference": facts["difference"]})
    return sorted(table, key=lambda row: row["ms"]), peak


def text(result, ours):
    """The table of one network as plain text."""
    table, peak = rows(result, ours)
    rounds, disturbed = counted_rounds(result)
    lines = [f"\n{result['network']}, {result['threads']} threads: {result['gflop']:.1f} GFLOP as direct convolution; FMA peak {peak:.0f}"
             f" GFLOP/s ({result['simd']}); input + output {result['tensors_kib'] / 1024:.0f} MB; {len(rounds)} rounds counted,"
             f" {disturbed} of {len(result['rounds'])} disturbed by others"]
    lines.append(f"{'':16}{'ms':>8} {'quartiles':>15} {'fps':>6} {'GFLOP/s':>8} {'of peak':>8} {'peak MB':>8} {'own MB':>7} {'first ms':>9}"
                 f" {'ours/it':>8} {'quartiles':>11} {'CPU':>5} {'max diff':>9}")
    for row in table:
        lines.append(
            f"{row['name']:16}{row['ms']:8.1f} {row['low_ms']:7.1f}-{row['high_ms']:7.1f} {row['fps']:6.1f} {row['gflops']:8.1f}"
            f" {row['share']:8.2f} {row['peak_mb']:8.0f} {row['own_mb']:7.0f} {row['first_ms']:9.0f} {row['ratio'][1]:8.3f}"
            f" {row['ratio'][0]:5.2f}-{row['ratio'][2]:4.2f} {row['cpu_ratio']:5.2f} {row['difference']:9.2g}")
    lines += [f"not counted: {why}" for why in result["refused"].values()]
    return "\n".join(lines)
