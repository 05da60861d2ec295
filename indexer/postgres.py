"""A store in PostgreSQL, for archives that several machines share. The only module that imports psycopg.

A write transaction holds a lock that only one can hold, so that sequence numbers are taken in the order of commits.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import Connection, errors
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.types.string import StrDumper
from psycopg_pool import ConnectionPool, PoolClosed, PoolTimeout

from indexer.circuit import Circuit, first_line
from indexer.errors import (
    ArchiveBusy,
    ArchiveDamaged,
    ArchiveMissing,
    ArchiveReadOnly,
    InvalidInput,
    NewerFormat,
    OlderFormat,
)
from indexer.postgres_schema import MIGRATIONS
from indexer.postgres_sql import bound, read, translated
from indexer.stores import Row, Values

_CONNECTIONS = 16
_PATIENCE = 5.0  # seconds to wait for a connection
_OPTIONS = {
    "connect_timeout": "5",
    "tcp_user_timeout": "10000",
    "keepalives_idle": "10",
    "application_name": "pullquote",
}
_STATEMENT_MS, _LOCK_MS = 60_000, 30_000
_LOCK = "hashtextextended('pullquote ' || current_schema(), 0)"
_AT_ONCE = 2_000  # rows of a stream that are fetched together
_LOST = (psycopg.OperationalError, psycopg.InterfaceError, PoolTimeout)


class PostgresStore:
    """An `ArticleStore` in the first schema of the search path of a database.

    Raises ArchiveMissing: there are no tables, and not `create`; OlderFormat, NewerFormat; ArchiveUnavailable.
    migrate: also bring tables of an earlier version up to date.
    """

    def __init__(self, url: str, create: bool = False, migrate: bool = False) -> None:
        self.place = shown(url)
        self._circuit = Circuit(self.place)
        options = {key: value for key, value in _OPTIONS.items() if key not in conninfo_to_dict(url)}
        address = make_conninfo(url, **options)
        logging.getLogger("psycopg.pool").setLevel(logging.CRITICAL)  # what it warns of, our errors say
        with self._told():
            psycopg.connect(address).close()  # says at once what is wrong; the pool would try, and then not say
        self._pool = ConnectionPool(
            address,
            kwargs={"autocommit": True},
            min_size=1,
            max_size=_CONNECTIONS,
            timeout=_PATIENCE,
            configure=_configured,
            reconnect_timeout=_PATIENCE,
            open=True,
        )
        try:
            self._check_format(create, migrate)
        except BaseException:
            self.close()
            raise

    def _check_format(self, create: bool, migrate: bool) -> None:
        found = self._format()
        if found is None and not create:
            raise ArchiveMissing(self.place)
        if (found is None and create) or migrate:
            found = self._migrate()
        if found is not None and found > len(MIGRATIONS):
            raise NewerFormat(self.place, found, len(MIGRATIONS))
        if found is not None and found < len(MIGRATIONS):
            raise OlderFormat(self.place, found, len(MIGRATIONS))

    def _format(self) -> int | None:
        """How many migrations were applied; None before the first."""
        if "migration" not in self.tables():
            return None
        return int(self.rows("SELECT coalesce(max(number), 0) FROM migration")[0][0])

    def _migrate(self) -> int:
        """Apply the migrations that are missing, in order, in one transaction; return how many there are then."""
        with self.writing() as writing:
            writing.rows("CREATE TABLE IF NOT EXISTS migration(number BIGINT PRIMARY KEY, applied_at TEXT NOT NULL)")
            done = int(writing.rows("SELECT coalesce(max(number), 0) FROM migration")[0][0])
            for number, sql in enumerate(MIGRATIONS[done:], done + 1):
                writing.script(sql)
                writing.rows("INSERT INTO migration VALUES (?, CAST(now() AS TEXT))", (number,))
        return max(done, len(MIGRATIONS))

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Turn what PostgreSQL says into ours."""
        try:
            yield
        except (errors.LockNotAvailable, errors.QueryCanceled) as error:
            raise ArchiveBusy(self.place) from error
        except (errors.ReadOnlySqlTransaction, errors.InsufficientPrivilege, errors.DiskFull) as error:
            raise ArchiveReadOnly(self.place, first_line(error)) from error
        except (errors.DataCorrupted, errors.IndexCorrupted, errors.UndefinedTable, errors.UndefinedColumn) as error:
            raise ArchiveDamaged(self.place, first_line(error)) from error
        except PoolClosed as error:
            raise self._circuit.failed("it was closed") from error
        except _LOST as error:
            raise self._circuit.failed(first_line(error)) from error

    def rows(self, sql: str, parameters: Values = ()) -> list[Row]:
        """Run one query to its end; once more on another connection, where the first is lost."""
        statement = translated(sql)
        values = bound(statement, parameters)

        def run() -> list[Row]:
            with self._pool.connection() as connection, connection.cursor() as cursor:
                cursor.execute(statement.sql.encode(), values)
                return [read(row) for row in cursor.fetchall()] if cursor.description else []

        with self._told():
            return self._circuit.call(lambda: self._noticing(run), (_Lost,))

    def _noticing(self, run: Callable[[], list[Row]]) -> list[Row]:
        """Run something; where its connection was lost, let go of all that are: the next try has a sound one."""
        try:
            return run()
        except _SAID:
            raise
        except (psycopg.OperationalError, psycopg.InterfaceError) as error:
            self._pool.check()
            raise _Lost(first_line(error)) from error

    def stream(self, sql: str, parameters: Values = ()) -> Iterator[Row]:
        """Run one query in pieces, for more rows than memory should hold."""
        statement = translated(sql)
        self._circuit.check()
        with (
            self._told(),
            self._pool.connection() as connection,
            connection.transaction(),
            connection.cursor(name="pullquote") as cursor,
        ):
            cursor.itersize = _AT_ONCE
            cursor.execute(statement.sql.encode(), bound(statement, parameters))
            for row in cursor:
                yield read(row)

    @contextmanager
    def writing(self) -> Iterator[PostgresWriting]:
        """One write transaction: whole on PostgreSQL's disk when the block ends, or, after an error, not at all."""
        self._circuit.check()
        with self._told(), self._pool.connection() as connection, connection.transaction():
            connection.execute("SET LOCAL synchronous_commit = on")
            connection.execute(f"SET LOCAL lock_timeout = {_LOCK_MS}".encode())
            connection.execute(f"SELECT pg_advisory_xact_lock({_LOCK})".encode())
            yield PostgresWriting(connection)

    def meta(self, key: str) -> Any:  # noqa: ANN401 - as the Protocol says; here it is text or None
        """The value of a meta row, or None."""
        found = self.rows("SELECT value FROM meta WHERE key = ?", (key,))
        return found[0][0] if found else None

    def tables(self) -> set[str]:
        """The names of the tables that there are."""
        return {row[0] for row in self.rows(_TABLES)}

    def check(self) -> tuple[bool, str]:
        """Say what PostgreSQL says of itself: it checks keys and references as it writes."""
        version, checksums = self.rows("SELECT current_setting('server_version'), current_setting('data_checksums')")[0]
        return True, f"PostgreSQL {version} keeps it, format {len(MIGRATIONS)}; its page checksums are {checksums}"

    def table_sizes(self) -> dict[str, int]:
        """Bytes of each table with its indexes."""
        sql = """SELECT relname, pg_total_relation_size(oid) FROM pg_class
            WHERE relkind = 'r' AND relnamespace = CAST(current_schema() AS regnamespace)"""
        return dict(self.rows(sql))

    def close(self) -> None:
        """Close every connection."""
        self._pool.close()


class PostgresWriting:
    """What may be done inside `PostgresStore.writing`."""

    def __init__(self, connection: Connection[Row]) -> None:
        self._connection = connection

    def rows(self, sql: str, parameters: Values = ()) -> list[Row]:
        """Run one statement and return its rows."""
        statement = translated(sql)
        with self._connection.cursor() as cursor:
            cursor.execute(statement.sql.encode(), bound(statement, parameters))
            return [read(row) for row in cursor.fetchall()] if cursor.description else []

    def many(self, sql: str, parameters: Sequence[Sequence[Any]]) -> None:
        """Run one statement for each row of parameters."""
        statement = translated(sql)
        with self._connection.cursor() as cursor:
            cursor.executemany(statement.sql.encode(), [bound(statement, values) for values in parameters])

    def insert(self, sql: str, parameters: Sequence[Any]) -> int:
        """Run one INSERT and return its rowid."""
        return int(self.rows(f"{sql} RETURNING rowid", parameters)[0][0])

    def tables(self) -> set[str]:
        """The names of the tables that there are."""
        return {row[0] for row in self.rows(_TABLES)}

    def make(self, tables: str) -> None:
        """Do nothing: migrations make all tables."""

    def script(self, sql: str) -> None:
        """Run several statements of PostgreSQL's own."""
        self._connection.execute(sql.encode())


_TABLES = "SELECT CAST(tablename AS TEXT) FROM pg_tables WHERE schemaname = current_schema()"
# What an engine that can be reached says of a statement: another try would hear it again.
_SAID = (errors.LockNotAvailable, errors.QueryCanceled, errors.DiskFull, PoolTimeout, PoolClosed)


class _Lost(Exception):
    """The connection broke; on another one, a query may be run again."""


def shown(url: str) -> str:
    """A database's URL without its secrets, for messages. Raises InvalidInput: it is none."""
    if "@" in re.split(r"[/?#]", url.partition("://")[2], maxsplit=1)[-1]:  # part of it would be taken for a name
        raise InvalidInput(
            "archive", "its URL has an @ after the host: write / ? # @ % of a password as %2F %3F %23 %40 %25"
        )
    try:
        parts = conninfo_to_dict(url)
    except psycopg.ProgrammingError as error:
        said = "" if "@" in url else f"{first_line(error)}: "  # it repeats what it stumbles over, a password maybe
        raise InvalidInput("archive", f"{said}write postgresql://user@host:port/database, with % as %25") from None
    host = str(parts.get("host") or "localhost")
    port = f":{parts['port']}" if parts.get("port") else ""
    return f"postgresql://{host}{port}/{parts.get('dbname') or ''}"


def _configured(connection: Connection[Row]) -> None:
    connection.adapters.register_dumper(str, StrDumper)  # as text: else PostgreSQL guesses, at each place anew
    connection.execute(b"SET client_encoding = 'UTF8'")
    connection.execute(b"SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL READ COMMITTED")
    connection.execute(f"SET statement_timeout = {_STATEMENT_MS}".encode())
