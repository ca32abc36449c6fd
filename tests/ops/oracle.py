# SPDX-License-Identifier: Apache-2.0
"""LiteRT's answer to a case, and how near an answer of ours must be."""
import numpy as np
from ai_edge_litert.interpreter import Interpreter, OpResolverType

# Ops that the set of reference kernels does not have; the default set, without XNNPACK, does.
NO_REFERENCE = {"CEIL", "ELU", "ROUND", "SEGMENT_SUM"}


def run(model, inputs, resolver):
    interpreter = Interpreter(model_content=model, experimental_op_resolver_type=resolver, num_threads=1)
    interpreter.allocate_tensors()
    for detail, array in zip(interpreter.get_input_details(), inputs):
        interpreter.set_tensor(detail["index"], array)
    interpreter.invoke()
    return [interpreter.get_tensor(detail["index"]) for detail in interpreter.get_output_details()]


def answers(case):
    """(outputs of the reference kernels, outputs of the default kernels or None where they refuse)."""
    model, inputs = case.model(), [operand.array for operand in case.inputs]
    plain = OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
    reference = run(model, inputs, plain if case.op in NO_REFERENCE else OpResolverType.BUILTIN_REF)
    if case.reference_only or all(output.dtype.kind != "f" for output in reference):
        return reference, None  # integers are judged by equality
    try:
        default = run(model, inputs, OpResolverType.AUTO)
    except (RuntimeError, ValueError):
        default = None
    return reference, default


def judge(ours, reference, default):
    """What is wrong with `ours`, "" when nothing is; and whether it needed the wider bound of the default kernels.

    Integers and bools must be equal. Floats: within the larger of 1e-5 of the range plus 1e-5, and four times the
    difference between LiteRT's reference and default kernels; what is not finite must be the same."""
    if ours.dtype != reference.dtype or ours.shape != reference.shape:
        return f"{ours.dtype} {ours.shape}, LiteRT has {reference.dtype} {reference.shape}", False
    if reference.dtype.kind != "f":
        return first_difference(ours, reference, ours != reference), False
    a, b = ours.astype(np.float64), reference.astype(np.float64)
    finite = np.isfinite(b)
    other = ~finite & ~((a == b) | (np.isnan(a) & np.isnan(b)))
    if other.any():
        return first_difference(ours, reference, other), False
    values = b[finite]
    if values.size == 0:
        return "", False
    bound = 1e-5 * float(values.max() - values.min()) + 1e-5
    wider = bound
    if default is not None and default.shape == reference.shape:
        apart = np.abs(default.astype(np.float64)[finite] - values)
        wider = max(bound, 4 * float(np.nanmax(np.where(np.isfinite(apart), apart, 0))))
    off = np.zeros(b.shape, bool)
    off[finite] = ~(np.abs(a[finite] - values) <= wider)
    within = not (np.abs(a[finite] - values) > bound).any()
    return first_difference(ours, reference, off, f", bound {wider:.3g}"), not within


def first_difference(ours, reference, off, more=""):
    if not off.any():
        return ""
    at = tuple(int(i) for i in np.argwhere(off)[0])
    return f"{int(off.sum())} of {off.size} elements, the first at {at}: {ours[at]}, LiteRT {reference[at]}{more}"
