#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Size budget: no file over 400 lines, no function over 60 (kernels over 100); exceptions are listed with reasons."""
import pathlib
import re
import subprocess
import sys

root = pathlib.Path(__file__).resolve().parent.parent
FILE_LINES, FUNCTION_LINES, KERNEL_LINES = 400, 60, 100
# path or path:function -> why it may be longer
EXCEPTIONS = {
    "src/formats/tflite/schema.fbs": "the format's own list of tables",
}


def functions(text):
    """(name, first line, lines) of each C++ function body, found by counting braces from column-0..2 headers."""
    lines = text.splitlines()
    i = 0
    while i < len(lines):
        line = lines[i]
        starts = re.match(r"^(  |)[\w:<>&*~\[\]][^;=]*\)[^;]*\{\s*$", line) and not re.match(r"\s*(namespace|else|do)\b", line)
        if not starts or re.match(r"\s*(if|for|while|switch|struct|class|enum)\b", line):
            i += 1
            continue
        depth, j = 0, i
        while j < len(lines):
            depth += lines[j].count("{") - lines[j].count("}")
            if depth <= 0:
                break
            j += 1
        name = re.findall(r"([\w:~]+)\s*\(", line)
        yield (name[0] if name else line.strip(), i + 1, j - i + 1)
        i = j + 1


errors = []
names = subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard"], cwd=root,
                       capture_output=True, text=True, check=True).stdout.split("\n")
for name in sorted(filter(None, names)):
    path = root / name
    if path.suffix not in {".cc", ".c", ".h", ".py", ".sh", ".cmake", ".fbs"} or not path.exists():
        continue
    text = path.read_text()
    lines = text.count("\n")
    if lines > FILE_LINES and name not in EXCEPTIONS:
        errors.append(f"{name}: {lines} lines, at most {FILE_LINES}")
    if path.suffix in {".cc", ".c", ".h"}:
        limit = KERNEL_LINES if name.startswith("src/kernels/") else FUNCTION_LINES
        for function, line, length in functions(text):
            if length > limit and f"{name}:{function}" not in EXCEPTIONS:
                errors.append(f"{name}:{line}: {function} has {length} lines, at most {limit}")
    if path.suffix == ".py":
        for match in re.finditer(r"^( *)def (\w+)", text, re.M):
            body = text[match.end():]
            end = re.search(rf"^ {{0,{len(match.group(1))}}}\S", body, re.M)
            length = body[: end.start() if end else len(body)].count("\n")
            if length > FUNCTION_LINES:
                errors.append(f"{name}: {match.group(2)} has {length} lines, at most {FUNCTION_LINES}")
readme = root / "README.md"
if readme.exists() and readme.read_text().count("\n") > 150:
    errors.append("README.md is longer than 150 lines")
print("\n".join(errors))
sys.exit(1 if errors else 0)
