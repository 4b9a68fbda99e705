"""Small ONNX files, written field by field: the format is protobuf, and the package `onnx` is not needed."""

from __future__ import annotations

import numpy as np

FLOAT, INT64 = 1, 7


def node(kind, inputs, output, **attributes):
    """A node of the graph; attributes are lists of whole numbers or single ones."""
    fields = [_bytes(1, name) for name in inputs] + [_bytes(2, output), _bytes(4, kind)]
    for name, value in attributes.items():
        numbers = b"".join(_number(8, each) for each in value) if isinstance(value, list) else _number(3, value)
        fields.append(_bytes(5, _bytes(1, name) + numbers + _number(20, 7 if isinstance(value, list) else 2)))
    return b"".join(fields)


def value(name, *shape, kind=FLOAT):
    """An input or output; a dimension is a number, or a name where it is free."""
    sizes = [_number(1, size) if isinstance(size, int) else _bytes(2, size) for size in shape]
    tensor = _number(1, kind) + _bytes(2, b"".join(_bytes(1, size) for size in sizes))
    return _bytes(1, name) + _bytes(2, _bytes(1, tensor))


def model(nodes, inputs, outputs, **constants):
    """The bytes of a model."""
    graph = [_bytes(1, each) for each in nodes] + [_bytes(2, "graph")]
    graph += [_bytes(5, held if isinstance(held, bytes) else _tensor(name, held)) for name, held in constants.items()]
    graph += [_bytes(11, each) for each in inputs] + [_bytes(12, each) for each in outputs]
    return _number(1, 8) + _bytes(7, b"".join(graph)) + _bytes(8, _bytes(1, "") + _number(2, 13))


def elsewhere(name, size, file):
    """A constant whose numbers lie in another file."""
    place = _bytes(13, _bytes(1, "location") + _bytes(2, file))
    return _number(1, size) + _number(2, FLOAT) + _bytes(8, name) + place + _number(14, 1)


def _tensor(name, values):
    array = np.asarray(values)
    array = array.astype(np.int64 if array.dtype.kind == "i" else np.float32)
    kind = INT64 if array.dtype == np.int64 else FLOAT
    sizes = b"".join(_number(1, size) for size in array.shape)
    return sizes + _number(2, kind) + _bytes(8, name) + _bytes(9, array.tobytes())


def _bytes(field, content):
    content = content.encode() if isinstance(content, str) else content
    return _varint(field << 3 | 2) + _varint(len(content)) + content


def _number(field, number):
    return _varint(field << 3) + _varint(number & (1 << 64) - 1)


def _varint(number):
    groups = []
    while number > 127:
        groups.append(number & 127 | 128)
        number >>= 7
    return bytes([*groups, number])
