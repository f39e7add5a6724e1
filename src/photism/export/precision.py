"""Weights in fewer bytes: stored as float16 or int8, computed with in float32.

Processors gain nothing from narrow arithmetic in graphs of this size, and results would depend on
the runtime. So only what lies in the file is narrow; a runtime widens it once, when it loads the
graph, and every figure that follows is of the rounding of weights alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, get_args

import numpy as np

if TYPE_CHECKING:
    import onnx

Precision = Literal["float32", "fp16", "int8"]
PRECISIONS: tuple[Precision, ...] = get_args(Precision)
_LEAST = 256
"""Smaller tensors stay as they are."""


def narrow(model: onnx.ModelProto, precision: Precision) -> onnx.ModelProto:
    """Return a graph whose weights take fewer bytes in its file.

    Args:
        model: in float32.
        precision: "float32" changes nothing; "fp16" rounds matrices and filters to float16, as
            bundled weights are; "int8" to 255 steps, symmetric about 0, the largest of each slice
            along the first axis being the outermost step.

    Returns:
        The graph. Front end, vectors (biases, batch norm) and tables stay float32.
    """
    import onnx
    from onnx import numpy_helper

    made = onnx.ModelProto()
    made.CopyFrom(model)
    if precision == "float32":
        return made
    kept, nodes = [], []
    for stored in made.graph.initializer:
        if not _is_weight(stored):
            kept.append(stored)
            continue
        values, name = numpy_helper.to_array(stored), stored.name
        if precision == "fp16":
            kept.append(numpy_helper.from_array(values.astype(np.float16), f"{name}.half"))
            nodes.append(_node("Cast", [f"{name}.half"], name, to=onnx.TensorProto.FLOAT))
            continue
        steps, scale = to_steps(values)
        kept.append(numpy_helper.from_array(steps, f"{name}.steps"))
        kept.append(numpy_helper.from_array(scale, f"{name}.scale"))
        nodes.append(_node("Cast", [f"{name}.steps"], f"{name}.wide", to=onnx.TensorProto.FLOAT))
        nodes.append(_node("Mul", [f"{name}.wide", f"{name}.scale"], name))
    nodes.extend(made.graph.node)
    del made.graph.initializer[:], made.graph.node[:]
    made.graph.initializer.extend(kept)
    made.graph.node.extend(nodes)
    return made


def to_steps(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Round to 255 steps about 0.

    Args:
        values: float32, `(slice, …)`.

    Returns:
        int8 of the same shape, and the size of a step in each slice, `(slice, 1, …)` float32.
    """
    axes = tuple(range(1, values.ndim))
    scale = np.abs(values).max(axis=axes, keepdims=True) / 127
    scale = np.where(scale > 0, scale, 1).astype(np.float32)
    return np.rint(values / scale).astype(np.int8), scale


def _is_weight(stored: onnx.TensorProto) -> bool:
    import onnx

    large = len(stored.dims) > 1 and int(np.prod(stored.dims)) >= _LEAST
    own = stored.name.startswith("system.")
    return own and large and stored.data_type == onnx.TensorProto.FLOAT


def _node(kind: str, inputs: list[str], output: str, to: int | None = None) -> onnx.NodeProto:
    from onnx import helper

    node = helper.make_node(kind, inputs, [output], name=f"{output}.{kind}")
    if to is not None:
        node.attribute.append(helper.make_attribute("to", to))
    return node
