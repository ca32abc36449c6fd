# SPDX-License-Identifier: Apache-2.0
"""Delegates as a user types them: doctor, inspect --placement, run --delegate, verify, exclusion lists."""
import json

import numpy as np

from bench import MODEL, Skip, check
from photos import read_png


def xnnpack(bench):
    """Skips where the library is not there."""
    if "xnnpack      yes" not in bench.run("doctor"):
        raise Skip("no XNNPACK on this machine")
    return "xnnpack"


def places(bench, *arguments):
    report = json.loads(bench.run("inspect", MODEL, "--size", "40x32", "--json", *arguments))
    return [(node["op"], node["delegate"]) for node in report["placement"]]


@check
def doctor_lists_every_delegate(bench):
    text = bench.run("doctor", says="the row engine")
    assert "reference    yes" in text


@check
def every_node_has_its_place_and_a_reason(bench):
    assert {delegate for _, delegate in places(bench)} == {"cpu"}
    assert {delegate for _, delegate in places(bench, "--delegate", "reference")} == {"reference"}
    name = xnnpack(bench)
    placed = places(bench, "--delegate", name)
    assert ("CONCATENATION", "cpu") in placed and ("CONV_2D", name) in placed
    bench.run("inspect", MODEL, "--placement", "--delegate", name, says="xnnpack: it has no CONCATENATION")
    # What stands behind the CPU is not asked.
    assert {delegate for _, delegate in places(bench, "--delegate", "cpu", "--delegate", name)} == {"cpu"}
    few = places(bench, "--delegate", name, "--min-part", 50)
    assert {delegate for _, delegate in few} == {"cpu"}


@check
def a_delegate_makes_the_same_picture(bench):
    picture = bench.png()
    bench.run("run", MODEL, picture, "-o", bench.folder / "cpu.png")
    right = read_png(bench.folder / "cpu.png")
    for name in ("reference", xnnpack(bench)):
        bench.run("run", MODEL, picture, "-o", bench.folder / "out.png", "--delegate", name, "--require")
        off = np.abs(read_png(bench.folder / "out.png").astype(int) - right.astype(int)).max()
        assert off <= 1, f"{name}: off by {off}"


@check
def a_delegate_that_cannot_be_had_leaves_the_work_to_the_cpu(bench):
    picture, out = bench.png(), bench.folder / "out.png"
    bench.run("run", MODEL, picture, "-o", out, "--delegate", "nosuch", says="delegate 'nosuch' is not known; there are cpu, ")
    assert out.exists()
    out.unlink()
    bench.run("run", MODEL, picture, "-o", out, "--delegate", "nosuch", "--require", code=1, says="'nosuch' is not known")
    bench.run("run", MODEL, picture, "-o", out, "--delegate", "reference,speed:high", "--require", code=1,
              says="delegate reference: option 'speed' is not known")
    bench.run("run", MODEL, picture, "-o", out, "--delegate", "reference,speed", "--require", code=1, says="is not key:value")
    bench.run("run", MODEL, picture, "-o", out, "--delegate", "", "--require", code=1, says="has no name")
    bench.run("run", MODEL, picture, "-o", out, "--preference", "strong", code=2, says="fast, sustained or low-power")
    assert not out.exists()


@check
def verify_finds_what_is_wrong_and_sessions_leave_it_out(bench):
    name, wrong = xnnpack(bench), bench.folder / "wrong.txt"
    report = bench.folder / "report.json"
    text = bench.run("verify", MODEL, "--delegate", name, "--size", "32x24", "--report", report, "--pictures", bench.png())
    assert "verdict: passes" in text and "dB against the CPU's picture" in text
    nodes = json.loads(report.read_text())["nodes"]
    assert all(not node["wrong"] for node in nodes) and sum(node["taken"] for node in nodes) == 11
    # No delegate adds in the order of the plain implementation, so without any tolerance its convolutions are wrong.
    text = bench.run("verify", MODEL, "--delegate", name, "--size", "32x24", "--bound", 1e-12, "--exclusions", wrong, code=1,
                     says="does not compute what it should")
    assert "the first node that parts: CONV_2D" in text
    placed = places(bench, "--delegate", name, "--exclude", wrong)
    assert ("CONV_2D", "cpu") in placed and ("CONV_2D", name) not in placed and ("ADD", name) in placed
    bench.run("inspect", MODEL, "--placement", "--delegate", name, "--exclude", wrong, says="excluded by list: ")
    # Another version of the driver is another driver.
    wrong.write_text(wrong.read_text().replace("delegate xnnpack ", "delegate xnnpack 0.1 of "))
    assert ("CONV_2D", name) in places(bench, "--delegate", name, "--exclude", wrong)


@check
def damaged_exclusion_lists_are_refused(bench):
    lists = bench.folder / "list.txt"
    arguments = ["inspect", MODEL, "--delegate", "reference", "--exclude", lists]
    bench.run(*arguments, code=1, says="no such file")
    lists.write_text("something else\n")
    bench.run(*arguments, code=1, says="its first line is not 'safelight exclusions 1'")
    lists.write_text("safelight exclusions 1\nCONV_2D\n")
    bench.run(*arguments, code=1, says="line 2 stands before any line 'delegate NAME VERSION'")


@check
def auto_measures_once_and_remembers(bench):
    kept = bench.folder / "kept"
    arguments = ["run", MODEL, bench.png(), "-o", bench.folder / "out.png", "--delegate", "auto,seconds:0.2", "--delegate-cache", kept]
    assert " is taken" in bench.run(*arguments, says="auto: cpu ")
    [choice] = kept.iterdir()
    bench.run(*arguments, says="as measured before")
    bench.run(*arguments, "--threads", 1, says=" is taken")  # other options, another file
    assert len(list(kept.iterdir())) == 2
    whole = choice.read_text()
    for damaged in (whole[:len(whole) // 2], whole.replace("safelight auto 1", "safelight auto 0"), whole.replace("winner", "winner x"), "\0"):
        choice.write_text(damaged)
        bench.run(*arguments, says="auto: measured again: ")
        assert choice.read_text().startswith("safelight auto 1\n")
    bench.run("run", MODEL, bench.png(), "-o", bench.folder / "out.png", "--delegate", "auto,seconds:never", code=1, says="it takes seconds:N")
    blocked = bench.file("blocked", b"a file where a folder should be")
    bench.run(*arguments[:-1], blocked, says="what was measured is not kept")
