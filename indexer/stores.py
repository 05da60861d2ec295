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

from indexer.errors import InvalidInput

Row = tuple[Any, ...]
Values = Sequence[Any] | dict[str, Any]
Place = Path | str


def place_of(text: str) -> Place:
    """Where an archive is, as people write it: a folder, or the URL of a server."""
    return text if "://" in text else Path(text)


def name_of(place: Place) -> str:
    """What an archive is called: its folder's name, or its database's."""
    return place.name if isinstance(place, Path) else place.partition("?")[0].rstrip("/").rpartition("/")[2]


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

    def alone(self, name: str, wait: bool) -> AbstractContextManager[bool]:
        """Hold a lock of this archive that ends with its process, beside writers. Yields False if another has it.

        wait: for it, and raise ArchiveBusy when that is in vain. Raises ArchiveReadOnly.
        """
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


def open_store(place: Place, create: bool = False, migrate: bool = False) -> ArticleStore:
    """Open the store of an archive: SQLite in a folder, PostgreSQL at a URL.

    create: make it where there is none. migrate: bring a server's tables up to date.
    Raises ArchiveMissing, ArchiveDamaged, ArchiveUnavailable, NewerFormat, OlderFormat; InvalidInput: it is no such
    place, or what speaks to the server is not installed.
    """
    if isinstance(place, Path):
        from indexer.store import Store

        return Store(place, create)
    if not place.startswith(("postgresql://", "postgres://")):
        raise InvalidInput("archive", f"{place.partition(':')[0]}:// is no archive's: give a folder or postgresql://…")
    try:
        from indexer.postgres import PostgresStore
    except ModuleNotFoundError as error:
        raise InvalidInput("archive", "it needs what is not installed: pip install 'pullquote[cluster]'") from error
    return PostgresStore(place, create, migrate)
