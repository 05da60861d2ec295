"""What requests see: the archive at one sequence number, whatever others write meanwhile (design §5)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from indexer.articles import Articles, Located
from indexer.caches import VISIBLE, floats
from indexer.characters import is_unicode
from indexer.dense import Dense
from indexer.errors import ArticleNotFound
from indexer.lexical import Lexical
from indexer.types import Article, Floats, VectorSpace, ViewInfo


class Moment(NamedTuple):
    """What a view is a view of. layout: the version of what is on disk. purged: how often rows were purged."""

    sequence: int
    layout: int
    purged: int


class Glance:
    """The articles at one sequence number, without what searches them: no model is needed for that."""

    def __init__(self, articles: Articles, moment: Moment, info: ViewInfo) -> None:
        self._articles = articles
        self.moment = moment
        self.info = info

    def article_at(self, row: int) -> Article:
        """The article of one row."""
        return self._articles.at(row)

    def articles_at(self, rows: Sequence[int]) -> dict[int, Article]:
        """The articles of some rows, by row."""
        return self._articles.of(rows)

    def digests(self, articles: Sequence[int]) -> dict[int, str]:
        """The SHA-256 of the texts of articles, by row."""
        return {row: named.text_sha256 for row, named in self._articles.names(articles).items()}

    def row_of(self, article_id: str) -> int:
        """The row of the article that has this id in this view. Raises ArticleNotFound."""
        if not is_unicode(article_id):
            raise ArticleNotFound(article_id)
        sql = f"SELECT rowid FROM article WHERE id = :id AND {VISIBLE}"
        found = self.rows(sql, {"id": article_id, "s": self.info.sequence})
        if not found:
            raise ArticleNotFound(article_id)
        return int(found[0][0])

    def find(self, article_id: str) -> Article | None:
        """The article that has this id in this view, or None."""
        try:
            return self.article(article_id)
        except ArticleNotFound:
            return None

    def article(self, article_id: str) -> Article:
        """The article that has this id in this view. Raises ArticleNotFound."""
        return self.article_at(self.row_of(article_id))

    def rows(self, sql: str, parameters: Sequence[Any] | dict[str, Any]) -> list[tuple[Any, ...]]:
        """Run one query on the store. It is up to the query to look at `info.sequence` only."""
        return self._articles.store.rows(sql, parameters)


class View(Glance):
    """The archive at one sequence number, ready to be searched."""

    def __init__(
        self, articles: Articles, moment: Moment, info: ViewInfo, space: VectorSpace, dense: Dense, lexical: Lexical
    ) -> None:
        super().__init__(articles, moment, info)
        self._space = space
        self.dense = dense
        self.lexical = lexical

    def passages(self, rows: Sequence[int]) -> list[Located]:
        """Where passages lie, in the order asked."""
        found = self._articles.places(rows)
        return [found[row] for row in rows]

    def ids(self, articles: Sequence[int]) -> dict[int, str]:
        """The ids of articles, by row."""
        return {row: named.id for row, named in self._articles.names(articles).items()}

    def vectors(self, article: int) -> Floats:
        """The stored vectors of an article's passages -> (n, width) float32."""
        sql = "SELECT fp16 FROM vector JOIN passage ON passage.rowid = passage WHERE article = ? AND embedder = ?"
        found = self.rows(sql + " ORDER BY ordinal", (article, self._space.fingerprint))
        return floats([row[0] for row in found], self._space.width)
