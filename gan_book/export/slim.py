"""Smaller ONNX files for a page: weights in 16 or 8 bits, which the network turns into float32 when it is opened.

The computation stays in float32, so only the weights are rounded. What that changes is measured when a page is written
(`gan_book.export.web`).
"""

import gzip

import numpy as np

ENOUGH = 4_000_000  # bytes of a packed network; above it the large matrices get 8 bits
LARGE = 1_000_000  # numbers of such a matrix
SMALL = 256  # numbers below which it is not worth it
STEPS = 127  # of 8 bits, on each side of 0


def packed(model):
    """An ONNX file packed with gzip, bytes: weights in 16 bits; where that is too large, big matrices in 8.

    Args:
        model: bytes of an ONNX file in float32.
    """
    result = _gzip(rounded(model))
    return result if len(result) <= ENOUGH else _gzip(rounded(model, large_in_bytes=True))


def _gzip(content):
    return gzip.compress(content, mtime=0)  # without the time: the same network gives the same file


def rounded(model, large_in_bytes=False):
    """An ONNX file with weights in half precision, bytes.

    Args:
        model: bytes of an ONNX file in float32.
        large_in_bytes: whether matrices of more than `LARGE` numbers get 8 bits, with a scale for each column.
    """
    import onnx

    graph_of = onnx.load_from_string(model)
    graph = graph_of.graph
    nodes, weights = [], []
    for tensor in graph.initializer:
        values = onnx.numpy_helper.to_array(tensor)
        if values.dtype != np.float32 or values.size < SMALL:
            weights.append(tensor)
            continue
        in_bytes = large_in_bytes and values.ndim == 2 and values.size > LARGE
        made, parts = _in_bytes(tensor.name, values) if in_bytes else _in_half(tensor.name, values)
        nodes += made
        weights += parts
    del graph.initializer[:]
    graph.initializer.extend(weights)
    # The new nodes make float32 of the weights again. Their inputs are constants, so ONNX Runtime runs them once, when
    # it opens the file.
    old = list(graph.node)
    del graph.node[:]
    graph.node.extend([*nodes, *old])
    onnx.checker.check_model(graph_of)
    return graph_of.SerializeToString()


def _in_half(name, values):
    """Nodes and stored weights for an array in float16."""
    from onnx import TensorProto, helper, numpy_helper

    half = values.astype("float16")
    if not np.isfinite(half).all():  # above 65,504
        return [], [numpy_helper.from_array(values, name)]
    cast = helper.make_node("Cast", [f"{name}_half"], [name], to=TensorProto.FLOAT)
    return [cast], [numpy_helper.from_array(half, f"{name}_half")]


def _in_bytes(name, values):
    """Nodes and stored weights for a matrix in int8, each column with the scale that its largest number needs."""
    from onnx import TensorProto, helper, numpy_helper

    scale = np.maximum(np.abs(values).max(axis=0, keepdims=True), 1e-12) / STEPS
    whole = np.rint(values / scale).astype("int8")
    cast = helper.make_node("Cast", [f"{name}_bytes"], [f"{name}_whole"], to=TensorProto.FLOAT)
    multiply = helper.make_node("Mul", [f"{name}_whole", f"{name}_scale"], [name])
    stored = [numpy_helper.from_array(whole, f"{name}_bytes")]
    return [cast, multiply], [*stored, numpy_helper.from_array(scale.astype("float32"), f"{name}_scale")]
