# SPDX-License-Identifier: Apache-2.0
"""The networks of the benchmarks, described once: every runtime's file is written from the same description.

A Network is a list of ops over values [h, w, c] (batch 1, float32), with its weights. Weights are random with a fixed
seed and of such size that activations keep their range. Convolutions pad as TFLite's SAME does.
"""
import dataclasses
import math

import numpy as np


@dataclasses.dataclass
class Value:
    name: str
    h: int
    w: int
    c: int


@dataclasses.dataclass
class Op:
    kind: str  # conv, depthwise, relu, prelu, tanh, square, add, sub, mul, minimum, maximum, concat, resize, depth_to_space
    name: str
    inputs: list  # of Value
    output: Value
    # conv, depthwise: weight [kh, kw, in (1 of depthwise), out], bias; prelu: slope; add to maximum: constant, the second operand
    weights: dict = dataclasses.field(default_factory=dict)
    stride: int = 1
    same: bool = True  # padded as TFLite's SAME; otherwise not at all
    relu: bool = False  # a ReLU fused behind conv and depthwise
    factor: int = 1  # of resize and depth_to_space

    def pads(self):
        """((top, bottom), (left, right)) of conv and depthwise."""
        sizes, extents = (self.inputs[0].h, self.inputs[0].w), self.weights["weight"].shape[:2]
        return tuple(same_pads(size, extent, self.stride) if self.same else (0, 0) for size, extent in zip(sizes, extents))


def same_pads(size, extent, stride):
    """(before, after): TFLite's SAME padding of one axis."""
    total = max(0, (math.ceil(size / stride) - 1) * stride + extent - size)
    return total // 2, total - total // 2


class Network:
    """Built op by op; each method returns the new Value."""

    def __init__(self, name, seed=0):
        self.name, self.random = name, np.random.default_rng(seed)
        self.ops, self.outputs, self.source = [], [], None

    def input(self, h, w, c):
        self.source = Value("input", h, w, c)
        return self.source

    def append(self, kind, inputs, shape, **more):
        name = f"{kind}{len(self.ops) + 1}"
        output = Value(name, *shape)
        self.ops.append(Op(kind, name, list(inputs), output, **more))
        return output

    def gaussian(self, shape, deviation):
        return (self.random.standard_normal(shape) * deviation).astype(np.float32)

    def conv(self, x, out, extent=3, stride=1, relu=True, gain=1.0):
        """gain: of the output's deviation against the input's; a ReLU keeps half of the power, hence the 2."""
        deviation = gain * math.sqrt((2.0 if relu else 1.0) / (extent * extent * x.c))
        weights = {"weight": self.gaussian((extent, extent, x.c, out), deviation), "bias": self.gaussian((out,), 0.05)}
        shape = (math.ceil(x.h / stride), math.ceil(x.w / stride), out)
        return self.append("conv", [x], shape, weights=weights, stride=stride, relu=relu)

    def depthwise(self, x, extent=3, stride=1, relu=False):
        weights = {"weight": self.gaussian((extent, extent, 1, x.c), 1 / extent), "bias": self.gaussian((x.c,), 0.05)}
        shape = (math.ceil(x.h / stride), math.ceil(x.w / stride), x.c)
        return self.append("depthwise", [x], shape, weights=weights, stride=stride, relu=relu)

    def prelu(self, x):
        slope = self.random.uniform(0.05, 0.4, x.c).astype(np.float32)
        return self.append("prelu", [x], (x.h, x.w, x.c), weights={"slope": slope})

    def unary(self, kind, x):
        return self.append(kind, [x], (x.h, x.w, x.c))

    def binary(self, kind, a, b):
        return self.append(kind, [a, b], (a.h, a.w, a.c))

    def concat(self, parts):
        return self.append("concat", parts, (parts[0].h, parts[0].w, sum(p.c for p in parts)))

    def resize(self, x, factor=2):
        """Bilinear, centres of pixels kept (half_pixel_centers)."""
        return self.append("resize", [x], (x.h * factor, x.w * factor, x.c), factor=factor)

    def depth_to_space(self, x, factor):
        return self.append("depth_to_space", [x], (x.h * factor, x.w * factor, x.c // factor**2), factor=factor)

    def macs(self):
        """Multiply-adds of one run, all convolutions counted as direct."""
        total = 0
        for op in self.ops:
            if "weight" in op.weights:
                total += op.output.h * op.output.w * op.weights["weight"].size
        return total


def picture(h, w, c):
    """An input, float32 [h, w, c] in 0..1: smooth shapes and some noise, always the same."""
    random = np.random.default_rng(1)
    y, x = np.mgrid[0:h, 0:w].astype(np.float32)
    planes = [0.5 + 0.3 * np.sin(x / (17 + 5 * i) + i) * np.cos(y / (23 + 2 * i)) for i in range(c)]
    noisy = np.stack(planes, axis=2) + random.normal(0, 0.05, (h, w, c))
    return np.clip(noisy, 0, 1).astype(np.float32)


def n1():
    """x3 super-resolution, 640x360 to 1920x1080."""
    net = Network("N1", 11)
    source = net.input(360, 640, 3)
    x = source
    for out in (28, 28, 28, 28, 28, 28, 27):
        x = net.conv(x, out)
    x = net.conv(x, 27, relu=False, gain=0.3)
    x = net.binary("add", x, net.concat([source] * 9))
    net.outputs = [net.depth_to_space(x, 3)]
    return net


def n2():
    """Denoising at 1440x1080, 32 channels; the network makes the noise."""
    net = Network("N2", 12)
    source = net.input(1080, 1440, 3)
    x = source
    for _ in range(7):
        x = net.conv(x, 32)
    net.outputs = [net.binary("sub", source, net.conv(x, 3, relu=False, gain=0.3))]
    return net


def n3():
    """Low light at 1440x1080: a U-Net of depthwise and pointwise pairs."""
    net = Network("N3", 13)
    source = net.input(1080, 1440, 3)
    x = net.conv(source, 16, stride=2)
    for _ in range(4):
        x = net.conv(net.depthwise(x), 16, extent=1)
    skip = x
    x = net.conv(x, 32, stride=2)
    for _ in range(4):
        x = net.conv(net.depthwise(x), 32, extent=1)
    x = net.concat([net.resize(x), skip])
    x = net.resize(net.conv(x, 16, extent=1))
    x = net.conv(x, 3, relu=False, gain=0.3)
    net.outputs = [net.binary("add", net.binary("mul", x, source), source)]
    return net


def n4():
    """Wide denoising at 720x540, 64 channels, seventeen layers."""
    net = Network("N4", 14)
    x = net.input(540, 720, 3)
    for _ in range(16):
        x = net.conv(x, 64)
    net.outputs = [net.conv(x, 3, relu=False)]
    return net


FIXED = {"N1": n1, "N2": n2, "N3": n3, "N4": n4}
