from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from indexer.archive import Archive
from indexer.commit import Draft, commit
from indexer.types import Explanation, Filters, Passage
from indexer.views import View
from reader.answer import Question, answer
from reader.end_to_end import Options, evaluate
from reader.explain import Expected, explain
from reader.model import Reader
from retriever.evaluate import Judged
from tests.fakes import WordEmbedder, article, page
from tests.reader.fakes import FakeSpanModel, by_word

TEXTS = {
    "a": "Khan met Xi in Beijing.",
    "b": "Khan met Modi in Delhi.",
    "c": "Volcano erupts near Rome.",
    "d": "Headline Oslo",  # no passage
}
QUESTION = Question("Where did Khan meet Xi?", top_k=5, depth=2, mode="hybrid", filters=Filters())
# "Beij" + "ing" is best, "Delh" + "i" next.
SCORES = by_word(Beij=(6.0, -9.0), ing=(-9.0, 6.0), Delh=(4.0, -9.0), i=(-9.0, 4.0), Rome=(9.0, 9.0))


@pytest.fixture
def view(tmp_path: Path) -> Iterator[View]:
    archive = Archive(tmp_path / "archive", WordEmbedder(), create=True)
    drafts = []
    for name, text in TEXTS.items():
        passages = [] if name == "d" else [Passage(0, len(text))]
        vectors = archive.embedder.encode([(None, text)])[: len(passages)]
        drafts.append(Draft(page(text, id=name), article(text, id=name, source=name), passages, vectors))
    commit(archive, drafts)
    yield archive.view()
    archive.close()


def found(view: View, expected: Expected, question: Question = QUESTION, threshold: float = 0.0) -> Explanation:
    return explain(question, expected, view, WordEmbedder(), Reader(FakeSpanModel(SCORES, threshold=threshold)))


@pytest.mark.parametrize(
    ("expected", "changes", "threshold", "lost"),
    [
        (Expected(("beijing",)), {}, 0.0, None),
        (Expected((), ("a",)), {}, 0.0, None),
        (Expected(("beijing",)), {}, 50.0, "abstained"),
        (Expected(("Delhi",)), {}, 0.0, "outscored"),
        (Expected(("Delhi",)), {"depth": 1}, 0.0, "not_read"),
        (Expected(("Rome",)), {"filters": Filters(source=("a",))}, 0.0, "filtered"),
        (Expected(("Rome",)), {"mode": "lexical"}, 0.0, "not_retrieved"),
        (Expected(("Oslo",)), {}, 0.0, "not_chunked"),
        (Expected(("Paris",)), {}, 0.0, "not_in_archive"),
        (Expected((), ("nowhere",)), {}, 0.0, "not_in_archive"),
        (Expected(), {}, 0.0, None),
        (Expected(), {}, 50.0, "abstained"),
    ],
)
def test_the_stage_that_lost_the_answer(
    view: View, expected: Expected, changes: dict[str, object], threshold: float, lost: str | None
) -> None:
    explanation = found(view, expected, QUESTION._replace(**changes), threshold)  # type: ignore[arg-type]
    assert explanation.lost == lost
    assert explanation.detail


def test_what_one_leg_ranks_high_may_be_fused_out(view: View) -> None:
    """Words alone put it first; by meaning the others stand far above it."""

    class Contrary(WordEmbedder):
        def encode_query(self, question: str) -> object:  # type: ignore[override]
            return super().encode_query("Khan met Xi in Beijing.")

    question = QUESTION._replace(text="volcano", depth=1)
    reader = Reader(FakeSpanModel(SCORES))
    explanation = explain(question, Expected(("Rome",)), view, Contrary(), reader)  # type: ignore[arg-type]
    [traced] = [one for one in explanation.passages if one.article.id == "c"]
    assert (traced.lexical_rank, traced.fused_rank, traced.read_rank) in {(1, 2, None), (1, 3, None)}
    assert (explanation.lost, traced.expected) == ("fused_out", True)


def test_every_passage_has_its_ranks_and_its_best_quotation(view: View) -> None:
    explanation = found(view, Expected(("Beijing",)), QUESTION._replace(depth=3))
    first = explanation.passages[0]
    assert (first.article.id, first.read_rank, first.fused_rank, first.dense_rank, first.lexical_rank) == (
        "a",
        1,
        1,
        1,
        1,
    )
    assert (first.quote, first.quote_score, first.expected) == ("Beijing", 12.0, True)
    assert [one.read_rank for one in explanation.passages] == [1, 2, 3]
    assert [(one.answer, one.read_rank, one.expected) for one in explanation.answers[:2]] == [
        ("Rome", 3, False),
        ("Beijing", 1, True),
    ]


def test_it_explains_what_ask_answers(view: View) -> None:
    reader = Reader(FakeSpanModel(SCORES))
    reply = answer(QUESTION, view, WordEmbedder(), reader)
    explanation = explain(QUESTION, Expected(), view, WordEmbedder(), reader)
    assert [(one.answer, one.score) for one in explanation.answers][: len(reply.answers)] == [
        (one.answer, one.score) for one in reply.answers
    ]
    assert [hit.text for hit in reply.passages] == [one.text for one in explanation.passages]
    assert explanation.passages[0].expected is None


def test_an_evaluation_of_questions_worked_by_hand(view: View) -> None:
    """One right, one outscored, one that no article can answer."""
    questions = [
        Judged("1", "Where did Khan meet Xi?", ("Beijing",), {"a": 1}),
        Judged("2", "Where did Khan meet Modi?", ("Delhi",), {"b": 1}),
        Judged("3", "Who is in Paris?", ("Nobody",), {"c": 1}),
    ]
    told: list[int] = []
    made = evaluate(questions, Options(depth=2), view, WordEmbedder(), Reader(FakeSpanModel(SCORES)), told.append)
    assert (made["questions"], told) == (3, [1, 2, 3])
    assert set(made["retrieval"]) == {"lexical", "dense", "hybrid"}
    hybrid = made["retrieval"]["hybrid"]
    assert hybrid["Success@1"]["mean"] == pytest.approx(2 / 3, abs=1e-4)
    assert hybrid["Answer@5"] == {"n": 3, "mean": pytest.approx(2 / 3, abs=1e-4), "low": 0.0, "high": 1.0}
    assert made["answers"]["right@1"]["mean"] == pytest.approx(1 / 3, abs=1e-4)
    assert made["answers"]["right@5"]["mean"] == pytest.approx(2 / 3, abs=1e-4)
    assert made["lost"] == {"outscored": 1, "not_retrieved": 1}
    assert {word: row["questions"] for word, row in made["by_question_word"].items()} == {"where": 2, "who": 1}
    alone = evaluate(questions, Options(depth=2), view, WordEmbedder(), None)
    assert alone["answers"] == {} == alone["lost"]
    assert alone["retrieval"] == made["retrieval"]


def test_a_question_may_have_its_own_now(tmp_path: Path) -> None:
    archive = Archive(tmp_path / "archive", WordEmbedder(), create=True)
    for name, day, city in (("old", "2020-01-01", "Beijing"), ("new", "2024-01-01", "Delhi")):
        text = f"Khan met Xi in {city}."
        made = article(text, id=name, published_at=day)
        draft = Draft(page(text, id=name), made, [Passage(0, len(text))], archive.embedder.encode([(None, text)]))
        commit(archive, [draft])
    reader = Reader(FakeSpanModel(SCORES))
    asked = replace(QUESTION.filters, as_of="2020")
    reply = answer(QUESTION._replace(filters=asked), archive.view(), WordEmbedder(), reader)
    assert {hit.article.id for hit in reply.passages} == {"old"}
    row = Judged("1", QUESTION.text, ("Delhi",), {"new": 1}, as_of="2021-06-01")
    assert evaluate([row], Options(), archive.view(), WordEmbedder(), reader)["answers"]["right@5"]["mean"] == 0.0
    archive.close()
