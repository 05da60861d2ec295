"""The channels that are largest out of an activation go a way of their own, and all sums stay what they were."""

from __future__ import annotations

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import numpy_helper, parser

from indexer.models.channels import split_channels
from indexer.models.quantise import activated, behind, quantise_rows
from indexer.types import Floats

WIDTH, WIDE = 8, 32
LARGE = [5, 17, 30]  # channels whose numbers are a hundred times those of the others
X = np.random.default_rng(0).normal(size=(2, 12, WIDTH)).astype(np.float32)

LAYER = """
    wide = MatMul(x, w1)
    biased = Add({bias})
    active = Gelu(biased)
    sum = MatMul(active, w2)
    out = Add(sum, b2)
"""


def network(layer: str = LAYER, bias: str = "wide, b1") -> onnx.ModelProto:
    model = parser.parse_model(f"""
    <ir_version: 10, opset_import: ["" : 20, "com.microsoft" : 1]>
    g (float[n, s, 8] x) => (float[n, s, 8] out) {{ {layer.format(bias=bias)} }}
    """)
    rng = np.random.default_rng(1)
    made = {
        "w1": rng.normal(size=(WIDTH, WIDE)),
        "b1": rng.normal(size=WIDE),
        "w2": rng.normal(size=(WIDE, WIDTH)),
        "b2": rng.normal(size=WIDTH),
        "w3": rng.normal(size=(WIDE, WIDTH)),
    }
    made["w1"][:, LARGE] *= 100
    made["w2"][LARGE] /= 100
    model.graph.initializer.extend(
        numpy_helper.from_array(value.astype(np.float32), name) for name, value in made.items()
    )
    for number, node in enumerate(model.graph.node):
        node.name = f"{node.op_type}{number}"
    return model


def run(model: onnx.ModelProto) -> Floats:
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    found: Floats = session.run(["out"], {"x": X})[0]
    return found


def weights(model: onnx.ModelProto, name: str) -> Floats:
    return numpy_helper.to_array(next(one for one in model.graph.initializer if one.name == name))


def largest(model: onnx.ModelProto) -> dict[str, Floats]:
    """By hand: gelu of x w1 + b1 is at most what it is without the curve."""
    return {"active": np.abs(X @ weights(model, "w1") + weights(model, "b1")).max(axis=(0, 1))}


@pytest.mark.parametrize("bias", ["wide, b1", "b1, wide"])
def test_the_largest_channels_have_products_of_their_own_and_no_sum_changes(bias: str) -> None:
    model, whole = network(bias=bias), network(bias=bias)
    names = split_channels(model, largest(model), len(LARGE))
    assert names == ["active_few_into", "active_few_result"]
    np.testing.assert_array_equal(weights(model, "active_few_in"), weights(whole, "w1")[:, LARGE])
    np.testing.assert_array_equal(weights(model, "active_few_bias"), weights(whole, "b1")[LARGE])
    np.testing.assert_array_equal(weights(model, "active_few_out"), weights(whole, "w2")[LARGE])
    others = [channel for channel in range(WIDE) if channel not in LARGE]
    for name, of_others, axis in (("w1", "w1", 1), ("b1", "active_few_bias_of_others", 0), ("w2", "w2", 0)):
        left = weights(model, of_others)
        assert not left.take(LARGE, axis).any()
        np.testing.assert_array_equal(left.take(others, axis), weights(whole, name).take(others, axis))
    onnx.checker.check_model(model)
    np.testing.assert_allclose(run(model), run(whole), rtol=1e-4, atol=1e-4)


def lost(split: int) -> float:
    """What 8 bits behind the activation lose, as a share of what comes out."""
    model, exact = network(), run(network())
    rows = behind(model, activated(model))
    split_channels(model, largest(model), split)
    quantise_rows(model, rows)
    return float(np.linalg.norm(run(model) - exact) / np.linalg.norm(exact))


def test_eight_bits_lose_less_without_the_channels_that_set_the_grid() -> None:
    assert lost(len(LARGE)) < lost(0) / 10
    assert lost(1) > lost(len(LARGE))  # two are left


ALSO = LAYER + " more = ReduceMax<keepdims = 0>(active) "
TWICE = LAYER.replace("sum = ", "again = MatMul(biased, w3)\n sum = ")
PLAIN = LAYER.replace("biased = Add({bias})", "biased = Identity(wide)")


@pytest.mark.parametrize("layer", [ALSO, TWICE, PLAIN])
def test_an_activation_that_something_else_needs_or_without_a_bias_stays_as_it_is(layer: str) -> None:
    model = network(layer)
    assert split_channels(model, largest(model), 3) == []
    assert model == network(layer)
