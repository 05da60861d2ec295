"""A store in PostgreSQL, for archives that several machines share. The only module that imports psycopg.

A write transaction holds a lock that only one can hold, so that sequence numbers are taken in the order of commits.
"""

from __future__ import annotations

import logging
import os
import re
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from functools import partial
from typing import Any, TypeVar

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
    ArchiveUnavailable,
    InvalidInput,
    NewerFormat,
    OlderFormat,
    PullquoteError,
)
from indexer.lifeline import Lifeline
from indexer.postgres_schema import MIGRATIONS
from indexer.postgres_sql import bound, read, translated
from indexer.shares import share
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


class PostgresStore:
    """An `ArticleStore` in the first schema of the search path of a database.

    Raises ArchiveMissing: there are no tables, and not `create`; OlderFormat, NewerFormat; ArchiveUnavailable.
    migrate: also bring tables of an earlier version up to date.
    """

    def __init__(self, url: str, create: bool = False, migrate: bool = False) -> None:
        self.place = shown(url)
        self._circuit = Circuit(self.place)
        options = {key: value for key, value in _OPTIONS.items() if key not in conninfo_to_dict(url)}
        self._address = make_conninfo(url, **options)
        self._lifeline = Lifeline(self._is_there, _PATIENCE)
        logging.getLogger("psycopg.pool").setLevel(logging.CRITICAL)  # what it warns of, our errors say
        self._look()
        self._pool = ConnectionPool(
            self._address,
            kwargs={"autocommit": True},
            min_size=1,
            max_size=_CONNECTIONS,
            timeout=_PATIENCE,
            configure=self._configured,
            reconnect_timeout=_PATIENCE,
            open=True,
        )
        try:
            self._check_format(create, migrate)
        except BaseException:
            self.close()
            raise

    def _look(self) -> None:
        """Connect once: that says at once what is wrong; the pool would try, and then not say."""
        with self._told(), psycopg.connect(self._address) as connection:
            encoding = connection.info.parameter_status("server_encoding")
        if encoding != "UTF8":  # another one cannot hold every character
            raise InvalidInput(
                "archive", f"{self.place} is encoded in {encoding}: make one with createdb -E UTF8 -T template0"
            )

    def _is_there(self) -> bool:
        """Whether the server answers somebody: a new connection."""
        try:
            psycopg.connect(self._address).close()
        except errors.ConnectionTimeout as error:
            self._circuit.failed(first_line(error))
            return False
        except psycopg.OperationalError:  # it says why not: it is there, or what waits for it has been told
            return True
        return True

    def _over(self, connection: Connection[Row]) -> AbstractContextManager[None]:
        """Wait for an answer no longer than there is a server."""
        return self._lifeline.over(partial(_cut, connection))

    def _configured(self, connection: Connection[Row]) -> None:
        connection.adapters.register_dumper(str, StrDumper)  # as text: else PostgreSQL guesses, at each place anew
        with self._over(connection):
            connection.execute(b"SET client_encoding = 'UTF8'")
            connection.execute(b"SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL READ COMMITTED")
            connection.execute(f"SET statement_timeout = {_STATEMENT_MS}".encode())

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
            writing.script(_NO_LIMIT)
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
        except errors.LockNotAvailable as error:
            raise ArchiveBusy(self.place) from error
        except (errors.ReadOnlySqlTransaction, errors.InsufficientPrivilege, errors.DiskFull) as error:
            raise ArchiveReadOnly(self.place, first_line(error)) from error
        except (errors.DataCorrupted, errors.IndexCorrupted, errors.UndefinedTable, errors.UndefinedColumn) as error:
            raise ArchiveDamaged(self.place, first_line(error)) from error
        except PoolClosed as error:
            raise self._circuit.failed("it was closed") from error
        except _Lost as error:
            raise self._circuit.failed(first_line(error)) from error
        except PoolTimeout as error:
            self._look()  # it can be reached, or that raises why not
            raise ArchiveUnavailable(self.place, f"all {_CONNECTIONS} connections are in use") from error
        except (psycopg.OperationalError, psycopg.InterfaceError) as error:
            raise self._meant(error) from error

    def _meant(self, error: psycopg.Error) -> PullquoteError:
        """What an error says that has no class of its own here. The circuit is for lost connections alone."""
        if _is_lost(error):
            return self._circuit.failed(first_line(error))
        if isinstance(error, errors.ProgramLimitExceeded):
            return InvalidInput("archive", f"{self.place} cannot keep this ({first_line(error)}): send less at a time")
        if str(error.sqlstate).startswith("40"):  # it was rolled back, for another one's sake
            return ArchiveBusy(self.place)
        return ArchiveUnavailable(self.place, first_line(error))

    def rows(self, sql: str, parameters: Values = ()) -> list[Row]:
        """Run one query to its end; once more on another connection, where the first is lost."""
        statement = translated(sql)
        values = bound(statement, parameters)

        def run() -> list[Row]:
            with self._pool.connection() as connection, connection.cursor() as cursor, self._over(connection):
                cursor.execute(statement.sql.encode(), values)
                return [read(row) for row in cursor.fetchall()] if cursor.description else []

        with self._told(), share("store"):
            return self._circuit.call(self._noticing(run), (_Lost,))

    def _noticing(self, run: Callable[[], _Done]) -> Callable[[], _Done]:
        """Run something; where its connection was lost, let go of all that are: the next try has a sound one.

        Where there is none to be had, the next try says so at once: the pool would wait.
        """
        lost = self._circuit.is_failing

        def attempt() -> _Done:
            nonlocal lost
            try:
                if lost:
                    psycopg.connect(self._address).close()
                return run()
            except (psycopg.OperationalError, psycopg.InterfaceError) as error:
                if not _is_lost(error):
                    raise
                lost = True
                self._pool.drain()
                raise _Lost(first_line(error)) from error

        return attempt

    @contextmanager
    def _transaction(self, *settings: str) -> Iterator[Connection[Row]]:
        """A transaction that begins with some statements; until it has begun, it is tried on other connections too."""

        def begin() -> Connection[Row]:
            with ExitStack() as stack:
                connection = stack.enter_context(self._pool.connection())
                transaction = connection.transaction()

                def leave(*raised: Any) -> bool | None:  # noqa: ANN401 - as `__exit__` has it
                    with self._over(connection):
                        return transaction.__exit__(*raised)

                with self._over(connection):
                    transaction.__enter__()
                    stack.push(leave)
                    for sql in settings:
                        connection.execute(sql.encode())
                ended.push(stack.pop_all())
                return connection

        with self._told(), ExitStack() as ended:
            yield self._circuit.call(self._noticing(begin), (_Lost,))

    def stream(self, sql: str, parameters: Values = ()) -> Iterator[Row]:
        """Run one query in pieces, for more rows than memory should hold."""
        statement = translated(sql)
        with self._transaction(_NO_LIMIT) as connection, connection.cursor(name="pullquote") as cursor:
            with self._over(connection):
                cursor.execute(statement.sql.encode(), bound(statement, parameters))
            while True:
                with self._over(connection):
                    rows = cursor.fetchmany(_AT_ONCE)
                yield from map(read, rows)
                if len(rows) < _AT_ONCE:
                    return

    @contextmanager
    def writing(self) -> Iterator[PostgresWriting]:
        """One write transaction: whole on PostgreSQL's disk when the block ends, or, after an error, not at all."""
        alone = f"SELECT pg_advisory_xact_lock({_LOCK})"
        with self._transaction(_DURABLE, f"SET LOCAL lock_timeout = {_LOCK_MS}", alone) as connection:
            yield PostgresWriting(connection, self._over)

    @contextmanager
    def alone(self, name: str, wait: bool) -> Iterator[bool]:
        """See `ArticleStore.alone`."""
        lock = f"hashtextextended('pullquote {name} ' || current_schema(), 0)"
        if wait:
            limits = _IDLE, f"SET LOCAL lock_timeout = {_LOCK_MS}"
            with self._transaction(*limits, f"SELECT pg_advisory_xact_lock({lock})"):
                yield True
            return
        with self._transaction(_IDLE) as connection:
            found = connection.execute(f"SELECT pg_try_advisory_xact_lock({lock})".encode()).fetchone()
            yield bool(found and found[0])

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
        self._lifeline.close()
        self._pool.close()


class PostgresWriting:
    """What may be done inside `PostgresStore.writing`."""

    def __init__(self, connection: Connection[Row], over: _Over) -> None:
        self._connection, self._over = connection, over

    def rows(self, sql: str, parameters: Values = ()) -> list[Row]:
        """Run one statement and return its rows."""
        statement = translated(sql)
        with self._connection.cursor() as cursor, self._over(self._connection):
            cursor.execute(statement.sql.encode(), bound(statement, parameters))
            return [read(row) for row in cursor.fetchall()] if cursor.description else []

    def many(self, sql: str, parameters: Sequence[Sequence[Any]]) -> None:
        """Run one statement for each row of parameters."""
        statement = translated(sql)
        with self._connection.cursor() as cursor, self._over(self._connection):
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
        with self._over(self._connection):
            self._connection.execute(sql.encode())


_TABLES = "SELECT CAST(tablename AS TEXT) FROM pg_tables WHERE schemaname = current_schema()"
_DURABLE, _NO_LIMIT = "SET LOCAL synchronous_commit = on", "SET LOCAL statement_timeout = 0"
_IDLE = "SET LOCAL idle_in_transaction_session_timeout = 0"  # a lock is held while other things are done
_Done = TypeVar("_Done")
_Over = Callable[[Connection[Row]], AbstractContextManager[None]]


def _is_lost(error: psycopg.Error) -> bool:
    """Whether an error says that a connection broke or that the server goes or comes, and nothing of a statement."""
    if isinstance(error, (PoolTimeout, PoolClosed)):
        return False
    return error.sqlstate is None or error.sqlstate.startswith(("08", "57P"))


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


def _cut(connection: Connection[Row]) -> None:
    """Break a connection, from another thread than the one that waits for it."""
    with suppress(OSError, psycopg.Error), socket.socket(fileno=os.dup(connection.fileno())) as broken:
        broken.shutdown(socket.SHUT_RDWR)
