# SPDX-License-Identifier: Apache-2.0
"""A benchmark network as ncnn's .param and .bin, with activations fused as its own optimiser fuses them."""
import collections
import struct

import numpy as np

BINARY = {"add": 0, "sub": 1, "mul": 2, "maximum": 4, "minimum": 5}


def options(op):
    """(layer type, {number: value}, [arrays of the .bin; the first of a convolution has a storage tag before it])."""
    if op.kind in {"conv", "depthwise"}:
        weight = op.weights["weight"].transpose(3, 2, 0, 1)
        (top, bottom), (left, right) = op.pads()
        numbers = {0: op.output.c, 1: weight.shape[3], 11: weight.shape[2], 3: op.stride, 4: left, 15: right, 14: top, 16: bottom,
                   5: 1, 6: weight.size, 9: int(op.relu)}
        if op.kind == "depthwise":
            numbers[7] = op.output.c
        return ("ConvolutionDepthWise" if op.kind == "depthwise" else "Convolution"), numbers, [weight, op.weights["bias"]]
    if op.kind in BINARY:
        constant = op.weights.get("constant")
        if constant is None:
            return "BinaryOp", {0: BINARY[op.kind]}, []
        if constant.size != 1:
            raise ValueError(f"{op.name}: a constant of {constant.size} numbers")
        return "BinaryOp", {0: BINARY[op.kind], 1: 1, 2: float(constant.flat[0])}, []
    if op.kind == "square":
        return "UnaryOp", {0: 4}, []
    if op.kind == "prelu":
        return "PReLU", {0: op.output.c}, [op.weights["slope"]]
    if op.kind == "resize":
        return "Interp", {0: 2, 1: float(op.factor), 2: float(op.factor), 6: 0}, []
    if op.kind == "depth_to_space":
        return "PixelShuffle", {0: op.factor, 1: 1}, []
    return {"relu": "ReLU", "tanh": "TanH", "concat": "Concat"}[op.kind], {}, []


def write(net, path):
    """path: of the .param; the .bin lies beside it. Returns the names of the outputs' blobs."""
    uses = collections.Counter(v.name for op in net.ops for v in op.inputs)
    uses.update(v.name for v in net.outputs)
    taken, lines, blobs, data = collections.Counter(), [], 0, b""

    def produce(kind, name, inputs, output, numbers):
        """A layer, and a Split behind it where its output is read more than once, which ncnn wants written out."""
        nonlocal blobs
        text = " ".join(f"{k}={v:e}" if isinstance(v, float) else f"{k}={v}" for k, v in numbers.items())
        lines.append(" ".join([kind, name, str(len(inputs)), "1", *inputs, output, text]).strip())
        blobs += 1
        if uses[output] > 1:
            copies = [f"{output}_{i}" for i in range(uses[output])]
            lines.append(" ".join(["Split", f"split_{output}", "1", str(len(copies)), output, *copies]))
            blobs += len(copies)

    def take(value):
        if uses[value.name] == 1:
            return value.name
        taken[value.name] += 1
        return f"{value.name}_{taken[value.name] - 1}"

    produce("Input", "input", [], net.source.name, {0: net.source.w, 1: net.source.h, 2: net.source.c})
    for op in net.ops:
        kind, numbers, arrays = options(op)
        produce(kind, f"layer_{op.name}", [take(v) for v in op.inputs], op.output.name, numbers)
        for index, array in enumerate(arrays):
            tag = struct.pack("<I", 0) if index == 0 and op.kind in {"conv", "depthwise"} else b""
            data += tag + np.ascontiguousarray(array, "<f4").tobytes()
    path.write_text("7767517\n" + f"{len(lines)} {blobs}\n" + "\n".join(lines) + "\n")
    path.with_suffix(".bin").write_bytes(data)
    return [take(v) for v in net.outputs]
