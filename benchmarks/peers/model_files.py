# SPDX-License-Identifier: Apache-2.0
"""The files of one network for every runtime, and how each runtime is started with them."""
import dataclasses
import pathlib
import subprocess
import sys

import numpy as np

import write_ncnn
import write_onnx
import write_tflite

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = ROOT / "build" / "release"
# Which file each peer reads. ONNX, n c h w, where it has the choice: the layout that needs no conversion at the ends.
PEERS = {"litert": ".tflite", "onnxruntime": ".onnx", "mnn": ".mnn", "ncnn": ".param", "openvino": ".onnx"}


@dataclasses.dataclass
class Case:
    """A network as files: folder/name.tflite, .onnx, ...; picture: its input, float32 [h, w, c]."""
    name: str
    folder: pathlib.Path
    picture: np.ndarray
    macs: int
    missing: dict = dataclasses.field(default_factory=dict)  # peer -> why it has no file

    def file(self, suffix):
        return self.folder / (self.name + suffix)


def convert_to_mnn(onnx, mnn):
    command = [str(pathlib.Path(sys.executable).parent / "mnnconvert"), "-f", "ONNX", "--modelFile", str(onnx),
               "--MNNModel", str(mnn), "--bizCode", "benchmark"]
    result = subprocess.run(command, capture_output=True, text=True)
    if "Converted Success" not in result.stdout:
        raise RuntimeError(f"mnnconvert {onnx.name}: {(result.stdout + result.stderr).strip()[-200:]}")


def write_case(net, folder):
    """All files of a described network. MNN's converter is slow: it runs only when the network has changed."""
    folder.mkdir(parents=True, exist_ok=True)
    case = Case(net.name, folder, net.picture(), net.macs())
    write_tflite.write(net, case.file(".tflite"))
    old = case.file(".onnx").read_bytes() if case.file(".onnx").exists() else b""
    write_onnx.write(net, case.file(".onnx"))
    if old != case.file(".onnx").read_bytes() or not case.file(".mnn").exists():
        convert_to_mnn(case.file(".onnx"), case.file(".mnn"))
    write_ncnn.write(net, case.file(".param"))
    case.picture.tofile(case.file(".input"))
    return case


def peer_command(case, peer, threads):
    shape = ",".join(map(str, case.picture.shape))
    return [sys.executable, str(pathlib.Path(__file__).parent / "peer_process.py"), "--peer", peer, "--model",
            str(case.file(PEERS[peer])), "--input", str(case.file(".input")), "--output", str(case.file(f".{peer}.out")),
            "--shape", shape, "--threads", str(threads)]


def our_command(case, name, threads, options=()):
    return [str(BUILD / "bench_runner"), "--model", str(case.file(".tflite")), "--input", str(case.file(".input")),
            "--output", str(case.file(f".{name}.out")), "--threads", str(threads), *options]
