# SPDX-License-Identifier: Apache-2.0
"""Cases of recurrent ops, products and LOG_SOFTMAX on quantized values."""
import numpy as np

from case import Case, Operand, Quant, constant

I8, I16 = np.int8, np.int16


def scale(dice, low, high):
    return float(np.float32(2.0 ** dice.random.uniform(low, high)))


def bytes_of(dice, *shape, kind="constant", spread=127, quant=None):
    array = dice.random.integers(-spread, spread + 1, shape).astype(I8)
    return Operand(array, kind, quant or Quant((scale(dice, -8, -6),), (0,)))


def words_of(dice, *shape):
    return Operand(dice.random.integers(-32767, 32768, shape).astype(I16), "constant", Quant((scale(dice, -16, -13),), (0,)))


def sums_of(dice, count, reach):
    return Operand(dice.random.integers(-reach, reach + 1, count).astype(np.int32), "constant", Quant((1e-5,), (0,)))


def lstm(op, options):
    def make(dice):
        width, cells, batch = dice.between(1, 17), dice.between(1, 17), dice.between(1, 3)
        projected, normalized, coupled = dice.coin(0.4), dice.turn([False, True]), dice.coin(0.3)
        outputs = dice.between(1, 9) if projected else cells
        peepholes = dice.coin(0.4) and cells == outputs
        gate = lambda make_one: [None if coupled else make_one(), make_one(), make_one(), make_one()]
        inputs = gate(lambda: bytes_of(dice, cells, width))
        recurrent = gate(lambda: bytes_of(dice, cells, outputs))
        peeps = [words_of(dice, cells) if peepholes else None for _ in range(3)]
        if coupled:
            peeps[0] = None
        reach = 20000 if not normalized else 1 << 20
        biases = gate(lambda: sums_of(dice, cells, reach))
        projection = [bytes_of(dice, outputs, cells) if projected else None,
                      sums_of(dice, outputs, 20000) if projected and dice.coin() else None]
        state_quant = Quant((scale(dice, -8, -6),), (dice.between(-20, 20),))
        states = [Operand(np.zeros((batch, outputs), I8), "variable", state_quant),
                  Operand(np.zeros((batch, cells), I16), "variable", Quant((2.0 ** dice.of([-11, -12, -13, -15]),), (0,)))]
        norms = [each and Operand(each.array, "constant", Quant((scale(dice, -16, -13),), (0,)))
                 for each in gate(lambda: words_of(dice, cells))] if normalized else [None] * 4
        inner = [(I16, Quant((scale(dice, -14, -10),), (0,))) for _ in range(4)]
        inner.append((I8, Quant((scale(dice, -8, -6),), (dice.between(-20, 20) if projected else state_quant.zero_point[0],))))
        fields = {"fusedActivationFunction": 4, "cellClip": dice.of([0.0, 10.0, 0.6]), "projClip": dice.of([0.0, 0.5]) if projected else 0.0}
        shape, time_major = (batch, width), dice.turn([False, True], 2)
        if op != "LSTM":
            fields["timeMajor"] = time_major
            steps = dice.between(1, 9)
            shape = (steps, batch, width) if time_major else (batch, steps, width)
        data = bytes_of(dice, *shape, kind="input", quant=Quant((scale(dice, -7, -5),), (dice.between(-128, 127),)))
        operands = [data, *inputs, *recurrent, *peeps, *biases, *projection, *states, *norms]
        return Case(op, operands, (options, fields), quants=[state_quant], intermediates=tuple(inner))
    return make


def svdf(dice):
    rank, units, batch = dice.of([1, 1, 2, 3]), dice.between(1, 17), dice.between(1, 3)
    width, memory = dice.size(), dice.between(1, 9)
    filters = rank * units
    data = bytes_of(dice, batch, width, kind="input", quant=Quant((scale(dice, -7, -4),), (dice.between(-128, 127),)))
    features = bytes_of(dice, filters, width)
    state_scale = data.quant.scale[0] * features.quant.scale[0] * np.sqrt(width) * 10000 / 32767
    state = Operand(np.zeros((batch, memory * filters), I16), "variable", Quant((float(np.float32(state_scale)),), (0,)))
    times = words_of(dice, filters, memory)
    out = state_scale * times.quant.scale[0] * 32767 * 15000 * np.sqrt(rank) / 127
    bias = sums_of(dice, units, 1 << 28) if dice.coin(0.6) else None
    return Case("SVDF", [data, features, times, bias, state], ("SVDFOptions", {"rank": rank, "fusedActivationFunction": 1}),
                quants=[Quant((float(np.float32(out)),), (dice.between(-128, 127),))])


def batch_matmul(dice):
    left_type, right_type, out_type = dice.turn([(I8, I8, I8), (I16, I16, I16), (I16, I8, I16), (I8, I8, np.int32)])
    m, k, n = (dice.size() for _ in range(3))
    adj_x, adj_y = dice.turn([False, True]), dice.turn([False, True], 2)
    batch = dice.shape(dice.of([0, 1, 2]), 6)
    left = [1 if dice.coin(0.25) else size for size in batch][dice.of([0, 0, dice.between(0, len(batch))]):]
    right = list(batch) if len(left) < len(batch) else [1 if dice.coin(0.25) else size for size in batch]
    def values(dtype, shape, chance):
        info = np.iinfo(dtype)
        array = dice.random.integers(info.min, info.max + 1, shape).astype(dtype)
        zero = dice.between(-128, 127) if (left_type, right_type) == (I8, I8) else 0
        return dice.operand(array, chance, Quant((scale(dice, -8, -5),), (zero,)))
    x = values(left_type, (*left, k, m) if adj_x else (*left, m, k), 0)
    y = values(right_type, (*right, n, k) if adj_y else (*right, k, n), 0.4)
    reach = float(np.iinfo(left_type).max) * float(np.iinfo(right_type).max) * np.sqrt(k) / 3
    out = x.quant.scale[0] * y.quant.scale[0] * reach / (np.iinfo(left_type).max if out_type != np.int32 else 1)
    zero = dice.between(-128, 127) if out_type == I8 else 0
    return Case("BATCH_MATMUL", [x, y], ("BatchMatMulOptions", {"adjX": adj_x, "adjY": adj_y}), dtypes=[out_type],
                quants=[Quant((float(np.float32(out)),), (zero,))], version=4)


def log_softmax(dice):
    dtype = dice.turn([I8, np.uint8])
    info = np.iinfo(dtype)
    array = dice.random.integers(info.min, info.max + 1, dice.shape(dice.of([1, 2, 3, 4]), 4000)).astype(dtype)
    data = Operand(array, "input", Quant((scale(dice, -8, 0),), (dice.between(info.min, info.max),)))
    return Case("LOG_SOFTMAX", [data], quants=[Quant((1 / 16,), (int(info.max),))])


TABLE = [
    ("LSTM.Q", lstm("LSTM", "LSTMOptions"), 40),
    ("UNIDIRECTIONAL_SEQUENCE_LSTM.Q", lstm("UNIDIRECTIONAL_SEQUENCE_LSTM", "UnidirectionalSequenceLSTMOptions"), 60),
    ("SVDF.Q", svdf, 40),
    ("BATCH_MATMUL.Q", batch_matmul, 64),
    ("LOG_SOFTMAX.Q", log_softmax, 50),
]
