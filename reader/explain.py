"""Why a question got its answer: what each stage made of every passage, and where the right one was lost."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

from indexer.articles import Located
from indexer.caches import VISIBLE
from indexer.generations import OF_SERVING
from indexer.offsets import range_of
from indexer.passing import passing
from indexer.types import Embedder, Explanation, Ranked, ScoreParts, Stage, Traced, Weighed
from indexer.views import View
from reader.answer import SPANS, Question, text_of, weigh
from reader.group import Group
from reader.model import Candidate, Reader
from reader.stopwatch import Stopwatch
from retriever.collapse import Kept, collapse
from retriever.evaluate import holds
from retriever.search import LEG_DEPTH, Legs, find, fused, head, in_order, legs

_SHOWN = 20  # answers weighed that are listed, and expected passages that were not read
_DETAIL: dict[Stage, str] = {
    "not_in_archive": "no article holds it",
    "filtered": "the filters leave out every passage that holds it",
    "not_chunked": "it stands in an article, but in no passage: in a headline, caption or furniture, or across two",
    "not_retrieved": f"no passage that holds it is among the first {LEG_DEPTH} by meaning or by words",
    "fused_out": "one of the two searches ranks it high enough to be read, both together do not",
    "not_read": "it was found, too far down to be read: raise depth",
    "outscored": "it was read, and another quotation scored higher",
    "abstained": "it is the best quotation, and not sure enough",
}


class Expected(NamedTuple):
    """What should have been found: wordings of the answer, ids of articles, or both; with neither, nothing."""

    answers: tuple[str, ...] = ()
    articles: tuple[str, ...] = ()


class Trace(NamedTuple):
    """All that a question went through. ranking: of the legs, in order; kept: what was read; groups: best first."""

    legs: Legs
    ranking: list[Ranked]
    kept: list[Kept]
    candidates: list[Candidate]
    groups: list[Group]
    timings_ms: dict[str, float]


def trace(question: Question, view: View, embedder: Embedder, reader: Reader) -> Trace:
    """Answer a question as `reader.answer` does, and keep what every stage made."""
    watch, reader = Stopwatch(), reader.over(question.mode)
    both = legs(question.text, view, embedder, max(question.depth, LEG_DEPTH), question.mode, question.filters)
    ranking = in_order(view, fused(both, question.mode))
    watch.lap("search")
    kept = collapse(view, ranking, question.depth)
    if len(kept) < question.depth:  # copies took the places of others: look deeper, as `ask` does
        kept = find(question.text, view, embedder, question.depth, question.mode, question.filters)
    watch.lap("collapse")
    texts = [text_of(view, one.place) for one in kept]
    candidates = reader.read(question.text, texts, SPANS)
    watch.lap("read")
    groups = weigh(question, view, kept, candidates, reader)
    return Trace(both, ranking, kept, candidates, groups, watch.laps)


def explain(question: Question, expected: Expected, view: View, embedder: Embedder, reader: Reader) -> Explanation:
    """Say what became of a question, and of what was expected.

    An expected answer that was not retrieved is looked for in every article: seconds, in a large archive.
    """
    reader = reader.over(question.mode)
    made = trace(question, view, embedder, reader)
    wanted = _wanted(view, made, expected, whole=True)
    lost = _lost(question, view, made, expected, wanted, reader.threshold)
    weighed = [_weighed(view, one, expected) for one in made.groups[:_SHOWN]]
    detail = _DETAIL[lost] if lost else ("it is the answer" if any(expected) else "there is an answer")
    passages = tuple(_traced(view, made, wanted, expected))
    return Explanation(
        question.text, lost, detail, reader.threshold, passages, tuple(weighed), made.timings_ms, view.info
    )


def lost_at(question: Question, expected: Expected, view: View, made: Trace, threshold: float) -> Stage | None:
    """The stage that lost what was expected, without a look at the articles that were not retrieved."""
    wanted = _wanted(view, made, expected, whole=False)
    if not wanted and not expected.articles and not _is_best(made, expected):
        return "not_retrieved"
    return _lost(question, view, made, expected, wanted, threshold)


def _is_best(made: Trace, expected: Expected) -> bool:
    best = made.groups[0].best if made.groups else None
    return best is not None and is_right(best.quote, best.article, expected)


def is_right(quote: str, article_id: str, expected: Expected) -> bool:
    """Whether an answer equals or contains an expected one, and stands in an expected article, where some are named."""
    fits = not expected.answers or holds(quote, expected.answers)
    return fits and (not expected.articles or bool(expected.answers) or article_id in expected.articles)


def _wanted(view: View, made: Trace, expected: Expected, whole: bool) -> dict[int, Located]:
    """The passages that hold what is expected, by row."""
    if not any(expected):
        return {}
    if expected.articles:
        return dict(_passages_of(view, expected))
    rows = [ranked.passage for ranked in made.ranking]
    found = {row: at for row, at in zip(rows, view.passages(rows), strict=True) if _holds(view, at, expected)}
    return found or (dict(_passages_of(view, expected)) if whole else {})


def _passages_of(view: View, expected: Expected) -> Iterator[tuple[int, Located]]:
    for article, text in _articles(view, expected):
        sql = f'SELECT rowid, article, start, "end" FROM passage WHERE article = ? AND {OF_SERVING} ORDER BY rowid'
        for row, *place in view.rows(sql, (article,)):
            at = Located(*place)
            if not expected.answers or holds(text[at.start : at.end], expected.answers):
                yield row, at


def _articles(view: View, expected: Expected) -> Iterator[tuple[int, str]]:
    """The rows and texts of the articles that could hold it: those named, or all that have an answer's words."""
    values: dict[str, str | int] = {"s": view.info.sequence}
    if expected.articles:
        values["ids"] = json.dumps(expected.articles)
    named = "AND id IN (SELECT value FROM json_each(:ids))" if expected.articles else ""
    longest = [max(answer.casefold().split() or [""], key=len) for answer in expected.answers]
    for (row,) in view.rows(f"SELECT rowid FROM article WHERE {VISIBLE} {named} ORDER BY rowid", values):
        ((blob,),) = view.rows("SELECT text FROM article WHERE rowid = ?", (row,))
        text = blob.decode()
        folded = text.casefold()
        if not longest or (any(word in folded for word in longest) and holds(text, expected.answers)):
            yield row, text


def _lost(
    question: Question, view: View, made: Trace, expected: Expected, wanted: dict[int, Located], threshold: float
) -> Stage | None:
    if not any(expected) or _is_best(made, expected):
        return None if made.groups and made.groups[0].score >= threshold else "abstained"
    if not wanted:
        return "not_chunked" if any(True for _ in _articles(view, expected)) else "not_in_archive"
    return _lost_before(question, view, made, wanted)


def _lost_before(question: Question, view: View, made: Trace, wanted: dict[int, Located]) -> Stage:
    read = {place for one in made.kept for place in (one.place, *one.copies)}
    if any(place in read for place in wanted.values()):
        return "outscored"
    if wanted.keys() & {ranked.passage for ranked in made.ranking}:
        high = {row for leg in made.legs[:2] for row, _ in leg[: question.depth]}
        return "fused_out" if wanted.keys() & high else "not_read"
    if not passing(view, view.info.sequence, question.filters, wanted):
        return "filtered"
    return "not_retrieved"


def _weighed(view: View, one: Group, expected: Expected) -> Weighed:
    article = view.article(one.best.article)
    right = is_right(one.best.quote, one.best.article, expected) if any(expected) else None
    return Weighed(one.best.quote, one.score, head(article), one.best.passage + 1, right)


def _traced(view: View, made: Trace, wanted: dict[int, Located], expected: Expected) -> Iterator[Traced]:
    """The passages that were read, in order, then those expected that were not, the best ranked first."""
    ranks = [{row: n for n, (row, _) in enumerate(leg, start=1)} for leg in made.legs[:2]]
    fused_at = {ranked.passage: n for n, ranked in enumerate(made.ranking, start=1)}
    parts = {ranked.passage: ranked.parts for ranked in made.ranking}
    best: dict[int, Candidate] = {}
    for candidate in made.candidates:
        best.setdefault(candidate.passage, candidate)
    read = [(one.ranked.passage, one.place, n) for n, one in enumerate(made.kept)]
    rest = sorted(
        wanted.keys() - {row for row, *_ in read}, key=lambda row: (fused_at.get(row, len(fused_at) + row), row)
    )
    for row, place, n in [*read, *((row, wanted[row], None) for row in rest[:_SHOWN])]:
        article = view.article_at(place.article)
        text = article.text[place.start : place.end]
        span = best.get(n) if n is not None else None
        made_here = Traced(
            text=text,
            range=range_of(article.text, place.start, place.end),
            article=head(article),
            dense_rank=ranks[0].get(row),
            lexical_rank=ranks[1].get(row),
            fused_rank=fused_at.get(row),
            read_rank=None if n is None else n + 1,
            parts=parts.get(row, ScoreParts()),
            copies=(),
            quote=text[span.start : span.end] if span else None,
            quote_score=span.score if span else None,
            expected=row in wanted or _holds(view, place, expected) if any(expected) else None,
        )
        yield made_here if n is None else replace(made_here, copies=_copies(view, made.kept[n]))


def _copies(view: View, kept: Kept) -> tuple[str, ...]:
    return tuple(dict.fromkeys(view.article_at(place.article).id for place in kept.copies))


def _holds(view: View, place: Located, expected: Expected) -> bool:
    article = view.article_at(place.article)
    named = not expected.articles or article.id in expected.articles
    return named and (not expected.answers or holds(article.text[place.start : place.end], expected.answers))
