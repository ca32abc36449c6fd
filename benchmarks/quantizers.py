# SPDX-License-Identifier: Apache-2.0
"""Our quantizer beside TensorFlow's own converter: the same float networks, the same photographs, PSNR on Set5.

  python benchmarks/quantizers.py --program build/release/safelight [--data ../shared/data] [--pictures 20]

Needs a Python with tensorflow (not in the environment of the tests). The networks are read out of their .tflite files and
built again as TensorFlow functions; the converter gets the pixels that `safelight quantize` writes into its recipe.
Both results run in safelight, whose integers are those of LiteRT's reference kernels. PSNR of luma, `scale` pixels cut.
"""
import argparse
import pathlib
import re
import subprocess
import tempfile

import numpy as np
import tensorflow as tf
from tensorflow.lite.python import schema_py_generated as schema

ROOT = pathlib.Path(__file__).resolve().parent.parent
OPS = {value: name for name, value in vars(schema.BuiltinOperator).items() if not name.startswith("_")}
ACTIVATIONS = {0: lambda x: x, 1: tf.nn.relu, 2: lambda x: tf.clip_by_value(x, -1, 1), 3: tf.nn.relu6}
TYPES = {schema.TensorType.FLOAT32: "<f4", schema.TensorType.FLOAT16: "<f2", schema.TensorType.INT32: "<i4"}
# File (below models/image_to_image, or the built-in one) and its scale.
NETWORKS = {"upscale_x3": 3, "superres/evsrnet_x4_f16w.tflite": 4, "superres/edsr_f32b5_fp32_dynamic.tflite": 2}


class Network(tf.Module):
    """A convolutional .tflite network as a TensorFlow function of any picture size."""

    def __init__(self, path):
        super().__init__()
        model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(bytearray(path.read_bytes()), 0))
        self.model, self.graph, self.constants = model, model.subgraphs[0], {}
        for index, tensor in enumerate(self.graph.tensors):
            data = model.buffers[tensor.buffer].data
            if data is not None and len(data) and tensor.type in TYPES:
                array = np.frombuffer(np.asarray(data, np.uint8).tobytes(), TYPES[tensor.type])
                array = array.reshape(tensor.shape if tensor.shape is not None else ())
                self.constants[index] = array.astype(np.float32) if array.dtype == np.float16 else array

    @tf.function(input_signature=[tf.TensorSpec([1, None, None, 3], tf.float32)])
    def __call__(self, x):
        values = {int(self.graph.inputs[0]): x, **{i: tf.constant(c) for i, c in self.constants.items()}}
        for node in self.graph.operators:
            code = self.model.operatorCodes[node.opcodeIndex]
            op = OPS[max(code.builtinCode, code.deprecatedBuiltinCode)]
            values[int(node.outputs[0])] = self.apply(op, node.builtinOptions, [values.get(int(i)) for i in node.inputs])
        return values[int(self.graph.outputs[0])]

    @staticmethod
    def apply(op, options, x):
        if op == "CONV_2D":
            y = tf.nn.conv2d(x[0], tf.transpose(x[1], [1, 2, 3, 0]), [options.strideH, options.strideW],
                             "VALID" if options.padding else "SAME")
            return ACTIVATIONS[options.fusedActivationFunction](y + x[2])
        if op in ("ADD", "SUB", "MUL"):
            function = {"ADD": tf.add, "SUB": tf.subtract, "MUL": tf.multiply}[op]
            return ACTIVATIONS[options.fusedActivationFunction](function(x[0], x[1]))
        if op == "CONCATENATION":
            return tf.concat(x, options.axis)
        if op == "DEPTH_TO_SPACE":
            return tf.nn.depth_to_space(x[0], options.blockSize)
        return {"RELU": tf.nn.relu, "TANH": tf.tanh, "DEQUANTIZE": tf.identity}[op](x[0]) if len(x) == 1 else {
            "MINIMUM": tf.minimum, "MAXIMUM": tf.maximum}[op](x[0], x[1])


def read(path):
    return tf.io.decode_image(path.read_bytes(), 3, expand_animations=False).numpy()


def convert(network, kind, pictures, recipe):
    """The bytes of TensorFlow's own quantized file, with float inputs and outputs."""
    black, white = map(float, re.search(r"range = \[(.*), (.*)\]", recipe).groups())
    step = -1 if 'channels = "bgr"' in recipe else 1
    converter = tf.lite.TFLiteConverter.from_concrete_functions([network.__call__.get_concrete_function()], network)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = lambda: (
        [read(p)[None, :, :, ::step].astype(np.float32) / 255 * (white - black) + black] for p in pictures)
    ops = tf.lite.OpsSet
    if kind == "16x8":
        converter.target_spec.supported_ops = [ops.EXPERIMENTAL_TFLITE_BUILTINS_ACTIVATIONS_INT16_WEIGHTS_INT8,
                                               ops.TFLITE_BUILTINS]
    return converter.convert()


def luma(pixels):
    return 16 + pixels.astype(np.float64) @ np.array([65.481, 128.553, 24.966]) / 255


def psnr(program, model, data, scale, folder):
    folder.mkdir(exist_ok=True)
    small = sorted((data / "images" / "set5" / f"x{scale}").glob("*_LR.png"))
    subprocess.run([program, "run", model, *small, "-o", folder], check=True, capture_output=True)
    scores = []
    for path in small:
        # The large pictures stand in the folder of x2 and, cut to a multiple, in some others.
        high = path.with_name(path.name.replace("_LR", "_HR"))
        if not high.exists():
            high = path.parent.parent / "x2" / high.name.replace(f"SRF_{scale}", "SRF_2")
        high, ours = luma(read(high)), luma(read(folder / path.name))
        height, width = min(high.shape[0], ours.shape[0]), min(high.shape[1], ours.shape[1])
        error = (high[:height, :width] - ours[:height, :width])[scale:-scale, scale:-scale]
        scores.append(10 * np.log10(255**2 / np.mean(error**2)))
    return float(np.mean(scores))


def compare(options, name, scale, folder):
    path = ROOT / "models" / "upscale_x3.tflite" if name == "upscale_x3" else options.data / "models/image_to_image" / name
    train = options.data / "images" / "train" / "bsds500_train"
    pictures = sorted(train.glob("*.jpg"))[: options.pictures]
    row = [f"{psnr(options.program, path, options.data, scale, folder / 'float'):.3f}"]
    for kind in ("int8-float-io", "16x8"):
        ours = folder / f"ours_{kind}.tflite"
        subprocess.run([options.program, "quantize", path, "-o", ours, "--type", kind, "--calibrate", *pictures,
                        *options.extra.split()], check=True, capture_output=True)
        recipe = ours.with_suffix(".recipe.toml").read_text()
        theirs = folder / f"theirs_{kind}.tflite"
        theirs.write_bytes(convert(Network(path), kind, pictures, recipe))
        theirs.with_suffix(".recipe.toml").write_text(recipe)
        for file in (ours, theirs):
            row.append(f"{psnr(options.program, file, options.data, scale, folder / file.stem):.3f}")
    print(f"| {path.stem} | " + " | ".join(row) + " |", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--program", required=True, type=pathlib.Path)
    parser.add_argument("--data", type=pathlib.Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--pictures", type=int, default=20)
    parser.add_argument("--extra", default="", help="more options of safelight quantize")
    options = parser.parse_args()
    print(f"TensorFlow {tf.__version__}, {options.pictures} photographs")
    print("| network | float32 | int8, ours | int8, TensorFlow | 16x8, ours | 16x8, TensorFlow |\n|---|---|---|---|---|---|")
    for name, scale in NETWORKS.items():
        with tempfile.TemporaryDirectory() as folder:
            compare(options, name, scale, pathlib.Path(folder))


if __name__ == "__main__":
    main()
