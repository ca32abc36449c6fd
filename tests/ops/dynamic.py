# SPDX-License-Identifier: Apache-2.0
"""Cases of dynamic range: float values with integer weights. LiteRT's reference kernels quantize the values as they come."""
import numpy as np

from case import Case, Operand, Quant, constant
from windows import ACTIVATIONS, CHANNELS, filter_size, window_options


def values(dice, shape):
    """Floats around anything: also of one sign, and all 0."""
    low = dice.of([-2.0, -2.0, 0.0, 0.5, -3.0])
    array = dice.floats(shape, low, dice.of([2.0, 0.0 if low < 0 else 1.0, 7.0]))
    if dice.coin(0.1):
        array[...] = 0
    elif dice.coin(0.2) and shape[0] > 1:
        array[0] = 0  # one item with a range of its own
    return Operand(array)


def weights(dice, shape, channels, axis, one=0.4, four_bits=0.15):
    array = dice.random.integers(-127, 128, shape).astype(np.int8)
    count = 1 if dice.coin(one) else channels
    scales = np.float32(2.0) ** dice.random.uniform(-9, -5, count).astype(np.float32)
    if count > 1 and dice.coin(0.1):
        scales[:] = scales[0]  # LiteRT takes these for one
    quant = Quant(tuple(float(scale) for scale in scales), (0,) * count, axis)
    if dice.coin(four_bits):
        return Operand((array // 16).astype(np.int8), "int4", quant)
    return Operand(array, "constant", quant)


def conv_2d(dice):
    group_in, group_out, groups = dice.of(CHANNELS), dice.of(CHANNELS), dice.of([1, 1, 1, 2, 3])
    fields = window_options(dice)
    n, h, w, c = dice.picture(group_in * groups, 9000)
    fh, fw = filter_size(dice, fields, h, "H"), filter_size(dice, fields, w, "W")
    # LiteRT reads a scale for each channel where there are groups.
    filters = weights(dice, (group_out * groups, fh, fw, group_in), group_out * groups, 0, one=0.4 if groups == 1 else 0)
    operands = [values(dice, (n, h, w, c)), filters, constant(dice.floats(group_out * groups))]
    return Case("CONV_2D", operands, ("Conv2DOptions", fields), reference_only=True)


def depthwise_conv_2d(dice):
    multiplier, channels = dice.of([1, 1, 1, 2, 3, 8]), dice.of(CHANNELS)
    fields = window_options(dice)
    fields["depthMultiplier"] = multiplier
    n, h, w, c = dice.picture(channels, 9000)
    fh, fw = filter_size(dice, fields, h, "H"), filter_size(dice, fields, w, "W")
    filters = weights(dice, (1, fh, fw, channels * multiplier), channels * multiplier, 3, one=0, four_bits=0)
    operands = [values(dice, (n, h, w, c)), filters, constant(dice.floats(channels * multiplier))]
    return Case("DEPTHWISE_CONV_2D", operands, ("DepthwiseConv2DOptions", fields), reference_only=True)


def fully_connected(dice):
    rows, k, n = dice.of([1, 1, 2, 3, 7, 40]), dice.of([1, 3, 8, 16, 31, 64, 130, 600]), dice.of([1, 2, 8, 9, 17, 40])
    shape = dice.of([(rows, k), (rows, k), (1, rows, k), (2, rows, k), (2, 3, rows, k)])
    fields = {"fusedActivationFunction": dice.turn(ACTIVATIONS, 5), "keepNumDims": dice.coin(0.4),
              "asymmetricQuantizeInputs": dice.turn([True, False])}
    bias = [[constant(dice.floats(n))], [None], []][dice.of([0, 0, 1, 2])]
    return Case("FULLY_CONNECTED", [values(dice, shape), weights(dice, (n, k), n, 0), *bias],
                ("FullyConnectedOptions", fields), reference_only=True)


TABLE = [
    ("CONV_2D.D", conv_2d, 120),
    ("DEPTHWISE_CONV_2D.D", depthwise_conv_2d, 100),
    ("FULLY_CONNECTED.D", fully_connected, 100),
]
