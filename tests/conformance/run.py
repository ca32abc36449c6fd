# SPDX-License-Identifier: Apache-2.0
"""Conformance with LiteRT. Ends with "N passed, N failed, N skipped".

  run.py --program build/release/safelight [--data ../shared/data] [--all] [--only NAME] [--seed N] [--write docs/conformance.md]
"""
import argparse
import importlib.metadata
import pathlib
import sys
import tempfile

import golden
import kinds
import models

ROOT = pathlib.Path(__file__).resolve().parents[2]


def write_table(path, rows):
    """docs/conformance.md: the table of all models, made by this tool."""
    version = importlib.metadata.version("ai-edge-litert")
    lines = ["# Conformance", "",
             f"Made by `tests/conformance/run.py --all --write`; LiteRT {version}, reference kernels (BUILTIN_REF), same inputs.",
             "Models of integers: stored outputs are the same in every bit (bound 0), float outputs within 1e-5 of the range plus 1e-5; against",
             "LiteRT's default kernels (XNNPACK): shares of equal / one step off / further off stored values and the largest step, PSNR of the output.",
             "Dynamic range: node by node on LiteRT's own values, and whole as float models. Float models' bound: the larger of 1e-5 of the output's range plus 1e-5, and four times LiteRT's own difference between",
             "its reference and XNNPACK. \"Nearer to the float64 value\": LiteRT adds the elements of a MEAN one by one in float32; with that",
             "MEAN in float64 and all else LiteRT's own, our outputs are within 1e-5 of the range plus 1e-5, and LiteRT's are further away.", "",
             "| numbers | models | ok | refused or skipped | failed |", "|---|---|---|---|---|"]
    groups = {kind: [row for row in rows if (row.kind or "others") == kind] for kind in kinds.ORDER}
    for kind, group in groups.items():
        passed = sum(row.verdict.startswith("ok") for row in group)
        failed = sum(row.verdict == "FAILED" for row in group)
        lines.append(f"| {kind} | {len(group)} | {passed} | {len(group) - passed - failed} | {failed} |")
    lines += ["", kinds.share_near_default(row.default for row in rows if row.kind in kinds.INTEGERS)]
    for kind, group in groups.items():
        if not group:
            continue
        compared = any(row.default for row in group)
        lines += ["", f"## {kind[0].upper()}{kind[1:]}", "",
                  "| model | verdict | largest difference | bound | " + ("against XNNPACK | |" if compared else "|"),
                  "|---|---|---|---|---|" + ("---|" if compared else "")]
        for row in group:
            numbers = f"{row.difference:.3g} | {row.bound:.3g}" if row.verdict.startswith("ok") else " | "
            default = f" {row.default} |" if compared else ""
            lines.append(f"| {row.model} | {row.verdict} | {numbers} |{default} {row.detail} |")
    path.write_text("\n".join(lines) + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--program", required=True, type=pathlib.Path)
    parser.add_argument("--data", type=pathlib.Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--only", default="", help="a part of the names of the models to run, slow or not")
    parser.add_argument("--seed", type=int, default=3)
    parser.add_argument("--write", type=pathlib.Path)
    options = parser.parse_args()
    if not (options.data / "models").is_dir():
        print(f"SKIPPED: no models at {options.data}: nothing is compared with LiteRT")
        print("0 passed, 0 failed, 1 skipped")
        return 0
    print(f"seed {options.seed}; model, verdict, largest difference, bound")
    with tempfile.TemporaryDirectory() as folder:
        rows = models.check_all(options.program, options.data, pathlib.Path(folder), options.seed,
                                options.all or options.only != "", options.only)
        rows += golden.check_all(options.program, options.data, pathlib.Path(folder), options.only)
    if options.write:
        write_table(options.write, rows)
    failed = sum(row.verdict == "FAILED" for row in rows)
    skipped = sum(row.verdict == "skipped" for row in rows)
    print(f"{len(rows) - failed - skipped} passed, {failed} failed, {skipped} skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
