"""What is exported says what the original says, as sentence-transformers and AutoModelForQuestionAnswering run it."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
import transformers

from indexer.embed import load_embedder
from indexer.errors import ModelUnavailable
from indexer.models import manifest
from indexer.models.export import Original, compare, quantise_reader
from indexer.models.fetch import default_folder, prepare
from indexer.models.onnx_runtime import OnnxNetwork
from indexer.models.registry import ModelSpec, PathSource, load_registry
from indexer.models.sample import SAMPLES
from indexer.models.spans import SpanModel, load_span_model
from indexer.models.tokenizer import Tokenizer

REGISTRY = load_registry()
EMBEDDER, READER = REGISTRY["all-minilm-l6-v2"], REGISTRY["minilm-l6-reader"]
SEEDS = Path(__file__).parents[2] / "seeds"


@pytest.fixture(autouse=True, scope="module")
def _one_thread() -> Iterator[None]:
    """On a busy machine torch's threads wait for each other far longer than they work."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def as_torch(spec: ModelSpec) -> ModelSpec:
    """The same model, run by its makers' library; prepared once on this machine."""
    original = replace(spec, runtime="torch")
    prepare(original, default_folder())
    return original


def news() -> list[tuple[str | None, str]]:
    """Twenty titles and beginnings of articles."""
    lines = (SEEDS / "wikinews.jsonl").read_text("utf-8").splitlines()[::15]
    return [(record["title"], record["text"][30:530].strip()) for record in map(json.loads, lines)]


def test_vectors_agree_with_sentence_transformers() -> None:
    exported = load_embedder(EMBEDDER, default_folder(), "chunker/1")
    original = load_embedder(as_torch(EMBEDDER), default_folder(), "chunker/1")
    assert (exported.runtime, original.runtime) == ("onnx-int8", "torch")
    assert exported.fingerprint == original.fingerprint
    passages = news()
    ours, theirs = exported.encode(passages), original.encode(passages)
    cosines = (ours * theirs).sum(axis=1)
    assert cosines.mean() >= 0.99
    assert cosines.min() >= 0.98
    question = "Who won the election?"
    asked, asked_there = exported.encode_query(question), original.encode_query(question)
    assert (ours @ asked).argmax() == (theirs @ asked_there).argmax()
    assert original.fits("Title", "they " * 250)
    assert not original.fits("Title", "they " * 260)


def best(model: SpanModel, question: str, passage: str) -> str:
    (window,) = model.logits(question, [passage])
    inside = np.array([offset is not None for offset in window.offsets])
    legal = np.tril(np.triu(np.outer(inside, inside)), 29)
    first, last = divmod(int(np.where(legal, window.start[:, None] + window.end, -np.inf).argmax()), len(inside))
    start, end = window.offsets[first], window.offsets[last]
    assert start is not None
    assert end is not None
    return passage[start[0] : end[1]]


def test_answers_agree_with_auto_model_for_question_answering() -> None:
    exported, original = (load_span_model(spec, default_folder()) for spec in (READER, as_torch(READER)))
    assert (exported.fingerprint, exported.max_tokens) == (original.fingerprint, original.max_tokens)
    answers = [(best(exported, *sample), best(original, *sample)) for sample in SAMPLES]
    assert sum(ours == theirs for ours, theirs in answers) >= 0.75 * len(answers)
    assert all(ours in theirs or theirs in ours for ours, theirs in answers)  # int8 may stop at another word
    assert ("Norvik Energi", "Norvik Energi") in answers


def off(model: SpanModel, original: SpanModel) -> float:
    """What a model's logits over "no answer" differ by from those of another, root mean square."""
    squares = []
    for _, passage in news():
        (ours,), (theirs,) = (one.logits("What was announced, and by whom?", [passage]) for one in (model, original))
        gaps = [
            one - one[0] - (other - other[0]) for one, other in ((ours.start, theirs.start), (ours.end, theirs.end))
        ]
        squares.append(np.mean(np.square(gaps)))
    return float(np.sqrt(np.mean(squares)))


def test_eight_bits_cost_a_readers_margins_a_third_less_than_plain_ones(tmp_path: Path) -> None:
    exact = replace(READER, runtime="onnx")
    prepare(exact, default_folder())
    quantise_reader(manifest.home(exact, default_folder()) / "model.onnx", tmp_path / "plain.onnx", False, False)
    ours, original = (load_span_model(spec, default_folder()) for spec in (READER, as_torch(READER)))
    tokenizer = Tokenizer.load(manifest.home(exact, default_folder()) / "tokenizer.json")
    plain = SpanModel(READER, "plain", tokenizer, OnnxNetwork(tmp_path / "plain.onnx"))
    lost, would = off(ours, original), off(plain, original)
    assert lost < min(0.15, 0.7 * would)  # would: one scale for all tokens and channels
    made = onnx.load(manifest.home(READER, default_folder()) / "model.onnx")
    kinds = Counter(node.op_type for node in made.graph.node)
    assert (kinds["MatMulInteger"], kinds["MatMulIntegerToFloat"], kinds["MatMul"]) == (31, 6, 0)


# A toy of random weights: exports in seconds, and float agrees to the last digits

TOY: Any = {"vocab_size": 30_522, "max_position_embeddings": 128}


def toy(folder: Path, model: transformers.PreTrainedModel) -> Path:
    """A model's files in a folder, with the reader's tokenizer."""
    model.save_pretrained(folder)
    shutil.copyfile(manifest.home(READER, default_folder()) / "tokenizer.json", folder / "tokenizer.json")
    return folder


def bert(seed: int) -> transformers.PreTrainedModel:
    torch.manual_seed(seed)
    sizes: Any = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 64}
    return transformers.BertForQuestionAnswering(transformers.BertConfig(**TOY, **sizes))


def distilbert() -> transformers.PreTrainedModel:
    torch.manual_seed(3)
    sizes: Any = {"dim": 32, "n_layers": 1, "n_heads": 4, "hidden_dim": 64}
    return transformers.DistilBertModel(transformers.DistilBertConfig(**TOY, **sizes))


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> tuple[ModelSpec, Path]:
    """A toy reader, exported without quantising: its spec, and the folder of prepared models."""
    folder = tmp_path_factory.mktemp("toys")
    files = toy(folder / "bert", bert(1))
    spec = replace(READER, name="toy", runtime="onnx", files={}, sources=(PathSource(files),), max_tokens=128)
    told: list[str] = []
    prepare(spec, folder, told.append)
    assert "cosine of onnx and torch logits: mean 1.0000, least 1.0000 over 16 texts" in told[2]
    return spec, folder


def test_a_float_export_says_the_same_at_any_length(exported: tuple[ModelSpec, Path]) -> None:
    spec, folder = exported
    network, original = OnnxNetwork(manifest.home(spec, folder) / "model.onnx"), Original(spec, folder / "bert")
    tokenizer = Tokenizer.load(folder / "bert" / "tokenizer.json")
    for length in (0, 1, 7, 100):
        tokens = tokenizer.encode("who", "they " * length)
        for ours, theirs in zip(network.run(tokens), original.run(tokens), strict=True):
            assert ours.shape == (length + 4,)
            np.testing.assert_allclose(ours, theirs, atol=1e-5)


def test_attention_is_one_operator_in_every_layer(exported: tuple[ModelSpec, Path]) -> None:
    spec, folder = exported
    kinds = Counter(node.op_type for node in onnx.load(manifest.home(spec, folder) / "model.onnx").graph.node)
    assert kinds["MultiHeadAttention"] == 2
    assert {"Softmax", "Transpose"}.isdisjoint(kinds)


@pytest.mark.parametrize(("float_channels", "n_products"), [(0, 0), (8, 4)])  # two to each of two layers
def test_the_largest_channels_stay_in_float32_where_a_spec_says_so(
    exported: tuple[ModelSpec, Path], float_channels: int, n_products: int
) -> None:
    spec, folder = exported
    small = replace(spec, runtime="onnx-int8", float_channels=float_channels)
    prepare(small, folder)  # refuses what differs from the original
    graph = onnx.load(manifest.home(small, folder) / "model.onnx").graph
    shapes = {one.name: tuple(one.dims) for one in graph.initializer}
    found = [shapes[node.input[1]] for node in graph.node if node.op_type == "MatMul"]
    assert found == [(32, float_channels), (float_channels, 32)] * (n_products // 2)


def test_an_export_that_disagrees_is_refused(exported: tuple[ModelSpec, Path], tmp_path: Path) -> None:
    spec, folder = exported
    other = Original(spec, toy(tmp_path / "other", bert(2)))
    with pytest.raises(ModelUnavailable, match=r"its onnx export differs from the original: cosine mean [^;]*$"):
        compare(spec, other, manifest.home(spec, folder), print)
    eight = replace(spec, runtime="onnx-int8")
    with pytest.raises(ModelUnavailable, match=r"its onnx-int8 export .*; more float_channels, or `runtime: onnx`"):
        compare(eight, other, manifest.home(spec, folder), print)


def test_an_embedder_without_token_types_is_exported_too(tmp_path: Path) -> None:
    files = toy(tmp_path / "distilbert", distilbert())
    spec = replace(EMBEDDER, name="toy", files={}, sources=(PathSource(files),), max_tokens=64)
    prepare(spec, tmp_path)
    vectors = load_embedder(spec, tmp_path, "chunker/1").encode([(None, "They met."), ("Xi", "They met.")])
    assert vectors.shape == (2, 32)


def test_files_that_are_no_model_are_refused(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "config.json").write_text("{}")
    spec = replace(READER, files={}, sources=(PathSource(tmp_path / "empty"),))
    with pytest.raises(ModelUnavailable, match=r"it has no tokenizer\.json"):
        prepare(spec, tmp_path)
    shutil.copyfile(manifest.home(READER, default_folder()) / "tokenizer.json", tmp_path / "empty" / "tokenizer.json")
    with pytest.raises(ModelUnavailable, match="transformers cannot load it"):
        prepare(spec, tmp_path)
    with pytest.raises(ModelUnavailable, match="transformers cannot load it"):
        load_span_model(as_found(spec, tmp_path), tmp_path)


def as_found(spec: ModelSpec, folder: Path) -> ModelSpec:
    """The same files without a look into them."""
    taken = replace(spec, runtime="torch")
    prepare(taken, folder)
    return taken
