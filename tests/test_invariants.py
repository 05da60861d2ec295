"""Invariant 1: what is quoted is in the text, at the offsets given, as Python and as JavaScript counts them.

Real pages go the whole way (clean, chunk, store, search, read, group, cite, check) with two stand-ins: the vectors
and the logits are random, so that spans fall anywhere, also where no trained reader would put them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from py_mini_racer import MiniRacer

from indexer.archive import Archive
from indexer.build import build
from indexer.types import Article, Filters, Mode, Range, Reply, TextPositionSelector, TextQuoteSelector
from reader.answer import Question, answer
from reader.model import Reader
from reader.verify import verify
from reader.words import Words
from tests.fakes import WordEmbedder, page
from tests.reader.fakes import FakeSpanModel, at_random
from tests.texts import PIECES, SPACES, texts

LEAST_SPANS = 10_000
NO_SHRINKING = (Phase.explicit, Phase.reuse, Phase.generate)  # a shuffled text does not get simpler, only slower

# One call for all spans of all texts of a reply: [[text, [[start, end], ...]], ...] -> the slices, as JavaScript cuts.
SLICES = """function slices(given) {
  return JSON.stringify(JSON.parse(given).map(([text, spans]) => spans.map(([start, end]) => text.slice(start, end))));
}"""


@dataclass
class Ledger:
    """Every quotation seen so far in one archive, and how many were checked over all archives."""

    engine: MiniRacer
    checked: dict[str, int] = field(default_factory=dict)
    claims: list[tuple[str, Range, str]] = field(default_factory=list)  # article id, range, what is said to stand there

    def claim(self, kind: str, article: str, where: Range, quote: str) -> None:
        self.claims.append((article, where, quote))
        self.checked[kind] = self.checked.get(kind, 0) + 1

    def settle(self, texts_by_id: Mapping[str, str]) -> None:
        """Check all claims against the pages as they were before they were indexed."""
        claims, self.claims = self.claims, []
        by_article: dict[str, list[tuple[Range, str]]] = {}
        for article, where, quote in claims:
            assert 0 <= where.start < where.end <= len(texts_by_id[article])
            assert texts_by_id[article][where.start : where.end] == quote
            by_article.setdefault(article, []).append((where, quote))
        given = [
            (texts_by_id[article], [(where.utf16.start, where.utf16.end) for where, _ in said])
            for article, said in by_article.items()
        ]
        slices = json.loads(str(self.engine.call("slices", json.dumps(given))))
        assert slices == [[quote for _, quote in said] for said in by_article.values()]


@pytest.fixture(scope="module")
def ledger() -> Iterator[Ledger]:
    with MiniRacer() as engine:
        engine.eval(SLICES)
        yield Ledger(engine)


def claim_reply(ledger: Ledger, reply: Reply, articles: Mapping[str, Article]) -> None:
    words = {name: Words(article.text) for name, article in articles.items()}
    for found in reply.answers:
        ledger.claim("answer", found.article.id, found.range, found.answer)
        ledger.claim("context", found.article.id, found.context.range, found.context.text)
        assert found.context.range.start <= found.range.start < found.range.end <= found.context.range.end
        for quote, citation in [(found.answer, found.citation)] + [
            (o.answer, o.citation) for o in found.support.others
        ]:
            where, text = citation.range, articles[citation.article_id].text
            ledger.claim("citation", citation.article_id, where, quote)
            exact, position = citation.selectors
            assert isinstance(exact, TextQuoteSelector)
            assert text[: where.end].endswith(exact.prefix + quote)
            assert text[where.start :].startswith(quote + exact.suffix)
            assert position == TextPositionSelector(where.start, where.end)
            assert verify(citation, articles[citation.article_id]).status == "valid"
            assert where.start in words[citation.article_id].starts
            assert where.end in words[citation.article_id].ends
    for hit in reply.passages:
        ledger.claim("hit", hit.article.id, hit.range, hit.text)
        for mark in hit.highlights:
            assert hit.range.start <= mark.start < mark.end <= hit.range.end
            inside = hit.text[mark.start - hit.range.start : mark.end - hit.range.start]
            ledger.claim("highlight", hit.article.id, mark, inside)


questions = st.lists(st.sampled_from([*PIECES, "who", "the"]), min_size=3, max_size=12).map(" ".join)
breaks = st.sampled_from(["\n\n", "\r\n\r\n", "\n", "\u2029"])
MODES: tuple[Mode, ...] = ("hybrid", "dense", "lexical")


@st.composite
def bodies(draw: st.DrawFn) -> list[str]:
    """Five texts of some pages: odd paragraphs as drawn, and long ones of odd pieces shuffled from a drawn seed."""
    gap, shuffled = draw(breaks), Random(draw(st.integers(0, 2**32)))
    drawn = draw(st.lists(texts(), min_size=5, max_size=5))
    return [gap.join([*(_scramble(shuffled) for _ in range(4)), odd]) for odd in drawn]


def _scramble(shuffled: Random) -> str:
    pieces = shuffled.choices(PIECES, k=80)
    return "".join(piece + space for piece, space in zip(pieces, shuffled.choices(SPACES, k=80), strict=True))


def test_every_span_of_every_reply_is_cut_from_its_text(ledger: Ledger) -> None:
    @settings(max_examples=12, phases=NO_SHRINKING, suppress_health_check=list(HealthCheck))
    @given(
        bodies(),
        st.lists(questions, min_size=3, max_size=3),
        st.integers(0, 2**32),
    )
    def holds(given_texts: list[str], asked: list[str], seed: int) -> None:
        reader = Reader(FakeSpanModel(at_random(seed), threshold=-1e9), max_tokens=12)
        pages = [page(text, id=f"a{n}", url=f"https://example.org/{n}") for n, text in enumerate(given_texts)]
        with TemporaryDirectory() as folder:
            archive = Archive(Path(folder), WordEmbedder(), create=True)
            try:
                build(pages, archive, lambda event: None)
                view = archive.view()
                articles = {p.id: found for p in pages if p.id and (found := view.find(p.id))}
                for question, mode in zip(asked, MODES, strict=True):
                    reply = answer(Question(question, 100, 200, mode, Filters()), view, archive.embedder, reader)
                    claim_reply(ledger, reply, articles)
            finally:
                archive.close()
        ledger.settle({p.id: p.text for p in pages if p.id})

    holds()
    assert {"answer", "context", "citation", "hit", "highlight"} <= set(ledger.checked)
    assert sum(ledger.checked.values()) >= LEAST_SPANS, ledger.checked
