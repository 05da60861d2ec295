"""One operator for an attention, and only where it says the same."""

from __future__ import annotations

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import parser

from indexer.models.fusion import fuse_attention
from indexer.types import Floats

_HEADS = 2


def graph(mask: str, product: str = "p") -> onnx.ModelProto:
    """Attention as torch.export writes it, over ids (n, n_tokens), 16 wide; `mask` makes what `product` names."""
    model = parser.parse_model(f"""
    <ir_version: 10, opset_import: ["" : 20]>
    g (int64[n, s] ids) => (float[n, s, 16] out)
    <int64[4] cut = {{0, 0, 2, 8}}, int64[3] join = {{0, 0, 16}}, float scale = {{0.25}}, float zero = {{0.0}},
     float low = {{-100.0}}, int64[1] first = {{0}}, int64[1] second = {{1}}, int64 none = {{0}}, int64 one = {{1}}> {{
        x = Gather(table, ids)
        q = MatMul(x, wq)
        k = MatMul(x, wk)
        v = MatMul(x, wv)
        qc = Reshape(q, cut)
        kc = Reshape(k, cut)
        vc = Reshape(v, cut)
        qt = Transpose<perm = [0, 2, 1, 3]>(qc)
        kt = Transpose<perm = [0, 2, 3, 1]>(kc)
        vt = Transpose<perm = [0, 2, 1, 3]>(vc)
        dots = MatMul(qt, kt)
        p = Mul(dots, scale)
        shape = Shape(ids)
        length = Gather(shape, one)
        places = Range(none, length, one)
        rows = Unsqueeze(places, second)
        columns = Unsqueeze(places, first)
        {mask}
        soft = Softmax<axis = -1>({product})
        mixed = MatMul(soft, vt)
        turned = Transpose<perm = [0, 2, 1, 3]>(mixed)
        out = Reshape(turned, join)
    }}
    """)
    rng = np.random.default_rng(0)
    for name, shape in {"table": (50, 16), "wq": (16, 16), "wk": (16, 16), "wv": (16, 16)}.items():
        values = rng.normal(size=shape).astype(np.float32)
        model.graph.initializer.append(onnx.numpy_helper.from_array(values, name))
    return model


def run(model: onnx.ModelProto, ids: list[list[int]]) -> Floats:
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    found: Floats = session.run(None, {"ids": np.array(ids, np.int64)})[0]
    return found


NOTHING_HIDDEN = """seen = GreaterOrEqual(rows, none)
    m = Where(seen, zero, low)
    a = Add(p, m)"""


@pytest.mark.parametrize(("mask", "product"), [("", "p"), (NOTHING_HIDDEN, "a")], ids=["no mask", "an empty mask"])
def test_attention_becomes_one_operator_that_says_the_same(mask: str, product: str) -> None:
    model = graph(mask, product)
    asked = [list(range(40)), list(range(40, 0, -1))]
    before = run(model, asked)
    assert fuse_attention(model, _HEADS, 300) == 1
    assert "MultiHeadAttention" in {node.op_type for node in model.graph.node}
    assert "out" not in {name for node in model.graph.node if node.op_type == "Reshape" for name in node.output}
    np.testing.assert_allclose(run(model, asked), before, atol=1e-4)
    assert np.abs(before).max() > 1


@pytest.mark.parametrize(
    "mask",
    [  # what comes after is hidden; a window, from the 102nd token on; 0 here, but made of what is read
        "seen = GreaterOrEqual(rows, columns)\n m = Where(seen, zero, low)\n a = Add(p, m)",
        "far = Constant<value_int = 100>()\n gap = Sub(rows, columns)\n seen = Less(gap, far)\n"
        "m = Where(seen, zero, low)\n a = Add(p, m)",
        "wide = Cast<to = 1>(ids)\n flat = Mul(wide, zero)\n three = Unsqueeze(flat, second)\n"
        "m = Unsqueeze(three, second)\n a = Add(p, m)",
    ],
    ids=["causal", "window", "of the text"],
)
def test_a_mask_that_may_hide_something_stays(mask: str) -> None:
    model = graph(mask, "a")
    before = model.SerializeToString()
    assert fuse_attention(model, _HEADS, 300) == 0
    assert model.SerializeToString() == before


def test_what_is_no_attention_stays() -> None:
    model = graph("twice = MatMul(qt, kt)", "twice")  # no scale
    assert fuse_attention(model, _HEADS, 300) == 0
