# SPDX-License-Identifier: Apache-2.0
"""The files of one network for every runtime, and how each runtime is started with them."""
import dataclasses
import math
import pathlib
import shutil
import subprocess
import sys

import networks
import read_tflite
import write_ncnn
import write_onnx
import write_tflite

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = ROOT / "build" / "release"
PEERS = ("litert", "litert-ynnpack", "onnxruntime", "mnn", "ncnn", "openvino")
# Runs count only where all of these ran and agreed; YNNPACK is in no public wheel yet.
NEEDED = ("litert", "onnxruntime", "mnn", "ncnn", "openvino")


@dataclasses.dataclass
class Case:
    """A network as files in one folder; inputs and outputs: their shapes as LiteRT has them, n h w c."""
    name: str
    folder: pathlib.Path
    inputs: list
    outputs: list
    macs: int
    files: dict = dataclasses.field(default_factory=dict)  # peer -> (file, layout of the input: nhwc or nchw, names of outputs)
    missing: dict = dataclasses.field(default_factory=dict)  # peer -> why it has no file

    def file(self, suffix):
        return self.folder / (self.name + suffix)

    def tensor_bytes(self):
        return 4 * sum(math.prod(shape) for shape in self.inputs + self.outputs)

    def write_input(self):
        """All inputs one after another, raw floats: what every runtime reads."""
        with open(self.file(".input"), "wb") as file:
            for shape in self.inputs:
                networks.picture(*shape[1:]).tofile(file)


def convert_to_mnn(case, kind):
    """kind: ONNX or TFLITE."""
    source = case.file("." + kind.lower())
    command = [str(pathlib.Path(sys.executable).parent / "mnnconvert"), "-f", kind, "--modelFile", str(source),
               "--MNNModel", str(case.file(".mnn")), "--bizCode", "benchmark"]
    result = subprocess.run(command, capture_output=True, text=True)
    if "Converted Success" not in result.stdout:
        lines = [line for line in (result.stdout + result.stderr).splitlines() if line.strip()]
        raise ValueError(f"mnnconvert does not take {source.name}: {lines[-1][:120] if lines else result.returncode}")


def write_planar(net, case):
    """The files of the peers that want n c h w: no conversion of the layout at the network's ends."""
    old = case.file(".onnx").read_bytes() if case.file(".onnx").exists() else b""
    write_onnx.write(net, case.file(".onnx"))
    ncnn_outputs = write_ncnn.write(net, case.file(".param"))
    # MNN's converter is slow: it runs only when the network has changed.
    if old != case.file(".onnx").read_bytes() or not case.file(".mnn").exists():
        case.file(".mnn").unlink(missing_ok=True)
        convert_to_mnn(case, "ONNX")
    for peer, suffix in (("onnxruntime", ".onnx"), ("openvino", ".onnx"), ("mnn", ".mnn"), ("ncnn", ".param")):
        case.files[peer] = (case.file(suffix), "nchw", ncnn_outputs if peer == "ncnn" else [v.name for v in net.outputs])


def write_case(net, folder):
    """All files of a described network."""
    folder.mkdir(parents=True, exist_ok=True)
    shapes = [[(1, v.h, v.w, v.c) for v in values] for values in ([net.source], net.outputs)]
    case = Case(net.name, folder, *shapes, net.macs())
    write_tflite.write(net, case.file(".tflite"))
    case.files["litert"] = case.files["litert-ynnpack"] = (case.file(".tflite"), "nhwc", [])
    write_planar(net, case)
    case.write_input()
    return case


def real_case(path, folder):
    """All files of a real .tflite file; ValueError says why it is not taken at all."""
    inputs, outputs, floats, macs = read_tflite.ports(path)
    if not floats:
        raise ValueError("quantized")
    if any(len(shape) != 4 or max(shape[1:3]) < 16 for shape in inputs + outputs):
        raise ValueError(f"the file's own size is {inputs[0]} to {outputs[0]}")
    folder.mkdir(parents=True, exist_ok=True)
    case = Case(path.stem, folder, inputs, outputs, macs)
    shutil.copyfile(path, case.file(".tflite"))
    case.file(".tflite").chmod(0o644)
    for peer in ("litert", "litert-ynnpack", "openvino"):
        case.files[peer] = (case.file(".tflite"), "nhwc", [])
    try:
        write_planar(read_tflite.read(path, path.stem), case)
    except ValueError as error:
        reason = f"not written as ONNX or ncnn: {error}"
        case.missing = {"onnxruntime": reason, "ncnn": reason}
        try:
            convert_to_mnn(case, "TFLITE")
            case.files["mnn"] = (case.file(".mnn"), "nhwc", [])
        except ValueError as refusal:
            case.missing["mnn"] = str(refusal)
    case.write_input()
    return case


def peer_command(case, peer, threads):
    file, layout, outputs = case.files[peer]
    return [sys.executable, str(pathlib.Path(__file__).parent / "peer_process.py"), "--peer", peer, "--model", str(file),
            "--layout", layout, "--input", str(case.file(".input")), "--output", str(case.file(f".{peer}.out")),
            "--shape", ",".join(map(str, case.inputs[0][1:])), "--outputs", ",".join(outputs), "--threads", str(threads)]


def our_command(case, name, threads, options=()):
    return [str(BUILD / "bench_runner"), "--model", str(case.file(".tflite")), "--input", str(case.file(".input")),
            "--output", str(case.file(f".{name}.out")), "--threads", str(threads), *options]
