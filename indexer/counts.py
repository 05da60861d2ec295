"""How many articles and passages there are: kept in `meta` by whoever changes them, as counting millions is slow.

The row names its sequence number. Where it is of another one (a version of Pullquote that does not keep it wrote last,
or another generation of passages serves) all is counted, and the next writer keeps what it finds.
"""

from __future__ import annotations

import json
from typing import NamedTuple, Protocol

from indexer.generations import OF_SERVING, set_meta
from indexer.stores import Row, Transaction, Values

_KEY = "counted"
_KEPT = f"""SELECT (SELECT value FROM meta WHERE key = 'sequence'), (SELECT value FROM meta WHERE key = '{_KEY}')"""
_OF_ARTICLE = "passage JOIN article ON article.rowid = passage.article"
_ALL = f"""SELECT (SELECT value FROM meta WHERE key = 'sequence'),
    (SELECT count(*) FROM article WHERE removed_seq IS NULL),
    (SELECT count(*) FROM passage WHERE {OF_SERVING})
    - (SELECT count(*) FROM {_OF_ARTICLE} WHERE removed_seq IS NOT NULL AND {OF_SERVING})"""
_CAME = "added_seq = :s AND (removed_seq IS NULL OR removed_seq > :s)"
_WENT = "removed_seq = :s AND added_seq < :s"
_SINCE = f"""SELECT (SELECT count(*) FROM article WHERE {_CAME}) - (SELECT count(*) FROM article WHERE {_WENT}),
    (SELECT count(*) FROM {_OF_ARTICLE} WHERE {_CAME} AND {OF_SERVING})
    - (SELECT count(*) FROM {_OF_ARTICLE} WHERE {_WENT} AND {OF_SERVING})"""


class Counts(NamedTuple):
    """What is visible at one sequence number."""

    sequence: int
    articles: int
    passages: int


class _Asked(Protocol):
    def rows(self, sql: str, parameters: Values = ()) -> list[Row]: ...


def counts(store: _Asked) -> Counts:
    """What is visible now; of one moment."""
    found = kept(store)
    return counted(store) if found is None else found


def kept(store: _Asked) -> Counts | None:
    """What the row says, if it is of now."""
    sequence, row = store.rows(_KEPT)[0]
    found = None if row is None else Counts(*json.loads(row))
    return found if found and found.sequence == int(sequence) else None


def note(writing: Transaction, sequence: int) -> None:
    """Bring the row to a sequence number, at the end of the transaction that takes it."""
    row = writing.rows(_KEPT)[0][1]
    before = None if row is None else Counts(*json.loads(row))
    if before is None or before.sequence != sequence - 1:
        recount(writing)
        return
    ((articles, passages),) = writing.rows(_SINCE, {"s": sequence})
    _keep(writing, Counts(sequence, before.articles + articles, before.passages + passages))


def recount(writing: Transaction) -> None:
    """Count all there is, and keep that."""
    _keep(writing, counted(writing))


def counted(store: _Asked) -> Counts:
    """What is visible now, whatever the row says."""
    return Counts(*map(int, store.rows(_ALL)[0]))


def _keep(writing: Transaction, found: Counts) -> None:
    set_meta(writing, [(_KEY, json.dumps(found))])
