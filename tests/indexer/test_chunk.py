from __future__ import annotations

import itertools
import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import regex
from hypothesis import given, settings
from hypothesis import strategies as st

from indexer.chunk import CHUNKER, MAX_CHARS, MAX_WORDS, chunk, sentences
from indexer.clean import clean
from indexer.errors import SourceUnreadable
from indexer.types import Article, Block, BlockKind, Page, Passage
from tests.indexer.scraped import SEED, WIKINEWS, news_texts

ANY: Callable[[str], bool] = lambda piece: True  # noqa: E731


def article(text: str, *blocks: tuple[int, int, BlockKind], language: str | None = None) -> Article:
    shown = tuple(Block(*block) for block in blocks) or (Block(0, len(text), "body"),)
    return Article("a", None, None, None, None, None, None, language, text, "", "", shown)


def words_at_most(n: int) -> Callable[[str], bool]:
    return lambda piece: len(piece.split()) <= n


def texts_of(text: str, passages: list[Passage]) -> list[str]:
    return [text[passage.start : passage.end] for passage in passages]


def check_laws(made: Article, fits: Callable[[str], bool]) -> None:
    """Invariant 3, whole."""
    text, passages = made.text, chunk(made, fits)
    readable = [block for block in made.blocks if block.kind in {"body", "summary"}]
    kept: set[int] = set()
    for passage in passages:
        piece = text[passage.start : passage.end]
        assert piece == piece.strip() != ""
        assert len(piece.split()) <= MAX_WORDS
        assert len(piece) <= MAX_CHARS
        assert fits(piece)
        assert not readable or any(b.start <= passage.start and passage.end <= b.end for b in readable)
        kept.update(range(passage.start, passage.end))
    wanted = {i for block in readable for i in range(block.start, block.end) if not text[i].isspace()}
    assert wanted <= kept
    assert [(p.start, p.end) for p in passages] == sorted((p.start, p.end) for p in passages)
    assert all(before.end < after.end for before, after in itertools.pairwise(passages))


@given(news_texts(), st.integers(1, 60), st.integers(1, 400))
@settings(max_examples=300, deadline=None)
def test_passages_are_slices_in_budget_and_lose_only_white_space(text: str, words: int, chars: int) -> None:
    fits: Callable[[str], bool] = lambda piece: len(piece) <= chars and len(piece.split()) <= words  # noqa: E731
    check_laws(article(text), fits)


@given(news_texts(), st.integers(5, 200))
@settings(max_examples=300, deadline=None)
def test_the_laws_hold_for_cleaned_articles(text: str, words: int) -> None:
    try:
        made = clean(Page("test:", "", "", text))
    except SourceUnreadable:
        return
    check_laws(made, words_at_most(words))
    assert chunk(made, words_at_most(words)), "an article that is not refused has a passage"


@pytest.mark.parametrize("words", [7, 40, 180])
def test_the_laws_hold_for_real_articles(words: int) -> None:
    for line in WIKINEWS.read_text("utf-8").splitlines()[::6]:
        check_laws(clean(Page("test:", "", "", json.loads(line)["text"])), words_at_most(words))
    check_laws(clean(Page("test:", "", "", SEED.read_bytes().decode())), words_at_most(words))


@given(news_texts())
@settings(max_examples=300, deadline=None)
def test_sentences_hold_all_but_white_space_once(text: str) -> None:
    found = sentences(text, 0, len(text))
    for span in found:
        assert text[span.start : span.end].strip() == text[span.start : span.end] != ""
    assert all(before.end <= after.start for before, after in itertools.pairwise(found))
    kept = {i for span in found for i in range(span.start, span.end)}
    assert all(char.isspace() for i, char in enumerate(text) if i not in kept)


@given(news_texts(), st.data())
@settings(max_examples=200, deadline=None)
def test_sentences_stay_inside_the_part_that_was_asked(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    assert all(start <= span.start < span.end <= end for span in sentences(text, start, end))


def test_sentences_end_where_a_reader_would_end_them() -> None:
    text = (
        "Mr. Smith paid Rs. 500 at 5 p.m. on Jan. 3. “It was fair,” he said.\u00a0😀 Then he left!\r\n\r\n"
        "A line without its stop\r\n\r\nThe U.S. agreed\u2028शांति की अपील। Done."
    )
    assert [text[span.start : span.end] for span in sentences(text, 0, len(text))] == [
        "Mr. Smith paid Rs. 500 at 5 p.m. on Jan. 3.",
        "“It was fair,” he said.",
        "😀 Then he left!",
        "A line without its stop",
        "The U.S. agreed",
        "शांति की अपील।",
        "Done.",
    ]


def test_a_wrapped_sentence_is_one_sentence() -> None:
    text = (
        "The company said on Monday that its unit would offer the wheat to\n"
        "all of its neighbours, and that it would do so for the length of\n"
        "the year. Nobody objected.\n"
    )
    assert [text[s.start : s.end].count("\n") for s in sentences(text, 0, len(text))] == [2, 0]


def test_white_space_before_an_initial_does_not_reach_the_engine() -> None:
    text = "Said B\u00a0. Doe. Said É\u3000. Roe."  # sentencex 1.0 panics on it
    assert [text[s.start : s.end] for s in sentences(text, 0, len(text))] == [
        "Said B\u00a0. Doe.",
        "Said É\u3000.",
        "Roe.",
    ]


def test_neighbours_share_one_sentence() -> None:
    text = "One two three four. Five six seven. Eight nine ten eleven. Twelve thirteen."
    assert texts_of(text, chunk(article(text), words_at_most(8))) == [
        "One two three four. Five six seven.",
        "Five six seven. Eight nine ten eleven.",
        "Eight nine ten eleven. Twelve thirteen.",
    ]


def test_the_shared_sentence_goes_where_it_does_not_fit() -> None:
    text = "One two. Three four five six seven. Eight nine ten eleven twelve."
    assert texts_of(text, chunk(article(text), words_at_most(7))) == [
        "One two. Three four five six seven.",
        "Eight nine ten eleven twelve.",
    ]


def test_an_overlong_sentence_is_cut_at_its_last_white_space() -> None:
    text = "alpha  beta\tgamma delta"
    assert texts_of(text, chunk(article(text), lambda piece: len(piece) <= 12)) == ["alpha  beta", "gamma delta"]


def test_an_overlong_word_is_cut_between_graphemes() -> None:
    family, accent = "👨‍👩‍👧", "e\u0301"
    text = family * 3 + accent * 3
    pieces = texts_of(text, chunk(article(text), lambda piece: len(piece) <= 6))
    assert pieces == [family, family, family, accent * 3]
    assert [regex.findall(r"\X", piece) for piece in pieces[:3]] == [[family]] * 3


def test_a_grapheme_over_budget_is_cut_between_characters() -> None:
    text = "e" + "\u0301" * 9
    assert texts_of(text, chunk(article(text), lambda piece: len(piece) <= 4)) == [text[0:4], text[4:8], text[8:10]]


def test_the_limits_of_the_design_hold_without_an_embedder() -> None:
    long = " ".join(["word"] * 500)
    assert max(len(piece.split()) for piece in texts_of(long, chunk(article(long), ANY))) == MAX_WORDS
    wide = " ".join(["x" * 99] * 50)
    assert max(len(piece) for piece in texts_of(wide, chunk(article(wide), ANY))) == 15 * 99 + 14  # of 1,500
    assert [len(piece) for piece in texts_of("x" * 1550, chunk(article("x" * 1550), ANY))] == [1500, 50]
    assert [len(piece) for piece in texts_of("x" * 1500, chunk(article("x" * 1500), ANY))] == [1500]


def test_a_block_is_divided_evenly() -> None:
    text = " ".join(f"Sentence number {i} has nine words in all, truly." for i in range(30))  # 270 words
    lengths = [len(piece.split()) for piece in texts_of(text, chunk(article(text), ANY))]
    assert lengths == [90, 99, 99]  # the second and third with nine words of overlap, no last one of a few words


def test_passages_lie_inside_body_and_summary() -> None:
    text = "A headline. A point. Furniture. The body."
    blocks: tuple[tuple[int, int, BlockKind], ...] = (
        (0, 11, "headline"),
        (12, 20, "summary"),
        (21, 31, "furniture"),
        (32, 41, "body"),
    )
    assert texts_of(text, chunk(article(text, *blocks), ANY)) == ["A point.", "The body."]


@pytest.mark.parametrize(
    ("blocks", "found"),
    [
        (((0, 10, "headline"), (11, 15, "byline")), ["A headline"]),
        (((0, 10, "caption"), (11, 15, "furniture")), ["A headline"]),
        (((0, 10, "furniture"), (11, 15, "furniture")), []),
    ],
)
def test_an_article_without_body_is_its_headline(
    blocks: tuple[tuple[int, int, BlockKind], ...], found: list[str]
) -> None:
    text = "A headline Jane"
    assert texts_of(text, chunk(article(text, *blocks), ANY)) == found


def test_an_embedder_that_takes_nothing_is_an_error() -> None:
    with pytest.raises(ValueError, match="refuses even 'T'"):
        chunk(article("Text."), lambda piece: False)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("This is sentence number one of many. " * 20_000, id="sentences"),
        pytest.param("word " * 100_000, id="words"),
        pytest.param("x" * 500_000, id="one word"),
        pytest.param("a b\n" * 75_000, id="lines"),
        pytest.param("e\u0301" * 150_000, id="marks"),
    ],
)
def test_time_grows_with_the_text_and_no_faster(text: str) -> None:
    calls = 0

    def fits(piece: str) -> bool:
        nonlocal calls
        calls += 1
        return len(piece) <= 900

    start = time.process_time()
    passages = chunk(article(text), fits)
    assert time.process_time() - start < 10
    assert calls <= len(sentences(text, 0, len(text))) + 40 * len(passages)
    assert len(passages) <= len(text) / 200


def test_the_fingerprint_names_engine_and_limits() -> None:
    assert CHUNKER.startswith("sentencex-1.")
    assert "/180w/1500c/" in CHUNKER
    assert CHUNKER.endswith("/overlap1")


def test_the_seed_is_read_as_a_person_would() -> None:
    made = clean(Page("test:", "", "", Path(SEED).read_bytes().decode()))
    pieces = texts_of(made.text, chunk(made, ANY))
    assert pieces[0].startswith("Jinping said that China is willing")
    assert any("Jinping\xa0pledged closer cooperation" in piece for piece in pieces)
    assert not any("×" in piece or "With inputs" in piece or "Photograph" in piece for piece in pieces)
    assert all(80 <= len(piece.split()) <= 150 for piece in pieces[1:])
