"""Check a citation against an article as it stands today."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from itertools import takewhile

from indexer.errors import InvalidInput
from indexer.offsets import range_of
from indexer.types import Article, Citation, TextQuoteSelector, Verdict, Verification


def verify(citation: Citation, article: Article | None) -> Verdict:
    """Say where the quotation of a citation stands now; None is an article that is not there.

    valid: at the cited place. moved: only elsewhere in the text; then the range is the place whose surroundings are
    most like the citation's. changed: the article is there, the quotation is not. missing: no such article.
    Raises InvalidInput: the citation holds no quotation to look for.
    """
    quote = next((s for s in citation.selectors if isinstance(s, TextQuoteSelector) and s.exact), None)
    if quote is None:
        raise InvalidInput("selectors", f"the citation of {citation.article_id} has no TextQuoteSelector with a quote")
    if article is None:
        return Verdict("missing", citation.article_id, None, "no such article")
    same = hashlib.sha256(article.text.encode()).hexdigest() == citation.sha256
    text, cited = article.text, citation.range
    if text[cited.start : cited.end] == quote.exact and 0 <= cited.start < cited.end:
        detail = (
            "the text is unchanged" if same else "the text has changed elsewhere, the quotation stands where it did"
        )
        return _verdict("valid", citation, text, cited.start, quote, detail)
    places = list(_places(text, quote.exact))
    if not places:
        return Verdict("changed", citation.article_id, None, "the quotation is no longer in the text")
    best = max(places, key=lambda at: (_likeness(text, at, quote), -abs(at - cited.start), -at))
    reason = "the citation's own offsets are wrong" if same else "the text has changed"
    return _verdict("moved", citation, text, best, quote, f"{reason}, the quotation stands at {best}")


def _verdict(
    status: Verification, citation: Citation, text: str, at: int, quote: TextQuoteSelector, detail: str
) -> Verdict:
    return Verdict(status, citation.article_id, range_of(text, at, at + len(quote.exact)), detail)


def _places(text: str, quote: str) -> Iterator[int]:
    """Every offset at which the quotation stands; two places may overlap."""
    at = text.find(quote)
    while at >= 0:
        yield at
        at = text.find(quote, at + 1)


def _likeness(text: str, at: int, quote: TextQuoteSelector) -> int:
    """How many characters around a place are the citation's prefix (read backwards) and suffix."""
    end = at + len(quote.exact)
    before = _shared(text[max(0, at - len(quote.prefix)) : at][::-1], quote.prefix[::-1])
    return before + _shared(text[end : end + len(quote.suffix)], quote.suffix)


def _shared(one: Iterable[str], other: Iterable[str]) -> int:
    """How many characters two texts share before they differ."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))
