"""Vectors: of what string, of what length, and of nothing else."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indexer.embed import TextEmbedder, load_embedder, pool
from indexer.errors import ModelMissing
from indexer.models.fetch import default_folder
from indexer.models.registry import ModelSpec, load_registry
from tests.texts import texts

SPEC = load_registry()["all-minilm-l6-v2"]
STORM = "A storm hit the coast of Brittany on Tuesday and cut power to 40,000 homes."
CUP = "The women's team of Bern won the cup on Sunday with a goal by Lea Meier. ⚽"
BRIDGE = "Mayor Ada Löfgren opened the bridge 🌉 over the Kander."


@cache
def embedder(**changes: Any) -> TextEmbedder:  # noqa: ANN401 - fields of ModelSpec
    """The embedder as it would be, had its entry in models.yaml these fields."""
    spec, folder = replace(SPEC, **changes), default_folder()
    with pytest.MonkeyPatch.context() as patched:  # other limits ask for files of their own: these do for all of them
        patched.setattr(ModelSpec, "hash", SPEC.hash)
        loaded = load_embedder(spec, folder, "chunker/1")
    assert isinstance(loaded, TextEmbedder)
    return loaded


def test_vectors_are_unit_rows_in_the_order_given() -> None:
    texts = [(None, STORM), ("Cup final", CUP), ("A bridge", BRIDGE)]
    vectors = embedder().encode(texts)
    assert vectors.dtype == np.float32
    assert vectors.shape == (3, embedder().width) == (3, 384)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)
    backwards = embedder().encode(texts[::-1])
    assert backwards[::-1].tobytes() == vectors.tobytes()


def test_a_question_is_nearest_to_what_answers_it() -> None:
    vectors = embedder().encode([(None, STORM), (None, CUP), (None, BRIDGE)])
    questions = [
        "Which bad weather left homes without electricity?",
        "Who scored in the football final?",
        "What was opened by the mayor?",
    ]
    nearest = [int((vectors @ embedder().encode_query(question)).argmax()) for question in questions]
    assert nearest == [0, 1, 2]


def test_a_question_asked_again_has_the_same_vector_and_nobody_can_change_it() -> None:
    first = embedder().encode_query("Who opened the bridge?")
    assert embedder().encode_query("Who opened the bridge?") is first
    assert embedder()._encode_query("Who opened the bridge?").tobytes() == first.tobytes()
    with pytest.raises(ValueError, match="read-only"):
        first[0] = 0.0


@settings(max_examples=25)
@given(st.lists(st.tuples(st.none() | texts(8), texts(20)), min_size=1, max_size=4))
def test_a_vector_depends_on_its_text_alone(passages: list[tuple[str | None, str]]) -> None:
    together = embedder().encode([*passages, ("A longer one", STORM * 3)])
    assert np.isfinite(together).all()
    for passage, vector in zip(passages, together, strict=False):
        assert embedder().encode([passage])[0].tobytes() == vector.tobytes()


def test_nothing_to_embed_is_an_empty_table() -> None:
    assert embedder().encode([]).shape == (0, 384)


def test_progress_adds_up() -> None:
    told: list[int] = []
    embedder().encode([(None, "One.")] * 150, told.append)
    assert told == [64, 64, 22]


def test_the_title_stands_before_the_passage_clipped() -> None:
    assert embedder().text("Xi meets Khan", "They met.") == "Xi meets Khan\nThey met."
    assert embedder().text(None, "They met.") == embedder().text("", "They met.") == "They met."
    assert embedder().text("very " * 40, "They met.") == ("very " * 32).rstrip() + "\nThey met."
    assert embedder(passage_prefix="passage: ").text("Xi", "They met.") == "passage: Xi\nThey met."


def test_fits_counts_title_passage_and_special_tokens() -> None:
    words = "they " * 252
    assert embedder().fits("Xi", words + "met")  # [CLS] xi 252 × they, met [SEP]
    assert not embedder().fits("Xi", words + "met again")
    assert embedder().fits(None, words + "met again")
    assert embedder().fits("very " * 100, "they " * 222)
    assert not embedder().fits("very " * 100, "they " * 223)


@settings(max_examples=50)
@given(title=st.none() | texts(10), passage=texts(30), limit=st.integers(8, 60))
def test_what_fits_is_embedded_whole(title: str | None, passage: str, limit: int) -> None:
    wide, tight = embedder(), embedder(max_tokens=limit)
    whole = wide.encode([(title, passage)])[0]
    if tight.fits(title, passage):
        assert tight.encode([(title, passage)])[0].tobytes() == whole.tobytes()


def test_a_text_over_the_limit_is_seen_up_to_it() -> None:
    at_limit, over = embedder().encode([(None, "they " * 254), (None, "they " * 254 + "pledged")])
    assert at_limit.tobytes() == over.tobytes()
    assert embedder().encode([(None, "they " * 253)])[0].tobytes() != over.tobytes()


def test_a_question_is_clipped_and_takes_its_prefix() -> None:
    long = "who " * 64
    assert embedder().encode_query(long + "pledged?").tobytes() == embedder().encode_query(long).tobytes()
    prefixed = embedder(question_prefix="query: ").encode_query("Who pledged?")
    assert prefixed.tobytes() == embedder().encode([(None, "query: Who pledged?")])[0].tobytes()


def test_lone_surrogates_do_not_stop_it() -> None:
    assert np.isfinite(embedder().encode_query("Who \ud83d pledged?")).all()


def test_pooling_by_hand() -> None:
    tokens = np.array([[3, 0], [1, 4], [-1, 2]], np.float32)
    np.testing.assert_allclose(pool(tokens, replace(SPEC, normalise=False)), [1, 2])
    np.testing.assert_allclose(pool(tokens, SPEC), np.array([1, 2]) / np.sqrt(5), rtol=1e-6)
    np.testing.assert_allclose(pool(tokens, replace(SPEC, pooling="cls")), [1, 0])
    assert pool(np.zeros((2, 2), np.float32), SPEC).tolist() == [0, 0]


@pytest.mark.parametrize(
    "change",
    [
        {"pooling": "cls"},
        {"normalise": False},
        {"max_tokens": 128},
        {"title_tokens": 16},
        {"question_tokens": 32},
        {"question_prefix": "query: "},
        {"passage_prefix": "passage: "},
    ],
)
def test_the_fingerprint_changes_with_all_that_decides_a_vector(change: dict[str, Any]) -> None:
    assert embedder(**change).fingerprint != embedder().fingerprint


def test_the_fingerprint_names_the_model_and_changes_with_the_chunker_but_not_with_the_licence() -> None:
    name, _, digits = embedder().fingerprint.partition(":")
    assert (name, len(digits)) == ("all-minilm-l6-v2", 12)
    assert load_embedder(SPEC, default_folder(), "chunker/2").fingerprint != embedder().fingerprint
    assert embedder(licence="MIT").fingerprint == embedder().fingerprint


def test_a_model_that_was_not_prepared_is_missing(tmp_path_factory: pytest.TempPathFactory) -> None:
    with pytest.raises(ModelMissing, match="run `pullquote models --fetch`"):
        load_embedder(SPEC, tmp_path_factory.mktemp("empty"), "chunker/1")


def test_serving_imports_neither_torch_nor_transformers() -> None:
    program = """
import sys
from indexer.embed import load_embedder
from indexer.models.fetch import default_folder
from indexer.models.registry import ModelSpec, load_registry
from indexer.models.spans import load_span_model
models = load_registry()
load_embedder(models["all-minilm-l6-v2"], default_folder(), "c").encode_query("Who?")
load_span_model(models["minilm-l6-reader"], default_folder()).logits("Who?", ["Xi."])
heavy = {"torch", "transformers", "sentence_transformers", "huggingface_hub", "onnx", "pandas", "sympy"}
print(sorted(heavy & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
