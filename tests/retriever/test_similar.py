from __future__ import annotations

import numpy as np
import pytest

from indexer.errors import InvalidInput
from indexer.types import Filters
from indexer.views import View
from retriever.similar import similar, similar_list, vectors_of
from tests.fakes import WordEmbedder


def test_similar_articles_leave_out_the_one_asked_about(view: View) -> None:
    row = view.row_of("a1")
    found = [hit.article.id for hit in similar(view, view.vectors(row), 10, Filters(), but=row)]
    assert sorted(found) == ["a2", "a3", "a4", "a5"]  # each once, though a2 has two passages
    assert found[0] in {"a2", "a3"}  # they share words with it


def test_looking_deeper_fills_up_what_collapsing_took(view: View) -> None:
    row = view.row_of("a2")  # both nearest passages are its own
    assert len(similar(view, view.vectors(row), 1, Filters(), but=row)) == 1


def test_a_text_is_compared_under_filters(view: View, embedder: WordEmbedder) -> None:
    vectors = embedder.encode([(None, "The Games opened in Beijing.")])
    found = similar(view, vectors, 5, Filters(source=("Wikinews",)))
    assert [hit.article.id for hit in found] == ["a3", "a4"]
    assert found[0].score == pytest.approx(1.0, abs=1e-3)
    assert found[0].highlights == ()


def test_nothing_to_compare_is_an_error(view: View) -> None:
    with pytest.raises(InvalidInput, match="no text to compare"):
        similar(view, np.zeros((0, 32), np.float32), 5, Filters())


def test_a_text_is_cut_into_passages_that_are_compared(view: View, embedder: WordEmbedder) -> None:
    vectors = vectors_of("The Games opened in Beijing.", embedder)
    assert vectors.shape == (1, 32)
    assert similar_list(view, None, vectors, 1, Filters()).items[0].article.id == "a3"
    assert [hit.article.id for hit in similar_list(view, "a3", None, 9, Filters()).items].count("a3") == 0
    for text, problem in (("a\0b", "NUL"), (" ", "empty"), ("x" * 5_000_001, "shorten it")):
        with pytest.raises(InvalidInput, match=problem):
            vectors_of(text, embedder)
