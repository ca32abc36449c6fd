# SPDX-License-Identifier: Apache-2.0
"""safelight quantize as a user types it. What the files compute is compared with LiteRT by tests/quantize/run.py."""
import json
import struct
import sys
import zlib

import numpy as np

from bench import MODEL, ROOT, check, png_bytes
from photos import read_png

sys.path.insert(0, str(ROOT / "tests"))
from tflite_writer import Writer  # noqa: E402


def network(bench, middle=None, weights=None, name="net.tflite"):
    """A picture through a 3x3 convolution; `middle`: an op between that and another."""
    rng = np.random.default_rng(4)
    writer = Writer()
    x = writer.input((1, 16, 16, 3), np.float32)
    for _ in range(2):
        w = rng.normal(0, 0.2, (3, 3, 3, 3)).astype(np.float32) if weights is None else weights
        y = writer.value(np.float32, (1, 16, 16, 3))
        bias = writer.constant(np.full(3, 0.2, np.float32))
        writer.node("CONV_2D", [x, writer.constant(w), bias], [y], ("Conv2DOptions", {"strideH": 1, "strideW": 1}))
        x = y
        if middle is not None:
            x = writer.value(np.float32, (1, 16, 16, 3))
            writer.node(middle, [y], [x])
    return bench.file(name, writer.finish([x]))


def gray_png(width, height):
    chunk = lambda kind, body: struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = zlib.compress(bytes((width + 1) * height))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def refused(bench, *arguments, says):
    """Exit 1, one sentence, and neither file is there."""
    bench.run("quantize", *arguments, "-o", bench.folder / "out.tflite", code=1, says=says)
    left = [n for n in bench.names() if n.startswith("out")]
    assert not left, f"left behind: {left}"


@check
def a_quantized_network_runs_and_gives_nearly_the_same_picture(bench):
    shown, out = bench.png("shown.png", 40, 50), bench.folder / "small.tflite"
    bench.run("run", MODEL, bench.png(), "-o", bench.folder / "float.png")
    for kind, most in (("int8", 3), ("int8-float-io", 3), ("16x8", 1.5), ("float16", 0.5)):
        says = {"16x8": "10 of 11 ops on integers", "float16": "float16"}.get(kind, "11 of 11 ops on integers")
        extra = ["--calibrate", shown] if kind != "float16" else []
        bench.run("quantize", MODEL, "-o", out, "--type", kind, *extra, says=says)
        bench.run("run", out, bench.png(), "-o", bench.folder / "out.png", says="93x72")
        off = np.abs(read_png(bench.folder / "out.png") - read_png(bench.folder / "float.png")).mean()
        assert off < most, f"{kind}: {off:.2f} of 255 from the float network's picture"


@check
def threads_do_not_show_in_the_file(bench):
    shown = [bench.png("a.png", 40, 50), bench.png("b.png", 64, 32)]
    for threads in (1, 2):
        bench.run("quantize", MODEL, "-o", bench.folder / f"{threads}.tflite", "--calibrate", *shown, "--threads", threads,
                  "--observer", "mse", "--bias-correction", "--equalize", says="2 pictures seen")
    assert (bench.folder / "1.tflite").read_bytes() == (bench.folder / "2.tflite").read_bytes()


@check
def how_pixels_become_values_stands_beside_the_file(bench):
    out = bench.folder / "out.tflite"
    bench.run("quantize", network(bench), "-o", out, "--type", "16x8", "--range", "-1,1", "--channels", "bgr", "--calibrate",
              bench.png())
    text = (bench.folder / "out.recipe.toml").read_text()
    assert "range = [-1, 1]" in text and 'channels = "bgr"' in text, text
    bench.run("run", out, bench.png(), "-o", bench.folder / "out.png", says="black -1 white 1")


@check
def ops_that_stay_float_are_named(bench):
    model, shown = network(bench, "SIN"), bench.png()
    out = bench.folder / "mixed.tflite"
    text = bench.run("quantize", model, "-o", out, "--calibrate", shown, says="2 of 4 ops on integers")
    assert "SIN '" in text and "stays float: TFLite has no integer form of this op" in text, text
    refused(bench, model, "--type", "int8-only", "--calibrate", shown, says="SIN")


@check
def what_cannot_be_quantized_is_said_in_a_sentence(bench):
    shown = bench.png()
    (bench.folder / "empty").mkdir()
    refused(bench, MODEL, "--calibrate", bench.folder / "empty", says="empty")
    refused(bench, MODEL, says="pictures")
    refused(bench, MODEL, "--calibrate", bench.folder / "none.png", says="none.png")
    bench.file("gray.png", gray_png(8, 8))
    refused(bench, MODEL, "--calibrate", bench.folder / "gray.png", says="'input' takes 3")
    bad = np.zeros((3, 3, 3, 3), np.float32)
    bad[1, 0, 0, 0] = np.nan
    refused(bench, network(bench, weights=bad), "--calibrate", shown, says="element 27 is not a number")
    huge = np.full((3, 3, 3, 3), 1e38, np.float32)
    refused(bench, network(bench, weights=huge), "--calibrate", shown, says="is infinite or no number")
    bench.run("quantize", MODEL, "-o", bench.folder / "int8.tflite", "--calibrate", shown)
    refused(bench, bench.folder / "int8.tflite", "--calibrate", shown, says="quantized already")
    bench.run("quantize", MODEL, "-o", MODEL, "--calibrate", shown, code=1, says="the output is the input itself")
    bench.run("quantize", MODEL, "-o", bench.folder / "no" / "out.tflite", "--calibrate", shown, code=1, says="missing")
    bench.run("quantize", MODEL, "-o", bench.folder / "out.tflite", "--type", "int3", code=2, says="int8-float-io")


@check
def a_dead_channel_and_a_dead_network_are_quantized(bench):
    for weights in (np.zeros((3, 3, 3, 3), np.float32), np.eye(3, dtype=np.float32).reshape(3, 1, 1, 3).repeat(3, 1).repeat(3, 2) / 9):
        weights = weights.copy()
        weights[1] = 0
        for kind in ("int8", "16x8"):
            out = bench.folder / "dead.tflite"
            bench.run("quantize", network(bench, weights=weights), "-o", out, "--type", kind, "--calibrate", bench.png(),
                      says="2 of 2 ops")
            bench.run("run", out, bench.png(), "-o", bench.folder / "dead.png")
            green = read_png(bench.folder / "dead.png")[..., 1]
            assert np.abs(green / 255 - 0.2).max() < 0.01, f"{kind}: {green.min()} to {green.max()}"


def rows(text):
    """The lines of a table by the name of their value (third column), in words."""
    return {line.split()[2]: line.split() for line in text.splitlines()[1:] if line.split()[0].lstrip("-").isdigit()}


@check
def diff_says_where_two_networks_part(bench):
    picture, first = bench.png(), network(bench)
    same = rows(bench.run("diff", first, first, picture, says="no value is below 40 dB"))
    assert same and all(row[5] == "same" for row in same.values()), same
    bench.run("quantize", first, "-o", bench.folder / "int8.tflite", "--type", "int8-float-io", "--calibrate", picture)
    near = rows(bench.run("diff", first, bench.folder / "int8.tflite", picture, "--below", 20, says="no value is below 20 dB"))
    assert any(30 < float(row[5]) < 70 for row in near.values() if row[5] != "same"), near
    second = network(bench, weights=np.full((3, 3, 3, 3), 0.1, np.float32), name="other.tflite")
    text = bench.run("diff", first, second, picture, says="they part at node 0 CONV_2D")
    assert rows(text)["t0"][5] == "same", "the input is the same in both"
    bench.run("diff", first, MODEL, picture, code=1, says="have no value of one name and shape")
    bench.run("diff", first, first, bench.folder / "none.png", code=1, says="none.png")


@check
def stats_show_ranges_and_saturation(bench):
    picture, model = bench.png(), network(bench)
    floats = rows(bench.run("inspect", model, "--stats", picture))
    assert [float(x) for x in floats["t0"][4:6]] == [0, 1], floats["t0"]
    bench.run("quantize", model, "-o", bench.folder / "int8.tflite", "--calibrate", picture, "--observer", "minmax")
    stored = rows(bench.run("inspect", bench.folder / "int8.tflite", "--stats", picture))
    assert stored["t0"][3] == "int8" and float(stored["t0"][6]) * 255 - 1 < 1e-3, stored["t0"]
    lowest = float(stored["t0"][8].rstrip("%"))
    assert 0.1 < lowest < 2, f"random pixels are black in 0.4 %, here {lowest} %"
    for name, row in stored.items():
        if name in floats:
            assert abs(float(row[5]) - float(floats[name][5])) < 0.05, (row, floats[name])


@check
def values_of_all_tiles_are_seen(bench):
    writer = Writer()
    x, y = writer.input((1, 16, 16, 3), np.float32), writer.value(np.float32, (1, 16, 16, 3))
    writer.node("ADD", [x, writer.constant(np.zeros((1, 16, 16, 3), np.float32))], [y], ("AddOptions", {}))
    model = bench.file("fixed.tflite", writer.finish([y]))
    pixels = np.zeros((40, 56, 3), np.uint8)
    pixels[0, 0] = 255  # in the first tile alone
    picture = bench.file("corner.png", png_bytes(56, 40, b"".join(b"\0" + row.tobytes() for row in pixels)))
    seen = rows(bench.run("inspect", model, "--stats", picture))
    assert float(seen["t0"][5]) == 1, seen["t0"]
    bench.run("diff", model, model, picture, says="of each the last tile was compared")


@check
def mixed_types_are_chosen_told_and_written(bench):
    shown, out, report = bench.png("shown.png", 64, 48), bench.folder / "mix.tflite", bench.folder / "mix.json"
    text = bench.run("quantize", MODEL, "-o", out, "--type", "mixed", "--target-drop", "0.2dB", "--types", "int8,16x8", "--calibrate",
                     shown, "--report", report, says="reduced 3 times")
    data = json.loads(report.read_text())
    assert [layer["name"] for layer in data["layers"]] == [f"conv{i}" for i in range(1, 8)], data
    assert data["drop_db"] <= 0.2 and "chosen" in text and "conv7" in text, text
    bench.run("run", out, bench.png(), "-o", bench.folder / "picture.png", says="93x72")
    bench.run("quantize", MODEL, "-o", out, "--type", "mixed", "--calibrate", shown, "--report", bench.folder / "mix.csv", "--drop-over",
              "mean")
    rows = (bench.folder / "mix.csv").read_text().splitlines()
    assert rows[0].startswith("row,name,op,type") and sum(row.startswith("layer,") for row in rows) == 7, rows


@check
def a_network_that_gives_no_picture_is_calibrated_on_pictures(bench):
    rng, writer = np.random.default_rng(8), Writer()
    x, y, z = writer.input((1, 16, 16, 3), np.float32), writer.value(np.float32, (1, 16, 16, 4)), writer.value(np.float32, (1, 10))
    w, v = rng.normal(0, 0.3, (4, 3, 3, 3)).astype(np.float32), rng.normal(0, 0.05, (10, 1024)).astype(np.float32)
    writer.node("CONV_2D", [x, writer.constant(w), writer.constant(np.zeros(4, np.float32))], [y],
                ("Conv2DOptions", {"strideH": 1, "strideW": 1}))
    writer.node("FULLY_CONNECTED", [y, writer.constant(v), None], [z], ("FullyConnectedOptions", {}))
    model, out = bench.file("classes.tflite", writer.finish([z])), bench.folder / "classes8.tflite"
    shown = []
    for number in range(40):
        pixels = rng.integers(0, 256, (16, 16, 3), np.uint8)
        shown.append(bench.file(f"{number}.png", png_bytes(16, 16, b"".join(b"\0" + row.tobytes() for row in pixels))))
    for extra in ([], ["--rounding", "adaptive"]):
        bench.run("quantize", model, "-o", out, "--type", "int8-float-io", "--observer", "minmax", "--calibrate", bench.png(), *shown, *extra,
                  says="resized to the input's own size")
        np.save(bench.folder / "in.npy", (pixels[None] / 255).astype(np.float32))  # the last of them
        results = []
        for number, file in enumerate((model, out)):
            bench.run("run", file, bench.folder / "in.npy", "-o", bench.folder / f"result{number}.npy")
            results.append(np.load(bench.folder / f"result{number}.npy"))
        assert np.abs(results[0] - results[1]).max() < 0.1 * np.ptp(results[0]), results
    bench.run("quantize", model, "-o", out, "--type", "mixed", "--calibrate", bench.png(), code=1, says="no output is a picture")


@check
def wrong_options_of_mixed_are_refused(bench):
    shown = bench.png()
    for option, value, says in (("--target-drop", "-0.1dB", "must be above 0 dB"), ("--target-drop", "1 percent", "a number of dB"),
                                ("--types", "int8,int7", "'int7', must be one of"), ("--drop-over", "all", "must be worst or mean")):
        bench.run("quantize", MODEL, "-o", bench.folder / "out.tflite", "--type", "mixed", "--calibrate", shown, option, value, code=2, says=says)
    refused(bench, MODEL, "--type", "mixed", says="pictures")
    refused(bench, MODEL, "--type", "int8", "--target-drop", "0.1dB", "--calibrate", shown, says="--target-drop is an option of --type mixed")
    refused(bench, MODEL, "--type", "mixed", "--calibrate", shown, "--report", bench.folder / "out.txt", says=".json or .csv")
    refused(bench, MODEL, "--type", "mixed", "--calibrate", shown, "--truth", bench.folder / "truths", says="the picture that should come out")
    refused(bench, MODEL, "--type", "mixed", "--calibrate", shown, "--cost", bench.file("costs", b"conv9 int8 1\n"), says="no layer 'conv9'")
    refused(bench, MODEL, "--type", "mixed", "--calibrate", shown, "--types", "int8", "--target-drop", "0.000001dB", says="the least loss")
