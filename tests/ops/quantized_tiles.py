# SPDX-License-Identifier: Apache-2.0
"""Quantized 3x3 convolutions of as many channels and pixels as are made in tiles (Winograd in integers)."""
import numpy as np

from case import Case
from quantized import INT32, INT64, ACTIVATIONS, operand, sums, type_of, weights_of, weights_operand

CHANNELS = [12, 13, 16, 27, 28, 32, 40]


def conv_2d(dice):
    dtype = type_of(dice)
    channels, outs = dice.of(CHANNELS), dice.of(CHANNELS)
    shape = (dice.of([1, 1, 2]), dice.between(8, 19), dice.between(8, 27), channels)
    data = operand(dice, shape, dtype, 0)
    array, quant = weights_of(dice, (outs, 3, 3, channels), dtype, outs, 0)
    fields = {"padding": dice.of([0, 1]), "strideW": 1, "strideH": 1, "fusedActivationFunction": dice.turn(ACTIVATIONS, 5)}
    wide = dtype == np.int16 and dice.coin()
    if dtype == np.int16:
        fields["quantizedBiasType"] = INT64 if wide else INT32
    bias, out = sums(dice, dtype, data.quant, quant, 9 * channels, outs, wide)
    return Case("CONV_2D", [data, weights_operand(dice, array, quant), bias], ("Conv2DOptions", fields), quants=[out])


TABLE = [("CONV_2D.TILES", conv_2d, 90)]
