# SPDX-License-Identifier: Apache-2.0
"""Small float networks, one for each op that is quantized: a picture goes through a convolution, then the op looks at what
came out. The picture of another convolution is output 0, the op's result output 1."""
import pathlib
import sys

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from tflite_writer import Writer  # noqa: E402

H, W, C = 12, 20, 8
SAME, VALID = 0, 1


def conv(writer, rng, x, inputs, outputs, size=3, spread=0.4):
    """CONV_2D with channels of very different weights."""
    weights = rng.normal(0, spread, (outputs, size, size, inputs)) * np.exp(rng.normal(0, 1, (outputs, 1, 1, 1)))
    y = writer.value(np.float32, (1, H, W, outputs))
    operands = [x, writer.constant(weights.astype(np.float32)), writer.constant(rng.normal(0, 0.3, outputs).astype(np.float32))]
    writer.node("CONV_2D", operands, [y], ("Conv2DOptions", {"strideH": 1, "strideW": 1}))
    return y


class Bench:
    """What an op's network is built with."""

    def __init__(self, seed):
        self.rng, self.writer = np.random.default_rng(seed), Writer()
        self.x = self.writer.input((1, H, W, 3), np.float32)
        self.f = conv(self.writer, self.rng, self.x, 3, C)
        self.g = conv(self.writer, self.rng, self.x, 3, C)

    def ints(self, *numbers):
        return self.writer.constant(np.array(numbers, np.int32))

    def floats(self, *shape, spread=1.0):
        return self.writer.constant(self.rng.normal(0, spread, shape).astype(np.float32))

    def value(self, *shape, dtype=np.float32):
        return self.writer.value(dtype, shape)


def unary(options=None):
    return lambda b: ([b.f], [b.value(1, H, W, C)], options)


def binary(options=None):
    return lambda b: ([b.f, b.g], [b.value(1, H, W, C)], options)


def reduce(axes, shape):
    return lambda b: ([b.f, b.ints(*axes)], [b.value(*shape)], ("ReducerOptions", {"keepDims": True}))


def positive(options=None):
    """Of numbers above zero: behind ABS and a small sum."""
    def make(b):
        a, p = b.value(1, H, W, C), b.value(1, H, W, C)
        b.writer.node("ABS", [b.f], [a])
        b.writer.node("ADD", [a, b.writer.constant(np.array([0.3], np.float32))], [p], ("AddOptions", {}))
        return [p], [b.value(1, H, W, C)], options
    return make


POOL = ("Pool2DOptions", {"strideH": 2, "strideW": 2, "filterHeight": 2, "filterWidth": 2})
# Op -> (operands, results, options) on a bench. Each may stand for several networks.
OPS = {
    "CONV_2D": lambda b: ([b.f, b.floats(5, 3, 3, C, spread=0.2), b.floats(5)], [b.value(1, 5, 9, 5)],
                          ("Conv2DOptions", {"strideH": 2, "strideW": 2, "padding": VALID, "fusedActivationFunction": 1})),
    "DEPTHWISE_CONV_2D": lambda b: ([b.f, b.floats(1, 3, 3, 2 * C, spread=0.3), b.floats(2 * C)], [b.value(1, H, W, 2 * C)],
                                    ("DepthwiseConv2DOptions", {"strideH": 1, "strideW": 1, "depthMultiplier": 2,
                                                                "fusedActivationFunction": 3})),
    "TRANSPOSE_CONV": lambda b: ([b.ints(1, 2 * H, 2 * W, 4), b.floats(4, 3, 3, C, spread=0.2), b.f, b.floats(4)],
                                 [b.value(1, 2 * H, 2 * W, 4)], ("TransposeConvOptions", {"strideH": 2, "strideW": 2})),
    "FULLY_CONNECTED": lambda b: ([b.f, b.floats(6, C, spread=0.3), b.floats(6)], [b.value(1, H, W, 6)],
                                  ("FullyConnectedOptions", {"keepNumDims": True})),
    "AVERAGE_POOL_2D": lambda b: ([b.f], [b.value(1, H // 2, W // 2, C)], POOL),
    "MAX_POOL_2D": lambda b: ([b.f], [b.value(1, H // 2, W // 2, C)], POOL),
    "CONCATENATION": lambda b: ([b.f, b.x, b.g], [b.value(1, H, W, 2 * C + 3)], ("ConcatenationOptions", {"axis": 3})),
    "RESHAPE": lambda b: ([b.f, b.ints(1, H * W, C)], [b.value(1, H * W, C)], None),
    "RESIZE_BILINEAR": lambda b: ([b.f, b.ints(2 * H, 2 * W)], [b.value(1, 2 * H, 2 * W, C)],
                                  ("ResizeBilinearOptions", {"halfPixelCenters": True})),
    "RESIZE_NEAREST_NEIGHBOR": lambda b: ([b.f, b.ints(2 * H, 2 * W)], [b.value(1, 2 * H, 2 * W, C)],
                                          ("ResizeNearestNeighborOptions", {})),
    "DEPTH_TO_SPACE": lambda b: ([b.f], [b.value(1, 2 * H, 2 * W, C // 4)], ("DepthToSpaceOptions", {"blockSize": 2})),
    "SPACE_TO_DEPTH": lambda b: ([b.f], [b.value(1, H // 2, W // 2, 4 * C)], ("SpaceToDepthOptions", {"blockSize": 2})),
    "PAD": lambda b: ([b.f, b.writer.constant(np.array([[0, 0], [1, 2], [3, 1], [0, 0]], np.int32))],
                      [b.value(1, H + 3, W + 4, C)], None),
    "PADV2": lambda b: ([b.f, b.writer.constant(np.array([[0, 0], [1, 2], [3, 1], [0, 0]], np.int32)),
                         b.writer.constant(np.array([0.25], np.float32))], [b.value(1, H + 3, W + 4, C)], None),
    "MIRROR_PAD": lambda b: ([b.f, b.writer.constant(np.array([[0, 0], [1, 2], [3, 1], [0, 0]], np.int32))],
                             [b.value(1, H + 3, W + 4, C)], ("MirrorPadOptions", {"mode": 0})),
    "GATHER": lambda b: ([b.f, b.ints(3, 1, 1)], [b.value(1, H, W, 3)], ("GatherOptions", {"axis": 3})),
    "GATHER_ND": lambda b: ([b.f, b.writer.constant(np.array([[0, 3], [0, 1]], np.int32))], [b.value(2, W, C)], None),
    "TRANSPOSE": lambda b: ([b.f, b.ints(0, 3, 1, 2)], [b.value(1, C, H, W)], None),
    "SQUEEZE": lambda b: ([b.f], [b.value(H, W, C)], ("SqueezeOptions", {"squeezeDims": [0]})),
    "EXPAND_DIMS": lambda b: ([b.f, b.ints(0)], [b.value(1, 1, H, W, C)], None),
    "SLICE": lambda b: ([b.f, b.ints(0, 2, 1, 1), b.ints(1, 5, 7, 3)], [b.value(1, 5, 7, 3)], None),
    "STRIDED_SLICE": lambda b: ([b.f, b.ints(0, 0, 1, 0), b.ints(1, H, W, C), b.ints(1, 2, 3, 1)], [b.value(1, 6, 7, C)],
                                ("StridedSliceOptions", {})),
    "SPLIT": lambda b: ([b.ints(3), b.f], [b.value(1, H, W, C // 2), b.value(1, H, W, C // 2)], ("SplitOptions", {"numSplits": 2})),
    "SPLIT_V": lambda b: ([b.f, b.ints(3, 5), b.ints(3)], [b.value(1, H, W, 3), b.value(1, H, W, 5)],
                          ("SplitVOptions", {"numSplits": 2})),
    "PACK": lambda b: ([b.f, b.g], [b.value(2, 1, H, W, C)], ("PackOptions", {"valuesCount": 2, "axis": 0})),
    "UNPACK": lambda b: ([b.f], [b.value(H, W, C)], ("UnpackOptions", {"num": 1, "axis": 0})),
    "TILE": lambda b: ([b.f, b.ints(1, 2, 1, 1)], [b.value(1, 2 * H, W, C)], None),
    "BROADCAST_TO": lambda b: ([b.f, b.ints(2, H, W, C)], [b.value(2, H, W, C)], None),
    "REVERSE_V2": lambda b: ([b.f, b.ints(3)], [b.value(1, H, W, C)], None),
    "SPACE_TO_BATCH_ND": lambda b: ([b.f, b.ints(2, 2), b.writer.constant(np.zeros((2, 2), np.int32))],
                                    [b.value(4, H // 2, W // 2, C)], None),
    "BATCH_TO_SPACE_ND": None,  # in the network of SPACE_TO_BATCH_ND's inverse below
    "MAXIMUM": binary(),
    "MINIMUM": binary(),
    "REDUCE_MAX": reduce([1, 2], (1, 1, 1, C)),
    "REDUCE_MIN": reduce([3], (1, H, W, 1)),
    "ADD": binary(("AddOptions", {"fusedActivationFunction": 1})),
    "SUB": binary(("SubOptions", {})),
    "MUL": binary(("MulOptions", {})),
    "SQUARED_DIFFERENCE": binary(),
    "MEAN": reduce([1, 2], (1, 1, 1, C)),
    "PRELU": lambda b: ([b.f, b.floats(1, 1, C, spread=0.3)], [b.value(1, H, W, C)], None),
    "LEAKY_RELU": unary(("LeakyReluOptions", {"alpha": 0.2})),
    "HARD_SWISH": unary(),
    "ELU": unary(),
    "GELU": unary(("GeluOptions", {})),
    "ABS": unary(),
    "EXP": unary(),
    "LOG": positive(),
    "RSQRT": positive(),
    "LOGISTIC": unary(),
    "TANH": unary(),
    "SOFTMAX": unary(("SoftmaxOptions", {"beta": 1.0})),
    "LOG_SOFTMAX": unary(),
    "L2_NORMALIZATION": unary(("L2NormOptions", {})),
    "ARG_MAX": lambda b: ([b.f, b.ints(3)], [b.value(1, H, W, dtype=np.int64)], ("ArgMaxOptions", {"outputType": 4})),
    "BATCH_MATMUL": None,
}


def batch_to_space(b):
    s = b.value(4, H // 2, W // 2, C)
    b.writer.node("SPACE_TO_BATCH_ND", [b.f, b.ints(2, 2), b.writer.constant(np.zeros((2, 2), np.int32))], [s])
    return [s, b.ints(2, 2), b.writer.constant(np.zeros((2, 2), np.int32))], [b.value(1, H, W, C)], None


def batch_matmul(b):
    r, t = b.value(1, H * W, C), b.value(1, C, H * W)
    b.writer.node("RESHAPE", [b.f, b.ints(1, H * W, C)], [r])
    b.writer.node("RESHAPE", [b.g, b.ints(1, C, H * W)], [t])
    return [r, t], [b.value(1, H * W, H * W)], ("BatchMatMulOptions", {})


OPS["BATCH_TO_SPACE_ND"], OPS["BATCH_MATMUL"] = batch_to_space, batch_matmul


def op_network(op, seed):
    bench = Bench(seed)
    operands, results, options = OPS[op](bench)
    bench.writer.node(op, operands, results, options, version=2 if op == "BROADCAST_TO" else 1)
    picture = conv(bench.writer, bench.rng, bench.f, C, 3, size=1)
    return bench.writer.finish([picture, *results])
