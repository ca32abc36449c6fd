# SPDX-License-Identifier: Apache-2.0
"""Bad input as a user gives it: one sentence that names file, node and reason, exit code 1, nothing half-written."""
import os
import resource
import signal
import subprocess

import numpy as np

import broken_models
from bench import MODEL, Skip, check, png_bytes

SEED = 7


def refuse_model(bench, data, says):
    """The model is refused, named, and nothing is left behind."""
    model, picture = bench.file("bad.tflite", data), bench.png()
    before = bench.names()
    text = bench.run("run", model, picture, "-o", bench.folder / "out.png", code=1, says=says)
    assert "bad.tflite" in text, f"the file is not named: {text}"
    assert bench.names() == before, f"left behind: {bench.names()}"


@check
def hostile_models_are_refused_by_node_and_reason(bench):
    data = MODEL.read_bytes()
    for damage, words in broken_models.HOSTILE:
        refuse_model(bench, broken_models.hostile(data, damage), words)


@check
def cut_models_are_refused(bench):
    for data in broken_models.cut(MODEL.read_bytes(), 20, SEED):
        refuse_model(bench, data, "")


@check
def flipped_bits_are_refused_or_run(bench):
    picture, out = bench.png(), bench.folder / "out.png"
    print(f"        seed {SEED}")
    for data in broken_models.flipped(MODEL.read_bytes(), 40, SEED):
        model = bench.file("bad.tflite", data)
        result = subprocess.run([bench.program, "run", model, picture, "-o", out, "--memory-limit", "64MB"],
                                capture_output=True, text=True, errors="replace", timeout=60)
        assert result.returncode in (0, 1), f"exit code {result.returncode}: {result.stderr}"
        assert result.stderr.count("\n") == result.returncode, result.stderr
        assert out.exists() == (result.returncode == 0), "an output in spite of the error, or none without one"
        out.unlink(missing_ok=True)
    assert bench.names() == ["bad.tflite", "in.png"], f"left behind: {bench.names()}"


@check
def files_that_are_no_models_are_told_what_they_are(bench):
    refuse_model(bench, b"", "empty")
    refuse_model(bench, b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "git-lfs")
    refuse_model(bench, b"<!DOCTYPE html><html></html>", "HTML")
    picture, out = bench.png(), bench.folder / "out.png"
    bench.run("run", picture, picture, "-o", out, code=1, says="in.png: not a .tflite file")
    bench.run("run", bench.folder, picture, "-o", out, code=1, says="neither a file nor a built-in model"
              if "/" not in str(bench.folder) else "not a file")
    bench.run("run", "upscale_x9", picture, "-o", out, code=1, says="upscale_x9: neither a file nor a built-in model")
    bench.run("inspect", bench.folder / "none.tflite", code=1, says="none.tflite")


@check
def names_in_models_do_not_break_listings(bench):
    file = broken_models.Editor(MODEL.read_bytes())
    text = file.follow(file.field(broken_models.input_of(file), broken_models.NAME))
    file.data[text + 4:text + 8] = b"\n\xff\x1b\""
    model = bench.file("odd.tflite", bytes(file.data))
    import json
    json.loads(bench.run("inspect", model, "--json"))
    listing = bench.run("inspect", model)
    assert "\x1b" not in listing and len(listing.splitlines()) == len(bench.run("inspect", MODEL).splitlines())


@check
def pictures_that_are_none_are_refused(bench):
    good = bench.png().read_bytes()
    bench.run("run", MODEL, bench.folder / "in.png", "-o", bench.folder / "in.jpg")
    jpeg = (bench.folder / "in.jpg").read_bytes()
    broken = bytearray(good)
    broken[60] ^= 0xff
    for name, data in {"text.png": b"this is no picture", "empty.png": b"", "cut.png": good[:len(good) // 2],
                       "cut.jpg": jpeg[:len(jpeg) // 2], "head.png": good[:8], "broken.png": bytes(broken),
                       "huge.png": png_bytes(1 << 30, 1 << 30, b"")}.items():
        picture = bench.file(name, data)
        before = bench.names()
        bench.run("run", MODEL, picture, "-o", bench.folder / "out.png", code=1, says=name)
        assert bench.names() == before, f"left behind: {bench.names()}"
    bench.run("run", MODEL, bench.folder / "none.png", "-o", bench.folder / "out.png", code=1, says="none.png: no such file")
    bench.run("run", MODEL, bench.folder / "*.bmp", "-o", bench.folder, code=1, says="matches no file")
    (bench.folder / "empty").mkdir()
    bench.run("run", MODEL, bench.folder / "empty", "-o", bench.folder, code=1, says="no pictures in this folder")


@check
def wrong_channels_and_tensors_are_refused_by_port(bench):
    picture, out = bench.png(), bench.folder / "out.png"
    bench.run("run", MODEL, picture, "-o", out, "--channels", "y", code=1, says="'input' has 3 channels, y (--channels) has 1")
    bench.run("run", MODEL, picture, "-o", out, "--range", "1,1", code=1, says="two different numbers")
    np.save(bench.folder / "four.npy", np.zeros((1, 8, 8, 4), np.float32))
    bench.run("run", MODEL, bench.folder / "four.npy", "-o", bench.folder / "o.npy", code=1, says="node 0 CONV_2D")
    bench.run("run", MODEL, bench.tensor("double.npy", dtype=np.float64), "-o", bench.folder / "o.npy", code=1,
              says="double.npy: holds float64, input 'input' takes float32")
    np.save(bench.folder / "flat.npy", np.zeros(9, np.float32))
    bench.run("run", MODEL, bench.folder / "flat.npy", "-o", bench.folder / "o.npy", code=1, says="'input'")
    bench.run("run", MODEL, bench.file("text.npy", b"no array"), "-o", bench.folder / "o.npy", code=1, says="text.npy")
    bench.run("run", MODEL, picture, "--input", "who=x.npy", "-o", out, code=1, says="called 'who'; there are input")
    assert not out.exists() and not (bench.folder / "o.npy").exists()


@check
def outputs_that_cannot_be_are_refused_before_the_run(bench):
    picture, tensor = bench.png(), bench.tensor()
    files = {name: (bench.folder / name).read_bytes() for name in bench.names()}
    os.symlink(picture, bench.folder / "link.png")
    os.link(picture, bench.folder / "hard.png")
    for out in ("in.png", "./in.png", "link.png", "hard.png"):
        bench.run("run", MODEL, picture, "-o", f"{bench.folder}/{out}", code=1, says="the output is the input itself")
    bench.run("run", MODEL, tensor, "-o", tensor, code=1, says="in.npy: the output is the input itself")
    bench.run("run", MODEL, picture, "-o", bench.folder / "no" / "out.png", code=1, says="/no is missing")
    bench.run("run", MODEL, tensor, "-o", bench.folder / "no" / "out.npy", code=1, says="/no is missing")
    bench.run("run", MODEL, picture, "-o", bench.folder / "out.xyz", code=1, says="out.xyz: no picture format")
    bench.run("run", MODEL, tensor, "-o", bench.folder / "out.png", code=1, says="tensors are written as .npy files")
    bench.run("run", MODEL, picture, picture, "-o", bench.folder / "none", code=1, says="no such folder")
    bench.run("run", MODEL, picture, picture, "-o", picture, code=1, says="must be a folder")
    bench.run("run", MODEL, picture, bench.folder / "in.png", "-o", bench.folder, code=1, says="would both become")
    assert all((bench.folder / name).read_bytes() == data for name, data in files.items()), "an input was written to"
    assert bench.names() == ["hard.png", "in.npy", "in.png", "link.png"], f"left behind: {bench.names()}"


@check
def a_memory_limit_that_is_too_small_is_told(bench):
    bench.run("run", MODEL, bench.png(), "-o", bench.folder / "out.png", "--memory-limit", "10kB", code=1, says="KiB")
    assert bench.names() == ["in.png"]


def refuse_to_write(bench, folder, before=None):
    """Writing there fails in the middle; what stood under the name stays, nothing else appears."""
    for name, given in (("out.png", bench.png("big.png", 90, 120)), ("out.jpg", bench.folder / "big.png"),
                        ("out.npy", bench.tensor("big.npy", 90, 120))):
        target = folder / name
        target.write_bytes(b"old")
        text = bench.run("run", MODEL, given, "-o", target, code=1, says=name, before=before)
        assert "Traceback" not in text
        assert target.read_bytes() == b"old", "the old file is gone"
        target.unlink()
        assert list(folder.iterdir()) == [], f"left behind: {list(folder.iterdir())}"


@check
def a_file_that_may_not_grow_leaves_nothing(bench):
    def limit():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
    (bench.folder / "small").mkdir()
    refuse_to_write(bench, bench.folder / "small", limit)


@check
def a_full_disk_leaves_nothing(bench):
    disk = bench.folder / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16k", "tmpfs", disk], capture_output=True).returncode != 0:
        raise Skip("NO FULL DISK WAS TRIED: a small file system cannot be mounted here")
    try:
        refuse_to_write(bench, disk)
    finally:
        subprocess.run(["umount", disk], check=True)


@check
def a_device_that_is_full_is_told(bench):
    bench.run("run", MODEL, bench.tensor(), "-o", "/dev/full", code=1, says="/dev/full: cannot write: No space left")


@check
def a_folder_without_permission_is_told(bench):
    locked = bench.folder / "locked"
    locked.mkdir(mode=0o555)
    bench.folder.chmod(0o755)
    # Root may write everywhere, so it becomes somebody else.
    become_nobody = (lambda: os.setuid(65534)) if os.geteuid() == 0 else None
    bench.run("run", MODEL, bench.png(), "-o", locked / "out.png", code=1, says="out.png: cannot write: permission denied",
              before=become_nobody)
    bench.run("run", MODEL, bench.tensor(), "-o", locked / "out.npy", code=1, says="out.npy: cannot write: ",
              before=become_nobody)


@check
def wrong_usage_exits_with_two(bench):
    picture, out = bench.png(), bench.folder / "out.png"
    bench.run(code=2)
    bench.run("nonsense", code=2)
    bench.run("run", code=2)
    bench.run("run", MODEL, picture, code=2, says="-o is required")
    for option, word in {"--threads": "many", "--tile": "0", "--memory-limit": "lots", "--range": "0", "--channels": "cmyk",
                         "--output-range": "0,1,2", "--input": "name", "--output": "=file", "--state": "x",
                         "--quality": "101"}.items():
        bench.run("run", MODEL, picture, "-o", out, option, word, code=2, says=option)
    bench.run("run", MODEL, picture, "-o", out, "--threads", "0", code=2)
    bench.run("run", MODEL, picture, "-o", out, "--speed", "2", code=2, says="--speed")
    bench.run("inspect", MODEL, "--size", "large", code=2, says="--size")
    assert not out.exists()
