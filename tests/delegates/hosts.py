# SPDX-License-Identifier: Apache-2.0
"""Environments with other versions of the host, made when first asked for, under build/hosts."""
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
# From the oldest that this Python can install to the newest; numpy as each was built for.
HOSTS = [("tensorflow-cpu==2.12.1", "numpy<2"), ("tflite-runtime==2.14.0", "numpy<2"), ("ai-edge-litert==1.0.1", "numpy<2"),
         ("ai-edge-litert==1.2.0", "numpy"), ("ai-edge-litert==2.0.3", "numpy"), ("ai-edge-litert", "numpy")]


def environments():
    """(name, Python) of every host."""
    for package, numpy in HOSTS:
        folder = ROOT / "build/hosts" / package.replace("==", "-")
        python = folder / "bin/python"
        if not (folder / "ready").exists():
            subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
            subprocess.run([str(python), "-m", "pip", "install", "-q", package, numpy], check=True)
            (folder / "ready").touch()
        yield package, python
