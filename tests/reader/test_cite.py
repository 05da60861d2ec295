from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.errors import QuoteMismatch
from indexer.offsets import range_of
from indexer.types import (
    Answer,
    Article,
    ArticleHead,
    Block,
    Citation,
    Context,
    Excluded,
    Hit,
    ModelNames,
    Range,
    Reply,
    ScoreParts,
    Support,
    SupportingQuote,
    TextPositionSelector,
    TextQuoteSelector,
    Utf16,
    ViewInfo,
)
from reader.cite import check_reply, cite, context_of
from tests.fakes import article
from tests.texts import texts

TEXT = "Prime Minister Khan met Xi 👍🏽 on Sunday. Xi pledged closer cooperation. “We agree,” Mr. Khan said."


def test_a_citation_is_enough_to_check_the_quotation_without_us() -> None:
    paper = replace(article(TEXT, url="https://example.org/a"), source_sha256="f" * 64)
    start = TEXT.index("closer")
    assert cite(paper, start, start + 18) == Citation(
        article_id="a",
        sha256=paper.sha256,
        source_sha256="f" * 64,
        link="https://example.org/a#:~:text=closer%20cooperation",
        range=Range(start, start + 18, Utf16(start + 2, start + 20)),  # two astral characters come before it
        selectors=(
            TextQuoteSelector(
                "closer cooperation",
                prefix="met Xi 👍🏽 on Sunday. Xi pledged ",
                suffix=". “We agree,” Mr. Khan said.",
            ),
            TextPositionSelector(start, start + 18),
        ),
    )


def quote_selector(paper: Article, start: int, end: int) -> TextQuoteSelector:
    selector = cite(paper, start, end).selectors[0]
    assert isinstance(selector, TextQuoteSelector)
    return selector


def test_prefix_and_suffix_grow_until_they_tell_two_places_apart() -> None:
    near = "x" * 3 + " said on Sunday that the two leaders agreed to "
    text = f"Khan, who came first, {near}talk. But Xi, who came last, {near}talk."
    second = text.rindex("talk")
    selector = quote_selector(article(text), second, second + 4)
    assert "last" in selector.prefix
    assert text.count(selector.prefix + selector.exact + selector.suffix) == 1


def test_prefix_and_suffix_stop_growing_where_nothing_tells_two_places_apart() -> None:
    text = "talk " * 2000
    selector = quote_selector(article(text), 5000, 5004)
    assert 500 < len(selector.prefix) < 600
    assert 500 < len(selector.suffix) < 600


@given(texts(), st.data())
def test_a_citation_repeats_the_text_around_it(text: str, data: st.DataObject) -> None:
    if not text:
        return
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, len(text)))
    selector = quote_selector(article(text), start, end)
    assert text.startswith(selector.prefix + selector.exact + selector.suffix, start - len(selector.prefix))
    assert selector.exact == text[start:end]
    assert len(selector.prefix) >= min(32, start)
    assert len(selector.suffix) >= min(32, len(text) - end)


@pytest.mark.parametrize(("start", "end"), [(-1, 3), (3, 3), (5, 3), (0, len(TEXT) + 1)])
def test_a_span_outside_the_text_is_not_cited(start: int, end: int) -> None:
    with pytest.raises(QuoteMismatch, match="no span"):
        cite(article(TEXT), start, end)


def test_a_text_that_is_not_the_stored_one_is_not_cited() -> None:
    with pytest.raises(QuoteMismatch, match="sha256"):
        cite(replace(article(TEXT), text=TEXT + " "), 0, 5)


def around(paper: Article, part: str) -> str:
    start = paper.text.index(part)
    return context_of(paper, start, start + len(part)).text


def test_the_context_is_the_whole_sentence_or_sentences() -> None:
    assert around(article(TEXT), "closer cooperation") == "Xi pledged closer cooperation."
    assert around(article(TEXT), "Mr") == "“We agree,” Mr. Khan said."
    assert around(article(TEXT), "Sunday. Xi") == TEXT[: TEXT.index(" “We")]


def test_the_context_stays_inside_its_block() -> None:
    text = "The headline\nThe body goes on"
    paper = replace(article(text), blocks=(Block(0, 12, "headline"), Block(13, len(text), "body")))
    assert around(paper, "headline") == "The headline"
    assert around(paper, "goes") == "The body goes on"
    assert around(paper, "headline\nThe") == "headline\nThe"  # a span in no block is its own context


def test_a_sentence_without_end_is_cut_at_white_space() -> None:
    paper = article("so it goes on and on " * 20)
    context = context_of(paper, 210, 215, most=20)
    assert context == Context("it goes on and on so it goes on and on so", range_of(paper.text, 192, 233))
    assert context_of(article("x" * 100), 50, 51, most=20).range == range_of("x" * 100, 30, 71)


@given(texts(), st.data())
def test_the_context_holds_the_span_and_is_cut_from_the_text(text: str, data: st.DataObject) -> None:
    if not text.strip():
        return
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, len(text)))
    context = context_of(article(text), start, end, most=data.draw(st.integers(0, 40)))
    assert context.range.start <= start < end <= context.range.end
    assert context.text == text[context.range.start : context.range.end]


def reply_of(paper: Article) -> Reply:
    """A reply with one answer, one other place, one hit and one highlight."""
    head = ArticleHead(paper.id, None, None, None, None, None)
    start = paper.text.index("closer")
    citation = cite(paper, start, start + 18)
    answer = Answer(
        answer="closer cooperation",
        score=1.0,
        confidence=None,
        range=citation.range,
        context=context_of(paper, start, start + 18),
        article=head,
        citation=citation,
        support=Support(1, 1, (SupportingQuote("Xi", head, cite(paper, 24, 26)),)),
    )
    body = range_of(paper.text, 0, len(paper.text))
    hit = Hit(paper.text, body, 1.0, ScoreParts(), head, highlights=(range_of(paper.text, 24, 26),))
    return Reply(
        "?", True, None, (answer,), (hit,), Excluded(), {}, ViewInfo(1, 1, 1, ""), ModelNames("e", "r", "fake")
    )


def test_a_true_reply_passes_the_last_check() -> None:
    paper = article(TEXT)
    check_reply({"a": paper}, reply_of(paper))


def with_answer(reply: Reply, **changes: object) -> Reply:
    return replace(reply, answers=(replace(reply.answers[0], **changes),))  # type: ignore[arg-type]


def with_hit(reply: Reply, **changes: object) -> Reply:
    return replace(reply, passages=(replace(reply.passages[0], **changes),))  # type: ignore[arg-type]


def with_citation(reply: Reply, **changes: object) -> Reply:
    return with_answer(reply, citation=replace(reply.answers[0].citation, **changes))  # type: ignore[arg-type]


def with_other(reply: Reply, **changes: object) -> Reply:
    other = replace(reply.answers[0].support.others[0], **changes)  # type: ignore[arg-type]
    return with_answer(reply, support=Support(1, 1, (other,)))


KHAN = range_of(TEXT, 15, 19)
LATER = range_of(TEXT, 40, 44)
QUOTE, POSITION = TextQuoteSelector("closer cooperation", "", ""), TextPositionSelector(50, 68)


@pytest.mark.parametrize(
    "falsify",
    [
        lambda r: with_answer(r, answer="closer Cooperation"),
        lambda r: with_answer(r, range=KHAN),
        lambda r: with_answer(r, range=replace(r.answers[0].range, utf16=Utf16(50, 68))),
        lambda r: with_answer(r, range=Range(0, 999, Utf16(0, 999))),
        lambda r: with_answer(r, range=Range(5, 5, Utf16(5, 5))),
        lambda r: with_answer(r, context=Context("Khan", KHAN)),  # true, but not around the answer
        lambda r: with_answer(r, context=replace(r.answers[0].context, text="Xi pledged.")),
        lambda r: with_answer(r, article=replace(r.answers[0].article, id="b")),
        lambda r: with_citation(r, article_id="b"),
        lambda r: with_citation(r, sha256="0" * 64),
        lambda r: with_citation(r, range=KHAN),
        lambda r: with_citation(r, selectors=(QUOTE, TextPositionSelector(0, 18))),
        lambda r: with_citation(r, selectors=(replace(QUOTE, exact="closer"),)),
        lambda r: with_citation(r, selectors=(replace(QUOTE, prefix="Khan "),)),
        lambda r: with_citation(r, selectors=(replace(QUOTE, suffix=" Khan"),)),
        lambda r: with_other(r, answer="Xj"),
        lambda r: with_other(r, article=replace(r.answers[0].article, id="b")),
        lambda r: with_hit(r, text=TEXT[1:]),
        lambda r: with_hit(r, text=TEXT[:20], range=range_of(TEXT, 0, 20)),  # the highlight now lies outside
        lambda r: with_hit(r, highlights=(replace(LATER, utf16=Utf16(40, 44)),)),
    ],
)
def test_a_reply_with_one_false_word_never_leaves(falsify: Callable[[Reply], Reply]) -> None:
    paper = article(TEXT)
    with pytest.raises(QuoteMismatch):
        check_reply({"a": paper}, falsify(reply_of(paper)))


def test_a_text_that_changed_under_the_reply_is_noticed() -> None:
    paper = article(TEXT)
    with pytest.raises(QuoteMismatch, match="sha256"):
        check_reply({"a": replace(paper, text=TEXT + "!")}, reply_of(paper))
