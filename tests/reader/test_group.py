from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reader.group import Occurrence, group, names_something, same_words


def at(article: str, start: int, quote: str, score: float, story: str | None = None) -> Occurrence:
    return Occurrence(article, story or f"story of {article}", start, start + len(quote), quote, score)


def test_equal_quotations_are_one_answer_with_its_best_place_first() -> None:
    low, high, other = at("a", 5, "the Great Hall", 1.0), at("b", 9, "Great  hall,", 3.0), at("c", 0, "Beijing", 2.0)
    first, second = group([low, other, high])
    assert (first.best, first.others, first.articles, first.independent) == (high, (low,), 2, 2)
    assert (second.best, second.others, second.articles, second.independent) == (other, (), 1, 1)


def test_passages_that_overlap_say_a_thing_once() -> None:
    shared = at("a", 100, "Beijing", 2.0)
    (only,) = group([shared, shared._replace(score=1.5, passage=7)])
    assert (only.best, only.others, only.articles) == (shared, (), 1)


def test_of_spans_that_overlap_in_one_article_the_better_stays() -> None:
    short, long = at("a", 10, "closer cooperation", 2.0), at("a", 10, "closer cooperation under the plan", 1.0)
    assert [g.best for g in group([long, short])] == [short]
    assert len(group([long._replace(article="b"), short])) == 2  # in two articles, both stay


def test_a_copy_of_an_article_is_another_article_but_no_independent_source() -> None:
    wire, copy, own = (at(i, 3, "Xi", s, sha) for i, s, sha in [("a", 3.0, "x"), ("b", 2.0, "x"), ("c", 1.0, "y")])
    (only,) = group([wire, copy, own])
    assert (only.articles, only.independent) == (3, 2)


def test_a_copy_that_was_not_read_comes_after_what_was() -> None:
    copy, own = at("a", 3, "Xi", 3.0, "x")._replace(repeats=True), at("b", 3, "Xi", 3.0, "x")
    (only,) = group([copy, own])
    assert (only.best, only.others) == (own, (copy,))


def test_the_same_words_twice_in_one_article_are_two_places_of_one_article() -> None:
    (only,) = group([at("a", 3, "Xi", 2.0), at("a", 30, "Xi", 1.0)])
    assert (len(only.others), only.articles, only.independent) == (1, 1, 1)


def test_ties_go_by_article_then_offset() -> None:
    spans = [at("b", 1, "x", 1.0), at("a", 9, "y", 1.0), at("a", 2, "z", 1.0)]
    assert [(g.best.article, g.best.start) for g in group(spans)] == [("a", 2), ("a", 9), ("b", 1)]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("The  Great Hall,", "great hall"),
        ("“closer cooperation”", "Closer cooperation"),
        ("1,000", "1000"),
        ("U.S.", "US"),
        ("Straße", "STRASSE"),
        ("cafe\u0301", "café"),
    ],
)
def test_same_words(one: str, other: str) -> None:
    assert same_words(one) == same_words(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [("10.5", "105"), ("2-1", "21"), ("10:30", "1030"), ("a", "the"), ("$5", "5%"), ("…", "!"), ("Theo", "o")],
)
def test_other_words(one: str, other: str) -> None:
    assert same_words(one) != same_words(other)


occurrences = st.builds(
    at,
    article=st.sampled_from("abc"),
    start=st.integers(0, 12),
    quote=st.sampled_from(["Xi", "xi", "the Xi", "Beijing", "in Beijing"]),
    score=st.integers(-2, 2).map(float),
)


@given(st.lists(occurrences, max_size=12))
def test_groups_keep_every_place_once_in_any_order(spans: list[Occurrence]) -> None:
    spans = [span._replace(story={"a": "wire", "b": "wire", "c": "own"}[span.article]) for span in spans]
    groups = group(spans)
    assert groups == group(spans[::-1])
    kept = [place for g in groups for place in (g.best, *g.others)]
    assert all(any(o.article == k.article and o.start < k.end and k.start < o.end for k in kept) for o in spans)
    assert len({same_words(g.best.quote) for g in groups}) == len(groups)
    assert [g.best.score for g in groups] == sorted((g.best.score for g in groups), reverse=True)
    assert all(g.independent <= g.articles <= 1 + len(g.others) for g in groups)


@pytest.mark.parametrize("quote", ["her", "He", "of the", "“They”", "who is it?", "I", "that"])
def test_pronouns_and_what_joins_words_name_nothing(quote: str) -> None:
    assert not names_something(quote)


@pytest.mark.parametrize("quote", ["her husband", "US", "WHO", "IT", "day", "no", "May", "5", "$", "of the Games"])
def test_whatever_holds_another_word_names_something(quote: str) -> None:
    assert names_something(quote)


@pytest.mark.parametrize(
    ("text", "quote", "names"),
    [
        ("He saw The Who in Leeds.", "The Who", True),
        ("He saw Them\nin Leeds.", "Them", True),
        ("He told The Guardian so.", "The", False),
        ("He told The Guardian so.", "The Guardian", True),
        ("In it, It is a clown.", "It", True),
        ("The Who played.", "The Who", True),
        ("Who played?", "Who", False),
        ("He played. They sang.", "They", False),
        ("A headline\n\nThey sang.", "They", False),
        ("He said: “They sang.”", "They", False),
        ("Here and I there", "I", False),
        ("He saw them.", "them", False),
    ],
)
def test_a_name_has_a_capital_inside_a_sentence(text: str, quote: str, names: bool) -> None:
    start = text.index(quote)
    assert names_something(text, start, start + len(quote)) is names
