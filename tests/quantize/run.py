# SPDX-License-Identifier: Apache-2.0
"""Networks quantized here, run here and in LiteRT. Ends with "N passed, N failed, N skipped".

  run.py --program build/release/safelight [--data ../shared/data] [--only NAME] [--seed N]

Ops: for each op that is quantized a small network, as int8-float-io, int8 and 16x8 (int64 and int32 biases); outputs equal to
LiteRT's reference kernels in every bit, near the float network's, and the op itself on integers unless INT16_FLOAT says that
TFLite has no such kernel. Mixed: the same networks with layers of int8 and 16x8 in turn, so that values cross. Models: the built-in upscaler and real ones. Quality: PSNR on Set5.
"""
import argparse
import itertools
import json
import pathlib
import subprocess
import sys
import tempfile

import numpy as np
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter, OpResolverType

import networks
import quality

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "cli"))
from bench import png_bytes  # noqa: E402

# LiteRT's reference kernels have these on int8 but not on int16.
INT16_FLOAT = {"DEPTH_TO_SPACE", "SPACE_TO_DEPTH", "ELU", "GELU", "HARD_SWISH", "PRELU", "SQUARED_DIFFERENCE", "L2_NORMALIZATION",
               "LOG_SOFTMAX", "ARG_MAX"}
# Ops that the set of reference kernels does not have; the default set, without XNNPACK, does.
NO_REFERENCE = {"ELU"}
KINDS = [("int8-float-io", []), ("int8", []), ("16x8", []), ("16x8", ["--bias", "int32"])]
ADAPTIVE = ["CONV_2D", "DEPTHWISE_CONV_2D", "TRANSPOSE_CONV", "FULLY_CONNECTED"]
# Types of layers, one after another.
TURNS = [("int8", "16x8"), ("16x8", "int8"), ("int8", "float16", "16x8", "float32")]
# Models -> input shape. Their input is one picture of 0..1.
MODELS = {"models/upscale_x3.tflite": (1, 40, 56, 3)}
DATA_MODELS = {"superres/espcn_x3_padding_f16w.tflite": None, "deblur/small_2conv_256_fp32.tflite": None,
               "lowlight/zero_dce_lite_160x160_fp32.tflite": None, "superres/evsrnet_x4_f16w.tflite": None}
SLOW = {"evsrnet_x4_f16w.tflite"}


def png(path, pixels):
    path.write_bytes(png_bytes(pixels.shape[1], pixels.shape[0], b"".join(b"\0" + row.tobytes() for row in pixels)))


def paint(height, width, rng):
    """Patches of colours and a little noise, 0..1."""
    patches = np.kron(rng.random((height // 4 + 2, width // 4 + 2, 3)), np.ones((4, 4, 1)))[:height, :width]
    return np.clip(patches + rng.normal(0, 0.05, patches.shape), 0, 1).astype(np.float32)


def pictures(folder, height, width, count, rng):
    folder.mkdir(exist_ok=True)
    for i in range(count):
        png(folder / f"{i}.png", (255 * paint(height, width, rng)).astype(np.uint8))
    return folder


def run_litert(path, inputs, plain=False, shape=None):
    kind = OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES if plain else OpResolverType.BUILTIN_REF
    interpreter = Interpreter(model_path=str(path), experimental_op_resolver_type=kind)
    if shape is not None:
        interpreter.resize_tensor_input(interpreter.get_input_details()[0]["index"], shape)
    interpreter.allocate_tensors()
    details = interpreter.get_input_details()
    for detail, array in zip(details, inputs):
        interpreter.set_tensor(detail["index"], array)
    interpreter.invoke()
    return [interpreter.get_tensor(detail["index"]) for detail in interpreter.get_output_details()]


def run_ours(program, path, inputs, count, folder):
    arguments = []
    for i, array in enumerate(inputs):
        np.save(folder / f"in{i}.npy", array)
        arguments += ["--input", f"{i}={folder}/in{i}.npy"]
    for i in range(count):
        arguments += ["--output", f"{i}={folder}/out{i}.npy"]
    subprocess.run([program, "run", path, *arguments], check=True, capture_output=True, text=True)
    return [np.load(folder / f"out{i}.npy") for i in range(count)]


def stored(array, detail):
    """Real numbers as the port stores them."""
    if detail["dtype"] == np.float32:
        return array
    scale, zero = detail["quantization"]
    limits = np.iinfo(detail["dtype"])
    return np.clip(np.round(array / scale) + zero, limits.min, limits.max).astype(detail["dtype"])


def real(array, detail):
    scale, zero = detail["quantization"]
    return array if array.dtype.kind == "f" or scale == 0 else (array.astype(np.float64) - zero) * scale


def types_of(path, op):
    """The types of the results (of ARG_MAX the operand) of each node of this op."""
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(bytearray(path.read_bytes()), 0))
    found = []
    for node in model.subgraphs[0].operators:
        code = model.operatorCodes[node.opcodeIndex]
        if max(code.builtinCode, code.deprecatedBuiltinCode) == getattr(schema.BuiltinOperator, op):
            found.append(model.subgraphs[0].tensors[node.inputs[0] if op == "ARG_MAX" else node.outputs[0]].type)
    return found


class Suite:
    def __init__(self, options, folder):
        self.program, self.folder, self.options = options.program, folder, options
        self.rng = np.random.default_rng(options.seed)
        self.passed = self.failed = self.skipped = 0

    def check(self, name, function, *arguments):
        if self.options.only not in name:
            return
        try:
            function(*arguments)
            self.passed += 1
        except (AssertionError, ValueError, RuntimeError, subprocess.CalledProcessError) as error:
            text = error.stderr if isinstance(error, subprocess.CalledProcessError) else error
            print(f"FAILED  {name}: {text}")
            self.failed += 1

    def quantize(self, model, kind, extra, shown):
        out = self.folder / "quantized.tflite"
        done = subprocess.run([self.program, "quantize", model, "-o", out, "--type", kind, "--calibrate", shown, *extra],
                              check=True, capture_output=True, text=True)
        return out, done.stdout

    def same_bits(self, path, values, plain=False, resize=False, steps=0):
        """Ours and LiteRT's outputs for an input of real values; checks that they are equal, or within `steps` of their
        scale behind ops that stay float, or where LiteRT's other kernels stand in for those it has no reference of."""
        interpreter = Interpreter(model_path=str(path))
        inputs = [stored(values, interpreter.get_input_details()[0])]
        expected = run_litert(path, inputs, plain, values.shape if resize else None)
        ours = run_ours(self.program, path, inputs, len(expected), self.folder)
        for i, (a, b) in enumerate(zip(ours, expected)):
            assert a.dtype == b.dtype and a.shape == b.shape, f"output {i}: {a.dtype} {a.shape}, LiteRT {b.dtype} {b.shape}"
            off = np.abs(a.astype(np.float64) - b.astype(np.float64))
            most = steps if b.dtype.kind != "f" else steps * 0.004 * float(np.ptp(b)) if b.size else 0
            differing = int((off > most).sum())
            assert differing == 0, f"output {i}: {differing} of {b.size} differ from LiteRT, by up to {off.max()}"
        details = interpreter.get_output_details()
        return [real(a, detail) for a, detail in zip(ours, details)], details

    def op(self, op, kind, extra, seed, shown):
        model = self.folder / "float.tflite"
        model.write_bytes(networks.op_network(op, seed))
        out, said = self.quantize(model, kind, extra, shown)
        int16 = kind == "16x8"
        types = types_of(out, op)
        expected_type = schema.TensorType.INT16 if int16 else schema.TensorType.INT8
        stays_float = "is not built yet" in said  # by the engine
        if stays_float:
            pass
        elif int16 and op in INT16_FLOAT:
            stays_float = True
            assert schema.TensorType.FLOAT32 in types, f"{op} is listed as float for int16, but is not: {types}"
            assert f"{op} '" in said and "stays float" in said, f"not said that {op} stays float: {said}"
        else:
            assert types and all(t == expected_type for t in types[-1:]), f"{op} is not on integers: {types}; {said}"
        values = paint(networks.H, networks.W, self.rng)[None]
        plain = op in NO_REFERENCE
        results, details = self.same_bits(out, values, plain, steps=2 if plain else int(stays_float))
        truth = run_litert(model, [values], plain)
        if op == "ARG_MAX":
            return
        for i, (result, reference) in enumerate(zip(results, truth)):
            span = float(reference.max() - reference.min())
            error = float(np.abs(result - reference).mean()) / max(span, 1e-6)
            most = 0.005 if int16 else 0.03
            assert error < most, f"output {i}: mean error {error:.4f} of the range, at most {most}"

    def mixed(self, model, shown, turns):
        """The model with layers of these types in turn: each is the only one that costs little."""
        search = ["--search-pictures", "1", "--search-size", "32", "--target-drop", "100"]
        report, costs = self.folder / "report.json", self.folder / "costs"
        self.quantize(model, "mixed", [*search, "--types", "float32", "--report", report], shown)
        layers = json.loads(report.read_text())["layers"]
        lines = [f"* {name} 100" for name in ("int8", "16x8", "float16", "float32")]
        lines += [f"{layer['name']} {name} 1" for layer, name in zip(layers, itertools.cycle(turns))]
        costs.write_text("\n".join(lines) + "\n")
        out, said = self.quantize(model, "mixed", [*search, "--cost", costs, "--report", report], shown)
        chosen = [layer["type"] for layer in json.loads(report.read_text())["layers"]]
        assert chosen == [name for _, name in zip(layers, itertools.cycle(turns))], f"{chosen} for {turns} in turn"
        return out, said

    def mixed_op(self, op, turns, seed, shown):
        model = self.folder / "float.tflite"
        model.write_bytes(networks.op_network(op, seed))
        out, said = self.mixed(model, shown, turns)
        values = paint(networks.H, networks.W, np.random.default_rng(seed))[None]
        plain = op in NO_REFERENCE
        inexact = plain or "stays float" in said or not set(turns) <= {"int8", "16x8"}
        results, _ = self.same_bits(out, values, plain, steps=2 if inexact else 0)
        if op == "ARG_MAX":
            return
        for i, (result, reference) in enumerate(zip(results, run_litert(model, [values], plain))):
            error = float(np.abs(result - reference).mean()) / max(float(np.ptp(reference)), 1e-6)
            assert error < 0.03, f"output {i}: mean error {error:.4f} of the range, at most 0.03"

    def mixed_model(self, path, turns, shape, shown):
        out, _ = self.mixed(path, shown, turns)
        if shape is None:
            shape = tuple(Interpreter(model_path=str(path)).get_input_details()[0]["shape"])
        self.same_bits(out, np.random.default_rng(self.options.seed).random(shape).astype(np.float32), resize=True)

    def model(self, path, kind, extra, shape, shown):
        out, _ = self.quantize(path, kind, extra, shown)
        if shape is None:
            shape = tuple(Interpreter(model_path=str(path)).get_input_details()[0]["shape"])
            self.same_bits(out, self.rng.random(shape).astype(np.float32))
        else:
            self.same_bits(out, self.rng.random(shape).astype(np.float32), resize=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--program", required=True, type=pathlib.Path)
    parser.add_argument("--data", type=pathlib.Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--only", default="")
    parser.add_argument("--seed", type=int, default=7)
    options = parser.parse_args()
    print(f"seed {options.seed}")
    with tempfile.TemporaryDirectory() as name:
        suite = Suite(options, pathlib.Path(name))
        shown = pictures(suite.folder / "small", networks.H, networks.W, 6, suite.rng)
        for number, op in enumerate(networks.OPS):
            for kind, extra in KINDS:
                suite.check(f"op {op} {kind} {' '.join(extra)}", suite.op, op, kind, extra, options.seed + number, shown)
            if op in ADAPTIVE:
                suite.check(f"adaptive op {op}", suite.op, op, "int8", ["--rounding", "adaptive"], options.seed + number, shown)
            for turns in TURNS:
                suite.check(f"mixed op {op} {' '.join(turns)}", suite.mixed_op, op, turns, options.seed + number, shown)
        models = {ROOT / path: shape for path, shape in MODELS.items()}
        folder = options.data / "models" / "image_to_image"
        if folder.is_dir():
            models.update({folder / path: shape for path, shape in DATA_MODELS.items()})
        else:
            print(f"SKIPPED: no models at {folder}: the built-in one alone is quantized")
            suite.skipped += 1
        shown = pictures(suite.folder / "larger", 96, 128, 3, suite.rng)
        for path, shape in models.items():
            # LiteRT's reference kernels take long over the larger ones.
            for kind, extra in KINDS[:1] if path.name in SLOW else KINDS:
                suite.check(f"model {path.name} {kind} {' '.join(extra)}", suite.model, path, kind, extra, shape, shown)
            for turns in [] if path.name in SLOW else TURNS[:2]:
                suite.check(f"mixed model {path.name} {' '.join(turns)}", suite.mixed_model, path, turns, shape, shown)
        if (options.data / "images" / "train").is_dir():
            for kind, most in (("int8", 0.15), ("16x8", 0.02)):
                suite.check(f"quality {kind}", quality.check, suite, options.data, kind, most)
            suite.check("quality adaptive", quality.check, suite, options.data, "16x8", 0.005, "--rounding", "adaptive")
            suite.check("quality mixed", quality.check, suite, options.data, "mixed", 0.04, "--target-drop", "0.01dB")
        else:
            print("SKIPPED: no pictures: the quality is not measured")
            suite.skipped += 1
    print(f"{suite.passed} passed, {suite.failed} failed, {suite.skipped} skipped")
    return 1 if suite.failed else 0


if __name__ == "__main__":
    sys.exit(main())
