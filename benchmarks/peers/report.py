# SPDX-License-Identifier: Apache-2.0
"""Figures from the results of bench.py: medians, spread, ratios of turns of the same round, goals reached or not."""
import statistics

from processes import QUIET_CORES

OURS = "safelight"
# network -> largest ratio of ours to the fastest peer; largest memory of the process beyond input and output, MB
GOALS = {"N1": (0.47, 12), "N2": (0.40, 12), "N3": (0.30, 12), "N4": (0.70, None)}


def quartiles(values):
    if len(values) < 2:
        return values[0], values[0], values[0]
    return tuple(statistics.quantiles(values, n=4, method="inclusive"))


def counted_rounds(result):
    """(rounds to count, how many of all were disturbed): undisturbed ones if there are three, otherwise all."""
    quiet = [r for r in result["rounds"] if all(turn["other"] <= QUIET_CORES for turn in r.values())]
    disturbed = len(result["rounds"]) - len(quiet)
    return (quiet if len(quiet) >= 3 else result["rounds"]), disturbed


def is_peer(name):
    return not name.startswith(OURS)


def ratio(result, name, other, what="value"):
    """Quartiles of name's time over other's, both of the same round."""
    pairs = [(r[name][what], r[other][what]) for r in counted_rounds(result)[0]]
    return quartiles([a / max(b, 1e-4) for a, b in pairs])


def rows(result):
    """([dict] one per runtime, fastest first; FMA peak in GFLOP/s)."""
    rounds, _ = counted_rounds(result)
    peak = statistics.median(r["peak"]["value"] for r in rounds)
    table = []
    for name, facts in result["facts"].items():
        low, median, high = quartiles([r[name]["value"] for r in rounds])
        table.append({
            "name": name, "ms": 1e3 * median, "low_ms": 1e3 * low, "high_ms": 1e3 * high, "fps": 1 / median,
            "gflops": result["gflop"] / median, "share": result["gflop"] / median / peak, "peak_mb": facts["peak_kib"] / 1024,
            "own_mb": (facts["peak_kib"] - facts["interpreter_kib"]) / 1024,
            "first_ms": 1e3 * (facts["load_s"] + facts["compile_s"] + facts["first_s"]), "difference": facts["difference"],
            "ratio": ratio(result, OURS, name) if OURS in result["facts"] else (0, 0, 0),
            "cpu_ratio": ratio(result, OURS, name, "cpu")[1] if OURS in result["facts"] else 0})
    return sorted(table, key=lambda row: row["ms"]), peak


def threads_text(result):
    return f"{result['threads']} thread{'s' if result['threads'] != 1 else ''}"


def plan_text(result):
    """What the planner of ours chose and foretold; empty where ours did not run."""
    plan = result["facts"].get(OURS)
    if not plan:
        return ""
    return (f"plan of {OURS}: {plan['strip_rows']} rows a strip, {plan['blocks']} blocks of columns, teams of {plan['team']}, {plan['phases']}"
            f" phases, {plan['plan_kib'] / 1024:.1f} MB, halo {plan['halo_share']:.1%}, predicted {1e3 * plan['predicted_s']:.1f} ms")


def head(result):
    _, peak = rows(result)
    rounds, disturbed = counted_rounds(result)
    return (f"{result['network']}, {threads_text(result)}: {result['gflop']:.1f} GFLOP as direct convolution; FMA peak {peak:.0f}"
            f" GFLOP/s ({result['simd']}); input + output {result['tensors_kib'] / 1024:.0f} MB; {len(rounds)} rounds counted,"
            f" {disturbed} of {len(result['rounds'])} disturbed by others")


def text(result):
    """The table of one network as plain text."""
    lines = ["", head(result),
             f"{'':18}{'ms':>8} {'quartiles':>15} {'fps':>6} {'GFLOP/s':>8} {'of peak':>8} {'peak MB':>8} {'own MB':>7} {'first ms':>9}"
             f" {'ours/it':>8} {'quartiles':>11} {'CPU':>5} {'max diff':>9}"]
    for row in rows(result)[0]:
        lines.append(
            f"{row['name']:18}{row['ms']:8.1f} {row['low_ms']:7.1f}-{row['high_ms']:7.1f} {row['fps']:6.1f} {row['gflops']:8.1f}"
            f" {row['share']:8.2f} {row['peak_mb']:8.0f} {row['own_mb']:7.0f} {row['first_ms']:9.0f} {row['ratio'][1]:8.3f}"
            f" {row['ratio'][0]:5.2f}-{row['ratio'][2]:4.2f} {row['cpu_ratio']:5.2f} {row['difference']:9.2g}")
    lines.append(plan_text(result))
    return "\n".join(lines + [f"not counted: {name}: {why}" for name, why in result["refused"].items()])


def best_peer(result):
    """(fastest peer's name, quartiles of the ratio); None where ours or every peer is missing."""
    peers = [row for row in rows(result)[0] if is_peer(row["name"])]
    return (peers[0]["name"], peers[0]["ratio"]) if peers and OURS in result["facts"] else None


def verdict(sentence, value, limit):
    return f"{'reached' if value <= limit else 'MISSED '}  {sentence}: {value:.3g}, at most {limit:.3g}"


def fixed_goals(result, needed):
    """Sentences about one of N1 to N4."""
    name, facts = f"{result['network']} at {threads_text(result)}", result["facts"]
    best, (limit, extra_mb) = best_peer(result), GOALS[result["network"]]
    if best is None or any(peer not in facts for peer in needed):
        missing = [peer for peer in needed if peer not in facts] + ([] if OURS in facts else [OURS])
        return [f"no run  {name}: {', '.join(missing)} did not run or did not agree"]
    lines = [verdict(f"{name}, time against {best[0]}", best[1][1], limit)]
    if extra_mb is not None:
        lines.append(verdict(f"{name}, MB of the process beyond input and output", (facts[OURS]["peak_kib"] - result["tensors_kib"]) / 1024, extra_mb))
    limited, layers, single = f"{OURS} 60MB", f"{OURS} layers", f"{OURS} 1 thread"
    if limited in facts:
        lines.append(verdict(f"{name} within 60 MB, time against {best[0]}", ratio(result, limited, best[0])[1], 0.80))
        lines.append(verdict(f"{name} within 60 MB, MB of the process", facts[limited]["peak_kib"] / 1024, 60))
    if layers in facts:
        lines.append(verdict(f"{name}, time against the same kernels layer by layer", ratio(result, OURS, layers)[1], 1.08))
    if single in facts:
        lines.append(verdict(f"{name}, time against one thread", ratio(result, OURS, single)[1], 1 / 1.85))
    if result["network"] == "N1":
        row = next(row for row in rows(result)[0] if row["name"] == OURS)
        lines.append(verdict(f"{name}, ms of the first frame", row["first_ms"], 1.3 * row["ms"] + 30))
    return lines


def group_goals(group, results):
    """Sentences about all real or all random networks together."""
    pairs = [(r, best_peer(r)) for r in results if r["group"] == group]
    ratios = {r["network"]: best[1][1] for r, best in pairs if best}
    if not ratios:
        return []
    memory = []
    for result, best in pairs:
        if best:
            table = {row["name"]: row["own_mb"] for row in rows(result)[0]}
            memory.append(table[OURS] / table[best[0]])
    worst = max(ratios, key=ratios.get)
    return [verdict(f"{len(ratios)} {group} networks, geometric mean of the time against the fastest peer", statistics.geometric_mean(ratios.values()), 0.6),
            verdict(f"{group} networks, worst ({worst}) against its fastest peer", ratios[worst], 1.0),
            verdict(f"{group} networks, geometric mean of the memory against the fastest peer", statistics.geometric_mean(memory), 1 / 3),
            verdict(f"{group} networks, worst memory against the fastest peer", max(memory), 1 / 3)]


def goals(everything):
    lines = []
    for result in everything["results"]:
        if result["group"] == "fixed":
            lines += fixed_goals(result, everything["needed"])
    return lines + group_goals("real", everything["results"]) + group_goals("random", everything["results"])
