"""The seam between the archive and what keeps its articles: one Protocol, which every store fits.

SQL is written once, in what the stores have in common: `?`, `?1` or `:name` for values, `IN (SELECT value FROM
json_each(:rows))` for a list of them (given as JSON), `ON CONFLICT`, `IS NOT DISTINCT FROM`. Values of `meta` may come
back as text: `int` reads numbers.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol

Row = tuple[Any, ...]
Values = Sequence[Any] | dict[str, Any]
Place = Path | str


class Transaction(Protocol):
    """What may be done inside `ArticleStore.writing`."""

    def rows(self, sql: str, parameters: Values = ()) -> list[Row]:
        """Run one statement and return its rows."""
        ...

    def many(self, sql: str, parameters: Sequence[Sequence[Any]]) -> None:
        """Run one statement for each row of parameters."""
        ...

    def insert(self, sql: str, parameters: Sequence[Any]) -> int:
        """Run one INSERT and return its rowid."""
        ...

    def tables(self) -> set[str]:
        """The names of the tables that there are."""
        ...

    def make(self, tables: str) -> None:
        """Make tables that came after the first format, where they are missing."""
        ...


class ArticleStore(Protocol):
    """Articles, passages and vectors, the only truth of an archive; safe to share between threads.

    What is written in one transaction is kept whole, or not at all, before its block ends; one transaction at a time.
    """

    @property
    def place(self) -> Place:
        """Where it is, for messages."""
        ...

    def rows(self, sql: str, parameters: Values = ()) -> list[Row]:
        """Run one query to its end, so that no read transaction outlives it."""
        ...

    def stream(self, sql: str, parameters: Values = ()) -> Iterator[Row]:
        """Run one query row by row, for more rows than memory should hold."""
        ...

    def writing(self) -> AbstractContextManager[Transaction]:
        """One write transaction: whole and durable when the block ends, or, after an error, not at all."""
        ...

    def meta(self, key: str) -> Any:  # noqa: ANN401 - text, or in SQLite also int
        """The value of a meta row, or None."""
        ...

    def tables(self) -> set[str]:
        """The names of the tables that there are."""
        ...

    def check(self) -> tuple[bool, str]:
        """Let the engine check itself, and say what it found."""
        ...

    def table_sizes(self) -> dict[str, int]:
        """Bytes of each table with its indexes."""
        ...

    def close(self) -> None:
        """Close every connection."""
        ...
