"""Attention as one operator: onnxruntime's optimizer does not find it in the graphs that torch.export writes.

Run as one, it walks over queries, keys and values in blocks that fit the cache, and moves no heads to and fro.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import onnx
from onnx import helper, numpy_helper
from onnx.reference import ReferenceEvaluator

_HEADS_FIRST, _KEYS = [0, 2, 1, 3], [0, 2, 3, 1]  # (n, n_tokens, heads, size) -> ...


class _Layer(NamedTuple):
    """One attention. linear: names of query, key and value, (n, n_tokens, width); output: name of what it gives."""

    linear: tuple[str, str, str]
    scale: float
    output: str
    last: onnx.NodeProto


def fuse_attention(model: onnx.ModelProto, heads: int, longest: int) -> int:
    """Replace softmax(query keys * scale) values of each layer by one MultiHeadAttention, in place; returns how many.

    A layer that looks otherwise stays as it is, and so does one whose mask hides anything in a text of up to `longest`
    tokens. What nothing needs any more is not taken out.
    """
    layers = list(_Graph(model, longest).layers())
    for layer in layers:
        name, domain = "MultiHeadAttention", "com.microsoft"
        layer.last.CopyFrom(
            helper.make_node(name, layer.linear, [layer.output], domain=domain, num_heads=heads, scale=layer.scale)
        )
    if layers and all(opset.domain != "com.microsoft" for opset in model.opset_import):
        model.opset_import.append(helper.make_opsetid("com.microsoft", 1))
    return len(layers)


class _Graph:
    """Who makes and who takes each value of a graph."""

    def __init__(self, model: onnx.ModelProto, longest: int) -> None:
        self._model, self._longest = model, longest
        self._made = {name: node for node in model.graph.node for name in node.output}
        self._taken: dict[str, list[onnx.NodeProto]] = defaultdict(list)
        for node in model.graph.node:
            for name in node.input:
                self._taken[name].append(node)
        self._constants = {one.name: one for one in model.graph.initializer}
        self._masks: dict[str, bool] = {}

    def layers(self) -> Iterator[_Layer]:
        """Every attention that can be replaced, in the order of the graph."""
        for node in self._model.graph.node:
            layer = self._layer(node) if node.op_type == "Softmax" else None
            if layer is not None:
                yield layer

    def _layer(self, softmax: onnx.NodeProto) -> _Layer | None:
        scaled = self._maker(softmax.input[0], "Add")
        if scaled is not None:
            if not self._hides_nothing(scaled.input[1]):
                return None
            scaled = self._maker(scaled.input[0], "Mul")
        else:
            scaled = self._maker(softmax.input[0], "Mul")
        scale = self._scalar(scaled.input[1]) if scaled is not None else None
        product = self._maker(scaled.input[0], "MatMul") if scaled is not None else None
        mixed = self._only_taker(softmax.output[0], "MatMul")
        if product is None or mixed is None or scale is None or mixed.input[0] != softmax.output[0]:
            return None
        linear = (
            self._split(product.input[0], _HEADS_FIRST),
            self._split(product.input[1], _KEYS),
            self._split(mixed.input[1], _HEADS_FIRST),
        )
        turned = self._only_taker(mixed.output[0], "Transpose")
        joined = self._only_taker(turned.output[0], "Reshape") if turned is not None else None
        if turned is None or joined is None or _permutation(turned) != _HEADS_FIRST or None in linear:
            return None
        query, keys, values = (str(name) for name in linear)
        return _Layer((query, keys, values), scale, joined.output[0], joined)

    def _split(self, name: str, permutation: list[int]) -> str | None:
        """What was cut into heads and turned by `permutation` to give `name`."""
        turned = self._maker(name, "Transpose")
        cut = self._maker(turned.input[0], "Reshape") if turned is not None else None
        return cut.input[0] if turned is not None and cut is not None and _permutation(turned) == permutation else None

    def _hides_nothing(self, mask: str) -> bool:
        """Whether a mask depends on the number of tokens alone, and is 0 for few of them and for many."""
        if mask not in self._masks:
            needed = self._needed(mask)
            known = needed is not None and all(self._is_zero(mask, needed, n) for n in (1, 2, self._longest))
            self._masks[mask] = known
        return self._masks[mask]

    def _needed(self, name: str) -> set[str] | None:
        """Every value that goes into this one; None where the tokens themselves do, not only how many there are."""
        found: set[str] = set()
        waiting = [name]
        while waiting:
            one = waiting.pop()
            if one in found or not one:
                continue
            found.add(one)
            node = self._made.get(one)
            if node is None and one not in self._constants:
                return None
            waiting += node.input if node is not None and node.op_type != "Shape" else ()
        return found

    def _is_zero(self, mask: str, needed: set[str], n_tokens: int) -> bool:
        whole = self._model.graph
        nodes = [node for node in whole.node if needed.intersection(node.output)]
        constants = [self._constants[name] for name in sorted(needed & self._constants.keys())]
        part = helper.make_graph(
            nodes, "mask", whole.input, [helper.make_empty_tensor_value_info(mask)], initializer=constants
        )
        evaluator = ReferenceEvaluator(helper.make_model(part, opset_imports=self._model.opset_import))
        found = evaluator.run(None, {value.name: np.ones((1, n_tokens), np.int64) for value in whole.input})
        return not any(np.any(values) for values in found)

    def _maker(self, name: str, kind: str) -> onnx.NodeProto | None:
        node = self._made.get(name)
        return node if node is not None and node.op_type == kind else None

    def _only_taker(self, name: str, kind: str) -> onnx.NodeProto | None:
        takers = self._taken[name]
        return takers[0] if len(takers) == 1 and takers[0].op_type == kind else None

    def _scalar(self, name: str) -> float | None:
        value = numpy_helper.to_array(self._constants[name]) if name in self._constants else np.zeros(0)
        return float(value.item()) if value.size == 1 else None


def _permutation(node: onnx.NodeProto) -> list[int]:
    return next(list(attribute.ints) for attribute in node.attribute if attribute.name == "perm")
