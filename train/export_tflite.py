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
    """One subgraph under construction; tensors are named by their index.

    any_size: activations say in the file that their height and width may be changed.
    """

    def __init__(self, description, any_size=True):
        self.any_size = any_size
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
        """Index of a tensor: a constant (float32 or int32) when `values` is given, else a float32 activation [1, h, w, c]."""
        tensor = schema.TensorT()
        tensor.name, tensor.type = name, schema.TensorType.FLOAT32
        tensor.shape = np.array(shape, np.int32)
        tensor.buffer = 0
        if values is None:
            if self.any_size:
                tensor.shapeSignature = np.array([shape[0], -1, -1, shape[3]], np.int32)
        else:
            buffer = schema.BufferT()
            integers = np.issubdtype(values.dtype, np.integer)
            if integers:
                tensor.type = schema.TensorType.INT32
            buffer.data = np.frombuffer(np.ascontiguousarray(values, "<i4" if integers else "<f4").tobytes(), np.uint8)
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

    def conv(self, x, name, weight, bias, shape, activation, stride=1):
        """Convolution; weight: [kh, kw, in, out], bias: [out]; shape: of the output."""
        options = schema.Conv2DOptionsT()
        options.padding, options.fusedActivationFunction = SAME, activation
        options.strideW = options.strideH = stride
        options.dilationWFactor = options.dilationHFactor = 1
        stored = weight.transpose(3, 0, 1, 2)  # TFLite keeps [out, y, x, in]
        return self.op("CONV_2D", self.weighted(x, name, stored, bias), self.tensor(name, shape), options)

    def depthwise(self, x, name, weight, bias, shape, activation, stride=1):
        """Depthwise convolution; weight: [kh, kw, 1, channels], as TFLite keeps it but for the axis of size 1."""
        options = schema.DepthwiseConv2DOptionsT()
        options.padding, options.fusedActivationFunction = SAME, activation
        options.strideW = options.strideH = stride
        options.depthMultiplier = options.dilationWFactor = options.dilationHFactor = 1
        stored = weight.transpose(2, 0, 1, 3)
        return self.op("DEPTHWISE_CONV_2D", self.weighted(x, name, stored, bias), self.tensor(name, shape), options)

    def weighted(self, x, name, weight, bias):
        return [x, self.tensor(f"{name}/weight", weight.shape, weight), self.tensor(f"{name}/bias", bias.shape, bias)]

    def arithmetic(self, kind, a, b, name, shape):
        """kind: add, sub or mul; no activation."""
        options = getattr(schema, f"{kind.capitalize()}OptionsT")()
        options.fusedActivationFunction = NONE
        return self.op(kind.upper(), [a, b], self.tensor(name, shape), options)

    def concat(self, parts, name, shape):
        """Along channels."""
        options = schema.ConcatenationOptionsT()
        options.axis, options.fusedActivationFunction = 3, NONE
        return self.op("CONCATENATION", parts, self.tensor(name, shape), options)

    def depth_to_space(self, x, name, shape, factor):
        options = schema.DepthToSpaceOptionsT()
        options.blockSize = factor
        return self.op("DEPTH_TO_SPACE", [x], self.tensor(name, shape), options)

    def resize_bilinear(self, x, name, shape):
        """To the height and width of shape, centres of pixels kept."""
        options = schema.ResizeBilinearOptionsT()
        options.alignCorners, options.halfPixelCenters = False, True
        size = self.tensor(f"{name}/size", (2,), np.array(shape[1:3], np.int32))
        return self.op("RESIZE_BILINEAR", [x, size], self.tensor(name, shape), options)

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

    anchor = build.concat([source] * (scale * scale), "anchor", deep)
    x = build.arithmetic("add", x, anchor, "sum", deep)

    large = (1, height * scale, width * scale, 3)
    x = build.depth_to_space(x, "enlarged", large, scale)
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
