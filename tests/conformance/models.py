# SPDX-License-Identifier: Apache-2.0
"""Whole models: every model at hand through LiteRT and through safelight, on the same inputs.

Integer outputs of models with quantized values must be those of LiteRT's reference kernels, bit for bit, and float outputs
within 1e-5 of the output's range plus 1e-5; how far both are from LiteRT's default (XNNPACK) is told. Float models, and those of
float values and integer weights (which are also judged node by node, dynamic_nodes.py), tolerance per output: the larger of 1e-5 of the output's range plus 1e-5, and four times the difference between
LiteRT's own reference kernels and its default (XNNPACK) on that input. A network outside of it passes only where the run itself
shows that LiteRT's long float32 sums are to blame (judge_by_exact_means).
"""
import dataclasses
import pathlib
import subprocess

import numpy as np
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter, OpResolverType

import dynamic_nodes
import exact_means
import for_reference
import kinds

FLOAT_TYPES = {"FLOAT32", "FLOAT16", "INT32", "INT64", "BOOL"}
QUANTIZED_TYPES = {"INT8", "UINT8", "INT16", "INT4"}
# Refused on purpose -> a word of the sentence that must say so.
REFUSED = {
    "hair_segmentation_512_fp32_customops.tflite": "custom op",
    "selfie_meet_full_v679_f16w_customop.tflite": "custom op",
    "selfie_mlkit_256_f16w_customop.tflite": "custom op",
    "litert_max_unpooling_2d.tflite": "custom op",
    "litert_max_unpooling_2d_valid.tflite": "custom op",
    "quant_custom_op.bin": "custom op",
    "quant_mixed.bin": "custom op",
    "tflite_custom_sinh.bin": "custom op",
    "tflite_test_custom_node_with_init_data.bin": "custom op",
    "tflite_multi_subgraphs_while.bin": "control flow",
    "tflite_nested_while.bin": "control flow",
    "tflite_test_model.bin": "stride_w 0",
    "tflite_test_model_versioned_ops.bin": "stride_w 0",
    "quant_transpose.bin": "schema version 2",
    "tflite_add_shared_tensors.bin": "computed twice",
    "quant_lstm_calibrated2.bin": "size -1",
    "quant_svdf_calibrated.bin": "state of shape",
    "java_tile_with_bool_input.bin": "not known before the run",
    "litert_blockwise_quantized.tflite": "blockwise or custom quantization",
}
# Arithmetic that is missing, or that the file does not say enough for -> a word of the sentence that must say so.
UNBUILT = {
    "test_mean_0.tflite": "arithmetic is not built yet",  # int8 without scales
    "test_dtp_tfl.tflite": "TFLite_Detection_PostProcess",
}
# Reference kernels that take minutes: only with --all.
SLOW = {"edsr_f32b5_QAT_540x960.tflite", "edsr_f32b5_full_qint8_540x960.tflite", "deblur_720x1280_int8_floatio.tflite",
        "whitebox_cartoon_512_int8_floatio.tflite", "style_transfer_384_int8_floatio.tflite", "abpn_x3_ptq_u8io_360x640.tflite",
        "abpn_x3_qat_u8io_360x640.tflite",
        "edsr_f32b5_fp32_540x960.tflite", "video_rrn_16_x4_fp32.tflite", "evsrnet_x4_f16w.tflite",
        "iat_enhance_512_fp32.tflite", "learned_isp_544x960x4_fp32.tflite", "deeplabv3_257_fp32.tflite"}

OUTSIDE = "outside the bound"
NEARER = "ok (nearer to the float64 value than LiteRT)"


@dataclasses.dataclass
class Row:
    model: str
    verdict: str  # "ok", NEARER, "refused", "skipped", "FAILED"
    detail: str = ""
    difference: float = 0.0
    bound: float = 0.0
    kind: str = ""  # of its numbers
    default: str = ""  # how far from LiteRT's default kernels


def tensor_types(path):
    """Names of all tensor types in a file; None when it is not a model."""
    names = {value: key for key, value in vars(schema.TensorType).items() if not key.startswith("_")}
    try:
        model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(path.read_bytes(), 0))
        return {names[t.type] for graph in model.subgraphs for t in graph.tensors}
    except Exception:  # noqa: BLE001 - whatever is wrong with it, it is no model
        return None


def find_models(data):
    files = sorted(p for p in (data / "models").rglob("*") if p.suffix in {".tflite", ".bin"})
    for path in files:
        if "malformed_or_unsupported" in path.parts:
            continue
        types = tensor_types(path)
        if types is not None and not types - FLOAT_TYPES - QUANTIZED_TYPES:
            yield path
    # Single ops of 16x8 and a small classifier, with what others made of them.
    yield from sorted((data / "reference").rglob("*.tflite"))


def open_litert(path, resolver):
    """An interpreter with sizes chosen where the file leaves them open."""
    data = path.read_bytes()
    if (tensor_types(path) or set()) & QUANTIZED_TYPES:
        data = for_reference.rewrite(data)
    interpreter = Interpreter(model_content=data, experimental_op_resolver_type=resolver)
    for detail in interpreter.get_input_details():
        signature = detail["shape_signature"]
        if (signature == -1).any():
            sizes = {1: 37, 2: 53}
            shape = [sizes.get(axis, 1) if size == -1 else size for axis, size in enumerate(signature)]
            interpreter.resize_tensor_input(detail["index"], shape)
    interpreter.allocate_tensors()
    return interpreter


def make_inputs(details, random, scale, integers=(0, 1)):
    """Floats from 0 to `scale`; other types from `integers`, both included."""
    inputs = []
    for detail in details:
        shape, dtype = detail["shape"], detail["dtype"]
        if dtype == np.float32:
            inputs.append((random.uniform(0, 1, shape) * scale).astype(dtype))
        elif dtype in (np.int8, np.uint8, np.int16):  # any stored value
            inputs.append(random.integers(np.iinfo(dtype).min, np.iinfo(dtype).max + 1, shape).astype(dtype))
        else:
            inputs.append(random.integers(integers[0], integers[1] + 1, shape).astype(dtype))
    return inputs


def run_litert(path, resolver, inputs):
    interpreter = open_litert(path, resolver)
    for detail, values in zip(interpreter.get_input_details(), inputs):
        interpreter.set_tensor(detail["index"], values)
    interpreter.invoke()
    return [interpreter.get_tensor(detail["index"]) for detail in interpreter.get_output_details()]


def ask_litert(path, seed, scale):
    """(inputs, the reference kernels' outputs, the default kernels' outputs, a remark)."""
    resolver, remark = OpResolverType.BUILTIN_REF, ""
    try:
        details = open_litert(path, resolver).get_input_details()
    except (RuntimeError, ValueError):  # some ops have no reference kernel
        resolver, remark = OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES, "against the usual kernel; LiteRT has no reference kernel"
        details = open_litert(path, resolver).get_input_details()
    # No network but a division or an index refuses the first.
    for integers in [(0, 1), (1, 1), (0, 0)]:
        try:
            inputs = make_inputs(details, np.random.default_rng(seed), scale, integers)
            reference = run_litert(path, resolver, inputs)
            return inputs, reference, run_litert(path, OpResolverType.AUTO, inputs), remark
        except (RuntimeError, ValueError) as error:
            refusal = error
    raise refusal


def run_safelight(program, path, inputs, outputs, folder):
    command = [str(program), "run", str(path)]
    for i, values in enumerate(inputs):
        np.save(folder / f"in{i}.npy", values)
        command += ["--input", f"{i}={folder}/in{i}.npy"]
    for i in range(outputs):
        command += ["--output", f"{i}={folder}/out{i}.npy"]
    result = subprocess.run(command, capture_output=True, text=True, timeout=600)
    if result.returncode != 0:
        return None, result.stderr.strip()
    return [np.load(folder / f"out{i}.npy") for i in range(outputs)], ""


def compare(ours, reference, default):
    """(difference, bound, message) of one output; the message is empty when it agrees."""
    if ours.shape != reference.shape:
        return 0.0, 0.0, f"shape {ours.shape}, LiteRT {reference.shape}"
    if reference.size == 0:
        return 0.0, 0.0, ""
    if reference.dtype in (np.int8, np.uint8, np.int16):
        apart = int(np.count_nonzero(ours != reference))
        return float(apart), 0.0, f"{apart} of {reference.size} stored values differ" if apart else ""
    a, b, c = (x.astype(np.float64) for x in (ours, reference, default))
    if not np.array_equal(np.isnan(a), np.isnan(b)):
        return 0.0, 0.0, "NaN in different places"
    difference = float(np.nanmax(np.abs(a - b), initial=0))
    spread = float(np.nanmax(b, initial=0) - np.nanmin(b, initial=0))
    bound = max(1e-5 * spread + 1e-5, 4 * float(np.nanmax(np.abs(b - c), initial=0)))
    return difference, bound, "" if difference <= bound else OUTSIDE


def check_model(program, path, folder, seed):
    name = path.name
    if name in REFUSED:
        _, message = run_safelight(program, path, [], 1, folder)
        if REFUSED[name] in message:
            return Row(name, "refused", message[message.rfind(name) + len(name) + 2:])
        return Row(name, "FAILED", f"must be refused with '{REFUSED[name]}', said: {message}")
    try:
        inputs, reference, default, remark = ask_litert(path, seed, 255 if "edsr" in name else 1)
    except (RuntimeError, ValueError) as error:
        return Row(name, "skipped", "LiteRT: " + str(error).split("\n")[0][:80])
    ours, message = run_safelight(program, path, inputs, len(reference), folder)
    if ours is None:
        return refusal(name, name, message)
    row, messages = Row(name, "ok", remark, kind=kinds.kind_of(path.read_bytes())), []
    row.default = kinds.apart(ours, default)[0] if row.kind in (*kinds.INTEGERS, "dynamic range") else ""
    # Models of integers get no allowance for the difference of the default kernels.
    allowed = reference if row.kind in kinds.INTEGERS else default
    if row.kind == "dynamic range":
        check_dynamic_nodes(row, messages, program, path, inputs, folder)
    for a, b, c in zip(ours, reference, allowed):
        difference, bound, message = compare(a, b, c)
        if message:
            messages.append(message)
            row.verdict, row.detail = "FAILED", messages[0]
        if bound == 0 or difference / bound >= row.difference / (row.bound or 1):
            row.difference, row.bound = difference, bound
    if messages and set(messages) == {OUTSIDE}:
        judge_by_exact_means(row, path, inputs, ours, reference)
    return row


def check_dynamic_nodes(row, messages, program, path, inputs, folder):
    run = lambda file, values, count: run_safelight(program, file, values, count, folder)
    count, worst, message = dynamic_nodes.check(path, inputs, run, compare, folder)
    row.detail += f"{'; ' if row.detail else ''}{count} nodes on LiteRT's own values: at most {worst:.2g} of the bound"
    if message:
        messages.append(message)
        row.verdict, row.detail = "FAILED", message


def refusal(title, name, message):
    """The row of a model that could not be run."""
    expected = name in UNBUILT and UNBUILT[name] in message
    return Row(title, "refused" if expected else "FAILED", message[message.rfind(name) + len(name) + 2:] if expected else message)


def judge_by_exact_means(row, path, inputs, ours, reference):
    """Passes the row if, with the network's long MEANs taken in float64, LiteRT's other kernels come to our outputs (within
    1e-5 of the range plus 1e-5) and LiteRT's own outputs lie further from that."""
    count, exact = exact_means.run(path, inputs)
    if count == 0:
        return
    near = [compare(a, b, b) for a, b in zip(ours, exact)]
    own = max(compare(a, b, b)[0] for a, b in zip(reference, exact))
    off = max(difference for difference, _, _ in near)
    row.detail += f"; from LiteRT with {count} MEAN in float64: safelight {off:.3g}, LiteRT {own:.3g}"
    if not any(message for _, _, message in near) and off < own:
        row.verdict = NEARER


def check_all(program, data, folder, seed, everything, only):
    """`everything`: the slow ones too. `only`: those whose names hold this."""
    rows = []
    for path in find_models(pathlib.Path(data)):
        if only not in path.name:
            continue
        if path.name in SLOW and not everything:
            rows.append(Row(path.name, "skipped", "slow in LiteRT's reference kernels: --all runs it"))
            continue
        rows.append(check_model(program, path, folder, seed))
        rows[-1].kind = kinds.kind_of(path.read_bytes())
        print(format_row(rows[-1]), flush=True)
    return rows


def format_row(row):
    return f"{row.model:52} {row.verdict:8} {row.difference:10.3g} {row.bound:10.3g}  {row.default}  {row.detail}"
