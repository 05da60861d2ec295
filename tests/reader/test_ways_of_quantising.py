"""Static scales give a text the same bits beside any other one; dynamic ones do not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import parser
from onnxruntime.quantization import CalibrationMethod

from bench.quantise import batch_independent, dynamic, static
from indexer.models.tokenizer import Tokens
from indexer.types import Floats

IDS = np.arange(1, 129)
TEXT = Tokens(IDS, np.zeros_like(IDS), np.zeros((len(IDS), 2), np.int64), np.ones_like(IDS))


@pytest.fixture
def whole(tmp_path: Path) -> Path:
    """Two products with weights over the sum of two embeddings; the second is behind an activation."""
    model = parser.parse_model("""
    <ir_version: 10, opset_import: ["" : 20]>
    g (int64[n, s] input_ids, int64[n, s] token_type_ids) => (float[n, s, 4] out) {
        word = Gather(words, input_ids)
        kind = Gather(kinds, token_type_ids)
        x = Add(word, kind)
        y = MatMul(x, w1)
        active = Relu(y)
        out = MatMul(active, w2)
    }
    """)
    for number, node in enumerate(model.graph.node):
        node.name = f"{node.op_type}{number}"
    rng = np.random.default_rng(0)
    for name, shape in {"words": (20_000, 16), "kinds": (2, 16), "w1": (16, 8), "w2": (8, 4)}.items():
        values = rng.normal(size=shape).astype(np.float32)
        model.graph.initializer.append(onnx.numpy_helper.from_array(values, name))
    file = tmp_path / "whole.onnx"
    onnx.save(model, file)
    return file


def run(file: Path) -> Floats:
    session = onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"])
    found: Floats = session.run(None, {"input_ids": TEXT.ids[None], "token_type_ids": TEXT.types[None]})[0]
    return found


def kinds(file: Path) -> list[str]:
    return [node.op_type for node in onnx.load(file).graph.node]


@pytest.mark.parametrize("bits", [7, 8])
def test_both_say_nearly_the_same_and_only_static_scales_ignore_batch_mates(whole: Path, bits: int) -> None:
    moving, fixed = whole.with_name("dynamic.onnx"), whole.with_name("static.onnx")
    dynamic(bits)(whole, moving)
    static(bits, CalibrationMethod.MinMax, [TEXT])(whole, fixed)
    for file in (moving, fixed):
        assert np.corrcoef(run(file).ravel(), run(whole).ravel())[0, 1] > 0.99
        assert file.stat().st_size < whole.stat().st_size / 3
    assert kinds(moving).count("MatMulInteger") == 2
    assert kinds(fixed).count("QuantizeLinear") == 2
    assert (batch_independent(whole), batch_independent(moving), batch_independent(fixed)) == (True, False, True)


def test_products_behind_activations_stay_float(whole: Path) -> None:
    half = whole.with_name("half.onnx")
    dynamic(8, floats=True)(whole, half)
    assert kinds(half).count("MatMulInteger") == 1
    static(8, CalibrationMethod.MinMax, [TEXT], floats=True)(whole, half)
    assert kinds(half).count("QuantizeLinear") == 1


def test_a_network_without_token_types_is_told_apart_too(whole: Path) -> None:
    model = onnx.load(whole)
    del model.graph.input[1]
    kind = next(node for node in model.graph.node if node.output[0] == "kind")
    model.graph.node.remove(kind)
    model.graph.node[1].CopyFrom(onnx.helper.make_node("Identity", ["word"], ["x"], name="Same"))
    onnx.save(model, whole)
    moving, fixed = whole.with_name("dynamic.onnx"), whole.with_name("static.onnx")
    dynamic(8)(whole, moving)
    static(8, CalibrationMethod.MinMax, [TEXT])(whole, fixed)
    assert (batch_independent(whole), batch_independent(moving), batch_independent(fixed)) == (True, False, True)
