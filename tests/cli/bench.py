# SPDX-License-Identifier: Apache-2.0
"""A folder to work in, a program to run, small files to run it on; and the list of checks."""
import pathlib
import struct
import subprocess
import zlib

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parents[2]
MODEL = ROOT / "models" / "upscale_x3.tflite"
CHECKS = []


def check(function):
    CHECKS.append(function)
    return function


class Skip(Exception):
    """Raised with the reason by a check that this machine cannot make."""


def png_bytes(width, height, rows):
    """A PNG file of 8-bit RGB, made without any library."""
    chunk = lambda kind, data: struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


class Bench:
    def __init__(self, program, folder):
        self.program, self.folder = program, pathlib.Path(folder)

    def run(self, *arguments, code=0, says="", env=None, before=None, cwd=None):
        """Runs the program; its exit code and words that it says are checked. A failure is one sentence."""
        result = subprocess.run([str(self.program), *map(str, arguments)], capture_output=True, text=True, timeout=300,
                                errors="replace", env=env, preexec_fn=before, cwd=cwd)
        text = result.stdout + result.stderr
        assert result.returncode == code, f"exit code {result.returncode}, expected {code}: {text}"
        assert says in text, f"'{says}' is not in: {text}"
        if code == 1:
            assert result.stderr.count("\n") == 1, f"more than one sentence: {result.stderr}"
        return text

    def tensor(self, name="in.npy", height=24, width=31, dtype=np.float32):
        """A small picture as a tensor for the built-in model."""
        np.save(self.folder / name, np.random.default_rng(1).uniform(0, 1, (1, height, width, 3)).astype(dtype))
        return self.folder / name

    def png(self, name="in.png", height=24, width=31):
        pixels = np.random.default_rng(2).integers(0, 256, (height, width, 3), dtype=np.uint8)
        return self.file(name, png_bytes(width, height, b"".join(b"\0" + row.tobytes() for row in pixels)))

    def file(self, name, data):
        (self.folder / name).write_bytes(data)
        return self.folder / name

    def names(self, folder="."):
        return sorted(p.name for p in (self.folder / folder).iterdir())
