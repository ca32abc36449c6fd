# SPDX-License-Identifier: Apache-2.0
"""Writes trained networks as float32 .tflite files that stock TFLite/LiteRT runs at any height and width.

The file is built with the schema classes that come with ai-edge-litert. Shapes in the file are those of one example
size; every activation's shape signature leaves height and width open (-1), so that a caller may resize the input.
"""
import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter

SAME = schema.Padding.SAME
NONE = schema.ActivationFunctionType.NONE
RELU = schema.ActivationFunctionType.RELU


class Builder:
    """One subgraph under construction; tensors are named by their index."""

    def __init__(self, description):
        self.model = schema.ModelT()
        self.model.version = 3
        self.model.description = description
        self.model.operatorCodes = []
        self.model.buffers = [schema.BufferT()]  # buffer 0 is the empty one, by convention
        self.graph = schema.SubGraphT()
        self.graph.name = "main"
        self.graph.tensors, self.graph.operators = [], []
        self.model.subgraphs = [self.graph]
        self.codes = {}

    def tensor(self, name, shape, values=None):
        """Index of a float32 tensor: a constant when `values` is given, else an activation [1, h, w, c]."""
        tensor = schema.TensorT()
        tensor.name, tensor.type = name, schema.TensorType.FLOAT32
        tensor.shape = np.array(shape, np.int32)
        tensor.buffer = 0
        if values is None:
            tensor.shapeSignature = np.array([shape[0], -1, -1, shape[3]], np.int32)
        else:
            buffer = schema.BufferT()
            buffer.data = np.frombuffer(np.ascontiguousarray(values, "<f4").tobytes(), np.uint8)
            tensor.buffer = len(self.model.buffers)
            self.model.buffers.append(buffer)
        self.graph.tensors.append(tensor)
        return len(self.graph.tensors) - 1

    def op(self, name, inputs, output, options=None):
        """Appends an operator, version 1; name: its BuiltinOperator name; options: its options table or None."""
        if name not in self.codes:
            code = schema.OperatorCodeT()
            code.builtinCode = getattr(schema.BuiltinOperator, name)
            code.deprecatedBuiltinCode = min(code.builtinCode, 127)
            code.version = 1
            self.codes[name] = len(self.model.operatorCodes)
            self.model.operatorCodes.append(code)
        operator = schema.OperatorT()
        operator.opcodeIndex = self.codes[name]
        operator.inputs = np.array(inputs, np.int32)
        operator.outputs = np.array([output], np.int32)
        if options is not None:
            kind = type(options).__name__.removesuffix("T")
            operator.builtinOptionsType = getattr(schema.BuiltinOptions, kind)
            operator.builtinOptions = options
        self.graph.operators.append(operator)
        return output

    def conv(self, x, name, weight, bias, shape, activation):
        """3x3 convolution, stride 1; weight: [3, 3, in, out], bias: [out]; shape: of the output."""
        options = schema.Conv2DOptionsT()
        options.padding, options.fusedActivationFunction = SAME, activation
        options.strideW = options.strideH = options.dilationWFactor = options.dilationHFactor = 1
        stored = weight.transpose(3, 0, 1, 2)  # TFLite keeps [out, y, x, in]
        inputs = [x, self.tensor(f"{name}/weight", stored.shape, stored), self.tensor(f"{name}/bias", bias.shape, bias)]
        return self.op("CONV_2D", inputs, self.tensor(name, shape), options)

    def finish(self, inputs, outputs):
        """The bytes of the file."""
        self.graph.inputs, self.graph.outputs = np.array(inputs, np.int32), np.array(outputs, np.int32)
        out = flatbuffers.Builder(1 << 20)
        out.Finish(self.model.Pack(out), b"TFL3")
        return bytes(out.Output())


def abpn(params, scale, size):
    """Bytes of an ABPN-like network: convolutions, plus the input repeated scale^2 times, depth-to-space, clip to 0..1.

    params: [(weight [3, 3, in, out], bias [out])], ReLU after each but the last; size: (height, width) of the example.
    """
    build = Builder(f"safelight x{scale} super-resolution, RGB 0..1 to RGB 0..1")
    height, width = size
    source = build.tensor("input", (1, height, width, 3))
    x = source
    for index, (weight, bias) in enumerate(params):
        shape = (1, height, width, weight.shape[3])
        x = build.conv(x, f"conv{index + 1}", weight, bias, shape, RELU if index < len(params) - 1 else NONE)
    deep = (1, height, width, 3 * scale * scale)

    joined = schema.ConcatenationOptionsT()
    joined.axis, joined.fusedActivationFunction = 3, NONE
    anchor = build.op("CONCATENATION", [source] * (scale * scale), build.tensor("anchor", deep), joined)
    summed = schema.AddOptionsT()
    summed.fusedActivationFunction = NONE
    x = build.op("ADD", [x, anchor], build.tensor("sum", deep), summed)

    large = (1, height * scale, width * scale, 3)
    shuffle = schema.DepthToSpaceOptionsT()
    shuffle.blockSize = scale
    x = build.op("DEPTH_TO_SPACE", [x], build.tensor("enlarged", large), shuffle)
    x = build.op("RELU", [x], build.tensor("not_negative", large))
    one = build.tensor("one", (1,), np.ones(1, np.float32))
    x = build.op("MINIMUM", [x, one], build.tensor("output", large), schema.MaximumMinimumOptionsT())
    return build.finish([source], [x])


def run(path, x):
    """Output of a one-input, one-output .tflite file in stock LiteRT; x: float32 [n, h, w, c], resized to fit."""
    interpreter = Interpreter(model_path=str(path), num_threads=1)
    interpreter.resize_tensor_input(interpreter.get_input_details()[0]["index"], x.shape)
    interpreter.allocate_tensors()
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], x)
    interpreter.invoke()
    return interpreter.get_tensor(interpreter.get_output_details()[0]["index"])
