# SPDX-License-Identifier: Apache-2.0
"""Types of layers chosen on training pictures, judged on others: `safelight quantize --type mixed` on several networks, beside int8
and 16x8 throughout. Prints the table of docs/quantization.md and draws its chart.

  python benchmarks/mixed_precision.py --program build/release/safelight [--data ../shared/data] [--only NAME] [--chart FILE]

Needs numpy, Pillow and, for the chart, matplotlib (the environment of ./dev bench peers). Networks that enlarge: PSNR of luma
on Set5, and on Set14 at x2, `scale` pixels cut. Others: the large pictures of Set5 through the network in 16 bits; what they are
off the float network's pictures is added as noise to a float network of 35 dB, as the search does it.
"""
import argparse
import json
import pathlib
import struct
import subprocess
import tempfile
import zlib

import numpy as np
from PIL import Image

ROOT = pathlib.Path(__file__).resolve().parent.parent
FLOAT_PSNR = 35  # dB, of networks without truth
# File (below models/image_to_image, or the built-in one), scale.
NETWORKS = {
    "upscale_x3": 3, "superres/evsrnet_x4_f16w": 4, "superres/edsr_f32b5_fp32_dynamic": 2, "superres/espcn_x2_padding_f16w": 2,
    "superres/espcn_x2_nopadding_f16w": 2, "superres/espcn_x3_padding_f16w": 3, "lowlight/zero_dce_lite_160x160_fp32": 1,
    "lowlight/zero_dce_lite_200x300_fp32": 1, "deblur/small_2conv_256_fp32": 1,
}


def read(path):
    return np.asarray(Image.open(path).convert("RGB"), np.float64)


def luma(pixels):
    return 16 + pixels @ np.array([65.481, 128.553, 24.966]) / 255


def write_16(path, pixels):
    """An 8-bit picture as a 16-bit PNG."""
    height, width, _ = pixels.shape
    chunk = lambda kind, data: struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    rows = b"".join(b"\0" + (row.astype(np.uint16) * 257).astype(">u2").tobytes() for row in pixels)
    header = struct.pack(">IIBBBBB", width, height, 16, 2, 0, 0, 0)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


def read_16(path):
    """Pixels of a 16-bit RGB PNG, 0..1."""
    data, at, packed = path.read_bytes(), 8, b""
    while at < len(data):
        length, kind = struct.unpack(">I4s", data[at : at + 8])
        if kind == b"IHDR":
            width, height, depth, color = struct.unpack(">IIBB", data[at + 8 : at + 18])
            assert (depth, color) == (16, 2), f"{path}: {depth} bits, colour type {color}"
        packed += data[at + 8 : at + 8 + length] if kind == b"IDAT" else b""
        at += 12 + length
    lines = np.frombuffer(zlib.decompress(packed), np.uint8).reshape(height, 1 + 6 * width)
    rows = [[0] * (6 * width + 6)]
    for line in lines.tolist():
        kind, up, row = line[0], rows[-1], [0] * 6
        for i, residue in enumerate(line[1:]):
            left, above, corner = row[i], up[i + 6], up[i]
            if kind == 4:
                a, b, c = abs(above - corner), abs(left - corner), abs(left + above - 2 * corner)
                guess = left if a <= b and a <= c else above if b <= c else corner
            else:
                guess = (0, left, above, (left + above) >> 1)[kind]
            row.append((residue + guess) & 255)
        rows.append(row)
    octets = np.array(rows[1:], np.uint8)[:, 6:].reshape(height, width, 3, 2)
    return (octets[..., 0] * 256.0 + octets[..., 1]) / 65535


class Judge:
    """Test pictures of one network."""

    def __init__(self, options, model, scale, folder):
        self.program, self.scale, self.folder = options.program, scale, folder
        sets = options.data / "images"
        if scale > 1:
            self.inputs = sorted((sets / "set5" / f"x{scale}").glob("*_LR.png"))
            self.inputs += sorted((sets / "set14" / "x2").glob("*_LR.png")) if scale == 2 else []
            self.float_psnr = self.psnr(model)
            return
        self.inputs = []
        for path in sorted((sets / "set5" / "x2").glob("*_HR.png")):
            self.inputs.append(folder / path.name)
            write_16(self.inputs[-1], read(path))
        self.truths = [read_16(path) for path in self.run(model)]

    def run(self, model):
        outputs = []
        for number, path in enumerate(self.inputs):  # names of the two sets are the same
            outputs.append(self.folder / f"out{number}.png")
            subprocess.run([self.program, "run", model, path, "-o", outputs[-1]], check=True, capture_output=True)
        return outputs

    def psnr(self, model):
        scores = []
        for path, output in zip(self.inputs, self.run(model)):
            high = path.with_name(path.name.replace("_LR", "_HR"))
            if not high.exists():
                high = path.parent.parent / "x2" / high.name.replace(f"SRF_{self.scale}", "SRF_2")
            high, ours, s = luma(read(high)), luma(read(output)), self.scale
            height, width = min(high.shape[0], ours.shape[0]), min(high.shape[1], ours.shape[1])
            error = (high[:height, :width] - ours[:height, :width])[s:-s, s:-s]
            scores.append(10 * np.log10(255**2 / np.mean(error**2)))
        return float(np.mean(scores))

    def drop(self, model):
        """dB lost, the mean over the pictures."""
        if self.scale > 1:
            return self.float_psnr - self.psnr(model)
        noise = [np.mean((read_16(path) - truth) ** 2) for path, truth in zip(self.run(model), self.truths)]
        return float(np.mean([10 * np.log10(1 + each / 10 ** (-FLOAT_PSNR / 10)) for each in noise]))


def quantize(options, model, out, shown, *arguments):
    return subprocess.run([options.program, "quantize", model, "-o", out, "--calibrate", *shown, *arguments, *options.extra.split()],
                          capture_output=True, text=True)


def measure(options, name, scale, folder):
    model = ROOT / "models" / "upscale_x3.tflite" if name == "upscale_x3" else options.data / "models/image_to_image" / f"{name}.tflite"
    pictures = sorted((options.data / "images" / "train" / "bsds500_train").glob("*.jpg"))
    shown = pictures[:: len(pictures) // options.pictures][: options.pictures]
    judge = Judge(options, model, scale, folder)
    out, report = folder / "out.tflite", folder / "report.json"
    result = {"network": pathlib.Path(name).name, "targets": []}
    for kind in ("int8-float-io", "16x8"):
        quantize(options, model, out, shown, "--type", kind)
        result[kind] = judge.drop(out)
    for target in options.targets:
        types = "int8,16x8"
        done = quantize(options, model, out, shown, "--type", "mixed", "--target-drop", f"{target}dB", "--types", types, "--report", report)
        if done.returncode != 0:  # out of reach: more exact types too
            types = "int8,16x8,float16,float32"
            done = quantize(options, model, out, shown, "--type", "mixed", "--target-drop", f"{target}dB", "--types", types, "--report",
                            report)
        if done.returncode != 0:
            raise SystemExit(done.stderr)
        said = json.loads(report.read_text())
        chosen = [layer["type"] for layer in said["layers"]]
        # A cost is a part of that of the dearest type; 16x8 is the measure here.
        cost = said["cost"] * (1 if types == "int8,16x8" else 8)
        result["targets"].append({"target": target, "types": types, "searched": said["drop_db"], "mean": said["mean_drop_db"],
                                  "drop": judge.drop(out), "cost": cost, "chosen": {t: chosen.count(t) for t in dict.fromkeys(chosen)}})
        scale_of_cost = cost / said["cost"]
        result["curve"] = [[scale_of_cost * point["cost"], point["measured_drop_db"]] for point in said["curve"]
                           if point["measured_drop_db"] is not None]
    return result


def row(result, target):
    at = next(each for each in result["targets"] if each["target"] == target)
    chosen = ", ".join(f"{count} {name}" for name, count in at["chosen"].items())
    return (f"| {result['network']} | {result['int8-float-io']:.3f} | {result['16x8']:.3f} | {chosen} | {100 * at['cost']:.0f} % |"
            f" {at['searched']:.3f} | {at['mean']:.3f} | {at['drop']:.3f} |")


def draw(results, path):
    import matplotlib
    matplotlib.use("Agg")
    import matplotlib.pyplot as plot
    columns = 3
    figure, axes = plot.subplots(-(-len(results) // columns), columns, figsize=(10.5, 2.7 * -(-len(results) // columns)), squeeze=False)
    for axis in axes.flat[len(results):]:
        axis.set_visible(False)
    for axis, result in zip(axes.flat, results):
        mixed = sorted((100 * each["cost"], each["drop"]) for each in result["targets"])
        searched = sorted((100 * cost, drop) for cost, drop in result["curve"])
        axis.plot(*zip(*searched), ".-", color="#d5a6a0", label="mixed, worst searched picture")
        axis.plot(*zip(*mixed), "o", color="#c0392b", markersize=6, label="mixed, test pictures")
        axis.plot([50], [result["int8-float-io"]], "s", color="#34495e", markersize=5, label="int8, test pictures")
        axis.plot([100], [result["16x8"]], "D", color="#7f8c8d", markersize=5, label="16x8, test pictures")
        for each in result["targets"]:
            axis.axhline(each["target"], color="#7f8c8d", linewidth=0.7, linestyle=":")
        axis.set_title(result["network"], fontsize=9)
        axis.set_yscale("symlog", linthresh=0.01)
        drops = [drop for _, drop in mixed + searched] + [result["int8-float-io"], result["16x8"]]
        axis.set_ylim(bottom=min([-0.003, *drops]), top=1.6 * max(drops))
        axis.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
        axis.grid(alpha=0.3)
        axis.tick_params(labelsize=8)
        axis.spines[["top", "right"]].set_visible(False)
    for axis in axes[-1]:
        axis.set_xlabel("cost, % of 16x8", fontsize=8)
    for axis in axes[:, 0]:
        axis.set_ylabel("dB lost", fontsize=8)
    axes[0][0].legend(fontsize=7, frameon=False)
    figure.tight_layout()
    figure.savefig(path, dpi=110)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", required=True, type=pathlib.Path)
    parser.add_argument("--data", type=pathlib.Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--only", default="")
    parser.add_argument("--pictures", type=int, default=25, help="training pictures that are shown")
    parser.add_argument("--targets", type=lambda text: [float(x) for x in text.split(",")], default=[0.1])
    parser.add_argument("--extra", default="", help="more options of safelight quantize")
    parser.add_argument("--chart", type=pathlib.Path)
    parser.add_argument("--results", type=pathlib.Path, help="a JSON file: results of earlier runs are kept, new ones added")
    options = parser.parse_args()
    results = json.loads(options.results.read_text()) if options.results and options.results.exists() else {}
    for name, scale in NETWORKS.items():
        if options.only in name and name not in results:
            with tempfile.TemporaryDirectory() as folder:
                results[name] = measure(options, name, scale, pathlib.Path(folder))
            if options.results:
                options.results.write_text(json.dumps(results, indent=1))
    for target in options.targets:
        print(f"\ntarget {target} dB\n\n| network | int8 | 16x8 | layers | cost of 16x8 | worst searched | mean searched | test |\n"
              "|---|---|---|---|---|---|---|---|")
        for result in results.values():
            if any(each["target"] == target for each in result["targets"]):
                print(row(result, target))
    if options.chart:
        draw(list(results.values()), options.chart)


if __name__ == "__main__":
    main()
