# SPDX-License-Identifier: Apache-2.0
"""Cases of ops that look at windows of a picture: convolutions, pools, resizes."""
import numpy as np

from case import Case, Operand, constant

ACTIVATIONS = [0, 1, 2, 3]  # none, RELU, RELU_N1_TO_1, RELU6
SAME, VALID = 0, 1
CHANNELS = [1, 2, 3, 4, 7, 8, 9, 12, 16, 17, 31, 33]


def window_options(dice, dilations=True):
    """Strides, dilations and a filter; TFLite takes a dilation other than 1 with strides too."""
    dilated = dilations and dice.coin(0.35)
    fields = {"padding": dice.turn([SAME, VALID]), "fusedActivationFunction": dice.turn(ACTIVATIONS, 2),
              "strideH": dice.of([1, 1, 1, 2, 3]), "strideW": dice.of([1, 1, 1, 2, 3])}
    if dilations:
        fields["dilationHFactor"] = dice.of([2, 3]) if dilated else 1
        fields["dilationWFactor"] = dice.of([1, 2, 4]) if dilated else 1
    return fields


def filter_size(dice, fields, size, axis):
    """A filter's height or width that fits a picture of `size` where padding is VALID."""
    taps = dice.of([1, 2, 3, 3, 3, 4, 5, 7])
    dilation = fields.get(f"dilation{axis}Factor", 1)
    return taps if fields["padding"] == SAME else max(1, min(taps, (size - 1) // dilation + 1))


def bias(dice, channels):
    """A bias. (LiteRT takes no CONV_2D without one, and dies of a DEPTHWISE_CONV_2D without.)"""
    return constant(dice.floats(channels))


def conv_2d(dice):
    group_in, group_out, groups = dice.of(CHANNELS), dice.of(CHANNELS), dice.of([1, 1, 1, 2, 3])
    fields = window_options(dice)
    n, h, w, c = dice.picture(group_in * groups, 12000)
    fh, fw = filter_size(dice, fields, h, "H"), filter_size(dice, fields, w, "W")
    weights = dice.floats((group_out * groups, fh, fw, group_in), -1, 1)
    operands = [Operand(dice.floats((n, h, w, c))), dice.operand(weights, 0.85), bias(dice, group_out * groups)]
    return Case("CONV_2D", operands, ("Conv2DOptions", fields))


def depthwise_conv_2d(dice):
    multiplier, channels = dice.of([1, 1, 1, 2, 3, 8]), dice.of(CHANNELS)
    fields = window_options(dice)
    fields["depthMultiplier"] = multiplier
    n, h, w, c = dice.picture(channels, 12000)
    fh, fw = filter_size(dice, fields, h, "H"), filter_size(dice, fields, w, "W")
    weights = dice.floats((1, fh, fw, channels * multiplier), -1, 1)
    operands = [Operand(dice.floats((n, h, w, c))), dice.operand(weights, 0.85), bias(dice, channels * multiplier)]
    return Case("DEPTHWISE_CONV_2D", operands, ("DepthwiseConv2DOptions", fields))


def transpose_conv(dice):
    c_in, c_out = dice.of(CHANNELS), dice.of(CHANNELS)
    fields = window_options(dice, dilations=False)
    n, h, w, _ = dice.picture(c_in, 4000)
    filters = [dice.of([1, 2, 3, 4, 5]) for _ in range(2)]
    sizes = []
    for size, taps, stride in zip((h, w), filters, (fields["strideH"], fields["strideW"])):
        low, high = (size - 1) * stride + 1, size * stride
        if fields["padding"] == VALID:
            low, high = (size - 1) * stride + taps, size * stride + taps - 1
        sizes.append(dice.between(low, high) if dice.coin(0.3) else low if fields["padding"] == VALID else high)
    weights = dice.floats((c_out, *filters, c_in), -1, 1)
    operands = [constant([n, *sizes, c_out], np.int32), dice.operand(weights, 0.85),
                Operand(dice.floats((n, h, w, c_in))), *([bias(dice, c_out)] if dice.coin(0.7) else [])]
    return Case("TRANSPOSE_CONV", operands, ("TransposeConvOptions", fields), dtypes=[np.float32], version=4)


def conv_3d(dice):
    c_in, c_out = dice.of([1, 3, 8, 9]), dice.of([1, 3, 8, 9])
    fields = window_options(dice)
    fields["strideD"], fields["dilationDFactor"] = dice.of([1, 2]), dice.of([1, 1, 2])
    n, d, h, w = dice.shape(4, 4000 // c_in)
    taps = [filter_size(dice, fields, size, axis) for size, axis in zip((d, h, w), "DHW")]
    weights = constant(dice.floats((*taps, c_in, c_out), -1, 1))
    operands = [Operand(dice.floats((n, d, h, w, c_in))), weights, *([bias(dice, c_out)] if dice.coin(0.7) else [])]
    return Case("CONV_3D", operands, ("Conv3DOptions", fields))


def pool(op):
    def make(dice):
        fields = window_options(dice, dilations=False)
        n, h, w, c = dice.picture()
        fields["filterHeight"], fields["filterWidth"] = filter_size(dice, fields, h, "H"), filter_size(dice, fields, w, "W")
        return Case(op, [Operand(dice.floats((n, h, w, c), -3, 8))], ("Pool2DOptions", fields))
    return make


def resize(op, options, modes, dtypes):
    """`modes`: the combinations of align_corners and half_pixel_centers that LiteRT takes."""
    def make(dice):
        align, half = dice.turn(modes)
        n, h, w, c = dice.picture(most=6000)
        size = [dice.size(), dice.size()] if dice.coin() else [h * dice.of([1, 2, 3, 4]), w * dice.of([1, 2, 3, 4])]
        picture = dice.array((n, h, w, c), dice.of(dtypes))
        return Case(op, [Operand(picture), constant(size, np.int32)],
                    (options, {"alignCorners": align, "halfPixelCenters": half}), version=3)
    return make


def l2_normalization(dice):
    picture = dice.floats(dice.shape(4) if dice.coin(0.7) else dice.shape(dice.of([1, 2, 3])))
    if dice.coin(0.2):
        picture[..., :] = 0  # shorter than the smallest length that is divided by
    return Case("L2_NORMALIZATION", [Operand(picture)], ("L2NormOptions", {"fusedActivationFunction": 0}))


TABLE = [
    ("CONV_2D", conv_2d, 90),
    ("DEPTHWISE_CONV_2D", depthwise_conv_2d, 90),
    ("TRANSPOSE_CONV", transpose_conv, 60),
    ("CONV_3D", conv_3d, 40),
    ("AVERAGE_POOL_2D", pool("AVERAGE_POOL_2D"), 50),
    ("MAX_POOL_2D", pool("MAX_POOL_2D"), 50),
    ("RESIZE_BILINEAR", resize("RESIZE_BILINEAR", "ResizeBilinearOptions",
                               [(False, False), (True, False), (False, True)], [np.float32]), 60),
    ("RESIZE_NEAREST_NEIGHBOR", resize("RESIZE_NEAREST_NEIGHBOR", "ResizeNearestNeighborOptions",
                                       [(False, False), (True, False), (False, True), (True, True)],
                                       [np.float32, np.float32, np.uint8, np.int8]), 60),
    ("L2_NORMALIZATION", l2_normalization, 30),
]
