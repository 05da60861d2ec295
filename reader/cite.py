"""From a span to a citation that anyone can check without us; and the last check of every reply (invariant 1)."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from indexer.chunk import sentences
from indexer.errors import QuoteMismatch
from indexer.offsets import Offsets, range_of
from indexer.types import (
    Answer,
    Article,
    Citation,
    Context,
    Hit,
    Range,
    Reply,
    TextPositionSelector,
    TextQuoteSelector,
)
from reader.fragment import link_to

_AROUND = 32  # characters of prefix and suffix, where there are so many
_MOST_AROUND = 512  # what is not unique with so many stays so
_MOST_CONTEXT = 1000  # characters on either side of a quotation, where no sentence ends


def cite(article: Article, start: int, end: int) -> Citation:
    """Cite article.text[start:end]. Raises QuoteMismatch: the text is not the stored one, or holds no such span."""
    _check_text(article)
    if not 0 <= start < end <= len(article.text):
        raise QuoteMismatch(article.id, f"its text of {len(article.text)} characters has no span [{start}, {end})")
    prefix, suffix = _around(article.text, start, end)
    return Citation(
        article_id=article.id,
        sha256=article.sha256,
        source_sha256=article.source_sha256,
        link=link_to(article.url, article.text, start, end, article.title),
        range=range_of(article.text, start, end),
        selectors=(
            TextQuoteSelector(exact=article.text[start:end], prefix=prefix, suffix=suffix),
            TextPositionSelector(start=start, end=end),
        ),
    )


def context_of(article: Article, start: int, end: int, most: int = _MOST_CONTEXT) -> Context:
    """The whole sentences that [start, end) touches, inside its own block; `most` characters more on either side.

    A sentence that runs on past `most` is cut at white space. Outside all blocks, the context is the span itself.
    """
    text = article.text
    block = next((b for b in article.blocks if b.start <= start and end <= b.end), None)
    if block is None:
        return Context(text[start:end], range_of(text, start, end))
    found = sentences(text, block.start, block.end, article.language or "en")
    touched = [sentence for sentence in found if sentence.end > start and sentence.start < end]
    first = min([start, *(sentence.start for sentence in touched)])
    last = max([end, *(sentence.end for sentence in touched)])
    if start - first > most:
        first = next((at for at in range(start - most, start) if text[at - 1].isspace()), start - most)
    if last - end > most:
        last = next((at for at in range(end + most, end, -1) if text[at].isspace()), end + most)
    return Context(text[first:last], range_of(text, first, last))


def check_reply(articles: Mapping[str, Article], reply: Reply) -> None:
    """Check every quotation of a reply against its article, the last step of `ask`; `articles` holds all it names.

    Raises QuoteMismatch: a text is not the stored one, or an answer, context, hit or highlight is not cut from it.
    """
    checks: dict[str, _Check] = {}

    def check(article_id: str) -> _Check:
        if article_id not in articles:
            raise QuoteMismatch(article_id, "the reply quotes it, and it is not in the view")
        return checks.setdefault(article_id, _Check(articles[article_id]))

    for answer in reply.answers:
        check(answer.article.id).answer(answer)
        for other in answer.support.others:
            check(other.article.id).citation(other.citation, other.answer)
    for hit in reply.passages:
        check(hit.article.id).hit(hit)


class _Check:
    """What is said of one article, checked against its text."""

    def __init__(self, article: Article) -> None:
        _check_text(article)
        self._article = article
        self._offsets = Offsets(article.text)

    def answer(self, answer: Answer) -> None:
        self.quote(answer.range, answer.answer)
        self.quote(answer.context.range, answer.context.text)
        self.within(answer.range, answer.context.range)
        self.citation(answer.citation, answer.answer)
        if answer.citation.range != answer.range:
            raise QuoteMismatch(self._article.id, "an answer and its citation name different spans")

    def citation(self, citation: Citation, quote: str) -> None:
        article = self._article
        self.quote(citation.range, quote)
        if (citation.article_id, citation.sha256) != (article.id, article.sha256):
            raise QuoteMismatch(article.id, "a citation names another article or another text")
        start, end = citation.range.start, citation.range.end
        for selector in citation.selectors:
            if isinstance(selector, TextPositionSelector):
                if (selector.start, selector.end) != (start, end):
                    raise QuoteMismatch(article.id, "a citation's position selector names another span")
            elif (
                selector.exact != quote
                or not article.text[:start].endswith(selector.prefix)
                or not article.text.startswith(selector.suffix, end)
            ):
                raise QuoteMismatch(article.id, "a citation's quote selector is not in its text")

    def hit(self, hit: Hit) -> None:
        self.quote(hit.range, hit.text)
        for highlight in hit.highlights:
            self.quote(highlight, None)
            self.within(highlight, hit.range)

    def quote(self, where: Range, quote: str | None) -> None:
        article = self._article
        if not 0 <= where.start < where.end <= len(article.text):
            raise QuoteMismatch(article.id, f"its text has no span [{where.start}, {where.end})")
        if quote is not None and article.text[where.start : where.end] != quote:
            raise QuoteMismatch(article.id, f"the quotation at [{where.start}, {where.end}) is not in its text")
        if self._offsets.range(where.start, where.end) != where:
            raise QuoteMismatch(article.id, f"the UTF-16 offsets of [{where.start}, {where.end}) are wrong")

    def within(self, inner: Range, outer: Range) -> None:
        if not outer.start <= inner.start < inner.end <= outer.end:
            raise QuoteMismatch(self._article.id, f"[{inner.start}, {inner.end}) is not inside its passage or sentence")


def _check_text(article: Article) -> None:
    found = hashlib.sha256(article.text.encode()).hexdigest()
    if found != article.sha256:
        raise QuoteMismatch(article.id, f"its text has sha256 {found[:12]}…, {article.sha256[:12]}… was stored")


def _around(text: str, start: int, end: int) -> tuple[str, str]:
    """Prefix and suffix by which the quotation is found in no other place, or as long as allowed; whole words."""
    size = _AROUND
    while True:
        first = _word_start(text, max(0, start - size))
        last = _word_end(text, min(len(text), end + size))
        unique = text.find(text[first:last]) == first and text.find(text[first:last], first + 1) < 0
        if unique or size >= _MOST_AROUND or (first, last) == (0, len(text)):
            return text[first:start], text[end:last]
        size *= 2


def _word_start(text: str, at: int) -> int:
    """The start of the word that `at` lies in, or `at` itself where that is far away."""
    near = range(at, max(0, at - _AROUND) - 1, -1)
    return next((i for i in near if i == 0 or text[i - 1].isspace()), at)


def _word_end(text: str, at: int) -> int:
    """The end of the word that `at` lies in, or `at` itself where that is far away."""
    near = range(at, min(len(text), at + _AROUND) + 1)
    return next((i for i in near if i == len(text) or text[i].isspace()), at)
