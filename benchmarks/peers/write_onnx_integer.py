# SPDX-License-Identifier: Apache-2.0
"""An integer benchmark network as ONNX, n c h w, with QuantizeLinear and DequantizeLinear around every op (QDQ): what ONNX Runtime and
OpenVINO make their integer kernels of. Activations are uint8, weights int8 per channel, which both runtimes ask for on x86."""
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

import integer_networks
import write_onnx


class Writer:
    def __init__(self, scales):
        self.scales, self.nodes, self.constants = scales, [], []

    def constant(self, name, array):
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

    def parameters(self, value):
        """Names of a value's scale and zero point, as uint8."""
        scale, zero = self.scales.of[value.name]
        if f"{value.name}/scale" not in {c.name for c in self.constants}:
            self.constant(f"{value.name}/scale", np.array(scale, np.float32))
            self.constant(f"{value.name}/zero", np.array(zero + 128, np.uint8))
        return [f"{value.name}/scale", f"{value.name}/zero"]

    def real(self, value, reader):
        """The value as float32 for one reader."""
        name = f"{value.name}/real/{reader}"
        self.nodes.append(helper.make_node("DequantizeLinear", [value.name, *self.parameters(value)], [name]))
        return name

    def store(self, real, value):
        self.nodes.append(helper.make_node("QuantizeLinear", [real, *self.parameters(value)], [value.name]))

    def filter(self, op, inputs):
        weight, of_channels = integer_networks.filters(op)
        products = of_channels * np.float32(self.scales.of[op.inputs[0].name][0])
        bias = np.round(op.weights["bias"] / products.astype(np.float64)).astype(np.int32)
        for what, values, scale in (("weight", weight.transpose(3, 2, 0, 1), of_channels), ("bias", bias, products)):
            names = [self.constant(f"{op.name}/{what}", values), self.constant(f"{op.name}/{what}/scale", scale),
                     self.constant(f"{op.name}/{what}/zero", np.zeros(len(scale), values.dtype))]
            self.nodes.append(helper.make_node("DequantizeLinear", names, [f"{op.name}/{what}/real"], axis=0))
            inputs = inputs + [f"{op.name}/{what}/real"]
        _, attributes = write_onnx.convolution(op, lambda name, values: name)
        made = f"{op.name}/linear"
        self.nodes.append(helper.make_node("Conv", inputs, [made], **attributes))
        if not op.relu:
            return made
        self.nodes.append(helper.make_node("Relu", [made], [f"{op.name}/relu"]))
        return f"{op.name}/relu"

    def append(self, op):
        inputs = [self.real(v, op.name) for v in op.inputs]
        if op.kind in {"conv", "depthwise"}:
            return self.store(self.filter(op, inputs), op.output)
        attributes = {"blocksize": op.factor, "mode": "DCR"} if op.kind == "depth_to_space" else {}
        self.nodes.append(helper.make_node(write_onnx.ELEMENTWISE[op.kind], inputs, [f"{op.name}/made"], **attributes))
        return self.store(f"{op.name}/made", op.output)


def write(net, scales, path):
    def port(value):
        return helper.make_tensor_value_info(value.name, TensorProto.UINT8, [1, value.c, value.h, value.w])

    writer = Writer(scales)
    for op in net.ops:
        writer.append(op)
    graph = helper.make_graph(writer.nodes, net.name, [port(net.source)], [port(v) for v in net.outputs], writer.constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], producer_name="safelight-benchmarks")
    model.ir_version = 8
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, str(path))
