"""8 bits that lose little: the same sums with smoothed channels, a scale for each token, and tables that stay exact."""

from __future__ import annotations

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import numpy_helper, parser

from indexer.models.quantise import activated, behind, halve_words, normed, quantise_rows, showing, smooth
from indexer.types import Floats, Ints

WIDTH, WIDE = 16, 64
IDS = np.arange(24)[None]


def table(exact: bool) -> Floats:
    """Embeddings with one channel a hundred times as large as the others."""
    values = np.random.default_rng(0).normal(size=(200, WIDTH)).astype(np.float32)
    values[:, 3] *= 100
    return values.astype(np.float16).astype(np.float32) if exact else values


def network(exact: bool = True) -> onnx.ModelProto:
    """An embedding, a norm, and both products of a feed-forward layer."""
    model = parser.parse_model("""
    <ir_version: 10, opset_import: ["" : 20, "com.microsoft" : 1]>
    g (int64[n, s] ids) => (float[n, s, 16] out) {
        word = Gather(words, ids)
        x = LayerNormalization <axis = -1> (word, scale, shift)
        wide = MatMul(x, w1)
        active = Gelu(wide)
        out = MatMul(active, w2)
    }
    """)
    rng = np.random.default_rng(1)
    scale = np.ones(WIDTH, np.float32)
    scale[5] = 40
    made: dict[str, Floats] = {
        "words": table(exact),
        "scale": scale,
        "shift": np.zeros(WIDTH, np.float32),
        "w1": (rng.normal(size=(WIDTH, WIDE)) / 8).astype(np.float32),
        "w2": rng.normal(size=(WIDE, WIDTH)).astype(np.float32),
    }
    model.graph.initializer.extend(numpy_helper.from_array(value, name) for name, value in made.items())
    for number, node in enumerate(model.graph.node):
        node.name = f"{node.op_type}{number}"
    return model


def run(model: onnx.ModelProto, ids: Ints = IDS) -> Floats:
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    found: Floats = session.run(None, {"ids": ids})[0]
    return found


def weights(model: onnx.ModelProto, name: str) -> Floats:
    found: Floats = numpy_helper.to_array(next(one for one in model.graph.initializer if one.name == name))
    return found


def test_smoothing_makes_channels_alike_and_changes_no_sum() -> None:
    model, before = network(), run(network())
    assert normed(model) == ["x"]
    most = np.abs(run(showing(model, ["x"]))).max(axis=(0, 1))
    smooth(model, {"x": most})
    np.testing.assert_allclose(run(model), before, rtol=1e-4, atol=1e-3)
    smoothed = np.abs(run(showing(model, ["x_smooth"]))).max(axis=(0, 1))
    assert smoothed.max() / smoothed.min() < 0.3 * most.max() / most.min()
    factor = weights(model, "w1")[:, 0] / weights(network(), "w1")[:, 0]
    np.testing.assert_allclose(weights(model, "x_by") * factor, 1, rtol=1e-6)
    octaves = 8 * np.log2(factor)
    np.testing.assert_allclose(octaves, np.round(octaves), atol=1e-3)  # so that all machines take the same ones


def test_weights_that_two_products_share_stay_as_they_are() -> None:
    model = network()
    shared = {
        "w1": ("word", "wider"),
        "w2": ("wider", "more"),
    }  # as ALBERT's layers: w1 behind no norm, w2 no activation
    for weight, (source, made) in shared.items():
        model.graph.node.append(onnx.helper.make_node("MatMul", [source, weight], [made], name=f"again {weight}"))
    model.graph.node.append(onnx.helper.make_node("Add", ["more", "out"], ["both"]))
    model.graph.output[0].name = "both"
    before = run(model)
    smooth(model, {name: np.arange(1, WIDTH + 1, dtype=np.float32) for name in normed(model)})
    quantise_rows(model, behind(model, activated(model)))
    assert np.array_equal(run(model), before)


def test_each_token_has_a_scale_of_its_own() -> None:
    model = network()
    assert behind(model, activated(model)) == ["MatMul4"]
    quantise_rows(model, ["MatMul4"])
    ours, exact = run(model), run(network())
    lost = np.linalg.norm(ours - exact, axis=-1) / np.linalg.norm(exact, axis=-1)
    assert lost.max() < 0.05
    alone = [run(model, IDS[:, at : at + 1])[0, 0] for at in range(IDS.shape[1])]
    assert np.array_equal(np.array(alone), ours[0])  # bit for bit, whatever stands beside it


@pytest.mark.parametrize("scale", [1e-6, 1e-2, 1.0, 1e4])
def test_no_activation_is_cut_off_however_small_or_large_a_token_is(scale: float) -> None:
    model = network()
    weights_of_norm = next(one for one in model.graph.initializer if one.name == "scale")
    weights_of_norm.CopyFrom(numpy_helper.from_array(np.full(WIDTH, scale, np.float32), "scale"))
    plain = onnx.ModelProto()
    plain.CopyFrom(model)
    quantise_rows(model, behind(model, activated(model)))
    grid = 2 * max(2.54, float(np.abs(run(showing(plain, ["active"]))).max())) / 239
    allowed = grid * np.abs(weights(plain, "w2")).sum(axis=0) + 0.02 * np.abs(run(plain)).max()
    assert (np.abs(run(model) - run(plain)) <= allowed).all()


def test_weights_have_seven_bits_so_that_no_pair_of_products_overflows_sixteen() -> None:
    model = network()
    quantise_rows(model, behind(model, activated(model)))
    whole = weights(model, "w2_rows")
    assert whole.dtype == np.int8
    assert np.abs(whole.astype(int)).max() == 63
    assert 2 * 255 * 63 < 2**15


def test_tables_are_halved_only_where_nothing_is_lost() -> None:
    model, before = network(), run(network())
    halve_words(model)
    assert weights(model, "words").dtype == np.float16
    assert np.array_equal(run(model), before)
    other = network(exact=False)
    halve_words(other)
    assert weights(other, "words").dtype == np.float32
    assert np.array_equal(run(other), run(network(exact=False)))
