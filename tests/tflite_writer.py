# SPDX-License-Identifier: Apache-2.0
"""Writes small .tflite files: values, constants, nodes. The schema's classes come with LiteRT's Python package.

  model = Writer()
  x = model.input((1, 8, 8, 3), np.float32)
  y = model.value(np.float32)
  model.node("MAX_POOL_2D", [x], [y], ("Pool2DOptions", {"strideW": 2, "strideH": 2, "filterWidth": 2, "filterHeight": 2}))
  data = model.finish([y])
"""
import dataclasses

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema

TYPES = {np.dtype(name.lower()): getattr(schema.TensorType, name)
         for name in ["FLOAT32", "FLOAT16", "FLOAT64", "INT8", "UINT8", "INT16", "UINT16", "INT32", "UINT32", "INT64", "UINT64", "BOOL"]}


@dataclasses.dataclass(frozen=True)
class Quant:
    """real = scale * (stored - zero_point); several scales go along `axis`."""
    scale: tuple
    zero_point: tuple
    axis: int = 0


class Writer:
    def __init__(self):
        self._tensors, self._nodes, self._codes, self._inputs = [], [], [], []
        self._buffers = [schema.BufferT()]  # number 0 is empty by the format's rule

    def input(self, shape, dtype, quant=None):
        self._inputs.append(self._tensor(shape, dtype, quant))
        return self._inputs[-1]

    def constant(self, array, quant=None, four_bits=False):
        """`four_bits`: int8 numbers from -8 to 7 as int4, two in a byte."""
        array = np.asarray(array)
        buffer = schema.BufferT()
        buffer.data = np.frombuffer(array.tobytes(), np.uint8)
        if four_bits:
            halves = np.append(buffer.data, np.zeros(array.size % 2, np.uint8)) & 15
            buffer.data = halves[0::2] | halves[1::2] << 4
        self._buffers.append(buffer)
        tensor = self._tensor(array.shape, array.dtype, quant, buffer=len(self._buffers) - 1)
        if four_bits:
            self._tensors[tensor].type = schema.TensorType.INT4
        return tensor

    def variable(self, shape, dtype, quant=None):
        """A state that starts as zeros."""
        tensor = self._tensor(shape, dtype, quant)
        self._tensors[tensor].isVariable = True
        return tensor

    def value(self, dtype, shape=(), quant=None):
        """A computed value. Readers work its shape out by themselves."""
        return self._tensor(shape, dtype, quant)

    def node(self, op, inputs, outputs, options=None, version=1, intermediates=()):
        """`inputs` may hold None for an operand left out. `options`: (class of the schema, {field: value}).
        `intermediates`: type and Quant of values that never leave the op."""
        node = schema.OperatorT()
        if intermediates:
            node.intermediates = np.array([self._tensor((0,), dtype, quant) for dtype, quant in intermediates], np.int32)
        node.opcodeIndex = self._code(op, version)
        node.inputs = np.array([-1 if tensor is None else tensor for tensor in inputs], np.int32)
        node.outputs = np.array(outputs, np.int32)
        if options is not None:
            name, fields = options
            node.builtinOptionsType = getattr(schema.BuiltinOptions, name)
            node.builtinOptions = getattr(schema, name + "T")()
            for field, value in fields.items():
                if not hasattr(node.builtinOptions, field):
                    raise AttributeError(f"{name} has no field {field}")
                setattr(node.builtinOptions, field, value)
        self._nodes.append(node)

    def finish(self, outputs):
        """The file's bytes; `outputs` are the network's."""
        graph = schema.SubGraphT()
        graph.tensors, graph.operators = self._tensors, self._nodes
        graph.inputs, graph.outputs = np.array(self._inputs, np.int32), np.array(outputs, np.int32)
        model = schema.ModelT()
        model.version = 3
        model.operatorCodes, model.subgraphs, model.buffers = self._codes, [graph], self._buffers
        builder = flatbuffers.Builder(4096)
        builder.Finish(model.Pack(builder), b"TFL3")
        return bytes(builder.Output())

    def _tensor(self, shape, dtype, quant, buffer=0):
        tensor = schema.TensorT()
        tensor.shape = np.array(shape, np.int32)
        tensor.hasRank = True
        tensor.type = TYPES[np.dtype(dtype)]
        tensor.buffer = buffer
        tensor.name = f"t{len(self._tensors)}"
        if quant is not None:
            tensor.quantization = schema.QuantizationParametersT()
            tensor.quantization.scale = np.array(quant.scale, np.float32)
            tensor.quantization.zeroPoint = np.array(quant.zero_point, np.int64)
            tensor.quantization.quantizedDimension = quant.axis
        self._tensors.append(tensor)
        return len(self._tensors) - 1

    def _code(self, op, version):
        number = getattr(schema.BuiltinOperator, op)
        for index, code in enumerate(self._codes):
            if (code.builtinCode, code.version) == (number, version):
                return index
        code = schema.OperatorCodeT()
        code.builtinCode, code.version = number, version
        code.deprecatedBuiltinCode = min(number, 127)
        self._codes.append(code)
        return len(self._codes) - 1
