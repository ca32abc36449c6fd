# SPDX-License-Identifier: Apache-2.0
"""The built-in upscaler before and after quantization: PSNR of luma on Set5 x3, 3 pixels cut at each edge."""
import pathlib
import subprocess
import sys

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "cli"))
from photos import read_png  # noqa: E402

MODEL = ROOT / "models" / "upscale_x3.tflite"
SHOWN = 12  # photographs of the training set; none of Set5 is among them


def luma(path):
    """BT.601, 16 to 235."""
    return 16 + read_png(path).astype(np.float64) @ np.array([65.481, 128.553, 24.966]) / 255


def mean_psnr(program, model, data, folder):
    folder.mkdir(exist_ok=True)
    small = sorted((data / "images" / "set5" / "x3").glob("*_LR.png"))
    subprocess.run([program, "run", model, *small, "-o", folder], check=True, capture_output=True, text=True)
    scores = []
    for path in small:
        high, ours = luma(path.with_name(path.name.replace("_LR", "_HR"))), luma(folder / path.name)
        height, width = min(high.shape[0], ours.shape[0]), min(high.shape[1], ours.shape[1])
        error = (high[:height, :width] - ours[:height, :width])[3:-3, 3:-3]
        scores.append(10 * np.log10(255**2 / np.mean(error**2)))
    return float(np.mean(scores))


def check(suite, data, kind, most, *extra):
    folder = data / "images" / "train" / "bsds500_train"
    shown = sorted(folder.glob("*.jpg"))[:SHOWN]
    out = suite.folder / "upscaler.tflite"
    subprocess.run([suite.program, "quantize", MODEL, "-o", out, "--type", kind, *extra, "--calibrate", *shown], check=True,
                   capture_output=True, text=True)
    before = mean_psnr(suite.program, MODEL, data, suite.folder / "float")
    after = mean_psnr(suite.program, out, data, suite.folder / kind)
    print(f"Set5 x3: {before:.3f} dB, as {' '.join([kind, *extra])} {after:.3f} dB")
    assert before > 33.1, f"{before:.3f} dB before"
    assert before - after < most, f"{before - after:.3f} dB lost, at most {most}"
