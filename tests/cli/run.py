# SPDX-License-Identifier: Apache-2.0
"""The program as a user types it: exit codes, sentences, files left behind. Ends with "N passed, N failed, N skipped"."""
import argparse
import json
import os
import pathlib
import pty
import shutil
import subprocess
import sys
import tempfile
import time

import numpy as np

import bad_input  # noqa: F401 - its checks are in the list
import delegates  # noqa: F401 - likewise
import photos  # noqa: F401 - likewise
import quantize  # noqa: F401 - likewise
import targets  # noqa: F401 - likewise
from bench import CHECKS, MODEL, Bench, Skip, check


@check
def a_photo_comes_out_three_times_as_large(bench):
    text = bench.run("run", MODEL, bench.png(), "-o", bench.folder / "out.png", says="31x24 -> ")
    assert "93x72" in text and (bench.folder / "out.png").stat().st_size > 100
    assert "(recipe file)" in text, "the recipe beside the model is not used"


@check
def a_built_in_model_has_a_name(bench):
    bench.run("run", "upscale_x3", bench.png(), "-o", bench.folder / "out.png", says="93x72")
    (bench.folder / "upscale_x3").mkdir()
    bench.run("run", "upscale_x3", bench.png(), "-o", bench.folder / "out.png", cwd=bench.folder, says="93x72")


@check
def npy_files_go_in_and_out_as_they_are(bench):
    tensor, out = bench.tensor(), bench.folder / "out.npy"
    bench.run("run", MODEL, tensor, "-o", out, says="output 1x72x93x3 -> ")
    assert np.load(out).shape == (1, 72, 93, 3)
    bench.run("run", MODEL, "--input", f"input={tensor}", "--output", f"output={bench.folder}/named.npy")
    (bench.folder / "results").mkdir()
    bench.run("run", MODEL, "--input", f"0={tensor}", "-o", bench.folder / "results")
    bench.run("run", MODEL, tensor, "-o", bench.folder / "results")
    assert bench.names("results") == ["in.npy", "out.npy"]
    for other in ("named.npy", "results/in.npy", "results/out.npy"):
        assert (bench.folder / other).read_bytes() == out.read_bytes(), other
    bench.run("run", MODEL, tensor, "--input", f"input={tensor}", "-o", out, code=1, says="no input of the network is left")


@check
def options_may_stand_anywhere(bench):
    picture, out = bench.png(), bench.folder / "out.png"
    bench.run("run", "--range", "0,1", "--channels", "rgb", "--threads", 2, MODEL, picture, "-o", out, says="(--range)")
    bench.run("run", "-o", out, "--range", "-1,1", MODEL, "--channels", "bgr", picture, says="black -1 white 1")
    bench.run("run", "--input", f"input={picture}", MODEL, "--output", f"output={bench.folder}/named.png", says="93x72")


@check
def ports_are_named_for_pictures_too(bench):
    picture = bench.png()
    bench.run("run", MODEL, picture, "-o", bench.folder / "out.png")
    bench.run("run", MODEL, "--input", f"input={picture}", "--output", f"output={bench.folder}/named.png")
    assert (bench.folder / "named.png").read_bytes() == (bench.folder / "out.png").read_bytes()
    bench.run("run", MODEL, picture, "--input", f"input={picture}", "-o", bench.folder / "out.png", code=1,
              says="'input' is the photo itself")
    bench.run("run", MODEL, picture, "-o", bench.folder / "out.png", "--output", f"output={bench.folder}/again.npy", code=1,
              says="'output'")


@check
def tiles_give_the_same_bits_as_the_whole(bench):
    bench.png("big.png", 70, 90)
    for name, options in {"whole": [], "tiled": ["--tile", 16], "one": ["--threads", 1, "--memory-limit", "2MB"]}.items():
        bench.run("run", MODEL, bench.folder / "big.png", "-o", bench.folder / f"{name}.png", *options)
    whole = (bench.folder / "whole.png").read_bytes()
    assert whole == (bench.folder / "tiled.png").read_bytes(), "tiled differs"
    assert whole == (bench.folder / "one.png").read_bytes(), "under a memory limit differs"


@check
def folders_and_globs_are_taken(bench):
    for folder in ("pictures", "results", "more"):
        (bench.folder / folder).mkdir()
    bench.png("pictures/a.png")
    bench.png("pictures/b.png", 9, 7)
    (bench.folder / "pictures" / "notes.txt").write_text("no picture")
    bench.run("run", MODEL, bench.folder / "pictures", "-o", bench.folder / "results")
    assert bench.names("results") == ["a.png", "b.png"]
    text = bench.run("run", MODEL, bench.folder / "pictures" / "*.png", bench.png(), "-o", bench.folder / "more")
    assert bench.names("more") == ["a.png", "b.png", "in.png"]
    assert "[" not in text, "a progress bar that nobody sees"
    odd = bench.png("a[1].png")
    bench.run("run", MODEL, odd, "-o", bench.folder / "out.png")


@check
def a_bar_shows_progress_on_a_terminal(bench):
    pictures = [bench.png(f"{name}.png", 60, 60) for name in "abc"]
    (bench.folder / "results").mkdir()
    ours, theirs = pty.openpty()
    command = [str(bench.program), "run", str(MODEL), *map(str, pictures), "-o", str(bench.folder / "results")]
    program = subprocess.Popen(command, stdout=theirs, stderr=theirs)
    os.close(theirs)
    text = b""
    while True:
        try:
            part = os.read(ours, 65536)
        except OSError:  # the other side is closed
            break
        if not part:
            break
        text += part
    os.close(ours)
    assert program.wait() == 0
    assert b"] 0 of 3" in text and b"] 2 of 3" in text and b"####" in text, text
    # What stays on the screen: nothing of the bar, one whole line a picture.
    lines = [line.rsplit(b"\r", 1)[-1].removeprefix(b"\x1b[K") for line in text.replace(b"\r\n", b"\n").split(b"\n")]
    assert sum(b".png: 60x60 -> " in line for line in lines) == 3 and not any(b"#" in line for line in lines), lines


@check
def values_between_nodes_may_be_float16(bench):
    tensor, wide, half = bench.tensor(), bench.folder / "wide.npy", bench.folder / "half.npy"
    bench.run("run", MODEL, tensor, "-o", wide)
    bench.run("run", MODEL, tensor, "-o", half, "--precision", "float16", says="values between nodes are stored as float16")
    apart = np.abs(np.load(half) - np.load(wide)).max()
    assert 0 < apart < 4e-3, apart
    picture, out = bench.png(), bench.folder / "out.png"
    bench.run("run", MODEL, picture, "-o", out, "--precision", "float16", "--calibrate", picture, says="93x72")
    bench.run("run", MODEL, picture, "-o", out, "--calibrate", picture, code=1, says="--calibrate is for --precision float16")
    bench.run("run", MODEL, tensor, "-o", half, "--precision", "float16", "--calibrate", picture, code=1, says="--calibrate takes pictures")
    bench.run("run", MODEL, tensor, "-o", half, "--precision", "float8", code=2, says="must be float32 or float16")
    bench.run("inspect", MODEL, "--size", "64x48", "--precision", "float16", says="are stored as float16")


@check
def inspect_shows_rows_and_rings(bench):
    text = bench.run("inspect", MODEL, "--size", "640x360", says="CONV_2D")
    assert "whole values 0 B" in text, "an inner value is kept whole"
    plan = bench.run("inspect", MODEL, "--size", "640x360", "--plan", says="ring of ")
    assert "receptive field" not in plan and "memory of a run" in plan
    bench.run("ops", says="DEPTHWISE_CONV_2D")
    bench.run("--help", says="inspect")
    bench.run("--version", says="safelight 0.")


@check
def inspect_speaks_json(bench):
    graph = json.loads(bench.run("inspect", MODEL, "--json", "--size", "640x360"))
    assert graph["inputs"][0]["shape"] == [1, 360, 640, 3] and graph["outputs"][0]["dtype"] == "float32"
    assert graph["nodes"][0]["op"] == "CONV_2D" and graph["nodes"][0]["outputs"][0]["ring_rows"] > 0
    assert graph["memory_bytes"] > 0 and graph["receptive_field"]["rows"]["before"] >= 7
    assert sum(node["macs"] for node in graph["nodes"]) == graph["macs"]


@check
def inspect_draws_a_graph(bench):
    text = bench.run("inspect", MODEL, "--dot", says="digraph")
    assert text.count("{") == text.count("}") == 1 and text.count("->") >= 12
    if shutil.which("dot") is None:
        raise Skip("THE GRAPH WAS NOT DRAWN: Graphviz is not here")
    drawn = subprocess.run(["dot", "-Tsvg"], input=text, capture_output=True, text=True)
    assert drawn.returncode == 0 and "<svg" in drawn.stdout and not drawn.stderr, drawn.stderr


@check
def inner_maps_are_never_whole_on_a_large_photo(bench):
    # 1440x1080: one inner map of 28 channels would be 166 MB.
    graph = json.loads(bench.run("inspect", MODEL, "--size", "1440x1080", "--threads", 2, "--json"))
    assert graph["whole_bytes"] == 0 and graph["memory_bytes"] < 40 << 20, graph["memory_bytes"]


@check
def a_small_picture_starts_in_little_memory(bench):
    text = bench.run("run", MODEL, bench.png("tiny.png", 8, 8), "-o", bench.folder / "t.png")
    number, unit = text.rsplit("peak of the process ", 1)[1].split()[:2]
    assert 0 < float(number) * {"KB": 1, "MB": 1024}[unit] < 15 * 1024, f"{number} {unit}"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--program", required=True, type=pathlib.Path)
    parser.add_argument("--only", default="", help="checks whose names have this")
    options = parser.parse_args()
    failed = skipped = passed = 0
    for function in [f for f in CHECKS if options.only in f.__name__]:
        begin = time.time()
        with tempfile.TemporaryDirectory() as folder:
            try:
                function(Bench(options.program.resolve(), folder))
                passed += 1
                print(f"ok      {function.__name__} ({time.time() - begin:.1f} s)")
            except Skip as reason:
                skipped += 1
                print(f"SKIPPED {function.__name__}: {reason}")
            except Exception as error:  # noqa: BLE001 - every failure is reported and counted
                failed += 1
                print(f"FAILED  {function.__name__}: {type(error).__name__} {error}")
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
