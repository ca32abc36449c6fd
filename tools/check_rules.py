#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""House rules that a script can see: licence lines, no paths of somebody's machine, no marks left, no printing library."""
import pathlib
import re
import subprocess
import sys

root = pathlib.Path(__file__).resolve().parent.parent
names = subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard"], cwd=root,
                       capture_output=True, text=True, check=True).stdout.split("\n")
errors = []
MARKS = re.compile(r"\b(" + "|".join(["TO" + "DO", "FIX" + "ME", "XX" + "X"]) + r")\b")
PATHS = re.compile("/" + "work/|/" + "root/|/home/" + r"\w")
for name in sorted(filter(None, names)):
    path = root / name
    if not path.exists() or path.suffix in {".png", ".jpg", ".tflite", ".npz", ".npy"}:
        continue
    text = path.read_text(errors="replace")
    if path.suffix in {".cc", ".c", ".h", ".py", ".sh", ".cmake", ".def", ".fbs"} or name in {"dev", ".ci/run"}:
        if "SPDX-License-Identifier: Apache-2.0" not in text[:200]:
            errors.append(f"{name}: no SPDX licence line at the top")
        for number, line in enumerate(text.splitlines(), 1):
            if MARKS.search(line):
                errors.append(f"{name}:{number}: a mark left in the code")
    for number, line in enumerate(text.splitlines(), 1):
        if PATHS.search(line):
            errors.append(f"{name}:{number}: a path of somebody's machine")
    in_library = name.startswith("src/") and not name.startswith(("src/cli/",)) and not re.search(r"_(test|for_tests|fuzzer)\.cc$", name)
    if in_library and re.search(r"std::(cout|cerr)|\bprintf\(|\babort\(\)|\bstd::exit\(", text):
        if name != "src/base/memory.cc":  # out of memory has no other end
            errors.append(f"{name}: the library must not print, exit or abort")
print("\n".join(errors))
sys.exit(1 if errors else 0)
