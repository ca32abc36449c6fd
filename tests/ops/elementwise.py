# SPDX-License-Identifier: Apache-2.0
"""Cases of ops that work element by element, with broadcasting."""
import numpy as np

from case import Case, Operand, Quant

F, I32, I64, B = np.float32, np.int32, np.int64, np.bool_
EDGES = np.array([0.0, -0.0, 0.5, -0.5, 1.5, 2.5, -1.5, 1, -1, 3, 6, -3, 1e-7, 20, -20, 100, -100, 1e30, -1e30], F)


def unary(op, low=-4.0, high=4.0, edges=EDGES, options=None, dtypes=(F,)):
    """`edges`: elements that stand at the front of about every third case."""
    def make(dice):
        dtype = dice.turn(dtypes)
        shape = dice.shape(dice.of([4, 4, 1, 2, 3, 5]))
        array = dice.floats(shape, low, high) if dtype == F else dice.array(shape, dtype)
        if dtype == F and dice.coin(0.35):
            count = min(array.size, len(edges))
            array.reshape(-1)[:count] = dice.random.permutation(edges)[:count]
        array = dice.unreal(array) if op != "GELU" else array  # LiteRT's GELU of -inf is no number, ours is 0
        return Case(op, [Operand(array)], options(dice) if callable(options) else options)
    return make


def broadcast_shapes(dice, ranks):
    """Two shapes that go together: equal, a scalar, a value per channel, per row, missing axes, ones at random."""
    rank = dice.of(ranks)
    shape = dice.shape(rank, 6000)
    other = list(shape)
    kind = dice.of(["equal", "scalar", "channel", "ones", "ones", "shorter", "both"])
    if kind == "scalar":
        other = [] if dice.coin() else [1] * dice.between(1, rank)
    if kind == "channel":
        other = other[-1:] if dice.coin() else [1] * (rank - 1) + other[-1:]
    if kind in ("ones", "shorter", "both"):
        other = [1 if dice.coin() else size for size in other]
    if kind == "shorter":
        other = other[dice.between(0, rank):]
    if kind == "both":
        shape = [1 if dice.coin(0.3) else size for size in shape]
    shapes = [tuple(shape), tuple(other)]
    return shapes if dice.coin() else shapes[::-1]


def operands_of(dice, arrays):
    """At most one of the operands is a constant."""
    fixed = dice.of([None, None, 0, 1, len(arrays) - 1])
    return [Operand(array, "constant" if k == fixed else "input") for k, array in enumerate(arrays)]


def anything(dice, shape, dtype):
    return dice.array(shape, dtype)


def binary(op, dtypes=(F,), options=None, ranks=(4, 3, 2, 1, 5), left=anything, right=anything, broadcast=True):
    """`left`, `right`: make the operands, where any elements will not do."""
    def make(dice):
        dtype = dice.turn(dtypes)
        a, b = broadcast_shapes(dice, ranks)
        arrays = [left(dice, a, dtype), right(dice, b if broadcast else a, dtype)]
        fields = None
        if options is not None:
            # Integers take no activation but the plain ones.
            fields = (options, {"fusedActivationFunction": dice.turn([0, 1, 2, 3], len(dtypes)) if dtype == F else 0})
        else:  # with an activation, even none, LiteRT ends infinities at the largest float
            arrays = [dice.unreal(array) for array in arrays]
        return Case(op, operands_of(dice, arrays), fields)
    return make


def divisors(dice, shape, dtype):
    """Nothing near zero."""
    sign = dice.random.choice([-1, 1], shape)
    if np.dtype(dtype).kind == "f":
        return (sign * dice.random.uniform(0.5, 2, shape)).astype(dtype)
    return (sign * dice.random.integers(1, 9, shape)).astype(dtype)


def bases(dice, shape, dtype):
    return dice.floats(shape, dice.of([0.1, 0.1, -3]), 3) if dtype == F else dice.random.integers(-4, 5, shape).astype(dtype)


def exponents(dice, shape, dtype):
    return dice.floats(shape, -3, 3) if dtype == F else dice.random.integers(0, 6, shape).astype(dtype)


def few(dice, shape, dtype):
    """Few different elements, so that equals meet."""
    return dice.random.integers(0, 3, shape).astype(dtype)


def compare(op, dtypes, ranks=(4, 3, 2, 1)):
    def make(dice):
        dtype = dice.turn(dtypes)
        a, b = broadcast_shapes(dice, ranks)
        return Case(op, operands_of(dice, [dice.unreal(few(dice, a, dtype)), dice.unreal(few(dice, b, dtype))]), dtypes=[B])
    return make


def prelu(dice):
    shape = dice.picture(most=6000)
    alpha = dice.turn([(1, 1, shape[3]), (shape[3],), (1, 1, 1), shape[1:], (1, shape[2], shape[3])])
    return Case("PRELU", [Operand(dice.floats(shape)), dice.operand(dice.floats(alpha), 0.7)])


def select(dice):
    """The operands have one shape; the condition too, or it is a scalar, or it names slices along axis 0."""
    shape = dice.shape(dice.of([1, 2, 3, 4]))
    condition = dice.turn([shape, (shape[0],), ()])
    dtype = dice.turn([F, F, I32, I64, B, np.uint8], 2)
    return Case("SELECT", operands_of(dice, [dice.array(condition, B), dice.array(shape, dtype), dice.array(shape, dtype)]),
                dtypes=[dtype], shapes=[shape])


def select_v2(dice):
    shape = dice.shape(dice.of([4, 3, 2, 1]))
    shapes = [shape] + [[1 if dice.coin(0.4) else size for size in shape][dice.of([0, 0, dice.between(0, len(shape))]):]
                        for _ in range(2)]
    shapes = [shapes[i] for i in dice.random.permutation(3)]
    dtype = dice.turn([F, F, I32, I64, B, np.uint8], 2)
    arrays = [dice.array(shapes[0], B), dice.array(shapes[1], dtype), dice.array(shapes[2], dtype)]
    # LiteRT leaves the file's shape of the output where all operands have one element.
    return Case("SELECT_V2", operands_of(dice, arrays), dtypes=[dtype], shapes=[np.broadcast_shapes(*map(np.shape, arrays))])


CAST_TYPES = [F, I32, I64, B, np.uint8, np.int8, np.int16, np.uint16, np.uint32, np.float16]


def cast(dice):
    source, target = dice.turn(CAST_TYPES), dice.turn(CAST_TYPES, len(CAST_TYPES))
    shape = dice.shape(dice.of([1, 2, 3, 4]))
    low = 0 if np.dtype(target).kind == "u" else -50  # no type's limits are left
    array = dice.floats(shape, low, 50).astype(source) if np.dtype(source).kind == "f" else dice.array(shape, source)
    if low == 0 and array.dtype.kind == "f":
        array = np.abs(array)
    return Case("CAST", [Operand(array)], dtypes=[target])


def quant_of(dice, dtype):
    if dtype in (np.int16,):
        return Quant((float(dice.of([0.001, 0.02, 0.25])),), (0,))
    low, high = (0, 255) if dtype == np.uint8 else (-128, 127)
    return Quant((float(np.float32(dice.random.uniform(0.01, 0.1))),), (dice.of([low, high, 0, dice.between(low, high)]),))


def quantize(dice):
    target = dice.turn([np.int8, np.uint8, np.int16])
    shape = dice.shape(dice.of([1, 2, 3, 4]))
    if dice.number % 4 == 3:  # from one quantization to another
        source = dice.of([np.int16] if target == np.int16 else [np.int8, np.uint8])
        limits = np.iinfo(source)
        array = dice.random.integers(limits.min, limits.max + 1, shape).astype(source)
        return Case("QUANTIZE", [Operand(array, quant=quant_of(dice, source))], dtypes=[target], quants=[quant_of(dice, target)])
    array, quant = dice.floats(shape, -12, 12), quant_of(dice, target)
    if dice.number % 4 == 1:  # all halfway between two results
        quant = Quant((0.25,), quant.zero_point)
        array = (np.floor(array * 4) + 0.5).astype(F) / 4
    array.reshape(-1)[:2] = [1e5, -1e5][:array.size]  # far outside
    return Case("QUANTIZE", [Operand(array)], dtypes=[target], quants=[quant])


def dequantize(dice):
    source = dice.turn([np.int8, np.uint8, np.int16, np.float16])
    shape = dice.shape(dice.of([1, 2, 3, 4]))
    quant = None if source == np.float16 else quant_of(dice, source)
    if source == np.float16:
        array = dice.floats(shape, -100, 100).astype(source)
        array.reshape(-1)[:3] = np.array([6e-8, 65504, -0.0], source)[:array.size]  # the smallest, the largest
    else:
        limits = np.iinfo(source)
        array = dice.random.integers(limits.min, limits.max + 1, shape).astype(source)
    if source in (np.int8, np.uint8) and len(shape) == 4 and dice.coin():
        axis = dice.of([0, 3])
        scales = tuple(float(x) for x in dice.floats(shape[axis], 0.01, 0.1))
        quant = Quant(scales, tuple([0] * shape[axis]), axis)
    return Case("DEQUANTIZE", [dice.operand(array, 0.0 if source != np.float16 else 0.3, quant)], dtypes=[F])


def gelu_options(dice):
    return "GeluOptions", {"approximate": dice.coin()}


def leaky_options(dice):
    return "LeakyReluOptions", {"alpha": dice.of([0.0, 0.01, 0.2, 1.0, 1.5, -0.5])}


POSITIVE = np.array([0.0, 1e-30, 1e-7, 0.5, 1, 2, 4, 1e30, 3e38], F)
ANGLES = np.array([0.0, -0.0, 1, -1, 3.14159265, -1.57079633, 10, 100, -100], F)
EXPONENTS = np.array([0.0, -0.0, 1, -1, 87, 88, 89, -87, -103, -110, 1000, -1000], F)
COMPARED = (F, I32, I64)
TABLE = [
    ("ABS", unary("ABS"), 30),
    ("NEG", unary("NEG", dtypes=(F, F, I32, I64)), 30),
    ("EXP", unary("EXP", edges=EXPONENTS), 30),
    ("LOG", unary("LOG", -1, 20, POSITIVE), 30),
    ("SQRT", unary("SQRT", -1, 20, POSITIVE), 30),
    ("RSQRT", unary("RSQRT", -1, 20, POSITIVE), 30),
    ("SQUARE", unary("SQUARE"), 30),
    ("FLOOR", unary("FLOOR"), 30),
    ("CEIL", unary("CEIL"), 30),
    ("ROUND", unary("ROUND"), 30),
    ("SIGN", unary("SIGN"), 30),
    ("SIN", unary("SIN", -10, 10, ANGLES), 30),
    ("COS", unary("COS", -10, 10, ANGLES), 30),
    ("RELU", unary("RELU"), 30),
    ("RELU6", unary("RELU6", -4, 8), 30),
    ("RELU_N1_TO_1", unary("RELU_N1_TO_1"), 30),
    ("RELU_0_TO_1", unary("RELU_0_TO_1"), 30),
    ("ELU", unary("ELU"), 30),
    ("HARD_SWISH", unary("HARD_SWISH", -6, 6), 30),
    ("TANH", unary("TANH"), 30),
    ("LOGISTIC", unary("LOGISTIC"), 30),
    ("GELU", unary("GELU", options=gelu_options), 40),
    ("LEAKY_RELU", unary("LEAKY_RELU", options=leaky_options), 40),
    ("LOGICAL_NOT", unary("LOGICAL_NOT", dtypes=(B,)), 30),
    ("ADD", binary("ADD", (F, F, F, I32, I64), "AddOptions"), 70),
    ("SUB", binary("SUB", (F, F, F, I32, I64), "SubOptions"), 70),
    ("MUL", binary("MUL", (F, F, F, I32, I64), "MulOptions"), 70),
    ("DIV", binary("DIV", (F, F, F, I32), "DivOptions", right=divisors), 70),
    ("MAXIMUM", binary("MAXIMUM", (F, F, I32, I64)), 40),
    ("MINIMUM", binary("MINIMUM", (F, F, I32, I64)), 40),
    ("SQUARED_DIFFERENCE", binary("SQUARED_DIFFERENCE", (F, F, I32)), 40),
    ("POW", binary("POW", (F, F, I32), left=bases, right=exponents), 40),
    ("FLOOR_DIV", binary("FLOOR_DIV", (F, I32), right=divisors), 40),
    ("FLOOR_MOD", binary("FLOOR_MOD", (F, I32, I64), right=divisors), 40),
    ("ATAN2", binary("ATAN2", broadcast=False), 30),
    ("PRELU", prelu, 40),
    ("EQUAL", compare("EQUAL", (F, I32, I64, B)), 40),
    ("NOT_EQUAL", compare("NOT_EQUAL", (F, I32, I64, B)), 40),
    ("GREATER", compare("GREATER", COMPARED), 40),
    ("GREATER_EQUAL", compare("GREATER_EQUAL", COMPARED), 40),
    ("LESS", compare("LESS", COMPARED), 40),
    ("LESS_EQUAL", compare("LESS_EQUAL", COMPARED), 40),
    ("LOGICAL_AND", compare("LOGICAL_AND", (B,)), 30),
    ("LOGICAL_OR", compare("LOGICAL_OR", (B,)), 30),
    ("SELECT", select, 40),
    ("SELECT_V2", select_v2, 40),
    ("CAST", cast, 100),
    ("QUANTIZE", quantize, 60),
    ("DEQUANTIZE", dequantize, 60),
]
