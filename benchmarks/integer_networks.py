# SPDX-License-Identifier: Apache-2.0
"""Integer versions of the benchmark networks: scales from a float run on a small picture, files for LiteRT, ONNX Runtime and OpenVINO.

int8: weights per channel, symmetric; activations per tensor, with zero points. 16x8: int16 activations without zero points,
the bias of 32 or 64 bits as asked. Inputs and outputs of the files are integers as well.
"""
import pathlib
import sys

import numpy as np

import networks

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "benchmarks" / "peers")]
import tflite_writer  # noqa: E402
import write_tflite  # noqa: E402
from tflite_writer import Quant  # noqa: E402


def denoiser(h, w, name="N2"):
    """N2 of any size: 3 to 32 channels, six times 32 to 32, 32 to 3; the picture less the noise that was found."""
    net = networks.Network(name, 12)
    source = net.input(h, w, 3)
    x = source
    for _ in range(7):
        x = net.conv(x, 32)
    net.outputs = [net.binary("sub", source, net.conv(x, 3, relu=False, gain=0.3))]
    return net


def separable(h, w, name="N3"):
    """Depthwise and pointwise pairs, stride 2, an addition and pixel shuffle at the end."""
    net = networks.Network(name, 13)
    source = net.input(h, w, 3)
    x = net.conv(source, 16, stride=2)
    for _ in range(4):
        x = net.conv(net.depthwise(x), 16, extent=1)
    skip = x
    x = net.conv(x, 32, stride=2)
    for _ in range(4):
        x = net.conv(net.depthwise(x), 32, extent=1)
    x = net.depth_to_space(net.conv(x, 64, extent=1), 2)
    x = net.depth_to_space(net.conv(net.binary("add", x, skip), 12, relu=False, gain=0.3), 2)
    net.outputs = [net.binary("add", x, source)]
    return net


def find_ranges(make, folder):
    """{name of a value: (least, most)} on a small picture, from LiteRT's float32 run."""
    from ai_edge_litert.interpreter import Interpreter
    net = make(128, 128)
    path = folder / "ranges.tflite"
    write_tflite.write(net, path)
    interpreter = Interpreter(model_path=str(path), experimental_preserve_all_tensors=True)
    interpreter.allocate_tensors()
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], networks.picture(128, 128, 3)[None])
    interpreter.invoke()
    path.unlink()
    names = {net.source.name} | {op.output.name for op in net.ops}
    ranges = {}
    for detail in interpreter.get_tensor_details():
        if detail["name"] in names:
            values = interpreter.get_tensor(detail["index"])
            ranges[detail["name"]] = (min(float(values.min()), 0.0), max(float(values.max()), 0.0))
    return ranges


class Scales:
    """Scale and zero point of every value; `bits` 8 or 16."""

    def __init__(self, net, ranges, bits):
        self.bits, self.of = bits, {}
        for value in [net.source] + [op.output for op in net.ops]:
            low, high = ranges[value.name]
            if bits == 16:
                self.of[value.name] = max(-low, high) / 32767, 0
            else:
                scale = (high - low) / 255
                self.of[value.name] = scale, int(round(-128 - low / scale))
        for op in net.ops:  # what only moves values keeps their scale
            if op.kind == "depth_to_space":
                self.of[op.output.name] = self.of[op.inputs[0].name]

    def stored(self, value, array):
        scale, zero = self.of[value.name]
        limits = (-128, 127) if self.bits == 8 else (-32768, 32767)
        return np.clip(np.round(array / scale) + zero, *limits).astype(np.int8 if self.bits == 8 else np.int16)


def filters(op):
    """(int8 weights as the op has them, a scale for each output channel)."""
    weight = op.weights["weight"]  # [kh, kw, in, out]; depthwise [kh, kw, 1, channel]
    axes = (0, 1, 2)
    scales = np.abs(weight).max(axis=axes) / 127
    return np.clip(np.round(weight / scales), -127, 127).astype(np.int8), scales.astype(np.float32)


def write_integer_tflite(net, scales, bias_bits, path):
    writer, tensors = tflite_writer.Writer(), {}
    dtype = np.int8 if scales.bits == 8 else np.int16

    def value(v, make):
        scale, zero = scales.of[v.name]
        tensors[v.name] = make((1, v.h, v.w, v.c), Quant((scale,), (zero,)))

    value(net.source, lambda shape, quant: writer.input(shape, dtype, quant))
    for op in net.ops:
        value(op.output, lambda shape, quant: writer.value(dtype, shape, quant))
        inputs, output = [tensors[v.name] for v in op.inputs], [tensors[op.output.name]]
        if op.kind in {"conv", "depthwise"}:
            append_filter(writer, op, scales, bias_bits, inputs, output)
        elif op.kind in {"add", "sub"}:
            writer.node(op.kind.upper(), inputs, output, (f"{op.kind.capitalize()}Options", {"potScaleInt16": False}), version=2)
        elif op.kind == "depth_to_space":
            writer.node("DEPTH_TO_SPACE", inputs, output, ("DepthToSpaceOptions", {"blockSize": op.factor}))
        else:
            raise ValueError(f"{op.name}: no integer {op.kind} here")
    path.write_bytes(writer.finish([tensors[v.name] for v in net.outputs]))


def append_filter(writer, op, scales, bias_bits, inputs, output):
    schema = tflite_writer.schema
    weight, of_channels = filters(op)
    products = of_channels * np.float32(scales.of[op.inputs[0].name][0])
    zeros = (0,) * len(products)
    if op.kind == "conv":
        weight = weight.transpose(3, 0, 1, 2)
    else:
        weight = weight.transpose(2, 0, 1, 3)
    bias = np.round(op.weights["bias"] / products.astype(np.float64)).astype(np.int64)
    if bias_bits == 32:
        bias = np.clip(bias, -(2**31), 2**31 - 1).astype(np.int32)
    inputs = inputs + [writer.constant(np.ascontiguousarray(weight), Quant(tuple(of_channels), zeros, 0 if op.kind == "conv" else 3)),
                       writer.constant(bias, Quant(tuple(products), zeros, 0))]
    activation = schema.ActivationFunctionType.RELU if op.relu else schema.ActivationFunctionType.NONE
    fields = {"padding": schema.Padding.SAME, "strideW": op.stride, "strideH": op.stride, "fusedActivationFunction": activation}
    if op.kind == "conv":
        if scales.bits == 16:
            fields["quantizedBiasType"] = schema.TensorType.INT32 if bias_bits == 32 else schema.TensorType.INT64
        writer.node("CONV_2D", inputs, output, ("Conv2DOptions", fields), version=8 if scales.bits == 16 else 3)
    else:
        writer.node("DEPTHWISE_CONV_2D", inputs, output, ("DepthwiseConv2DOptions", fields | {"depthMultiplier": 1}), version=3)
