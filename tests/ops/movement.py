# SPDX-License-Identifier: Apache-2.0
"""Cases of ops that move elements and change none."""
import numpy as np

from case import Case, Operand, constant

F, I32, I64, B = np.float32, np.int32, np.int64, np.bool_
MOVED = [F, F, I32, I64, np.uint8, np.int8]


def concatenation(dice):
    dtype = dice.turn([*MOVED, B])
    shape = dice.shape(dice.of([4, 4, 3, 2, 1]), 3000)
    axis = dice.axes(len(shape), 1)[0]
    operands = []
    for _ in range(dice.between(1, 5)):
        own = list(shape)
        own[axis] = dice.of([1, 2, 3, 7, 8, 9])
        operands.append(dice.operand(dice.array(own, dtype), 0.2))
    if all(operand.kind == "constant" for operand in operands):
        operands[0].kind = "input"
    return Case("CONCATENATION", operands, ("ConcatenationOptions", {"axis": axis, "fusedActivationFunction": 0}))


def split(dice):
    shape = list(dice.shape(dice.of([4, 3, 2, 1]), 2000))
    axis, parts = dice.axes(len(shape), 1)[0], dice.of([1, 2, 3, 4, 7])
    shape[axis] = dice.of([1, 2, 3, 8]) * parts
    dtype = dice.turn([F, F, I32, np.uint8, np.int8])
    return Case("SPLIT", [constant(axis, I32), Operand(dice.array(shape, dtype))], ("SplitOptions", {"numSplits": parts}),
                dtypes=[dtype] * parts)


def split_v(dice):
    shape = list(dice.shape(dice.of([4, 3, 2, 1]), 2000))
    axis, parts = dice.axes(len(shape), 1)[0], dice.between(1, 5)
    sizes = [dice.of([1, 2, 3, 7, 8, 9]) for _ in range(parts)]
    shape[axis] = sum(sizes)
    if dice.coin(0.4):
        sizes[dice.between(0, parts - 1)] = -1
    dtype = dice.turn([F, F, I32, np.uint8, np.int8])
    operands = [Operand(dice.array(shape, dtype)), constant(sizes, dice.of([I32, I64])), constant(axis, I32)]
    return Case("SPLIT_V", operands, ("SplitVOptions", {"numSplits": parts}), dtypes=[dtype] * parts)


def cut_of(dice, size):
    begin = dice.between(0, size - 1)
    return begin, dice.between(1, size - begin)


def slice_(dice):
    shape = dice.shape(dice.of([4, 3, 2, 1, 5]))
    cuts = [cut_of(dice, size) for size in shape]
    begin = [a for a, _ in cuts]
    size = [-1 if dice.coin(0.2) else b for _, b in cuts]
    dtype = dice.of([I32, I64])
    operands = [Operand(dice.array(shape, dice.turn([*MOVED, B]))), constant(begin, dtype), constant(size, dtype)]
    return Case("SLICE", operands)


def strided_slice(dice):
    """All masks; ends and begins also outside and counted from the end; strides of both signs."""
    rank = dice.of([4, 3, 2, 1])
    shape = dice.shape(rank)
    begin, end, stride = [], [], []
    fields = {name: 0 for name in ["beginMask", "endMask", "ellipsisMask", "newAxisMask", "shrinkAxisMask"]}
    special = dice.turn([None, "negative", "shrink", "new axis", "ellipsis", "far"])
    axis, place = 0, 0
    while axis < rank:
        if special == "ellipsis" and fields["ellipsisMask"] == 0 and dice.coin(0.4):
            fields["ellipsisMask"] = 1 << place
            begin, end, stride = begin + [0], end + [0], stride + [1]
            # Of an ellipsis that stands for no axis LiteRT makes something else than TensorFlow does.
            axis, place = axis + dice.between(1, rank - axis), place + 1
            continue
        if special == "new axis" and len(begin) < 5 and dice.coin(0.3) and rank + bin(fields["newAxisMask"]).count("1") < 5:
            fields["newAxisMask"] |= 1 << place
            begin, end, stride, place = begin + [0], end + [1], stride + [1], place + 1
            continue
        first, count = cut_of(dice, shape[axis])
        last, step = first + count, dice.of([1, 1, 2, 3])
        if special == "negative" and dice.coin(0.6):
            first, last, step = last - 1, first - 1, -step
            if last < 0:
                last = -shape[axis] - 1
        elif dice.coin(0.2):
            first, last = first - shape[axis], last - shape[axis] if last < shape[axis] else last
        if special == "far" and step > 0:
            last += dice.of([0, 100])
        if special == "shrink" and dice.coin(0.4):
            fields["shrinkAxisMask"] |= 1 << place
            last, step = first + 1, 1
        elif dice.coin(0.15):
            fields["beginMask"] |= 1 << place
        elif dice.coin(0.15):
            fields["endMask"] |= 1 << place
        begin, end, stride = begin + [first], end + [last], stride + [step]
        axis, place = axis + 1, place + 1
    operands = [Operand(dice.array(shape, dice.turn([F, F, I32, I64, np.uint8, np.int8, B]))),
                *(constant(values, I32) for values in (begin, end, stride))]
    return Case("STRIDED_SLICE", operands, ("StridedSliceOptions", fields))


def pad_widths(dice, shape, most=None):
    """Before and after every axis; `most(size)` is the largest allowed."""
    largest = [9 if most is None else most(size) for size in shape]
    return [[dice.between(0, min(large, dice.of([0, 1, 3, 9]))) for _ in range(2)] for large in largest]


def pad(op):
    def make(dice):
        shape = dice.shape(dice.of([4, 4, 3, 2, 1]), 3000)
        dtype = dice.turn([F, F, I32, I64, np.uint8, np.int8])
        quantized = np.dtype(dtype).itemsize == 1
        operands = [Operand(dice.array(shape, dtype)), constant(pad_widths(dice, shape), dice.of([I32, I64]))]
        if op == "PADV2":
            operands.append(dice.operand(dice.array((), dtype), 0.7))
        elif quantized:
            operands[0].array = operands[0].array.astype(F)
        return Case(op, operands)
    return make


def mirror_pad(dice):
    mode = dice.turn([0, 1])
    shape = dice.shape(dice.of([4, 4, 3, 2, 1]), 3000)
    widths = pad_widths(dice, shape, lambda size: size - 1 + mode)
    operands = [Operand(dice.array(shape, dice.of([F, F, I32, np.uint8]))), constant(widths, dice.of([I32, I64]))]
    return Case("MIRROR_PAD", operands, ("MirrorPadOptions", {"mode": mode}))


def shuffle(op, options):
    def make(dice):
        block = dice.turn([2, 3, 4, 1, 7])
        n, h, w, c = dice.picture(channels=dice.of([1, 2, 3, 8, 9]), most=3000)
        shape = (n, h, w, c * block * block) if op == "DEPTH_TO_SPACE" else (n, h * block, w * block, c)
        return Case(op, [Operand(dice.array(shape, dice.turn(MOVED, 5)))], (options, {"blockSize": block}))
    return make


def resized(dice, elements, rank):
    """A shape of `rank` sizes with as many elements."""
    sizes = [1] * rank
    for factor in (2, 3, 5, 7, 11, 13, 17, 31, 67):
        while elements % factor == 0:
            elements //= factor
            sizes[dice.between(0, rank - 1)] *= factor
    sizes[0] *= elements
    return sizes


def reshape(dice):
    shape = dice.shape(dice.of([4, 3, 2, 1, 5]), 4000)
    target = resized(dice, int(np.prod(shape)), dice.between(1, 6))
    if dice.coin(0.3):  # neighbouring axes joined, the usual reshape
        at = dice.between(0, len(shape) - 1)
        target = [*shape[:at], int(np.prod(shape[at:at + 2])), *shape[at + 2:]]
    if dice.coin(0.3):
        target[dice.between(0, len(target) - 1)] = -1
    operands = [Operand(dice.array(shape, dice.turn([*MOVED, B])))]
    if dice.coin(0.7):
        return Case("RESHAPE", [*operands, constant(target, I32)])
    return Case("RESHAPE", operands, ("ReshapeOptions", {"newShape": np.array(target, I32)}))


def squeeze(dice):
    shape = [1 if dice.coin(0.4) else size for size in dice.shape(dice.between(1, 5), 3000)]
    ones = [axis - (len(shape) if dice.coin(0.3) else 0) for axis, size in enumerate(shape) if size == 1]
    listed = [axis for axis in ones if dice.coin(0.6)] if dice.coin(0.7) else []
    return Case("SQUEEZE", [Operand(dice.array(shape, dice.turn(MOVED)))],
                ("SqueezeOptions", {"squeezeDims": np.array(listed, I32)}))


def expand_dims(dice):
    shape = dice.shape(dice.between(1, 4), 3000)
    axis = dice.between(-len(shape) - 1, len(shape))
    return Case("EXPAND_DIMS", [Operand(dice.array(shape, dice.turn(MOVED))), constant(axis, dice.of([I32, I64]))])


def transpose(dice):
    rank = dice.of([4, 4, 3, 2, 1, 5])
    perm = [int(axis) for axis in dice.random.permutation(rank)]
    return Case("TRANSPOSE", [Operand(dice.array(dice.shape(rank), dice.turn([*MOVED, B]))), constant(perm, I32)])


def pack(dice):
    shape = dice.shape(dice.of([3, 3, 2, 1, 4]), 2000)
    count = dice.between(1, 5)
    axis = dice.between(-len(shape) - 1, len(shape))
    dtype = dice.turn(MOVED)
    operands = [dice.operand(dice.array(shape, dtype), 0.2 if k else 0.0) for k in range(count)]
    return Case("PACK", operands, ("PackOptions", {"valuesCount": count, "axis": axis}))


def unpack(dice):
    shape = list(dice.shape(dice.of([4, 4, 3, 2]), 2000))
    axis = dice.axes(len(shape), 1)[0]
    shape[axis] = dice.between(1, 7)
    dtype = dice.turn([F, F, I32, np.uint8, np.int8, B])
    return Case("UNPACK", [Operand(dice.array(shape, dtype))], ("UnpackOptions", {"num": shape[axis], "axis": axis}),
                dtypes=[dtype] * shape[axis])


def tile(dice):
    shape = dice.shape(dice.of([4, 3, 2, 1]), 1000)
    multiples = [dice.of([1, 1, 2, 3]) for _ in shape]
    operands = [Operand(dice.array(shape, dice.turn([F, F, I32, I64, np.uint8, np.int8, B]))),
                constant(multiples, dice.of([I32, I64]))]
    return Case("TILE", operands)


def gather(dice):
    shape = dice.shape(dice.of([4, 3, 2, 1]), 3000)
    axis = dice.axes(len(shape), 1)[0]
    batch = dice.of([0, 0, dice.between(0, min(axis % len(shape), 2))])
    count = dice.shape(dice.of([1, 1, 2, 0] if batch == 0 else [1, 2]), 20)
    indices = dice.random.integers(0, shape[axis], (*shape[:batch], *count)).astype(dice.of([I32, I64]))
    operands = [Operand(dice.array(shape, dice.turn([*MOVED, B]))), dice.operand(indices, 0.6)]
    return Case("GATHER", operands, ("GatherOptions", {"axis": axis, "batchDims": batch}))


def broadcast_to(dice):
    target = dice.shape(dice.of([4, 3, 2, 1, 5]), 6000)
    shape = [1 if dice.coin(0.5) else size for size in target][dice.of([0, 0, dice.between(0, len(target) - 1)]):]
    operands = [Operand(dice.array(shape, dice.turn([*MOVED, B]))), constant(target, dice.of([I32, I64]))]
    return Case("BROADCAST_TO", operands, version=2)


def blocks(dice):
    """Rank 3 (one blocked axis) or 4 (two)."""
    axes = dice.turn([2, 2, 1])
    return axes, [dice.of([1, 2, 2, 3]) for _ in range(axes)], [dice.size() for _ in range(axes)]


def space_to_batch_nd(dice):
    axes, block, sizes = blocks(dice)
    pads = []
    for size, by in zip(sizes, block):
        before = dice.between(0, 3)
        pads.append([before, -(size + before) % by + by * dice.between(0, 1)])
    shape = (dice.of([1, 2]), *sizes, dice.of([1, 3, 8]))
    operands = [Operand(dice.array(shape, dice.turn([F, F, I32, I64]))), constant(block, I32), constant(pads, I32)]
    return Case("SPACE_TO_BATCH_ND", operands)


def batch_to_space_nd(dice):
    axes, block, sizes = blocks(dice)
    crops = [[dice.between(0, min(3, size * by // 2)), 0] for size, by in zip(sizes, block)]
    crops = [[before, dice.between(0, min(3, size * by - before - 1))] for (before, _), size, by in zip(crops, sizes, block)]
    shape = (dice.of([1, 2]) * int(np.prod(block)), *sizes, dice.of([1, 3, 8]))
    operands = [Operand(dice.array(shape, dice.turn([F, F, I32, I64]))), constant(block, I32), constant(crops, I32)]
    return Case("BATCH_TO_SPACE_ND", operands)


def reverse_v2(dice):
    shape = dice.shape(dice.of([4, 3, 2, 1]))
    axes = [dice.between(0, len(shape) - 1)]
    return Case("REVERSE_V2", [Operand(dice.array(shape, dice.turn([F, F, I32, I64, np.uint8]))), constant(axes, I32)])


TABLE = [
    ("CONCATENATION", concatenation, 60),
    ("SPLIT", split, 40),
    ("SPLIT_V", split_v, 40),
    ("SLICE", slice_, 40),
    ("STRIDED_SLICE", strided_slice, 96),
    ("PAD", pad("PAD"), 40),
    ("PADV2", pad("PADV2"), 40),
    ("MIRROR_PAD", mirror_pad, 50),
    ("DEPTH_TO_SPACE", shuffle("DEPTH_TO_SPACE", "DepthToSpaceOptions"), 30),
    ("SPACE_TO_DEPTH", shuffle("SPACE_TO_DEPTH", "SpaceToDepthOptions"), 30),
    ("RESHAPE", reshape, 60),
    ("SQUEEZE", squeeze, 30),
    ("EXPAND_DIMS", expand_dims, 30),
    ("TRANSPOSE", transpose, 50),
    ("PACK", pack, 40),
    ("UNPACK", unpack, 40),
    ("TILE", tile, 40),
    ("GATHER", gather, 50),
    ("BROADCAST_TO", broadcast_to, 40),
    ("SPACE_TO_BATCH_ND", space_to_batch_nd, 30),
    ("BATCH_TO_SPACE_ND", batch_to_space_nd, 30),
    ("REVERSE_V2", reverse_v2, 30),
]
