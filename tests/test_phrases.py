"""The questions written by hand: their answers stand where they say, in articles that ship or were read."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from bench.phrases import FILES, FOLDER, forms, is_whole
from reader.evaluate import half, read_questions
from reader.words import Words
from retriever.evaluate import read_judged

SEEDS = Path(__file__).parents[1] / "seeds" / "wikinews.jsonl"
LEAST = {"phrases.json": 60, "phrases_later.json": 35, "short.json": 40}
FORMS = {"quotation", "reported", "clause", "infinitive", "object"}


@pytest.fixture(scope="module")
def texts() -> dict[str, str]:
    """The articles of seeds/ by id."""
    with SEEDS.open(encoding="utf-8") as lines:
        return {row["id"]: row["text"] for row in map(json.loads, lines)}


def _paragraphs(name: str) -> list[tuple[str, dict[str, Any]]]:
    """(id of the article, paragraph) in the order of the file."""
    given = json.loads((FOLDER / name).read_text("utf-8"))["data"]
    return [(article["id"], paragraph) for article in given for paragraph in article["paragraphs"]]


@pytest.mark.parametrize("name", FILES)
def test_every_context_is_a_slice_of_a_seed_article(name: str, texts: dict[str, str]) -> None:
    for article, paragraph in _paragraphs(name):
        start, context = paragraph["context_start"], paragraph["context"]
        assert texts[article][start : start + len(context)] == context, article


@pytest.mark.parametrize("name", FILES)
def test_every_answer_stands_where_it_says_and_is_made_of_whole_words(name: str) -> None:
    for article, paragraph in _paragraphs(name):
        words = Words(paragraph["context"])
        for asked in paragraph["qas"]:
            assert asked["answers"], asked["id"]
            assert asked["id"].startswith(article)
            for answer in asked["answers"]:
                start = answer["answer_start"]
                end = start + len(answer["text"])
                assert paragraph["context"][start:end] == answer["text"], asked["id"]
                assert start in words.starts, asked["id"]
                assert end in words.ends, asked["id"]


@pytest.mark.parametrize("name", FILES)
def test_there_are_enough_of_each_kind_in_both_halves(name: str) -> None:
    questions = read_questions(FOLDER / name)
    assert len({one.id for one in questions}) == len({one.question + one.context for one in questions})
    assert len(questions) >= LEAST[name]
    halves = Counter(half(one.id) for one in questions)
    assert min(halves["tune"], halves["report"]) > len(questions) / 3
    kinds = Counter(forms(FOLDER / name).values())
    assert kinds.total() == len(questions)
    if name != "short.json":
        assert kinds.keys() == FORMS
        assert min(kinds.values()) >= LEAST[name] / 6


def test_fifty_questions_were_read_and_ten_of_them_have_no_answer() -> None:
    asked = read_judged(FOLDER / "reading.jsonl")
    told = (FOLDER.parent / "docs" / "reading.md").read_text("utf-8")
    assert [one.id for one in asked] == [f"{n:02}" for n in range(1, 51)]
    assert [bool(one.answers) for one in asked] == [True] * 40 + [False] * 10
    for one in asked:
        assert f"| {one.id} | {one.question} | " in told
        assert bool(one.answers) == bool(one.articles)


@pytest.mark.parametrize(
    ("predicted", "whole"),
    [
        ("closer cooperation to build roads", True),
        ("“Closer cooperation, to build the roads”.", True),
        ("to pledge closer cooperation to build roads in Pakistan", True),
        ("closer cooperation", False),
        ("closer cooperation to build many roads", False),
        ("the two leaders pledged to seek closer cooperation to build roads", False),
        ("", False),
    ],
)
def test_a_whole_phrase_holds_the_answer_and_little_more(predicted: str, whole: bool) -> None:
    assert is_whole(predicted, ["closer cooperation to build roads", "nothing"]) is whole
