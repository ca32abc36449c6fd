# SPDX-License-Identifier: Apache-2.0
"""Cases of ops on quantized values: int8, uint8 (asymmetric) and int16 (16x8). Every bit must be LiteRT's."""
import numpy as np

from case import Case, Operand, Quant, constant
from windows import ACTIVATIONS, CHANNELS, SAME, VALID, filter_size, window_options

INT32, INT64 = 2, 4  # of the format's TensorType


def limits(dtype):
    info = np.iinfo(dtype)
    return int(info.min), int(info.max)


def quant_of(dice, dtype, low=-8.0, high=2.0):
    """One scale, 2 to a power, and a zero point; 0 for int16."""
    scale = float(np.float32(2.0 ** dice.random.uniform(low, high)))
    if dtype == np.int16:
        return Quant((scale / 256,), (0,))
    zero = dice.between(*limits(dtype)) if dice.coin(0.8) else dice.of(limits(dtype))
    return Quant((scale,), (zero,))


def stored(dice, shape, dtype):
    """Any stored values, the ends of the type among them."""
    low, high = limits(dtype)
    array = dice.random.integers(low, high + 1, shape).astype(dtype)
    if array.size > 0 and dice.coin(0.3):
        array.reshape(-1)[dice.between(0, array.size - 1)] = dice.of([low, high])
    return array


def operand(dice, shape, dtype, chance=0.25, quant=None):
    return dice.operand(stored(dice, shape, dtype), chance, quant or quant_of(dice, dtype))


def type_of(dice):
    return dice.turn([np.int8, np.int16, np.uint8, np.int8, np.int16])


def weights_of(dice, shape, dtype, channels, axis):
    """Weights and their scales: one, or one for each of the channels."""
    if dtype == np.uint8:
        return stored(dice, shape, np.uint8), quant_of(dice, np.uint8, -9, -5)
    array = np.maximum(stored(dice, shape, np.int8), -127)
    count = channels if dice.coin(0.7) else 1
    scales = np.float32(2.0) ** dice.random.uniform(-9, -5, count).astype(np.float32)
    return array, Quant(tuple(float(s) for s in scales), (0,) * count, axis)


def weights_operand(dice, array, quant):
    """A constant, an input by chance; int8 weights are int4 at times."""
    if array.dtype == np.int8 and dice.coin(0.15):
        return Operand((array // 16).astype(np.int8), "int4", quant)
    return dice.operand(array, 0.85, quant)


def sums(dice, dtype, data, weights, taps, channels, wide=None):
    """A bias in the units of the sums, and an output quantization for which most results lie inside the type."""
    product = np.float32(data.scale[0]) * np.asarray(weights.scale, np.float32)
    spread = 147 if dtype == np.int8 or dtype == np.uint8 else 18900 * 2
    typical = spread * 74 * np.sqrt(max(taps, 1))
    values = dice.random.uniform(-typical, typical, channels)
    if wide is None:
        wide = dtype == np.int16
    bias = values.astype(np.int64 if wide else np.int32)
    if wide and dice.coin(0.2):
        bias[dice.between(0, channels - 1)] = dice.of([-1, 1]) * (1 << 34)
    quant = Quant(tuple(float(p) for p in product), (0,) * product.size)
    reach = float(np.max(product)) * typical * dice.random.uniform(0.5, 3)
    scale = float(np.float32(reach / (32767 if dtype == np.int16 else 127)))
    low, high = limits(dtype)
    out = Quant((scale,), (0 if dtype == np.int16 else dice.between(low, high),))
    return Operand(bias, "constant", quant), out


def conv_2d(dice):
    dtype = type_of(dice)
    group_in, group_out, groups = dice.of(CHANNELS), dice.of(CHANNELS), dice.of([1, 1, 1, 2, 3])
    fields = window_options(dice)
    n, h, w, c = dice.picture(group_in * groups, 9000)
    fh, fw = filter_size(dice, fields, h, "H"), filter_size(dice, fields, w, "W")
    data = operand(dice, (n, h, w, c), dtype, 0)
    array, quant = weights_of(dice, (group_out * groups, fh, fw, group_in), dtype, group_out * groups, 0)
    wide = dtype == np.int16 and dice.coin()
    if dtype == np.int16:
        fields["quantizedBiasType"] = INT64 if wide else INT32
    bias, out = sums(dice, dtype, data.quant, quant, fh * fw * group_in, group_out * groups, wide)
    return Case("CONV_2D", [data, weights_operand(dice, array, quant), bias], ("Conv2DOptions", fields), quants=[out])


def depthwise_conv_2d(dice):
    dtype = type_of(dice)
    multiplier, channels = dice.of([1, 1, 1, 2, 3, 8]), dice.of(CHANNELS)
    fields = window_options(dice)
    fields["depthMultiplier"] = multiplier
    n, h, w, c = dice.picture(channels, 9000)
    fh, fw = filter_size(dice, fields, h, "H"), filter_size(dice, fields, w, "W")
    data = operand(dice, (n, h, w, c), dtype, 0)
    array, quant = weights_of(dice, (1, fh, fw, channels * multiplier), dtype, channels * multiplier, 3)
    bias, out = sums(dice, dtype, data.quant, quant, fh * fw, channels * multiplier)
    # LiteRT does not unpack int4 for int16 here.
    weights = weights_operand(dice, array, quant) if dtype == np.int8 else dice.operand(array, 0.85, quant)
    return Case("DEPTHWISE_CONV_2D", [data, weights, bias], ("DepthwiseConv2DOptions", fields),
                quants=[out])


def addition(op):
    def make(dice):
        dtype = type_of(dice)
        a_shape, b_shape = shapes(dice)
        a, b = operand(dice, a_shape, dtype), operand(dice, b_shape, dtype)
        if dice.coin():
            b = operand(dice, b_shape, dtype, quant=Quant(a.quant.scale, b.quant.zero_point))
        fields = {"fusedActivationFunction": dice.turn(ACTIVATIONS, 5), "potScaleInt16": False}
        larger = max(a.quant.scale[0], b.quant.scale[0])
        scale = float(np.float32(larger * 2.0 ** dice.random.uniform(-2, 3)))
        if dtype == np.int16 and dice.coin(0.3):  # powers of two; LiteRT broadcasts none of these
            b.array = stored(dice, a_shape, dtype)
            fields["potScaleInt16"] = True
            power = 2.0 ** dice.between(-15, -8)
            scales = [power, power / 2 ** dice.between(0, 4)]
            if dice.coin():
                scales.reverse()
            a.quant, b.quant, scale = Quant((scales[0],), (0,)), Quant((scales[1],), (0,)), power
        out = Quant((scale,), quant_of(dice, dtype).zero_point)
        return Case(op, [a, b], ("AddOptions" if op == "ADD" else "SubOptions", fields), quants=[out])
    return make


def shapes(dice):
    """Two shapes that broadcast against each other."""
    shape = dice.shape(dice.of([1, 2, 3, 4, 4, 4]), 6000)
    other = tuple(1 if dice.coin(0.3) else size for size in shape)
    if dice.coin(0.4):
        other = shape
    elif dice.coin(0.3):
        other = other[dice.between(0, len(other) - 1):]
    return (shape, other) if dice.coin(0.7) else (other, shape)


def multiplication(dice):
    dtype = type_of(dice)
    a_shape, b_shape = shapes(dice)
    a, b = operand(dice, a_shape, dtype), operand(dice, b_shape, dtype)
    reach = 6000.0 if dtype != np.int16 else 32767.0 * 20000
    scale = a.quant.scale[0] * b.quant.scale[0] * reach / limits(dtype)[1] * 2.0 ** dice.random.uniform(-2, 1)
    out = Quant((float(np.float32(scale)),), quant_of(dice, dtype).zero_point)
    return Case("MUL", [a, b], ("MulOptions", {"fusedActivationFunction": dice.turn(ACTIVATIONS, 5)}), quants=[out])


def squared_difference(dice):
    a_shape, b_shape = shapes(dice)
    a, b = operand(dice, a_shape, np.int8), operand(dice, b_shape, np.int8)
    larger = max(a.quant.scale[0], b.quant.scale[0])
    scale = float(np.float32(larger * larger * 2.0 ** dice.random.uniform(2, 8)))
    return Case("SQUARED_DIFFERENCE", [a, b], ("SquaredDifferenceOptions", {}),
                quants=[Quant((scale,), quant_of(dice, np.int8).zero_point)])


def prelu(dice):
    dtype = dice.turn([np.int8, np.uint8])
    shape = dice.shape(4, 6000)
    slopes = shape[-1:] if dice.coin(0.3) else (1, 1, shape[-1]) if dice.coin(0.7) else shape[1:]
    a, b = operand(dice, shape, dtype, 0), operand(dice, slopes, dtype, 0.8, quant_of(dice, dtype, -9, -5))
    scale = float(np.float32(a.quant.scale[0] * 2.0 ** dice.random.uniform(-1, 1)))
    return Case("PRELU", [a, b], quants=[Quant((scale,), quant_of(dice, dtype).zero_point)])


def extreme(op, types):
    """MAXIMUM and MINIMUM: of one scale."""
    def make(dice):
        dtype = dice.turn(types)
        a_shape, b_shape = shapes(dice)
        quant = quant_of(dice, dtype)
        return Case(op, [operand(dice, a_shape, dtype, quant=quant), operand(dice, b_shape, dtype, quant=quant)],
                    ("MaximumMinimumOptions", {}), quants=[quant])
    return make


def unary(op, types, out=None, options=None, scales=(-2, 2), low=-8.0, high=0.0, positive=False):
    """`out`: the quantization by type where the op asks for one; else a scale near the input's."""
    def make(dice):
        dtype = dice.turn(types)
        array = stored(dice, dice.shape(dice.of([1, 2, 4, 4]), 6000), dtype)
        quant = quant_of(dice, dtype, low, high)
        if positive:
            array = np.maximum(array, quant.zero_point[0]).astype(dtype)
        if dtype == np.int16 and dice.coin(0.3):  # scales that LOGISTIC and TANH shift by
            quant = Quant((dice.of([2.0 ** -12, 2.0 ** -11, 2.0 ** -10]),), (0,))
        result = out(dtype) if out else Quant(
            (float(np.float32(quant.scale[0] * 2.0 ** dice.random.uniform(*scales))),), quant_of(dice, dtype).zero_point)
        chosen = (options[0], {k: v(dice) for k, v in options[1].items()}) if options else None
        return Case(op, [Operand(array, "input", quant)], chosen, quants=[result])
    return make


def logistic_out(dtype):
    return {np.int8: Quant((1 / 256,), (-128,)), np.uint8: Quant((1 / 256,), (0,)),
            np.int16: Quant((1 / 32768,), (0,))}[dtype]


def tanh_out(dtype):
    return {np.int8: Quant((1 / 128,), (0,)), np.uint8: Quant((1 / 128,), (128,)),
            np.int16: Quant((1 / 32768,), (0,))}[dtype]


def compare(op, types):
    def make(dice):
        dtype = dice.turn(types)
        a_shape, b_shape = shapes(dice)
        a, b = (operand(dice, shape, dtype, quant=quant_of(dice, dtype, -8, -0.01)) for shape in (a_shape, b_shape))
        if dice.coin():  # equal ones happen
            b.quant = a.quant
        return Case(op, [a, b], (op.title().replace("_", "") + "Options", {}), dtypes=[np.bool_])
    return make


def fully_connected(dice):
    dtype = type_of(dice)
    rows, k, n = dice.of([1, 1, 2, 3, 7, 40]), dice.of([1, 3, 8, 16, 31, 64, 130, 600]), dice.of([1, 2, 8, 9, 17, 40])
    keep = dice.coin(0.4)
    data = operand(dice, dice.of([(rows, k), (rows, k), (1, rows, k), (2, rows, k)]), dtype, 0)
    array, quant = weights_of(dice, (n, k), dtype, n, 0)
    wide = dtype == np.int16 and dice.coin()
    fields = {"fusedActivationFunction": dice.turn(ACTIVATIONS, 5), "keepNumDims": keep}
    if dtype == np.int16:
        fields["quantizedBiasType"] = INT64 if wide else INT32
    bias, out = sums(dice, dtype, data.quant, quant, k, n, wide)
    operands = [data, weights_operand(dice, array, quant), bias if dice.coin(0.8) else None]
    return Case("FULLY_CONNECTED", operands, ("FullyConnectedOptions", fields), quants=[out])


def transpose_conv(dice):
    dtype = type_of(dice)
    c_in, c_out = dice.of(CHANNELS), dice.of(CHANNELS)
    fields = window_options(dice, dilations=False)
    n, h, w, _ = dice.picture(c_in, 2000)
    filters = [dice.of([1, 2, 3, 4, 5]) for _ in range(2)]
    sizes = []
    for size, taps, stride in zip((h, w), filters, (fields["strideH"], fields["strideW"])):
        sizes.append((size - 1) * stride + taps if fields["padding"] == VALID else size * stride)
    data = operand(dice, (n, h, w, c_in), dtype, 0)
    array, quant = weights_of(dice, (c_out, *filters, c_in), dtype, c_out, 0)
    wide = dtype == np.int16 and dice.coin()
    if dtype == np.int16:
        fields["quantizedBiasType"] = INT64 if wide else INT32
    bias, out = sums(dice, dtype, data.quant, quant, filters[0] * filters[1] * c_in, c_out, wide)
    operands = [constant([n, *sizes, c_out], np.int32), dice.operand(array, 0.85, quant), data, bias]
    return Case("TRANSPOSE_CONV", operands if dice.coin(0.8) else operands[:3], ("TransposeConvOptions", fields),
                dtypes=[dtype], quants=[out], version=4)


def pool(op):
    def make(dice):
        fields = window_options(dice, dilations=False)
        dtype = type_of(dice)
        n, h, w, c = dice.picture(most=12000)
        fields["filterHeight"], fields["filterWidth"] = filter_size(dice, fields, h, "H"), filter_size(dice, fields, w, "W")
        data = operand(dice, (n, h, w, c), dtype, 0)
        return Case(op, [data], ("Pool2DOptions", fields), quants=[data.quant])
    return make


def concatenation(dice):
    dtype = type_of(dice)
    shape = list(dice.shape(dice.of([2, 3, 4, 4]), 3000))
    axis, quant = dice.axes(len(shape), 1)[0], quant_of(dice, dtype)
    operands = []
    for _ in range(dice.between(1, 4)):
        shape[axis] = dice.of([1, 2, 3, 8])
        own = quant if dtype != np.uint8 or dice.coin(0.4) else quant_of(dice, dtype, -4, 0)
        operands.append(operand(dice, tuple(shape), dtype, quant=own))
    if all(each.kind == "constant" for each in operands):
        operands[0].kind = "input"
    return Case("CONCATENATION", operands, ("ConcatenationOptions", {"axis": axis}), quants=[quant])


def pad(op):
    def make(dice):
        dtype = type_of(dice)
        shape = dice.shape(dice.of([2, 3, 4, 4]), 4000)
        data = operand(dice, shape, dtype, 0)
        widths = constant([[dice.of([0, 0, 1, 2, 3]), dice.of([0, 0, 1, 2])] for _ in shape], np.int32)
        extra = [operand(dice, (1,), dtype, 1, data.quant)] if op == "PADV2" else []
        return Case(op, [data, widths, *extra], (op.title().replace("v", "V") + "Options", {}), quants=[data.quant])
    return make


def mirror_pad(dice):
    dtype = dice.turn(BYTES)
    shape = tuple(max(size, 3) for size in dice.shape(dice.of([2, 3, 4]), 3000))
    data = operand(dice, shape, dtype, 0)
    widths = constant([[dice.of([0, 1, 2]), dice.of([0, 1, 2])] for _ in shape], np.int32)
    return Case("MIRROR_PAD", [data, widths], ("MirrorPadOptions", {"mode": dice.of([0, 1])}), quants=[data.quant])


def resize_bilinear(dice):
    dtype = dice.turn([np.int8, np.uint8, np.int8, np.int16])
    align, half = dice.turn([(False, False), (True, False), (False, True)], 4)
    n, h, w, c = dice.picture(most=4000)
    size = [dice.size(), dice.size()] if dice.coin() else [h * dice.of([1, 2, 3, 4]), w * dice.of([1, 2, 3, 4])]
    data = operand(dice, (n, h, w, c), dtype, 0)
    return Case("RESIZE_BILINEAR", [data, constant(size, np.int32)],
                ("ResizeBilinearOptions", {"alignCorners": align, "halfPixelCenters": half}), quants=[data.quant], version=3)


def resize_nearest(dice):
    dtype = type_of(dice)
    align, half = dice.turn([(False, False), (True, False), (False, True), (True, True)], 5)
    n, h, w, c = dice.picture(most=4000)
    data = operand(dice, (n, h, w, c), dtype, 0)
    return Case("RESIZE_NEAREST_NEIGHBOR", [data, constant([h * dice.of([1, 2, 3]), dice.size()], np.int32)],
                ("ResizeNearestNeighborOptions", {"alignCorners": align, "halfPixelCenters": half}), quants=[data.quant],
                version=3)


def reduction(op, types, same=False):
    def make(dice):
        dtype = dice.turn(types)
        rank = dice.of([4, 4, 3, 2])
        shape = dice.shape(rank, 400 if op == "REDUCE_PROD" else 9000)
        axes = dice.turn([[1, 2], [-1], None], 2)
        if axes is None or max(axes) >= rank:
            axes = dice.axes(rank, dice.between(1, rank))
        data = operand(dice, shape, dtype, 0, quant_of(dice, dtype, -6, -2))
        factor = 1.0 if op != "SUM" else np.sqrt(np.prod([shape[axis] for axis in axes]))
        out = data.quant if same else Quant(
            (float(np.float32(data.quant.scale[0] * factor * 2.0 ** dice.random.uniform(-1, 1))),),
            quant_of(dice, dtype).zero_point)
        return Case(op, [data, constant(np.array(axes, np.int32))], ("ReducerOptions", {"keepDims": dice.coin()}),
                    quants=[out])
    return make


def softmax(dice):
    dtype = type_of(dice)
    shape = dice.shape(dice.of([1, 2, 3, 4]), 4000)
    data = operand(dice, shape, dtype, 0, quant_of(dice, dtype, -8, -1) if dtype != np.int16 else
                   Quant((float(np.float32(2.0 ** dice.random.uniform(-14, -10))),), (0,)))
    return Case("SOFTMAX", [data], ("SoftmaxOptions", {"beta": dice.of([1.0, 1.0, 0.5, 2.0])}),
                quants=[logistic_out(dtype)])


def l2_normalization(dice):
    dtype = dice.turn([np.int8, np.uint8])
    data = operand(dice, dice.shape(dice.of([2, 3, 4]), 4000), dtype, 0)
    return Case("L2_NORMALIZATION", [data], ("L2NormOptions", {"fusedActivationFunction": 0}), quants=[tanh_out(dtype)])


BYTES, ALL, SIGNED = [np.int8, np.uint8], [np.int8, np.uint8, np.int16], [np.int8, np.int16]

TABLE = [
    ("CONV_2D", conv_2d, 120),
    ("DEPTHWISE_CONV_2D", depthwise_conv_2d, 120),
    ("FULLY_CONNECTED", fully_connected, 120),
    ("TRANSPOSE_CONV", transpose_conv, 60),
    ("AVERAGE_POOL_2D", pool("AVERAGE_POOL_2D"), 60),
    ("MAX_POOL_2D", pool("MAX_POOL_2D"), 60),
    ("CONCATENATION", concatenation, 60),
    ("PAD", pad("PAD"), 40),
    ("PADV2", pad("PADV2"), 40),
    ("MIRROR_PAD", mirror_pad, 30),
    ("RESIZE_BILINEAR", resize_bilinear, 80),
    ("RESIZE_NEAREST_NEIGHBOR", resize_nearest, 40),
    ("MEAN", reduction("MEAN", ALL), 60),
    ("SUM", reduction("SUM", [np.uint8]), 40),  # LiteRT 2.3.0 reads int8 and int16 as if they were uint8
    ("REDUCE_MAX", reduction("REDUCE_MAX", ALL, same=True), 30),
    ("REDUCE_MIN", reduction("REDUCE_MIN", ALL, same=True), 30),
    ("REDUCE_PROD", reduction("REDUCE_PROD", SIGNED), 30),
    ("SOFTMAX", softmax, 60),
    ("ADD", addition("ADD"), 80),
    ("SUB", addition("SUB"), 80),
    ("MUL", multiplication, 80),
    ("SQUARED_DIFFERENCE", squared_difference, 30),
    ("PRELU", prelu, 40),
    ("MAXIMUM", extreme("MAXIMUM", ALL), 30),
    ("MINIMUM", extreme("MINIMUM", ALL), 30),
    ("RELU", unary("RELU", ALL), 40),
    ("RELU6", unary("RELU6", ALL), 40),
    ("RELU_N1_TO_1", unary("RELU_N1_TO_1", BYTES), 30),
    ("RELU_0_TO_1", unary("RELU_0_TO_1", BYTES), 30),
    ("LEAKY_RELU", unary("LEAKY_RELU", ALL, options=("LeakyReluOptions", {"alpha": lambda d: d.of([0.1, 0.25, 0.5, 1.5])})), 40),
    ("LOGISTIC", unary("LOGISTIC", ALL, logistic_out), 60),
    ("TANH", unary("TANH", ALL, tanh_out), 60),
    ("HARD_SWISH", unary("HARD_SWISH", BYTES, scales=(-1, 2)), 60),
    ("ELU", unary("ELU", [np.int8]), 30),
    ("GELU", unary("GELU", BYTES, options=("GeluOptions", {"approximate": lambda d: d.coin()})), 30),
    ("ABS", unary("ABS", SIGNED), 30),
    ("EXP", unary("EXP", SIGNED, low=-9, high=-4, scales=(0, 4)), 30),
    ("LOG", unary("LOG", SIGNED), 30),
    ("RSQRT", unary("RSQRT", SIGNED, positive=True), 40),
    ("L2_NORMALIZATION", l2_normalization, 40),
    *[(op, compare(op, ALL if op in ("EQUAL", "NOT_EQUAL") else BYTES), 30)
      for op in ["EQUAL", "NOT_EQUAL", "GREATER", "GREATER_EQUAL", "LESS", "LESS_EQUAL"]],
]
# Told apart from the same ops on floats.
TABLE = [(f"{op}.Q", make, count) for op, make, count in TABLE]
