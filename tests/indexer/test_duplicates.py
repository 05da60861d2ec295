from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.duplicates import bands, jaccard, share, shingles, told
from indexer.types import Block

texts = st.lists(st.sampled_from(["khan", "xi", "met", "in", "beijing", "on", "sunday"]), max_size=12).map(" ".join)


def test_shingles_are_runs_of_three_words_whatever_their_case_and_marks() -> None:
    found = shingles("Khan met Xi, in “Beijing”.")
    assert found == {"khan met xi", "met xi in", "xi in beijing"}
    assert found == shingles("khan MET xi in beijing")


@pytest.mark.parametrize(("text", "only"), [("Khan met", "khan met"), ("Khan", "khan"), ("?!", "?!"), ("", "")])
def test_a_short_text_is_one_shingle(text: str, only: str) -> None:
    assert shingles(text) == {only}


def test_jaccard_and_share_of_a_case_worked_by_hand() -> None:
    one, other = frozenset("abcd"), frozenset("cdefgh")
    assert jaccard(one, other) == 2 / 8
    assert share(one, other) == 2 / 4
    assert share(frozenset(), other) == 0.0


def test_band_hashes_are_the_same_on_every_machine_and_in_every_run() -> None:
    """Archives keep them: where this fails, SKETCH must change, so that archives make them anew."""
    assert bands(shingles("Khan met Xi in Beijing on Sunday, and pledged cooperation"))[:3] == PINNED


PINNED = [842849905469809084, -4370311137330621031, -3908285798482998924]


def test_nearly_equal_texts_share_a_band_and_others_do_not() -> None:
    words = [f"word{i}" for i in range(300)]
    text, cut = " ".join(words), " ".join(words[:280])
    other = " ".join(f"other{i}" for i in range(300))
    assert set(bands(shingles(text))) & set(bands(shingles(cut)))
    assert not set(bands(shingles(text))) & set(bands(shingles(other)))


@given(one=texts, other=texts)
def test_jaccard_is_symmetric_and_one_for_equal_texts_alone(one: str, other: str) -> None:
    a, b = shingles(one), shingles(other)
    assert jaccard(a, b) == jaccard(b, a)
    assert (jaccard(a, b) == 1.0) == (a == b)
    assert len(bands(a)) == 16
    assert bands(a) == bands(frozenset(sorted(a, reverse=True)))


def test_what_an_article_tells_is_its_body_and_summary() -> None:
    text = "Mayor opens bridge\nIt cost 3 million.\nShare this"
    blocks = (Block(0, 18, "headline"), Block(19, 37, "body"), Block(38, 48, "furniture"))
    assert told(text, blocks) == "It cost 3 million."
    assert told("Mayor opens bridge", (Block(0, 18, "headline"),)) == "Mayor opens bridge"
