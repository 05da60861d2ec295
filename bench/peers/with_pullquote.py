"""Pullquote as its README has it."""

from __future__ import annotations

import shutil
from datetime import datetime
from math import inf
from typing import Any

from bench.peers.job import Asked, Job, Place, Reply, System, run
from indexer.types import Answer, Filters, Hit
from pullquote import Archive

TOP_K = 10


def index(job: Job, articles: list[dict[str, Any]]) -> int:
    """Index the file of the articles; what is ready is an archive already."""
    if job.ready:
        with Archive(job.home) as there:
            return there.info().view.passages
    shutil.rmtree(job.home, ignore_errors=True)
    with Archive(job.home, create=True) as archive:
        archive.index(job.articles)
        return archive.info().view.passages


def load(job: Job) -> System:
    """Variant "depth N": N passages are read. Beside it, the same, giving every answer it weighs."""
    archive, depth = Archive(job.home), int(job.variant.split()[-1])
    unsure = Archive(job.home)
    unsure._answerer.threshold = -inf

    def ask(question: Asked, source: Archive = archive) -> Reply:
        reply = source.ask(question.text, top_k=TOP_K, depth=depth, as_of=_day(question))
        return Reply([_answer(one) for one in reply.answers], reply.answered, [_hit(one) for one in reply.passages])

    def search(question: Asked) -> object:
        return archive.search(question.text, top_k=TOP_K, filters=Filters(as_of=_day(question)))

    return System(ask, search, lambda question: ask(question, unsure))


def _day(question: Asked) -> str | None:
    return None if question.day is None else datetime.strptime(str(question.day), "%Y%m%d").date().isoformat()


def _answer(one: Answer) -> Place:
    return Place(one.article.id, one.answer, one.range.start, one.range.end)


def _hit(one: Hit) -> Place:
    return Place(one.article.id, one.text, one.range.start, one.range.end)


if __name__ == "__main__":
    run(index, load)
