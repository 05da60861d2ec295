"""A tiny archive with the interface of `pullquote.Archive`: the terminal's door is tested without models."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, Self

import pytest

from indexer.errors import ArchiveMissing, ArticleNotFound, InvalidInput
from indexer.types import (
    Article,
    ArticleList,
    Best,
    Check,
    Citation,
    Cluster,
    ClusterList,
    Compaction,
    Health,
    Hit,
    HitList,
    IndexEvent,
    IndexSummary,
    Reading,
    Reply,
    Verdict,
    ViewInfo,
)
from tests.api.nouns import HEAD, VIEW, answer, article, hit, reply

SENTENCE = "It cost 3 million euros."


class FakeArchive:
    """One article, one answer. `calls` holds (method, arguments) in order; `fail` makes `ask` raise."""

    calls: list[tuple[str, dict[str, Any]]]
    fail: BaseException | None
    hits: Sequence[Hit]
    events: Sequence[IndexEvent]

    def __init__(
        self,
        path: Path,
        *,
        models: Path | None,
        registry: Path | None,
        embedder: str,
        reader: str,
        create: bool = False,
    ) -> None:
        if not create and not Path(path).is_dir():
            raise ArchiveMissing(Path(path))
        self._note("open", path=Path(path), models=models, embedder=embedder, reader=reader, create=create)

    def _note(self, method: str, **arguments: object) -> None:
        self.calls.append((method, arguments))

    def ask(self, question: str, **options: object) -> Reply:
        self._note("ask", question=question, **options)
        if self.fail is not None:
            raise self.fail
        if not question.strip():
            raise InvalidInput("question", "it is empty: write a few words")
        known = "cost" in question
        answers = [answer("3 million", SENTENCE)] if known else []
        return reply(question, answers, None if known else "low_confidence", [hit(SENTENCE, "cost")])

    def search(self, query: str, *, top_k: int, cursor: str | None, **options: object) -> HitList:
        self._note("search", query=query, top_k=top_k, cursor=cursor, **options)
        first = int(cursor or 0)
        more = str(first + top_k) if first + top_k < len(self.hits) else None
        return HitList(tuple(self.hits[first : first + top_k]), more, VIEW)

    def similar(self, article_id: str | None = None, **options: object) -> HitList:
        self._note("similar", article_id=article_id, **options)
        return HitList(tuple(self.hits), None, VIEW)

    def article(self, article_id: str) -> Article:
        if article_id != HEAD.id:
            raise ArticleNotFound(article_id)
        return article()

    def clusters(self, **options: object) -> ClusterList:
        self._note("clusters", **options)
        return ClusterList((Cluster(HEAD.id, (HEAD, HEAD)),), None, VIEW)

    def articles(self, *, cursor: str | None, **options: object) -> ArticleList:
        self._note("articles", cursor=cursor, **options)
        return ArticleList((HEAD,), None, VIEW) if cursor else ArticleList((HEAD,), "next-page", VIEW)

    def delete(self, ids: Sequence[str], *, purge: bool = False) -> list[str]:
        self._note("delete", ids=list(ids), purge=purge)
        return [self.article(article_id).id for article_id in ids]

    def verify(self, citations: Sequence[Citation]) -> list[Verdict]:
        self._note("verify", citations=list(citations))
        return [Verdict("valid", citation.article_id, citation.range, "as cited") for citation in citations]

    def index(self, *paths: str, report: Callable[[IndexEvent], None], **options: object) -> IndexSummary:
        self._note("index", paths=paths, **options)
        for event in self.events:
            report(event)
        count = [event.status for event in self.events].count
        return IndexSummary(
            count("added"), count("updated"), count("unchanged"), count("refused"), count("removed"), VIEW
        )

    def doctor(self, *, repair: bool) -> Health:
        self._note("doctor", repair=repair)
        if repair:
            logging.getLogger("pullquote").warning("the caches stay\nin memory: %s", "disk full")
        ok = self.fail is None
        return Health(ok, (Check("store", ok, "every page has its checksum"),), {"archive.sqlite": 4096})

    def backup(self, folder: Path) -> Path:
        self._note("backup", folder=folder)
        return folder

    def compact(self) -> Compaction:
        return Compaction(12_000, 2_000)

    def view_info(self) -> ViewInfo:
        return VIEW

    def check(self) -> None:
        pass

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._note("close")


class FakeReader:
    """Abstains, and takes the first two characters for the best span."""

    def __init__(self, *, models: Path | None, registry: Path | None, reader: str) -> None:
        self.name = reader

    def read(self, question: str, context: str) -> Reading:
        return Reading(None, None, None, -1.5, None, Best(context[:2], 0, 2, -1.5))


def install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> type[FakeArchive]:
    """Put a fresh FakeArchive in the place of `pullquote.Archive`; the working folder holds an archive at ./archive."""
    fresh = type("Fresh", (FakeArchive,), {"calls": [], "fail": None, "hits": [hit(SENTENCE, "cost")], "events": []})
    module = ModuleType("pullquote")
    module.Archive = fresh  # type: ignore[attr-defined]
    module.Reader = FakeReader  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "pullquote", module)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PULLQUOTE_ARCHIVE", raising=False)
    Path("archive").mkdir()
    return fresh
