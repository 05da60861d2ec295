from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.errors import InvalidInput
from indexer.offsets import range_of
from indexer.types import Citation, Range, TextPositionSelector, TextQuoteSelector, Utf16
from reader.cite import cite
from reader.verify import verify
from tests.fakes import article
from tests.texts import texts

TEXT = "Xi met Khan. Xi pledged closer cooperation. 👍 Khan thanked Xi."


def cited(quote: str, text: str = TEXT) -> Citation:
    return cite(article(text), text.index(quote), text.index(quote) + len(quote))


def test_a_quotation_that_stands_where_it_stood_is_valid() -> None:
    verdict = verify(cited("closer cooperation"), article(TEXT))
    assert (verdict.status, verdict.article_id) == ("valid", "a")
    assert verdict.range == range_of(TEXT, 24, 42)
    assert verdict.detail == "the text is unchanged"


def test_a_change_elsewhere_is_told_but_leaves_the_quotation_valid() -> None:
    verdict = verify(cited("closer cooperation"), article(TEXT + " More."))
    assert (verdict.status, verdict.range) == ("valid", range_of(TEXT, 24, 42))
    assert "changed elsewhere" in verdict.detail


def test_a_quotation_found_elsewhere_has_moved() -> None:
    text = "👍 " + TEXT
    verdict = verify(cited("closer cooperation"), article(text))
    assert (verdict.status, verdict.range) == ("moved", Range(26, 44, Utf16(27, 45)))


def test_of_two_places_the_one_with_the_same_surroundings_is_it() -> None:
    text = "News. Khan thanked Xi. And now: Xi met Khan. Xi pledged closer cooperation."
    verdict = verify(cited("Xi pledged"), article("Xi pledged little. " + text))
    assert verdict.range is not None
    assert verdict.range.start == 19 + text.index("Xi pledged")
    thanked = TEXT.index("Xi.")
    verdict = verify(cite(article(TEXT), thanked, thanked + 2), article(text))  # Xi stands there four times
    assert verdict.range is not None
    assert verdict.range.start == text.index("Xi. And")


def test_of_two_places_alike_the_nearer_is_it() -> None:
    bare = replace(cite(article("x" * 50 + "Xi"), 50, 52), selectors=(TextQuoteSelector("Xi", "", ""),))
    assert verify(bare, article("Xi" + "y" * 40 + "Xi" + "y" * 30 + "Xi")).range == range_of("x" * 99, 42, 44)


def test_a_quotation_that_is_gone_has_changed() -> None:
    verdict = verify(cited("closer cooperation"), article(TEXT.replace("closer", "close")))
    assert (verdict.status, verdict.range) == ("changed", None)


def test_without_the_article_it_is_missing() -> None:
    verdict = verify(cited("closer cooperation"), None)
    assert (verdict.status, verdict.article_id, verdict.range) == ("missing", "a", None)


@pytest.mark.parametrize("wrong", [Range(0, 5, Utf16(0, 5)), Range(-3, 99, Utf16(0, 0)), Range(42, 24, Utf16(42, 24))])
def test_offsets_that_never_were_right_are_no_proof(wrong: Range) -> None:
    verdict = verify(replace(cited("closer cooperation"), range=wrong), article(TEXT))
    assert (verdict.status, verdict.range) == ("moved", range_of(TEXT, 24, 42))
    assert "own offsets are wrong" in verdict.detail


@pytest.mark.parametrize("selectors", [(), (TextPositionSelector(24, 42),)])
def test_a_citation_without_a_quotation_cannot_be_checked(selectors: tuple[TextPositionSelector, ...]) -> None:
    with pytest.raises(InvalidInput, match="TextQuoteSelector"):
        verify(replace(cited("closer cooperation"), selectors=selectors), article(TEXT))


@given(texts(), texts(), st.data())
def test_a_citation_is_valid_in_its_text_and_found_in_any_text_around_it(
    text: str, before: str, data: st.DataObject
) -> None:
    if not text:
        return
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, len(text)))
    citation = cite(article(text), start, end)
    assert verify(citation, article(text)).status == "valid"
    verdict = verify(citation, article(before + text))
    assert verdict.status in ("valid", "moved")
    assert verdict.range is not None
    assert (before + text)[verdict.range.start : verdict.range.end] == text[start:end]
