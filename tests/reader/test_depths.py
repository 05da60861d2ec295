from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from bench.depths import by_depth, table
from bench.peers import ready
from indexer.archive import Archive
from indexer.commit import Draft, commit
from indexer.types import Filters, Passage
from indexer.views import View
from reader.answer import Question
from reader.explain import trace
from reader.model import Reader
from retriever.evaluate import Judged
from tests.fakes import WordEmbedder, article, page
from tests.reader.fakes import FakeSpanModel, by_word

TEXTS = {"a": "Khan met Xi in Beijing.", "b": "Khan met Modi in Delhi.", "c": "Volcano erupts near Rome."}
ASKED = Judged("q", "Where did Khan meet Xi?", ("Delhi",), {})
# "Delh" + "i" is best, "Beij" + "ing" next.
SCORES = by_word(Delh=(6.0, -9.0), i=(-9.0, 6.0), Beij=(4.0, -9.0), ing=(-9.0, 4.0))


@pytest.fixture
def view(tmp_path: Path) -> Iterator[View]:
    archive = Archive(tmp_path / "archive", WordEmbedder(), create=True)
    for name, text in TEXTS.items():
        given = article(text, id=name, title=f"{name.upper()}")
        vectors = archive.embedder.encode([(given.title, text)])
        commit(archive, [Draft(page(text, id=name), given, [Passage(0, len(text))], vectors)])
    yield archive.view()
    archive.close()


def test_answers_at_a_depth_are_those_of_reading_so_many_passages(view: View) -> None:
    reader = Reader(FakeSpanModel(SCORES, threshold=0.0))
    found = by_depth(ASKED, view, WordEmbedder(), reader, depths=(1, 2))
    assert (found[1]["right@1"], found[2]["right@1"]) == (0.0, 1.0)  # the passage about Delhi is the second
    for depth in (1, 2):
        made = trace(Question(ASKED.question, 5, depth, "hybrid", Filters()), view, WordEmbedder(), reader)
        quotes = [one.best.quote for one in made.groups]
        assert found[depth]["right@5"] == float("Delhi" in quotes[:5])
        assert found[depth]["MRR"] == (1 / (1 + quotes.index("Delhi")) if "Delhi" in quotes else 0.0)


def test_the_table_takes_what_is_lost_against_the_default_question_by_question() -> None:
    def marks(mrr: float) -> dict[str, float]:
        return {"right@1": mrr, "right@5": 1.0, "MRR": mrr, "F1": 0.25}

    rows = [{4: marks(0.5), 8: marks(1), 12: marks(1), 20: marks(1), 30: marks(1)}] * 2
    lines = table(rows, {}).splitlines()
    assert lines[0] == "| 2 questions | right@1 | right@5 | MRR | F1 | MRR less that of 20 |"
    assert lines[2] == "| 4 | 0.500 | 1.000 | 0.500 | 0.250 | -0.500 (-0.500 to -0.500) |"


def test_what_peers_get_are_the_passages_with_the_vectors_that_are_stored(view: View, tmp_path: Path) -> None:
    assert ready.write(view, tmp_path) == set(TEXTS)
    passages = [json.loads(line) for line in (tmp_path / ready.PASSAGES).read_text("utf-8").splitlines()]
    assert passages == [
        {"id": name, "title": name.upper(), "day": 0, "start": 0, "text": text} for name, text in sorted(TEXTS.items())
    ]
    stored = np.concatenate([view.vectors(view.row_of(name)) for name in sorted(TEXTS)])
    assert (np.load(tmp_path / ready.VECTORS).astype(np.float32) == stored).all()
