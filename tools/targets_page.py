#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the list of targets and the matrix of models into docs/targets.md: targets_page.py MODEL..."""
import pathlib
import subprocess
import sys

root = pathlib.Path(__file__).resolve().parent.parent
program = root / "build" / "release" / "safelight"


def ask(*arguments):
    return subprocess.run([program, "check", *arguments], capture_output=True, text=True, check=True).stdout


def put(page, mark, text):
    begin, end = f"<!-- {mark} -->\n", f"<!-- end of {mark} -->"
    head, _, rest = page.partition(begin)
    _, _, tail = rest.partition(end)
    return head + begin + text + end + tail


path = root / "docs" / "targets.md"
page = put(path.read_text(), "targets", ask("--target", "list", "--markdown"))
if len(sys.argv) > 1:
    page = put(page, "matrix", ask("--markdown", *sys.argv[1:]))
path.write_text(page)
