# SPDX-License-Identifier: Apache-2.0
"""A benchmark network as an ONNX file, n c h w: no layout changes at its ends, which would cost the runtimes that read it."""
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

ELEMENTWISE = {"add": "Add", "sub": "Sub", "mul": "Mul", "minimum": "Min", "maximum": "Max", "relu": "Relu", "tanh": "Tanh", "square": "Mul",
               "concat": "Concat", "depth_to_space": "DepthToSpace", "prelu": "PRelu"}


def convolution(op, constant):
    """(inputs beside the picture, attributes) of a Conv node."""
    weight = op.weights["weight"].transpose(3, 2, 0, 1)
    group = op.output.c if op.kind == "depthwise" else 1
    (top, bottom), (left, right) = op.pads()
    attributes = {"kernel_shape": list(weight.shape[2:]), "strides": [op.stride] * 2, "group": group,
                  "pads": [top, left, bottom, right]}
    return [constant("weight", weight), constant("bias", op.weights["bias"])], attributes


def nodes(op, initializers):
    """The ONNX nodes of one op; constants are appended to initializers."""
    def constant(name, values):
        initializers.append(numpy_helper.from_array(np.ascontiguousarray(values, np.float32), f"{op.name}/{name}"))
        return f"{op.name}/{name}"

    inputs, out = [v.name for v in op.inputs], op.output.name
    if op.kind in {"conv", "depthwise"}:
        extra, attributes = convolution(op, constant)
        made = f"{op.name}/linear" if op.relu else out
        result = [helper.make_node("Conv", inputs + extra, [made], **attributes)]
        return result + ([helper.make_node("Relu", [made], [out])] if op.relu else [])
    if op.kind == "resize":
        scales = constant("scales", [1, 1, op.factor, op.factor])
        return [helper.make_node("Resize", [inputs[0], "", scales], [out], mode="linear", coordinate_transformation_mode="half_pixel")]
    attributes = {}
    if op.kind == "concat":
        attributes = {"axis": 1}
    elif op.kind == "depth_to_space":
        attributes = {"blocksize": op.factor, "mode": "DCR"}
    elif op.kind == "square":
        inputs = inputs * 2
    elif "constant" in op.weights:
        inputs.append(constant("constant", op.weights["constant"].reshape(-1, 1, 1)))
    elif op.kind == "prelu":
        inputs.append(constant("slope", op.weights["slope"].reshape(-1, 1, 1)))
    return [helper.make_node(ELEMENTWISE[op.kind], inputs, [out], **attributes)]


def write(net, path):
    def port(value):
        return helper.make_tensor_value_info(value.name, TensorProto.FLOAT, [1, value.c, value.h, value.w])

    made, initializers = [], []
    for op in net.ops:
        made += nodes(op, initializers)
    graph = helper.make_graph(made, net.name, [port(net.source)], [port(v) for v in net.outputs], initializers)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], producer_name="safelight-benchmarks")
    model.ir_version = 8
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, str(path))
