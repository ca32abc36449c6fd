# SPDX-License-Identifier: Apache-2.0
"""Cases of reductions, products, recurrent ops and ops on whole tensors."""
import numpy as np

from case import Case, Operand, constant

F, I32, I64, B = np.float32, np.int32, np.int64, np.bool_


def reduction(op, dtypes=(F,), ranks=(4, 4, 3, 2, 1, 5), small=False):
    """`small`: factors near 1, for products."""
    def make(dice):
        dtype = dice.turn(dtypes)
        rank = dice.of(ranks)
        shape = dice.shape(rank, 500 if small else 20000)
        axes = dice.turn([[1, 2], [-1], None, None], 2)
        if axes is None or max(axes) >= rank:
            axes = dice.axes(rank, dice.between(1, rank))
        if small:
            array = dice.floats(shape, 0.9, 1.1) if dtype == F else dice.random.choice([1, 1, 1, -1, 2], shape).astype(dtype)
        elif dtype == B:
            array = dice.random.uniform(size=shape) < dice.of([0.02, 0.98])
        else:
            array = dice.array(shape, dtype)
        if op in ("REDUCE_MAX", "REDUCE_MIN"):
            array = dice.unreal(array)
        axes = np.array(axes[0] if len(axes) == 1 and dice.coin(0.3) else axes, I32)
        return Case(op, [Operand(array), constant(axes)], ("ReducerOptions", {"keepDims": dice.coin()}),
                    ring_bits=dtype != F or op in ("REDUCE_MAX", "REDUCE_MIN"))
    return make


def arg(op, options):
    def make(dice):
        dtype = dice.turn([F, F, I32, np.uint8, np.int8], 2)
        shape = dice.shape(dice.of([4, 3, 2, 1]))
        array = dice.array(shape, dtype)
        if dice.coin(0.3):
            array = np.round(array).astype(dtype)  # many equals
        array = dice.unreal(array)
        axis = constant(dice.axes(len(shape), 1)[0], dice.of([I32, I64]))
        result = dice.of([I32, I64])
        code = 2 if result == I32 else 4
        return Case(op, [Operand(array), axis], (options, {"outputType": code}), dtypes=[result])
    return make


def softmax(op):
    def make(dice):
        array = dice.floats(dice.shape(dice.of([4, 3, 2, 1])), -6, 6) * F(dice.of([1, 1, 10]))
        array = dice.unreal(array)
        options = ("SoftmaxOptions", {"beta": dice.of([1.0, 1.0, 0.5, 2.0])}) if op == "SOFTMAX" else None
        return Case(op, [Operand(array)], options)
    return make


def cumsum(dice):
    shape = dice.shape(dice.of([4, 3, 2, 1]))
    axis = constant(dice.axes(len(shape), 1)[0], I32)
    fields = {"exclusive": dice.turn([False, True]), "reverse": dice.turn([False, True], 2)}
    return Case("CUMSUM", [Operand(dice.array(shape, dice.of([F, F, I32, I64]))), axis], ("CumsumOptions", fields))


def fully_connected(dice):
    units, depth = dice.size(), dice.size() * dice.of([1, 1, 3])
    keep = dice.turn([False, True])
    lead = dice.shape(dice.of([1, 2, 3]), 40)
    shape = (*lead, depth)
    if not keep and dice.coin(0.4):  # a picture that falls into rows of weights
        n, h, w, c = dice.shape(4, 2000)
        shape, depth = (n, h, w, c), h * w * c
    fields = {"keepNumDims": keep, "fusedActivationFunction": dice.turn([0, 1, 2, 3], 2)}
    weights = dice.operand(dice.floats((units, depth), -1, 1), 0.8)
    bias = [[constant(dice.floats(units))], [None], []][dice.of([0, 0, 1, 2])]
    return Case("FULLY_CONNECTED", [Operand(dice.floats(shape)), weights, *bias], ("FullyConnectedOptions", fields))


def batch_matmul(dice):
    m, k, n = (dice.size() for _ in range(3))
    adj_x, adj_y = dice.turn([False, True]), dice.turn([False, True], 2)
    batch = dice.shape(dice.of([0, 1, 2, 3]), 6)
    left = [1 if dice.coin(0.25) else size for size in batch][dice.of([0, 0, dice.between(0, len(batch))]):]
    right = list(batch) if len(left) < len(batch) else [1 if dice.coin(0.25) else size for size in batch]
    x = dice.floats((*left, k, m) if adj_x else (*left, m, k))
    y = dice.floats((*right, n, k) if adj_y else (*right, k, n))
    return Case("BATCH_MATMUL", [Operand(x), dice.operand(y, 0.4)], ("BatchMatMulOptions", {"adjX": adj_x, "adjY": adj_y}))


def state(*shape):
    return Operand(np.zeros(shape, F), "variable")


def lstm_operands(dice, width, cells, batch, outputs):
    """The 20 operands of an LSTM: input, weights, recurrent weights, peepholes, biases, projection, states."""
    coupled, peepholes, projected = dice.coin(0.3), dice.coin(0.4), outputs != cells
    weight = lambda *shape: constant(dice.floats(shape, -0.5, 0.5))
    gates = [None if coupled else weight(cells, width)] + [weight(cells, width) for _ in range(3)]
    recurrent = [None if coupled else weight(cells, outputs)] + [weight(cells, outputs) for _ in range(3)]
    peeps = [weight(cells) if peepholes else None for _ in range(3)]
    if coupled:
        peeps[0] = None
    biases = [None if coupled else weight(cells)] + [weight(cells) for _ in range(3)]
    projection = [weight(outputs, cells), weight(outputs) if dice.coin() else None] if projected else [None, None]
    return [*gates, *recurrent, *peeps, *biases, *projection, state(batch, outputs), state(batch, cells)]


def lstm(op, options):
    """LSTM takes one step, UNIDIRECTIONAL_SEQUENCE_LSTM a sequence, time first or batch first."""
    def make(dice):
        width, cells, batch = dice.between(1, 17), dice.between(1, 17), dice.between(1, 3)
        outputs = dice.of([cells, cells, dice.between(1, 9)])
        time_major = dice.turn([False, True])
        fields = {"fusedActivationFunction": dice.of([4, 4, 1]), "cellClip": dice.of([0.0, 0.6]),
                  "projClip": dice.of([0.0, 0.5])}
        shape = (batch, width)
        if op != "LSTM":
            fields["timeMajor"] = time_major
            steps = dice.between(1, 9)
            shape = (steps, batch, width) if time_major else (batch, steps, width)
        operands = [Operand(dice.floats(shape)), *lstm_operands(dice, width, cells, batch, outputs)]
        return Case(op, operands, (options, fields))
    return make


def svdf(dice):
    rank, units, batch = dice.of([1, 1, 2, 3]), dice.between(1, 17), dice.between(1, 3)
    width, memory = dice.size(), dice.between(1, 9)
    filters = rank * units
    operands = [Operand(dice.floats((batch, width))), constant(dice.floats((filters, width), -1, 1)),
                constant(dice.floats((filters, memory), -1, 1)), constant(dice.floats(units)) if dice.coin(0.6) else None,
                state(batch, memory * filters)]
    return Case("SVDF", operands, ("SVDFOptions", {"rank": rank, "fusedActivationFunction": dice.turn([0, 1, 3])}))


def topk_v2(dice):
    dtype = dice.of([F, F, I32, I64])
    shape = dice.shape(dice.of([4, 3, 2, 1]))
    k = dice.between(1, shape[-1])
    array = dice.array(shape, dtype)
    if dice.coin(0.3):
        array = np.round(array).astype(dtype)
    count = dice.operand(np.array(k, I32), 0.7)
    return Case("TOPK_V2", [Operand(array), count], ("TopKV2Options", {}), dtypes=[dtype, I32],
                fixed_shape=count.kind == "constant")


def where(dice):
    dtype = dice.turn([B, B, F, I32])
    shape = dice.shape(dice.of([4, 3, 2, 1]), 2000)
    array = np.where(dice.random.uniform(size=shape) < dice.of([0.1, 0.9, 1.0]), dice.array(shape, dtype), 0).astype(dtype)
    array.reshape(-1)[-1] = 1  # LiteRT's Python hands out no empty results
    condition = dice.operand(array, 0.2)
    return Case("WHERE", [condition], dtypes=[I64], fixed_shape=condition.kind == "constant")


def indices_into(dice, shape, depth, count, dtype):
    """`count` tuples of `depth` indices into a value of `shape`."""
    return np.stack([dice.random.integers(0, size, count) for size in shape[:depth]], -1).astype(dtype)


def gather_nd(dice):
    shape = dice.shape(dice.of([4, 3, 2, 1]), 3000)
    depth, count = dice.between(1, len(shape)), dice.shape(dice.between(1, 2), 60)
    indices = indices_into(dice, shape, depth, count, dice.of([I32, I64]))
    values = dice.array(shape, dice.of([F, F, I32, I64, np.uint8, np.int8]))
    return Case("GATHER_ND", [Operand(values), dice.operand(indices)])


def scatter_nd(dice):
    shape = dice.shape(dice.of([4, 3, 2, 1]), 3000)
    depth, count = dice.between(1, len(shape)), dice.shape(dice.between(1, 2), 60)
    indices = indices_into(dice, shape, depth, count, I32)  # some twice: their updates add up
    updates = dice.array((*count, *shape[depth:]), dice.of([F, F, I32, I64]))
    return Case("SCATTER_ND", [dice.operand(indices), Operand(updates), constant(shape, I32)], dtypes=[updates.dtype])


def segment_sum(dice):
    shape = dice.shape(dice.of([4, 3, 2, 1]), 3000)
    ids = np.cumsum(np.concatenate([[0], dice.random.integers(0, 2, shape[0] - 1)])).astype(I32)
    ids = dice.operand(ids, 0.6)
    return Case("SEGMENT_SUM", [Operand(dice.array(shape, dice.of([F, F, I32]))), ids], fixed_shape=ids.kind == "constant")


def shape_of(dice):
    dtype = dice.turn([I32, I64])
    code = 2 if dtype == I32 else 4
    array = dice.array(dice.shape(dice.between(1, 5), 500), dice.of([F, I32, B]))
    return Case("SHAPE", [Operand(array)], ("ShapeOptions", {"outType": code}), dtypes=[dtype])


def rank(dice):
    return Case("RANK", [Operand(dice.array(dice.shape(dice.between(1, 6), 500), dice.of([F, I32])))], dtypes=[I32])


def fill(dice):
    dtype = dice.turn([F, I32, I64, B])
    shape = dice.shape(dice.between(1, 5), 3000)
    value = dice.operand(dice.array((), dtype), 0.4)
    return Case("FILL", [constant(shape, dice.of([I32, I64])), value], dtypes=[dtype])


def span(dice):
    dtype = dice.turn([F, I32])
    start, delta = dice.between(-20, 20), dice.of([1, 2, 3, 7]) * (1 if dice.coin() else -1)
    limit = start + delta * dice.between(1, 67) + (dice.of([0, 1, -1]) if abs(delta) > 1 else 0)
    bounds = (np.array([start, limit, delta]) * (0.37 if dtype == F else 1)).astype(dtype)
    return Case("RANGE", [constant(bound, dtype) for bound in bounds])


def zeros_like(dice):
    array = dice.array(dice.shape(dice.between(1, 5), 3000), dice.of([F, I32, I64]))
    return Case("ZEROS_LIKE", [Operand(array)])


TABLE = [
    ("MEAN", reduction("MEAN", (F, F, F, I32)), 60),
    ("SUM", reduction("SUM", (F, F, F, I32)), 60),
    ("REDUCE_MAX", reduction("REDUCE_MAX", (F, F, I32, I64)), 40),
    ("REDUCE_MIN", reduction("REDUCE_MIN", (F, F, I32, I64)), 40),
    ("REDUCE_PROD", reduction("REDUCE_PROD", (F, F, I32), small=True), 40),
    ("REDUCE_ANY", reduction("REDUCE_ANY", (B,)), 30),
    ("REDUCE_ALL", reduction("REDUCE_ALL", (B,)), 30),
    ("ARG_MAX", arg("ARG_MAX", "ArgMaxOptions"), 50),
    ("ARG_MIN", arg("ARG_MIN", "ArgMinOptions"), 50),
    ("SOFTMAX", softmax("SOFTMAX"), 40),
    ("LOG_SOFTMAX", softmax("LOG_SOFTMAX"), 40),
    ("CUMSUM", cumsum, 40),
    ("FULLY_CONNECTED", fully_connected, 60),
    ("BATCH_MATMUL", batch_matmul, 64),
    ("LSTM", lstm("LSTM", "LSTMOptions"), 30),
    ("UNIDIRECTIONAL_SEQUENCE_LSTM", lstm("UNIDIRECTIONAL_SEQUENCE_LSTM", "UnidirectionalSequenceLSTMOptions"), 30),
    ("SVDF", svdf, 30),
    ("TOPK_V2", topk_v2, 30),
    ("WHERE", where, 30),
    ("GATHER_ND", gather_nd, 30),
    ("SCATTER_ND", scatter_nd, 30),
    ("SEGMENT_SUM", segment_sum, 30),
    ("SHAPE", shape_of, 30),
    ("RANK", rank, 30),
    ("FILL", fill, 30),
    ("RANGE", span, 30),
    ("ZEROS_LIKE", zeros_like, 30),
]
