"""A reader's products in 8 bits, with less lost than by one scale a tensor.

What is lost is lost in what goes into a product, not in its weights. Two things take most of it back. Channels that are
always large out of a layer norm are made smaller, and their weights larger (Xiao et al. 2023,
https://arxiv.org/abs/2211.10438). And what comes out of an activation gets a scale for each token: one token's largest
number no longer sets the grid of all others. docs/reader.md has the figures.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import numpy.typing as npt
import onnx
from onnx import helper, numpy_helper

from indexer.types import Floats

_STEPS = 8  # scales are powers of 2 ** (1 / 8): the last bits of another machine's sums then make no other weights
# An activation is never below -0.17 (Hendrycks & Gimpel 2016): 16 of the 256 levels are left for what is below 0.
_BELOW, _LEAST = 16, 0.17
_LEVELS = 255 - _BELOW
_LARGEST_WEIGHT = 63  # seven of eight bits: so no sum overflows on processors without VNNI


class Products:
    """The products with weights of their own in a graph, by what goes into them.

    Weights that several products share, as ALBERT's layers do, fit no single input: those are left as they are.
    """

    def __init__(self, model: onnx.ModelProto) -> None:
        self._model = model
        self.weights = {one.name: one for one in model.graph.initializer}
        self.made = {name: node for node in model.graph.node for name in node.output}
        self.uses = Counter(name for node in model.graph.node for name in node.input)
        self.by_input: dict[str, list[onnx.NodeProto]] = defaultdict(list)
        for node in model.graph.node:
            if node.op_type == "MatMul" and node.input[1] in self.weights and self.uses[node.input[1]] == 1:
                self.by_input[node.input[0]].append(node)

    def inputs(self, *makers: str) -> list[str]:
        """What one of these operators makes and goes into products."""
        return [name for name in self.by_input if name in self.made and self.made[name].op_type in makers]


def normed(model: onnx.ModelProto) -> list[str]:
    """Names of what comes out of layer norms and goes into products."""
    return Products(model).inputs("LayerNormalization")


def activated(model: onnx.ModelProto) -> list[str]:
    """Names of what comes out of activations and goes into products."""
    return Products(model).inputs("Gelu", "Relu")


def behind(model: onnx.ModelProto, names: Iterable[str]) -> list[str]:
    """Names of the products that these values go into."""
    products = Products(model)
    return [node.name for name in names for node in products.by_input[name]]


def showing(model: onnx.ModelProto, names: Sequence[str]) -> onnx.ModelProto:
    """A copy of a graph whose outputs are these values."""
    shown = onnx.ModelProto()
    shown.CopyFrom(model)
    del shown.graph.output[:]
    shown.graph.output.extend(helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None) for name in names)
    return shown


def smooth(model: onnx.ModelProto, largest: Mapping[str, Floats]) -> None:
    """Divide what comes out of layer norms by a factor a channel and multiply the weights behind by it, in place.

    largest: of `normed`, (width,) the largest number of each channel. The graph says the same as before, but for
    rounding; the factor is the geometric mean of what would make all channels, and what would make all weights alike.
    """
    products = Products(model)
    for name, most in largest.items():
        behind = products.by_input[name]
        weights = [numpy_helper.to_array(products.weights[node.input[1]]) for node in behind]
        heaviest = np.max([np.abs(one).max(axis=1) for one in weights], axis=0)
        octaves = np.log2(np.maximum(most, 1e-5) / np.maximum(heaviest, 1e-5)) / 2
        factor = np.exp2(np.round(_STEPS * (octaves - octaves.mean())) / _STEPS).astype(np.float32)
        for node, one in zip(behind, weights, strict=True):
            products.weights[node.input[1]].CopyFrom(numpy_helper.from_array(one * factor[:, None], node.input[1]))
            node.input[0] = f"{name}_smooth"
        model.graph.initializer.append(numpy_helper.from_array(1 / factor, f"{name}_by"))
        at = next(at for at, node in enumerate(model.graph.node) if name in node.output)
        model.graph.node.insert(at + 1, helper.make_node("Mul", [name, f"{name}_by"], [f"{name}_smooth"]))


def quantise_rows(model: onnx.ModelProto, names: Iterable[str]) -> None:
    """Make products, those behind activations, 8-bit ones, a scale for each token and each column, in place."""
    wanted, graph = set(names), model.graph
    if not wanted:
        return
    weights = {one.name: one for one in graph.initializer}
    levels = {
        "rows_levels": np.float32(_LEVELS),
        "rows_floor": np.float32(_LEAST * _LEVELS / _BELOW),  # of a token's largest: nothing falls below level 0
        "rows_step": np.float32(1 / _LEVELS),
        "rows_one": np.float32(1),
        "rows_zero": np.uint8(_BELOW),
        "rows_last": np.array([-1], np.int64),
    }
    graph.initializer.extend(numpy_helper.from_array(np.asarray(value), name) for name, value in levels.items())
    nodes: list[onnx.NodeProto] = []
    for node in graph.node:
        if node.name in wanted:
            whole, scales = _columns(numpy_helper.to_array(weights[node.input[1]]))
            graph.initializer.remove(weights[node.input[1]])
            graph.initializer.append(numpy_helper.from_array(whole, f"{node.input[1]}_rows"))
            graph.initializer.append(numpy_helper.from_array(scales, f"{node.input[1]}_scales"))
            nodes += _row_product(node)
        else:
            nodes.append(node)
    del graph.node[:]
    graph.node.extend(nodes)


def _row_product(node: onnx.NodeProto) -> list[onnx.NodeProto]:
    (x, weights), out = node.input, node.output[0]
    make, fused = helper.make_node, "com.microsoft"
    columns = [f"{weights}_rows", "rows_one", f"{weights}_scales", "rows_zero"]
    return [
        make("ReduceMax", [x, "rows_last"], [f"{out}_top"], keepdims=1),
        make("Max", [f"{out}_top", "rows_floor"], [f"{out}_most"]),
        make("Div", ["rows_levels", f"{out}_most"], [f"{out}_by"]),
        make("Mul", [x, f"{out}_by"], [f"{out}_even"]),
        make("QuantizeLinear", [f"{out}_even", "rows_one", "rows_zero"], [f"{out}_small"]),
        make("MatMulIntegerToFloat", [f"{out}_small", *columns], [f"{out}_sum"], domain=fused),
        make("Mul", [f"{out}_most", "rows_step"], [f"{out}_back"]),
        make("Mul", [f"{out}_sum", f"{out}_back"], [out]),
    ]


def _columns(weights: Floats) -> tuple[npt.NDArray[np.int8], Floats]:
    """Weights (n, m) as int8 with (m,) scales."""
    scales = np.abs(weights).max(axis=0) / _LARGEST_WEIGHT
    scales[scales == 0] = 1
    return np.round(weights / scales).astype(np.int8), scales.astype(np.float32)


def halve_words(model: onnx.ModelProto) -> None:
    """Keep tables of embeddings in float16 where that changes none of their numbers, in place."""
    graph = model.graph
    tables = {one.name: one for one in graph.initializer if one.data_type == onnx.TensorProto.FLOAT}
    nodes: list[onnx.NodeProto] = []
    for node in graph.node:
        nodes.append(node)
        table = tables.get(node.input[0]) if node.op_type == "Gather" else None
        values = None if table is None else numpy_helper.to_array(table)
        if table is None or values is None or not np.array_equal(values.astype(np.float16), values):
            continue
        table.CopyFrom(numpy_helper.from_array(values.astype(np.float16), table.name))
        found = node.output[0]
        node.output[0] = f"{found}_half"
        nodes.append(helper.make_node("Cast", [f"{found}_half"], [found], to=onnx.TensorProto.FLOAT))
    del graph.node[:]
    graph.node.extend(nodes)
