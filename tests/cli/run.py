# SPDX-License-Identifier: Apache-2.0
"""The program as a user types it: exit codes, sentences, files left behind. Ends with "N passed, N failed"."""
import argparse
import pathlib
import subprocess
import sys
import tempfile
import time

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parents[2]
MODEL = ROOT / "models" / "upscale_x3.tflite"
CHECKS = []


def check(function):
    CHECKS.append(function)
    return function


class Bench:
    """A folder to work in and the program to run."""

    def __init__(self, program, folder):
        self.program, self.folder = program, pathlib.Path(folder)

    def run(self, *arguments, code=0, says=""):
        result = subprocess.run([str(self.program), *map(str, arguments)], capture_output=True, text=True, timeout=300)
        text = result.stdout + result.stderr
        assert result.returncode == code, f"exit code {result.returncode}, expected {code}: {text}"
        assert says in text, f"'{says}' is not in: {text}"
        if code == 1:
            assert result.stderr.count("\n") == 1, f"more than one sentence: {result.stderr}"
        return text

    def picture(self, name="in.npy", height=24, width=31):
        """A small picture as a tensor for the built-in model."""
        values = np.random.default_rng(1).uniform(0, 1, (1, height, width, 3)).astype(np.float32)
        np.save(self.folder / name, values)
        return self.folder / name

    def png(self, name="in.png", height=24, width=31):
        """A PNG file made without any library: stored deflate blocks."""
        import struct
        import zlib
        pixels = np.random.default_rng(2).integers(0, 256, (height, width, 3), dtype=np.uint8)
        rows = b"".join(b"\0" + row.tobytes() for row in pixels)
        chunk = lambda kind, data: struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
        data = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
        (self.folder / name).write_bytes(data)
        return self.folder / name


@check
def a_photo_comes_out_three_times_as_large(bench):
    text = bench.run("run", MODEL, bench.png(), "-o", bench.folder / "out.png", says="31x24 -> ")
    assert "93x72" in text and (bench.folder / "out.png").stat().st_size > 100
    assert "(recipe file)" in text, "the recipe beside the model is not used"


@check
def a_built_in_model_has_a_name(bench):
    bench.run("run", "upscale_x3", bench.png(), "-o", bench.folder / "out.png", says="93x72")


@check
def npy_files_go_in_and_out_as_they_are(bench):
    bench.run("run", MODEL, bench.picture(), "-o", bench.folder / "out.npy")
    assert np.load(bench.folder / "out.npy").shape == (1, 72, 93, 3)


@check
def tiles_give_the_same_bits_as_the_whole(bench):
    bench.png("big.png", 70, 90)
    bench.run("run", MODEL, bench.folder / "big.png", "-o", bench.folder / "whole.png")
    bench.run("run", MODEL, bench.folder / "big.png", "-o", bench.folder / "tiled.png", "--tile", 16)
    bench.run("run", MODEL, bench.folder / "big.png", "-o", bench.folder / "one.png", "--threads", 1, "--memory-limit", "2MB")
    whole = (bench.folder / "whole.png").read_bytes()
    assert whole == (bench.folder / "tiled.png").read_bytes(), "tiled differs"
    assert whole == (bench.folder / "one.png").read_bytes(), "under a memory limit differs"


@check
def folders_and_globs_are_taken(bench):
    (bench.folder / "pictures").mkdir()
    (bench.folder / "results").mkdir()
    bench.png("pictures/a.png")
    bench.png("pictures/b.png", 9, 7)
    bench.run("run", MODEL, bench.folder / "pictures", "-o", bench.folder / "results")
    assert sorted(p.name for p in (bench.folder / "results").iterdir()) == ["a.png", "b.png"]
    bench.run("run", MODEL, str(bench.folder / "pictures" / "*.png"), "-o", bench.folder / "results")


@check
def errors_are_one_sentence_and_leave_nothing(bench):
    picture, out = bench.png(), bench.folder / "out.png"
    (bench.folder / "text.png").write_text("this is no picture")
    (bench.folder / "cut.tflite").write_bytes(MODEL.read_bytes()[:3000])
    bench.run("run", bench.folder / "none.tflite", picture, "-o", out, code=1, says="none.tflite")
    bench.run("run", MODEL, bench.folder / "none.png", "-o", out, code=1, says="none.png")
    bench.run("run", MODEL, bench.folder / "text.png", "-o", out, code=1, says="text.png")
    bench.run("run", bench.folder / "cut.tflite", picture, "-o", out, code=1, says="cut short")
    bench.run("run", MODEL, picture, "-o", bench.folder / "no folder" / "out.png", code=1, says="no folder")
    bench.run("run", MODEL, picture, "-o", picture, code=1, says="the output is the input itself")
    bench.run("run", MODEL, picture, "-o", bench.folder / "out.xyz", code=1, says="out.xyz")
    bench.run("run", MODEL, picture, "-o", out, "--memory-limit", "10kB", code=1, says="KiB")
    bench.run("run", MODEL, picture, "-o", out, "--channels", "y", "--range", "0,255", code=0)
    out.unlink()
    left = sorted(p.name for p in bench.folder.iterdir())
    assert left == ["cut.tflite", "in.png", "text.png"], f"left behind: {left}"


@check
def a_full_disk_is_told(bench):
    bench.run("run", MODEL, bench.picture(), "-o", "/dev/full", code=1, says="/dev/full")


@check
def wrong_usage_exits_with_two(bench):
    bench.run(code=2)
    bench.run("nonsense", code=2)
    bench.run("run", code=2)
    bench.run("run", MODEL, "--threads", "many", code=2)
    bench.run("--help", says="inspect")


@check
def inspect_shows_rows_and_rings(bench):
    text = bench.run("inspect", MODEL, "--size", "640x360", says="CONV_2D")
    assert "whole values 0 B" in text, "an inner value is kept whole"
    assert '"op": "CONV_2D"' in bench.run("inspect", MODEL, "--json")
    assert "digraph" in bench.run("inspect", MODEL, "--dot")
    bench.run("ops", says="DEPTHWISE_CONV_2D")


@check
def inner_maps_are_never_whole_on_a_large_photo(bench):
    # 1440x1080: one inner map of 28 channels would be 166 MB.
    text = bench.run("inspect", MODEL, "--size", "1440x1080", "--threads", 2)
    line = next(line for line in text.splitlines() if line.startswith("memory of a run"))
    number, unit = line.rsplit(" ", 2)[1:]
    assert float(number) * {"KB": 1, "MB": 1024}[unit] < 40 * 1024, line


@check
def a_small_picture_starts_in_little_memory(bench):
    command = [str(bench.program), "run", str(MODEL), str(bench.png("tiny.png", 8, 8)), "-o", str(bench.folder / "t.png")]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    number, unit = text.rsplit("peak of the process ", 1)[1].split()[:2]
    assert 0 < float(number) * {"KB": 1, "MB": 1024}[unit] < 15 * 1024, f"{number} {unit}"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--program", required=True, type=pathlib.Path)
    options = parser.parse_args()
    failed = 0
    for function in CHECKS:
        begin = time.time()
        with tempfile.TemporaryDirectory() as folder:
            try:
                function(Bench(options.program.resolve(), folder))
                print(f"ok      {function.__name__} ({time.time() - begin:.1f} s)")
            except Exception as error:  # noqa: BLE001 - every failure is reported and counted
                failed += 1
                print(f"FAILED  {function.__name__}: {error}")
    print(f"{len(CHECKS) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
