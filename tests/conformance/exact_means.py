# SPDX-License-Identifier: Apache-2.0
"""LiteRT's reference kernels with the long MEANs of a network taken in float64.

LiteRT's reference MEAN adds up float32 one after another, so that over millions of elements the last digits are lost;
safelight adds row by row. Which of the two is nearer to the true mean shows when the MEANs are computed in float64
and all other nodes are left to LiteRT.
"""
import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter, OpResolverType

LONG = 1 << 16  # elements; shorter sums keep their digits


class Network:
    """A file in parts, to be changed and run by LiteRT."""

    def __init__(self, path):
        self.model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(path.read_bytes(), 0))
        self.graph = self.model.subgraphs[0]

    def is_mean(self, node):
        code = self.model.operatorCodes[node.opcodeIndex]
        return max(code.builtinCode, code.deprecatedBuiltinCode) == schema.BuiltinOperator.MEAN

    def constant(self, tensor, dtype):
        data = self.model.buffers[self.graph.tensors[tensor].buffer].data
        return np.frombuffer(np.array(data, np.uint8).tobytes(), dtype)

    def bytes(self):
        builder = flatbuffers.Builder(1 << 16)
        builder.Finish(self.model.Pack(builder), b"TFL3")
        return bytes(builder.Output())

    def run(self, inputs, outputs):
        """The values of the tensors `outputs`. `inputs` are the network's own, whose sizes they give."""
        own, self.graph.outputs = self.graph.outputs, np.array(outputs, np.int32)
        interpreter = Interpreter(model_content=self.bytes(), experimental_op_resolver_type=OpResolverType.BUILTIN_REF)
        self.graph.outputs = own
        details = interpreter.get_input_details()
        for detail, values in zip(details, inputs):
            interpreter.resize_tensor_input(detail["index"], values.shape)
        interpreter.allocate_tensors()
        for detail, values in zip(details, inputs):
            interpreter.set_tensor(detail["index"], values)
        interpreter.invoke()
        return [interpreter.get_tensor(detail["index"]) for detail in interpreter.get_output_details()]

    def replace(self, node, values):
        """The node goes; its output is a constant."""
        buffer = schema.BufferT()
        buffer.data = np.frombuffer(values.tobytes(), np.uint8)
        self.model.buffers.append(buffer)
        tensor = self.graph.tensors[node.outputs[0]]
        tensor.buffer, tensor.shape, tensor.shapeSignature = len(self.model.buffers) - 1, np.array(values.shape, np.int32), None
        self.graph.operators.remove(node)


def run(path, inputs):
    """(number of long MEANs, the network's outputs with these in float64)."""
    network = Network(path)
    count = 0
    for node in [node for node in network.graph.operators if network.is_mean(node)]:
        data, = network.run(inputs, [node.inputs[0]])
        axes = tuple(int(axis) for axis in network.constant(node.inputs[1], np.int32))
        if data.dtype != np.float32 or np.prod([data.shape[axis] for axis in axes]) < LONG:
            continue
        keep = bool(node.builtinOptions.keepDims)
        network.replace(node, data.mean(axis=axes, keepdims=keep, dtype=np.float64).astype(np.float32))
        count += 1
    return count, network.run(inputs, network.graph.outputs) if count else []
