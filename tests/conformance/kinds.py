# SPDX-License-Identifier: Apache-2.0
"""What numbers a model computes with, and how far two answers in such numbers are apart."""
import numpy as np
from ai_edge_litert import schema_py_generated as schema

INTEGERS = ("int8", "uint8", "16x8")
ORDER = ["float32", "float16 weights", "integer weights, made floats", "dynamic range", *INTEGERS, "others"]
USUAL_PSNR = 50.0  # dB, of integer models against LiteRT's default kernels


def kind_of(data):
    """One of ORDER, for a file's bytes. Values that are computed count, weights only where these are floats."""
    types = schema.TensorType
    graph = schema.ModelT.InitFromObj(schema.Model.GetRootAs(data, 0)).subgraphs[0]
    tensors, nodes = graph.tensors, graph.operators or []
    computed = {int(i) for i in (graph.inputs if graph.inputs is not None else [])}
    computed |= {int(i) for node in nodes for i in node.outputs}
    scaled = {tensors[i].type for i in computed if tensors[i].quantization is not None and tensors[i].quantization.scale is not None}
    for kind, number in (("16x8", types.INT16), ("int8", types.INT8), ("uint8", types.UINT8)):
        if number in scaled:
            return kind
    reads = [[tensors[i] for i in (node.inputs if node.inputs is not None else []) if i >= 0] for node in nodes]
    weights = (types.INT8, types.INT4)
    if any(len(read) > 1 and read[0].type == types.FLOAT32 and any(t.type in weights for t in read[1:]) for read in reads):
        return "dynamic range"
    if any(t.type in weights for t in tensors):
        return "integer weights, made floats"
    if any(t.type == types.FLOAT16 for t in tensors):
        return "float16 weights"
    return "float32" if any(tensors[i].type == types.FLOAT32 for i in computed) else "others"


def share_near_default(words):
    """Of what `apart` says of integer models: how many are at least USUAL_PSNR, a sentence."""
    values = [float("inf") if text.endswith("same") else float(text.split()[-2]) for text in words if text]
    near = sum(value >= USUAL_PSNR for value in values)
    return (f"{near} of {len(values)} integer models are at least {USUAL_PSNR:.0f} dB from LiteRT's default kernels, on random inputs; since their stored "
            "results are those of its reference kernels, the rest is LiteRT's own distance.")


def apart(ours, default):
    """(words, PSNR in dB) of all outputs: shares of equal stored values, of one step off, of more; floats by PSNR alone."""
    words, least = [], float("inf")
    for a, b in zip(ours, default):
        if a.shape != b.shape or a.size == 0 or a.dtype.kind not in "iuf":
            continue
        off = np.abs(a.astype(np.float64) - b.astype(np.float64))
        if a.dtype.kind == "f":
            peak = float(b.max()) - float(b.min())
        else:
            peak = float(np.iinfo(a.dtype).max) - float(np.iinfo(a.dtype).min)
            shares = [float(np.mean(part)) for part in (off == 0, off == 1, off > 1)]
            words.append(" / ".join(f"{100 * share:.4g}" for share in shares) + f" %, at most {int(off.max())}")
        error = float(np.mean(off * off))
        if error > 0 and peak > 0:
            least = min(least, 10 * np.log10(peak * peak / error))
    words.append("same" if least == float("inf") else f"{least:.1f} dB")
    return ", ".join(words), least
