# SPDX-License-Identifier: Apache-2.0
"""What a test of one op is: its operands, its options, and the models that hold it. Chance for the generators."""
import dataclasses
import pathlib
import sys

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from tflite_writer import Quant, Writer  # noqa: E402

SIZES = [1, 7, 8, 9, 31, 67]  # around the widths of vectors and the heights of strips
MARGIN = (1, 2)  # rows that the ring model has before and after


@dataclasses.dataclass
class Operand:
    """`kind`: "input" of the network, "constant" in the file, "int4" (one of four bits), or "variable" (zeros)."""
    array: np.ndarray
    kind: str = "input"
    quant: Quant = None

    def __str__(self):
        shape = "x".join(map(str, self.array.shape)) or "scalar"
        values = f"={self.array.tolist()}" if self.array.size <= 8 and self.array.dtype.kind == "i" else ""
        quant = f" {self.quant}" if self.quant else ""
        return f"{self.kind} {self.array.dtype} {shape}{values}{quant}"


def constant(array, dtype=None):
    return Operand(np.asarray(array, dtype), "constant")


@dataclasses.dataclass
class Case:
    op: str
    operands: list  # None where an optional operand is left out
    options: tuple = None  # (class of the schema, fields)
    dtypes: list = None  # of the outputs; None: one output, typed as operand 0
    quants: list = None  # of the outputs
    shapes: list = None  # as the file states them; readers work shapes out by themselves
    fixed_shape: bool = True  # False: the output's shape is known after the run only
    ring_bits: bool = True  # False: sums are grouped by rows where rows are rings, so bits may differ there
    reference_only: bool = False  # LiteRT's other kernels compute something else: no allowance for their difference
    version: int = 1
    intermediates: tuple = ()  # type and Quant of what stays within the op

    @property
    def inputs(self):
        return [operand for operand in self.operands if operand is not None and operand.kind == "input"]

    def model(self):
        """The file with this node alone."""
        writer = Writer()
        outputs = self._node(writer, [self._operand(writer, operand) for operand in self.operands])
        return writer.finish(outputs)

    def ring_model(self, outputs):
        """The node with its inputs cut out of taller ones and its outputs padded, so that what it reads and writes by
        rows are rings. It stands there twice, and both results are parts of one CONCATENATION, where they can be made in
        place, and cut out of it again. `outputs`: arrays shaped as the outputs. Returns the file, which has `copies`
        outputs for each of the node's, and the taller inputs."""
        writer, arrays, tensors = Writer(), [], []
        for operand in self.operands:
            if operand is None or operand.kind != "input" or operand.array.ndim == 0:
                if operand is not None and operand.kind == "input":
                    arrays.append(operand.array)
                tensors.append(self._operand(writer, operand))
                continue
            widths = margins(operand.array.ndim)
            arrays.append(np.pad(operand.array, widths, constant_values=1))
            outer = writer.input(arrays[-1].shape, operand.array.dtype, operand.quant)
            inner = writer.value(operand.array.dtype, operand.array.shape, operand.quant)
            begin = writer.constant(np.array([before for before, _ in widths], np.int32))
            size = writer.constant(np.array(operand.array.shape, np.int32))
            writer.node("SLICE", [outer, begin, size], [inner])
            tensors.append(inner)
        results = []
        nodes = [self._node(writer, tensors) for _ in range(self.copies)]
        for k, array in enumerate(outputs):
            quant = self.quants[k] if self.quants else None
            values = [values[k] for values in nodes]
            if self.copies > 1 and array.ndim > 2:
                values = self._joined(writer, values, array, quant)
            for value in values:
                if array.ndim > 0 and self.fixed_shape:
                    padded = writer.value(array.dtype, (), quant)
                    widths = writer.constant(np.array(margins(array.ndim), np.int32))
                    writer.node("PAD", [value, widths], [padded])
                    value = padded
                results.append(value)
        return writer.finish(results), arrays

    @property
    def copies(self):
        stateful = any(operand is not None and operand.kind == "variable" for operand in self.operands)
        return 1 if stateful or not self.fixed_shape else 2

    @staticmethod
    def _joined(writer, values, array, quant):
        """The values side by side along the last axis, then taken apart."""
        joined = writer.value(array.dtype, (), quant)
        axis = array.ndim - 1
        writer.node("CONCATENATION", values, [joined], ("ConcatenationOptions", {"axis": axis}))
        parts = []
        for k in range(len(values)):
            begin = np.zeros(array.ndim, np.int32)
            begin[axis] = k * array.shape[axis]
            parts.append(writer.value(array.dtype, array.shape, quant))
            writer.node("SLICE", [joined, writer.constant(begin), writer.constant(np.array(array.shape, np.int32))],
                        [parts[-1]])
        return parts

    def cut(self, padded, shape):
        """An output of the ring model without its margin."""
        if len(shape) == 0 or not self.fixed_shape:
            return padded
        return padded[tuple(slice(before, before + size) for (before, _), size in zip(margins(len(shape)), shape))]

    def _operand(self, writer, operand):
        if operand is None:
            return None
        if operand.kind in ("constant", "int4"):
            return writer.constant(operand.array, operand.quant, operand.kind == "int4")
        if operand.kind == "variable":
            return writer.variable(operand.array.shape, operand.array.dtype, operand.quant)
        return writer.input(operand.array.shape, operand.array.dtype, operand.quant)

    def _node(self, writer, tensors):
        dtypes = self.dtypes or [self.operands[0].array.dtype]
        quants = self.quants or [None] * len(dtypes)
        shapes = self.shapes or [()] * len(dtypes)
        outputs = [writer.value(*value) for value in zip(dtypes, shapes, quants)]
        writer.node(self.op, tensors, outputs, self.options, self.version, self.intermediates)
        return outputs

    def __str__(self):
        operands = "; ".join("left out" if operand is None else str(operand) for operand in self.operands)
        options = "" if self.options is None else f"; {self.options[0]} {self.options[1]}"
        return f"{operands}{options}"


def margins(rank):
    """np.pad's widths: MARGIN along the rows (axis 1, or 0 where there is no other)."""
    rows = min(rank - 1, 1)
    return [MARGIN if axis == rows else (0, 0) for axis in range(rank)]


class Dice:
    """Chance for one case, known by seed, op and number."""

    def __init__(self, seed, op, number):
        self.number = number
        self.random = np.random.default_rng([seed, *op.encode(), number])

    def of(self, choices):
        return choices[int(self.random.integers(len(choices)))]

    def turn(self, choices, period=1):
        """The choices in turn from case to case, each for `period` cases."""
        return choices[self.number // period % len(choices)]

    def coin(self, chance=0.5):
        return bool(self.random.uniform() < chance)

    def between(self, low, high):
        """A whole number, both ends included."""
        return int(self.random.integers(low, high + 1))

    def size(self):
        return self.of(SIZES) if self.coin(0.8) else self.between(2, 34)

    def shape(self, rank, most=8000):
        """Sizes at random; the largest are halved until there are at most `most` elements."""
        sizes = [self.size() for _ in range(rank)]
        while np.prod(sizes, dtype=np.int64) > most:
            axis = int(np.argmax(sizes))
            sizes[axis] = self.of([1, 2, 3, sizes[axis] // 2])
        return tuple(sizes)

    def picture(self, channels=None, most=20000):
        n = self.of([1, 1, 1, 2, 3])
        c = channels or self.of([1, 2, 3, 4, 7, 8, 9, 12, 16, 31, 32, 67])
        h, w = self.shape(2, max(most // (n * c), 1))
        return n, h, w, c

    def floats(self, shape, low=-2.0, high=2.0):
        return self.random.uniform(low, high, shape).astype(np.float32)

    def unreal(self, array):
        """Infinities and what is no number among the floats of every fifth case."""
        if array.dtype == np.float32 and self.number % 5 == 4:
            for value in (np.inf, -np.inf, np.nan)[:self.between(1, 3)]:
                array.reshape(-1)[self.between(0, array.size - 1)] = value
        return array

    def array(self, shape, dtype):
        """Elements at random of any type."""
        dtype = np.dtype(dtype)
        if dtype.kind == "f":
            return self.floats(shape).astype(dtype)
        if dtype.kind == "b":
            return self.random.integers(0, 2, shape).astype(dtype)
        low = 0 if dtype.kind == "u" else -50
        return self.random.integers(low, 51, shape).astype(dtype)

    def axes(self, rank, count):
        """`count` different axes, some counted from the end."""
        axes = self.random.choice(rank, count, replace=False)
        return [int(axis) - (rank if self.coin(0.4) else 0) for axis in axes]

    def operand(self, array, chance=0.25, quant=None):
        """An input, or a constant by chance."""
        return Operand(array, "constant" if self.coin(chance) else "input", quant)
