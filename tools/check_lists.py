#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Lists are data: every line of a .def list has its file, every file of the kind its line."""
import pathlib
import re
import sys

root = pathlib.Path(__file__).resolve().parent.parent
# list, folder of its files, how they end, files there that are not entries
LISTS = [
    ("src/ops/ops.def", "src/ops", "cc", {"registry"}),
    ("src/engine/passes/passes.def", "src/engine/passes", "cc", {"passes"}),
    ("src/delegates/delegates.def", "src/delegates", "cc", {"delegates", "exclusions"}),
    ("src/image/codecs/codecs.def", "src/image/codecs", "cc", {"codec"}),
    ("src/cli/commands.def", "src/cli/commands", "cc", set()),
    ("src/quality/metrics.def", "src/quality/metrics", "cc", set()),
    ("targets/targets.def", "targets", "json", set()),
]
errors = []
for list_name, folder, suffix, others in LISTS:
    path = root / list_name
    if not path.exists():
        errors.append(f"{list_name} is missing")
        continue
    entries = re.findall(r"^[A-Z_]+\((\w+)", path.read_text(), re.M)
    if len(entries) != len(set(entries)):
        errors.append(f"{list_name} names something twice")
    files = {p.stem for p in (root / folder).glob(f"*.{suffix}") if not re.search(r"_(test|fuzzer|bench)$", p.stem)}
    errors += [f"{list_name}: {entry} has no file in {folder}" for entry in sorted(set(entries) - files)]
    errors += [f"{folder}/{name}.{suffix} has no line in {list_name}" for name in sorted(files - set(entries) - others)]
print("\n".join(errors))
sys.exit(1 if errors else 0)
