# SPDX-License-Identifier: Apache-2.0
"""A benchmark network as a .tflite file of fixed size: n h w c, activations fused as TFLite's converter fuses them."""
import pathlib
import sys

sys.path.append(str(pathlib.Path(__file__).resolve().parents[2] / "train"))
import export_tflite  # noqa: E402


def append(build, op, inputs):
    """One op; inputs: tensor indices. Returns the index of its output."""
    out = op.output
    shape, activation = (1, out.h, out.w, out.c), export_tflite.RELU if op.relu else export_tflite.NONE
    if op.kind in {"conv", "depthwise"}:
        make = build.conv if op.kind == "conv" else build.depthwise
        return make(inputs[0], op.name, op.weights["weight"], op.weights["bias"], shape, activation, op.stride)
    if op.kind in {"add", "sub", "mul"}:
        return build.arithmetic(op.kind, *inputs, op.name, shape)
    if op.kind == "concat":
        return build.concat(inputs, op.name, shape)
    if op.kind == "resize":
        return build.resize_bilinear(inputs[0], op.name, shape)
    if op.kind == "depth_to_space":
        return build.depth_to_space(inputs[0], op.name, shape, op.factor)
    if op.kind == "prelu":
        slope = op.weights["slope"].reshape(1, 1, -1)
        return build.op("PRELU", [inputs[0], build.tensor(f"{op.name}/slope", slope.shape, slope)], build.tensor(op.name, shape))
    if op.kind == "relu":
        return build.op("RELU", inputs, build.tensor(op.name, shape))
    raise ValueError(f"{op.name}: no .tflite op for {op.kind}")


def write(net, path):
    build = export_tflite.Builder(f"benchmark network {net.name}", any_size=False)
    source = net.source
    tensors = {source.name: build.tensor(source.name, (1, source.h, source.w, source.c))}
    for op in net.ops:
        tensors[op.output.name] = append(build, op, [tensors[v.name] for v in op.inputs])
    path.write_bytes(build.finish([tensors[source.name]], [tensors[v.name] for v in net.outputs]))
