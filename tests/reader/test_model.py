from __future__ import annotations

import math
from itertools import combinations, product
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.models.fetch import default_folder
from indexer.models.registry import load_registry
from indexer.models.spans import load_span_model
from indexer.types import Best, Reading
from reader.group import names_something
from reader.model import Candidate, Reader
from reader.words import Words
from tests.reader.fakes import FakeSpanModel, at_random, by_word
from tests.texts import texts


def test_passages_compete_by_margin_over_no_answer() -> None:
    # tokens of four letters at most: "clos" "er"; "Beij" "ing"
    scores = by_word(clos=(5.0, 0.0), er=(0.0, 4.0), Beij=(3.0, 0.0), ing=(0.0, 7.0))
    found = Reader(FakeSpanModel(scores, no_answer=2.0)).read("?", ["met in Beijing.", "no", "a closer look"], n=2)
    assert found == [Candidate(0, 7, 14, 8.0), Candidate(2, 2, 8, 7.0)]


def test_half_a_word_is_no_answer() -> None:
    scores = by_word(coop=(0.0, 9.0), erat=(0.0, 0.0), ion=(0.0, 1.0), more=(8.0, 0.0))
    (best, *_) = Reader(FakeSpanModel(scores)).read("?", ["more cooperation"])
    assert best == Candidate(0, 0, 16, 9.0)  # not "more coop" at 17


def test_edges_are_put_right_and_keep_the_score_of_the_span() -> None:
    scores = {"“": (9.0, 0.0), "yes": (0.0, 0.0), "we": (0.0, 9.0)}
    (best, *_) = Reader(FakeSpanModel(lambda t: scores.get(t, (-9.0, -9.0)))).read("?", ["said “yes we can”"])
    assert best == Candidate(0, 6, 12, 18.0)


def test_a_quotation_is_at_most_max_tokens_long() -> None:
    scores = by_word(a=(9.0, 0.0), b=(1.0, 1.0), c=(0.0, 9.0))
    model = FakeSpanModel(scores)
    assert Reader(model, max_tokens=3).read("?", ["a b c"], n=1) == [Candidate(0, 0, 5, 18.0)]
    assert Reader(model, max_tokens=2).read("?", ["a b c"], n=1) == [Candidate(0, 0, 3, 10.0)]


@pytest.mark.parametrize(
    ("question", "gap", "answer", "score"),
    [("Who left?", 0.9, "b", 17.1), ("Who left?", 1.1, "", 17.0), ("What did Xi say?", 0.1, "", 18.0)],
)
def test_in_one_text_tokens_have_a_price_but_for_what_someone_said(
    question: str, gap: float, answer: str, score: float
) -> None:
    context = " ".join("bcdefghjklmnopqrstuvw")  # b to w: 20 more tokens, 1.0 in all
    reader = Reader(FakeSpanModel(by_word(b=(9.0, 9.0 - gap), w=(0.0, 9.0))))
    found = reader.read_one(question, context)
    assert found.answer == (answer or context)
    assert found.score == pytest.approx(score)
    (free,) = reader.read(question, [context], n=1)  # out of an archive
    assert free == Candidate(0, 0, 41, 18.0)


@pytest.mark.parametrize("question", ["Who left?", "What did Xi say?"])
def test_in_one_text_what_begins_late_has_its_price(question: str) -> None:
    context = "Anna left. " + "x " * 295 + "Bo left."  # Bo stands 601 characters in: .8 log 4.005, 1.11
    for bonus, answer, score in ((1.1, "Anna", 10.0), (1.12, "Bo", 11.12 - 0.8 * math.log(1 + 601 / 200))):
        reader = Reader(FakeSpanModel(by_word(Anna=(5.0, 5.0), Bo=(5.0, 5.0 + bonus))))
        found = reader.read_one(question, context)
        assert found.answer == answer
        assert found.score == pytest.approx(score, abs=1e-5)
        (free,) = reader.read(question, [context], n=1)  # out of an archive
        assert (free.start, free.end) == (601, 603)
        assert free.score == pytest.approx(10.0 + bonus)


def test_a_quotation_never_goes_over_a_blank_line() -> None:
    model = FakeSpanModel(by_word(one=(9, 0), two=(0, 8), four=(0, 9)))
    found = {text: Reader(model).read("?", [text], n=1)[0] for text in ("one two\n \nfour", "one two\nfour")}
    assert [text[best.start : best.end] for text, best in found.items()] == ["one two", "one two\nfour"]


def test_two_windows_that_find_the_same_span_find_it_once() -> None:
    context = " ".join(["aa"] * 8 + ["yes"] + ["bb"] * 8)
    model = FakeSpanModel(by_word(yes=(3.0, 4.0)), width=12)
    assert len([w for w in model.logits("?", [context]) if (24, 27) in w.offsets]) == 2
    assert [c for c in Reader(model).read("?", [context]) if c.score > 0] == [Candidate(0, 24, 27, 7.0)]


def test_read_one_abstains_below_the_threshold_and_shows_its_best_all_the_same() -> None:
    scores = by_word(yes=(3.0, 4.0))
    best = Best("yes", 0, 3, 7.0)
    sure, unsure = (Reader(FakeSpanModel(scores, threshold=t)) for t in (7.0, 7.1))
    assert sure.read_one("?", "yes, sir") == Reading("yes", 0, 3, 7.0, None, best)
    assert unsure.read_one("?", "yes, sir") == Reading(None, None, None, 7.0, None, best)


def test_a_context_without_a_word_has_no_best() -> None:
    for context in ("", " \n", "()", "\u200b"):
        assert Reader(FakeSpanModel(by_word())).read_one("?", context) == Reading(None, None, None, 0.0, None, None)


def test_nothing_to_read_gives_nothing() -> None:
    assert Reader(FakeSpanModel(by_word())).read("?", []) == []


@given(st.lists(texts(), max_size=4), st.integers(0, 999), st.integers(1, 30), st.integers(1, 10))
def test_candidates_are_whole_words_apart_and_best_first(ps: list[str], seed: int, n: int, max_tokens: int) -> None:
    found = Reader(FakeSpanModel(at_random(seed), width=16), max_tokens).read("?", ps, n)
    assert len(found) <= n
    assert all(math.isfinite(c.score) for c in found)
    assert [c.score for c in found] == sorted((c.score for c in found), reverse=True)
    for candidate in found:
        words, quote = Words(ps[candidate.passage]), ps[candidate.passage][candidate.start : candidate.end]
        assert quote == quote.strip() != ""
        assert (candidate.start, candidate.end) in set(product(words.starts, words.ends))
        assert quote[0] not in ",;:)]}”»"
        assert quote[-1] not in ",;:([{“«"
    for one, other in combinations(found, 2):  # best first
        text = ps[one.passage]
        apart = one.passage != other.passage or one.end <= other.start or other.end <= one.start
        assert apart or names_something(text, other.start, other.end) > names_something(text, one.start, one.end)


def test_what_names_nothing_displaces_nothing() -> None:
    scores = by_word(her=(9.0, 9.0), aunt=(0.0, 8.0), Bo=(1.0, 1.0), of=(8.0, 0.0))
    found = Reader(FakeSpanModel(scores, width=8)).read("?", ["Bo met some of her aunt today"], n=4)
    assert [(c.start, c.end, c.score) for c in found] == [(15, 18, 18.0), (15, 23, 17.0), (0, 2, 2.0)]


PLEDGE = (
    "closer cooperation under the China-Pakistan Economic Corridor investment programme to build roads, power plants "
    "and other infrastructure"
)


@pytest.fixture(scope="module")
def reader() -> Reader:
    return Reader(load_span_model(load_registry().model("minilm-l6-reader"), default_folder()))


@pytest.fixture(scope="module")
def seed() -> str:
    return next((Path(__file__).parents[2] / "seeds").glob("000_*.txt")).read_text("utf-8")


@pytest.mark.parametrize(
    ("question", "start", "quote"),
    [
        ("What did Xi pledge?", 554, PLEDGE),
        ("Where did Imran Khan meet Xi Jinping?", 484, "Great Hall of People in Beijing"),
        ("When did Khan last visit China?", 1672, "October 2019"),
    ],
)
def test_the_real_reader_finds_what_the_seed_says(
    reader: Reader, seed: str, question: str, start: int, quote: str
) -> None:
    best = reader.read(question, [seed], n=1)[0]  # out of an archive: tests/test_pipeline.py
    assert seed[best.start : best.end] == quote
    assert best.start == start
    assert best.score >= reader.threshold


def test_the_real_reader_abstains_off_the_topic(reader: Reader, seed: str) -> None:
    reading = reader.read_one("Who painted the Mona Lisa?", seed)
    assert reading.answer is None
    assert reading.best is not None
    assert reading.best.answer == seed[reading.best.start : reading.best.end]


def test_a_passage_scores_the_same_in_any_company(reader: Reader) -> None:
    passage, others = "Xi pledged closer cooperation with Pakistan.", ["Khan met Xi in Beijing on Sunday. " * 9, "No."]
    alone = reader.read("What did Xi pledge?", [passage])
    among = reader.read("What did Xi pledge?", [others[0], passage, others[1]], n=99)
    assert alone == [found._replace(passage=0) for found in among if found.passage == 1]
