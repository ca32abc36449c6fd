# SPDX-License-Identifier: Apache-2.0
"""A real float32 .tflite file as a Network, so that peers that do not read .tflite get the same function.

Covers what convolutional image-to-image networks are made of; anything else raises ValueError with the reason.
"""
import numpy as np
from ai_edge_litert import schema_py_generated as schema

from networks import Network, Op, Value

OPS = {value: name for name, value in vars(schema.BuiltinOperator).items() if not name.startswith("_")}
PLAIN = {"SQUARE": "square", "TANH": "tanh", "RELU": "relu", "ADD": "add", "SUB": "sub", "MUL": "mul", "MINIMUM": "minimum",
         "MAXIMUM": "maximum", "PRELU": "prelu", "CONCATENATION": "concat", "DEPTH_TO_SPACE": "depth_to_space",
         "RESIZE_BILINEAR": "resize", "CONV_2D": "conv", "DEPTHWISE_CONV_2D": "depthwise"}
TYPES = {schema.TensorType.FLOAT32: "<f4", schema.TensorType.FLOAT16: "<f2", schema.TensorType.INT32: "<i4"}


def load(path):
    return schema.ModelT.InitFromObj(schema.Model.GetRootAs(path.read_bytes(), 0))


def op_name(model, operator):
    code = model.operatorCodes[operator.opcodeIndex]
    return OPS[max(code.builtinCode, code.deprecatedBuiltinCode)]


class Reader:
    def __init__(self, model, name):
        self.model, self.graph, self.net = model, model.subgraphs[0], Network(name)
        self.values, self.constants = {}, {}

    def constant(self, index):
        """The numbers of a tensor, float16 widened; None when it is not constant."""
        if index in self.constants:
            return self.constants[index]
        tensor = self.graph.tensors[index]
        data = self.model.buffers[tensor.buffer].data
        if data is None or tensor.type not in TYPES:
            return None
        values = np.frombuffer(np.asarray(data, np.uint8).tobytes(), TYPES[tensor.type])
        values = values.reshape(tensor.shape if tensor.shape is not None else ())
        return values.astype(np.float32) if values.dtype == np.float16 else values

    def value(self, index):
        if index not in self.values:
            tensor = self.graph.tensors[index]
            if tensor.type != schema.TensorType.FLOAT32 or len(tensor.shape) != 4 or tensor.shape[0] != 1:
                raise ValueError("a value that is not one float32 picture")
            self.values[index] = Value(f"value{index}", *map(int, tensor.shape[1:]))
        return self.values[index]

    def append(self, kind, inputs, output, **more):
        self.net.ops.append(Op(kind, f"op{len(self.net.ops)}", inputs, output, **more))

    def read_convolution(self, kind, operator, output):
        options = operator.builtinOptions
        if options.strideW != options.strideH or options.dilationWFactor != 1 or options.dilationHFactor != 1:
            raise ValueError("a dilated convolution")
        weight = self.constant(operator.inputs[1])
        weight = weight.transpose(1, 2, 3, 0) if kind == "conv" else weight.transpose(1, 2, 0, 3)
        if kind == "depthwise" and options.depthMultiplier not in (0, 1):
            raise ValueError("a depth multiplier")
        bias = np.zeros(weight.shape[3], np.float32)
        if len(operator.inputs) > 2 and operator.inputs[2] >= 0:
            bias = self.constant(operator.inputs[2])
        relu = self.activation(options)
        self.append(kind, [self.value(operator.inputs[0])], output, weights={"weight": weight, "bias": bias}, stride=options.strideH,
                    same=options.padding == schema.Padding.SAME, relu=relu)

    def activation(self, options):
        kind = getattr(options, "fusedActivationFunction", 0)
        if kind not in (schema.ActivationFunctionType.NONE, schema.ActivationFunctionType.RELU):
            raise ValueError(f"fused activation {kind}")
        return kind == schema.ActivationFunctionType.RELU

    def read_plain(self, kind, operator, output):
        weights, factor, options = {}, 1, operator.builtinOptions
        inputs = [i for i in operator.inputs if self.constant(i) is None]
        numbers = [self.constant(i) for i in operator.inputs if self.constant(i) is not None]
        if kind == "prelu":
            weights = {"slope": numbers[0].reshape(-1)}
        elif kind == "resize":
            factor = output.h // self.value(inputs[0]).h
            if not options.halfPixelCenters or output.h != factor * self.value(inputs[0]).h:
                raise ValueError("a resize that is no whole factor with half pixel centres")
        elif kind == "depth_to_space":
            factor = options.blockSize
        elif numbers:
            if kind == "sub" and inputs[0] != operator.inputs[0]:
                raise ValueError("a constant less a picture")
            weights = {"constant": numbers[0].reshape(-1)}
        values = [self.value(i) for i in inputs]
        if kind in {"add", "sub", "mul", "minimum", "maximum"} and any((v.h, v.w, v.c) != (output.h, output.w, output.c) for v in values):
            raise ValueError("broadcast pictures")
        relu = self.activation(options)
        made = Value(output.name + "_linear", output.h, output.w, output.c) if relu else output
        self.append(kind, values, made, weights=weights, factor=factor)
        if relu:
            self.append("relu", [made], output)

    def read(self):
        if len(self.graph.inputs) != 1:
            raise ValueError("several inputs")
        self.net.source = self.value(self.graph.inputs[0])
        self.net.source.name = "input"
        for operator in self.graph.operators:
            name = op_name(self.model, operator)
            if name == "DEQUANTIZE" and self.constant(operator.inputs[0]) is not None:
                self.constants[operator.outputs[0]] = self.constant(operator.inputs[0])
                continue
            if name not in PLAIN:
                raise ValueError(f"op {name}")
            kind, output = PLAIN[name], self.value(operator.outputs[0])
            if kind in {"conv", "depthwise"}:
                self.read_convolution(kind, operator, output)
            else:
                self.read_plain(kind, operator, output)
        self.net.outputs = [self.value(i) for i in self.graph.outputs]
        return self.net


def read(path, name):
    """The Network of a file; ValueError says what it holds that a Network cannot."""
    return Reader(load(path), name).read()


def ports(path):
    """([shape of each input], [shape of each output], all float32?) as the file has them, and its multiply-adds."""
    model = load(path)
    graph = model.subgraphs[0]
    shapes = [[tuple(int(n) for n in (graph.tensors[i].shape if graph.tensors[i].shape is not None else ())) for i in side]
              for side in (graph.inputs, graph.outputs)]
    types = {t.type for t in graph.tensors}
    # Quantized networks have int8 or uint8 tensors, also where their inputs and outputs are floats.
    floats = not types & {schema.TensorType.INT8, schema.TensorType.UINT8, schema.TensorType.INT16}
    macs = 0
    for operator in graph.operators:
        if op_name(model, operator) in {"CONV_2D", "DEPTHWISE_CONV_2D"}:
            out = graph.tensors[operator.outputs[0]].shape
            if out is not None and len(out) == 4:
                macs += int(out[1]) * int(out[2]) * int(np.prod(graph.tensors[operator.inputs[1]].shape))
    return shapes[0], shapes[1], floats, macs
