#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Folders are the layers: every quoted include of src/X must be allowed by layers.txt."""
import pathlib
import re
import sys

root = pathlib.Path(__file__).resolve().parent.parent
allowed = {}
for line in (root / "layers.txt").read_text().splitlines():
    if line.strip() and not line.startswith("#"):
        folder, _, others = line.partition(":")
        allowed[folder] = set(others.split()) | {folder, "safelight"}

# Plug-ins make graphs of what their host shows them.
PLUGINS = {"safelight", "base", "tensor", "graph", "ops", "tflite_abi", "runtime"}
errors = []
for path in sorted((root / "src").rglob("*.[ch]*")):
    folder = path.relative_to(root / "src").parts[0]
    if path.name.endswith("_test.cc") or folder not in allowed:
        continue
    for number, line in enumerate(path.read_text().splitlines(), 1):
        match = re.match(r'#include "([^/"]+)/', line)
        if match and match.group(1) in allowed | {"safelight": 0} and match.group(1) not in allowed[folder]:
            errors.append(f"{path.relative_to(root)}:{number}: {folder} must not include {match.group(1)}")
for path in sorted((root / "plugins").rglob("*.[ch]*")):
    for number, line in enumerate(path.read_text().splitlines(), 1):
        match = re.match(r'#include "([^/"]+)/', line)
        if match and match.group(1) not in PLUGINS:
            errors.append(f"{path.relative_to(root)}:{number}: plugins must not include {match.group(1)}")
for path in sorted((root / "include").rglob("*.h")):
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if re.match(r'#include "(?!safelight/)', line):
            errors.append(f"{path.relative_to(root)}:{number}: public headers include only safelight/")
known = {p.name for p in (root / "src").iterdir() if p.is_dir() and any(p.rglob("*.cc"))}
errors += [f"src/{name} is not in layers.txt" for name in sorted(known - set(allowed))]
print("\n".join(errors))
sys.exit(1 if errors else 0)
