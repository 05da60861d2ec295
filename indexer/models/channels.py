"""The few channels that are largest out of an activation, apart from all others, so that these can have fewer bits.

A number that is far larger than those beside it sets the grid that all of them are rounded to, and its own error is as
large: in a wide network a few channels do so in nearly every text (Dettmers et al. 2022,
https://arxiv.org/abs/2208.07339).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import onnx
from onnx import helper, numpy_helper

from indexer.models.quantise import Products
from indexer.types import Floats


class _FeedForward(NamedTuple):
    """activation(x weights + bias) weights: its nodes, and the name of the bias."""

    into: onnx.NodeProto
    sum: onnx.NodeProto
    bias: str
    active: onnx.NodeProto
    out: onnx.NodeProto


def split_channels(model: onnx.ModelProto, largest: Mapping[str, Floats], n_channels: int) -> list[str]:
    """Give the channels that are largest out of activations products of their own, in place; returns their names.

    largest: of `activated`, (width,) the largest number of each channel. The graph says the same as before, but for
    rounding; the channels are 0 in the products that all had. An activation stays as it is that is not between two
    products with weights of their own, the first with a bias, or that something else needs too.
    """
    products, names = Products(model), list[str]()
    for name, most in largest.items():
        found = _feed_forward(products, name)
        if found is not None:
            chosen = np.sort(np.argsort(-most, kind="stable")[:n_channels])
            names += _split(model, products, found, chosen.tolist())
    return names


def _feed_forward(products: Products, name: str) -> _FeedForward | None:
    active, out = products.made[name], products.by_input[name]
    sum_ = products.made.get(active.input[0])
    if len(out) != 1 or products.uses[name] != 1 or sum_ is None or sum_.op_type != "Add":
        return None
    bias = next((one for one in sum_.input if one in products.weights), None)
    into = next((products.made[one] for one in sum_.input if one in products.made), None)
    alone = products.uses[active.input[0]] == 1
    if bias is None or into is None or not alone or into not in products.by_input[into.input[0]]:
        return None
    return _FeedForward(into, sum_, bias, active, out[0])


def _split(model: onnx.ModelProto, products: Products, found: _FeedForward, chosen: list[int]) -> list[str]:
    into, sum_, bias, active, out = found
    few, add = f"{active.output[0]}_few", model.graph.initializer.append
    for weights, part, axis in ((into.input[1], f"{few}_in", 1), (out.input[1], f"{few}_out", 0)):
        taken, others = _taken(products.weights[weights], chosen, axis)
        add(numpy_helper.from_array(taken, part))
        products.weights[weights].CopyFrom(numpy_helper.from_array(others, weights))
    taken, others = _taken(products.weights[bias], chosen, 0)
    add(numpy_helper.from_array(taken, f"{few}_bias"))
    add(numpy_helper.from_array(others, f"{few}_bias_of_others"))  # other layers may have the same bias
    sum_.input[list(sum_.input).index(bias)] = f"{few}_bias_of_others"
    both, out.output[0] = out.output[0], f"{few}_others"
    activation = onnx.NodeProto()
    activation.CopyFrom(active)
    activation.name, activation.input[0], activation.output[0] = f"{few}_active", f"{few}_sum", f"{few}_active"
    first, second = f"{few}_into", f"{few}_result"
    nodes = [
        helper.make_node("MatMul", [into.input[0], f"{few}_in"], [first], name=first),
        helper.make_node("Add", [first, f"{few}_bias"], [f"{few}_sum"]),
        activation,
        helper.make_node("MatMul", [f"{few}_active", f"{few}_out"], [second], name=second),
        helper.make_node("Add", [f"{few}_others", second], [both]),
    ]
    at = next(at for at, node in enumerate(model.graph.node) if f"{few}_others" in node.output)
    for place, node in enumerate(nodes, at + 1):
        model.graph.node.insert(place, node)
    return [first, second]


def _taken(weights: onnx.TensorProto, chosen: list[int], axis: int) -> tuple[Floats, Floats]:
    """These channels of weights or of a bias, and a copy of all in which they are 0."""
    others = numpy_helper.to_array(weights).copy()
    taken = others.take(chosen, axis)
    np.moveaxis(others, axis, 0)[chosen] = 0
    return taken, others
