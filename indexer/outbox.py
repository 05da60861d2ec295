"""What an index outside the store has still to follow: rows written in the transactions that change articles.

A row names an article, not what was done to it: whoever brings the index up to date makes it hold of that article what
the store holds by then. So rows may be followed twice, in any order, by any process, and a kill costs nothing.
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from typing import NamedTuple

from indexer.stores import ArticleStore, Transaction

# In SQLite; in PostgreSQL a migration makes it.
TABLE = """CREATE TABLE IF NOT EXISTS outbox(
  number INTEGER PRIMARY KEY AUTOINCREMENT, article INTEGER NOT NULL, due INTEGER NOT NULL
) STRICT"""
# Seconds that what was removed stays in the index, for requests that began before. No reply shows it: `indexer.shared`.
GRACE = 60
_AT_ONCE = 256  # articles followed together


class Due(NamedTuple):
    """A row of the outbox."""

    number: int
    article: int


def prepare(writing: Transaction) -> None:
    """Make the table where it is missing."""
    writing.make(TABLE)


def note(writing: Transaction, sequence: int) -> None:
    """Write down the articles that came or went at a sequence number."""
    sql = """INSERT INTO outbox(article, due) SELECT rowid, 0 FROM article WHERE added_seq = :s
        UNION ALL SELECT rowid, :later FROM article WHERE removed_seq = :s"""
    writing.rows(sql, {"s": sequence, "later": int(time.time()) + GRACE})


def note_all(writing: Transaction) -> None:
    """Write down every article: the index is to be made anew."""
    writing.rows("INSERT INTO outbox(article, due) SELECT rowid, 0 FROM article WHERE removed_seq IS NULL")


def note_some(writing: Transaction, articles: Sequence[int]) -> None:
    """Write down some articles (rows), at once."""
    writing.many("INSERT INTO outbox(article, due) VALUES (?, 0)", [(row,) for row in articles])


def due(store: ArticleStore) -> list[Due]:
    """The next rows to follow, in order; none when the index is up to date."""
    sql = "SELECT number, article FROM outbox WHERE due <= ? ORDER BY number LIMIT ?"
    return [Due(*row) for row in store.rows(sql, (int(time.time()), _AT_ONCE))]


def waiting(store: ArticleStore) -> tuple[int, int]:
    """How many rows are due, and how many will be."""
    sql = "SELECT count(*) FILTER (WHERE due <= :now), count(*) FILTER (WHERE due > :now) FROM outbox"
    ((now, later),) = store.rows(sql, {"now": int(time.time())})
    return now, later


def done(store: ArticleStore, rows: Sequence[Due]) -> None:
    """Forget rows that were followed."""
    with store.writing() as writing:
        numbers = json.dumps([row.number for row in rows])
        writing.rows("DELETE FROM outbox WHERE number IN (SELECT value FROM json_each(?))", (numbers,))


def hasten(writing: Transaction) -> None:
    """Let nothing wait: what was removed is to leave the index now."""
    writing.rows("UPDATE outbox SET due = 0")
