# SPDX-License-Identifier: Apache-2.0
"""Dynamic range: the nodes of a network with float values and integer weights, each on the values that LiteRT gives it.

Such a node rounds its values, so a difference in the last digit before it becomes a whole step behind it, and whole
networks drift apart without anybody being wrong. Node by node there is no such excuse: within 1e-5 of the range plus 1e-5.
"""
import copy

import numpy as np
from ai_edge_litert import schema_py_generated as schema

from exact_means import Network

OPS = {schema.BuiltinOperator.CONV_2D, schema.BuiltinOperator.DEPTHWISE_CONV_2D, schema.BuiltinOperator.FULLY_CONNECTED}
INTEGERS = {schema.TensorType.INT8, schema.TensorType.INT4}


def find(network):
    """The nodes whose values are computed."""
    tensors, found = network.graph.tensors, []
    computed = {tensor for node in network.graph.operators for tensor in node.outputs} | set(network.graph.inputs)
    for node in network.graph.operators:
        code = network.model.operatorCodes[node.opcodeIndex]
        if max(code.builtinCode, code.deprecatedBuiltinCode) not in OPS:
            continue
        data, weights = tensors[node.inputs[0]], tensors[node.inputs[1]]
        if data.type == schema.TensorType.FLOAT32 and weights.type in INTEGERS and node.inputs[0] in computed:
            found.append(node)
    return found


def check(path, inputs, run, compare, folder):
    """(number of such nodes, the largest difference as a share of its bound, a message). `run(path, inputs, outputs)` is
    safelight; `compare` that of models.py."""
    network = Network(path)
    nodes = find(network)
    if not nodes:
        return 0, 0.0, ""
    data = list(dict.fromkeys(int(node.inputs[0]) for node in nodes))
    results = [int(node.outputs[0]) for node in nodes]
    values = network.run(inputs, data + results)
    # The same nodes alone, their values as inputs.
    tensors = network.graph.tensors
    for tensor, array in zip(data + results, values):
        tensors[tensor].shape, tensors[tensor].shapeSignature = np.array(array.shape, np.int32), None
    twins = {tensor: len(tensors) + i for i, tensor in enumerate(data)}  # what is an input here may be a result as well
    tensors += [copy.copy(tensors[tensor]) for tensor in data]
    for node in nodes:
        node.inputs = np.array([twins[int(node.inputs[0])], *node.inputs[1:]], np.int32)
    constants = [tensor for node in nodes for tensor in node.inputs[1:] if tensor >= 0]
    makers = [node for node in network.graph.operators if set(node.outputs) & set(constants)]  # biases of float16
    network.graph.operators, network.graph.outputs = makers + nodes, np.array(results, np.int32)
    network.graph.inputs = np.array(list(twins.values()), np.int32)
    network.model.signatureDefs = None
    alone = folder / "dynamic_nodes.tflite"
    alone.write_bytes(network.bytes())
    ours, message = run(alone, values[:len(data)], len(results))
    if ours is None:
        return len(nodes), 0.0, message
    worst, message = 0.0, ""
    for node, mine, theirs in zip(nodes, ours, values[len(data):]):
        difference, bound, wrong = compare(mine, theirs, theirs)
        worst = max(worst, difference / bound if bound else 0.0)
        message = message or (wrong and f"{tensors[node.outputs[0]].name}: {wrong}, {difference:.3g}, bound {bound:.3g}")
    return len(nodes), worst, message
