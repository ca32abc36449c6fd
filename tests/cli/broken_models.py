# SPDX-License-Identifier: Apache-2.0
"""Broken .tflite files made of a good one: numbers of the container overwritten in place, found by their field.

Slots are the places of fields in the public schema, as in src/formats/tflite/schema.fbs.
"""
import random
import struct

CODES, SUBGRAPHS, BUFFERS = 1, 2, 4                  # of Model
TENSORS, INPUTS, OUTPUTS, NODES = 0, 1, 2, 3         # of SubGraph
SHAPE, TYPE, BUFFER, NAME = 0, 1, 2, 3               # of Tensor
NODE_INPUTS, NODE_OUTPUTS, OPTIONS = 1, 2, 4         # of Operator
OLD_CODE, CODE = 0, 3                                # of OperatorCode
STRIDE_W = 1                                         # of Conv2DOptions


class Editor:
    """A container as bytes; positions are places in it."""

    def __init__(self, data):
        self.data = bytearray(data)

    def read(self, kind, at):
        return struct.unpack_from("<" + kind, self.data, at)[0]

    def write(self, kind, at, value):
        struct.pack_into("<" + kind, self.data, at, value)

    def field(self, table, slot):
        vtable = table - self.read("i", table)
        offset = self.read("H", vtable + 4 + 2 * slot) if 4 + 2 * slot < self.read("H", vtable) else 0
        assert offset, f"the file has no field in slot {slot}"
        return table + offset

    def follow(self, at):
        return at + self.read("I", at)

    def elements(self, table, slot, size_bytes=4):
        """Places of the elements of a vector."""
        vector = self.follow(self.field(table, slot))
        return [vector + 4 + size_bytes * i for i in range(self.read("I", vector))]

    def child(self, table, slot, number):
        return self.follow(self.elements(table, slot)[number])

    def model(self):
        return self.follow(0)

    def graph(self):
        return self.child(self.model(), SUBGRAPHS, 0)

    def tensor(self, number):
        return self.child(self.graph(), TENSORS, number)

    def node(self, number):
        return self.child(self.graph(), NODES, number)

    def op_code(self, number):
        return self.child(self.model(), CODES, number)


def cycle(file):
    """The first node reads what the last one makes."""
    last = file.elements(file.graph(), NODES)[-1]
    result = file.read("i", file.elements(file.follow(last), NODE_OUTPUTS)[0])
    file.write("i", file.elements(file.node(0), NODE_INPUTS)[0], result)


def buffer_out_of_range(file):
    file.write("I", file.field(weights_of(file, 0), BUFFER), 1_000_000)


def missing_weights(file):
    file.write("I", file.field(weights_of(file, 0), BUFFER), 0)


def tensor_out_of_range(file):
    file.write("i", file.elements(file.node(1), NODE_INPUTS)[0], 77_777)


def negative_size(file):
    file.write("i", file.elements(input_of(file), SHAPE)[1], -5)


def huge_shape(file):
    for at in file.elements(input_of(file), SHAPE)[:3]:
        file.write("i", at, 2**31 - 1)


def zero_stride(file):
    file.write("i", file.field(file.follow(file.field(file.node(0), OPTIONS)), STRIDE_W), 0)


def unknown_op(file):
    code = file.op_code(0)
    file.write("b", file.field(code, OLD_CODE), 127)
    file.write("i", file.field(code, CODE), 9999)


def control_flow(file):
    code = file.op_code(0)
    file.write("b", file.field(code, OLD_CODE), 118)
    file.write("i", file.field(code, CODE), 118)


def name_with_a_line_break(file):
    """And a cycle, so that a sentence has to name it."""
    text = file.follow(file.field(file.tensor(file.read("i", file.elements(file.node(0), NODE_OUTPUTS)[0])), NAME))
    file.data[text + 4:text + 6] = b"\n\xff"
    zero_stride(file)


def weights_of(file, node):
    return file.tensor(file.read("i", file.elements(file.node(node), NODE_INPUTS)[1]))


def input_of(file):
    return file.tensor(file.read("i", file.elements(file.graph(), INPUTS)[0]))


# What was done, and words that the sentence must have.
HOSTILE = [
    (cycle, "node 0 CONV_2D 'conv1': input 0 'output' is used before anything computes it"),
    (buffer_out_of_range, "1000000"),
    (missing_weights, "node 0 CONV_2D"),
    (tensor_out_of_range, "node 1"),
    (negative_size, "-5"),
    (huge_shape, "2147483647"),
    (zero_stride, "node 0 CONV_2D"),
    (unknown_op, "node 0"),
    (control_flow, "node 0 IF"),
    (name_with_a_line_break, "node 0 CONV_2D"),
]


def hostile(data, damage):
    file = Editor(data)
    damage(file)
    return bytes(file.data)


def cut(data, count, seed):
    """Files that end early."""
    dice = random.Random(seed)
    return [data[:dice.randrange(len(data))] for _ in range(count)]


def flipped(data, count, seed):
    """Files with one bit flipped, half of the time among the tables rather than the weights."""
    dice = random.Random(seed)
    files = []
    for i in range(count):
        file = bytearray(data)
        at = dice.randrange(len(file)) if i % 2 else dice.randrange(min(len(file), 4096))
        file[at] ^= 1 << dice.randrange(8)
        files.append(bytes(file))
    return files
