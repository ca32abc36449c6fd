# SPDX-License-Identifier: Apache-2.0
"""Random image-to-image networks of sane shapes: what people build from convolutions, at sizes that people use.

The same seed gives the same network. ./dev bench peers takes the seed from the commit's hash, so nobody tunes to them.
"""
import math
import random

from networks import Network

LARGEST_MACS = 15e9  # half a second on two cores


def residual(net, draw, x):
    inner = net.conv(x, x.c)
    return net.binary("add", x, net.conv(inner, x.c, relu=False, gain=0.5))


def separable(net, draw, x):
    deep = net.depthwise(x, extent=draw.choice((3, 3, 5)), relu=draw.random() < 0.3)
    return net.conv(deep, x.c, extent=1)


def parametric(net, draw, x):
    return net.prelu(net.conv(x, x.c, relu=False, gain=1.3))


def plain(net, draw, x):
    return net.conv(x, x.c, extent=draw.choice((3, 3, 3, 5)))


def pointwise(net, draw, x):
    return net.conv(x, x.c, extent=1)


def dense(net, draw, x):
    """Channels grow by concatenation and shrink again."""
    grown = net.concat([x, net.conv(x, max(4, x.c // 2))])
    return net.conv(grown, x.c, extent=1)


BLOCKS = (residual, residual, separable, separable, parametric, plain, plain, pointwise, dense)


def rise(net, draw, x, skip):
    """Twice the size, joined with a value of that size."""
    if draw.random() < 0.5:
        x = net.resize(x)
    else:
        x = net.depth_to_space(net.conv(x, 4 * skip.c, extent=1), 2)
    if x.c == skip.c and draw.random() < 0.5:
        return net.binary("add", x, skip)
    return net.conv(net.concat([x, skip]), skip.c, extent=1)


def finish(net, draw, x, source):
    """The picture: a correction of the input, or enlarged two to four times."""
    if draw.random() < 0.4:
        factor = draw.choice((2, 3, 4))
        x = net.conv(x, 3 * factor**2, relu=False, gain=0.3)
        if draw.random() < 0.5:
            x = net.binary("add", x, net.concat([source] * factor**2))
        return net.depth_to_space(x, factor)
    x = net.conv(x, 3, extent=draw.choice((1, 3, 3)), relu=False, gain=0.3)
    kind = draw.choice(("add", "sub", "multiply-add", "alone"))
    if kind == "alone":
        return net.unary("relu", x)
    if kind == "multiply-add":
        return net.binary("add", net.binary("mul", x, source), source)
    return net.binary(kind, source, x)


def build(name, seed, h, w):
    draw = random.Random(seed)
    net = Network(name, seed)
    source = net.input(h, w, 3)
    x = net.conv(source, draw.choice((8, 12, 16, 20, 24, 28, 32, 48, 64)), extent=draw.choice((3, 3, 5)))
    skips, levels = [], draw.choice((0, 0, 1, 2))
    for level in range(levels + 1):
        for _ in range(draw.randint(1, 4) + (2 if levels == 0 else 0)):
            x = draw.choice(BLOCKS)(net, draw, x)
        if level < levels:
            skips.append(x)
            x = net.conv(x, min(64, x.c * 2), stride=2)
    for skip in reversed(skips):
        x = rise(net, draw, x, skip)
        x = draw.choice(BLOCKS)(net, draw, x)
    net.outputs = [finish(net, draw, x, source)]
    return net


def random_network(name, seed):
    """Sizes are multiples of eight; a network that is too much work is made again at a smaller size."""
    size = random.Random(seed + 1)
    h, w = 8 * size.randint(20, 120), 8 * size.randint(24, 160)
    net = build(name, seed, h, w)
    if net.macs() > LARGEST_MACS:
        shrink = math.sqrt(LARGEST_MACS / net.macs())
        net = build(name, seed, max(16, int(h * shrink) // 8 * 8), max(16, int(w * shrink) // 8 * 8))
    return net
