# SPDX-License-Identifier: Apache-2.0
"""Quantized models as LiteRT's reference kernels need them: the same network, said so that they take it.

Old converters gave a bias the quantized axis of its weights, which LiteRT no longer takes. DEPTH_TO_SPACE of version 2 is that of version 1, which alone has a reference kernel for int8. A 16x8 convolution whose bias is int32 must
say so in its options: LiteRT 2.3.0 reads it as int64 otherwise, beyond the end of its bytes.
"""
import flatbuffers
from ai_edge_litert import schema_py_generated as schema

BIASED = {schema.BuiltinOperator.CONV_2D: 2, schema.BuiltinOperator.FULLY_CONNECTED: 2,
          schema.BuiltinOperator.TRANSPOSE_CONV: 3}


def code_of(model, node):
    code = model.operatorCodes[node.opcodeIndex]
    return code, max(code.builtinCode, code.deprecatedBuiltinCode)


def rewrite(data):
    """The file's bytes, changed where needed."""
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(data, 0))
    changed = False
    for graph in model.subgraphs:
        for tensor in graph.tensors:
            if tensor.quantization is not None and tensor.shape is not None and len(tensor.shape) == 1 and tensor.quantization.quantizedDimension > 0:
                tensor.quantization.quantizedDimension, changed = 0, True
        for node in graph.operators or []:
            code, number = code_of(model, node)
            if number == schema.BuiltinOperator.DEPTH_TO_SPACE and code.version == 2:
                code.version, changed = 1, True
            if number not in BIASED or len(node.inputs) <= BIASED[number] or node.inputs[BIASED[number]] < 0:
                continue
            bias, data_type = graph.tensors[node.inputs[BIASED[number]]], graph.tensors[node.outputs[0]].type
            unsaid = node.builtinOptions is not None and node.builtinOptions.quantizedBiasType == schema.TensorType.FLOAT32
            if data_type == schema.TensorType.INT16 and bias.type == schema.TensorType.INT32 and unsaid:
                node.builtinOptions.quantizedBiasType, changed = schema.TensorType.INT32, True
    if not changed:
        return data
    builder = flatbuffers.Builder(len(data))
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())
