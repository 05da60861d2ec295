"""A collection of passages in Milvus, for archives that several machines search.

Milvus ranks by meaning and by its own BM25. What it is given to count are the stems of `indexer.lexical`, in one field
with those of the title, so that both indexes know the same words whatever analyzers a server has.
"""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Callable, Iterable, Sequence
from itertools import groupby
from typing import TypeVar
from urllib.parse import urlsplit

from indexer.circuit import Circuit
from indexer.errors import IndexLost, IndexMismatch, IndexRefused, InvalidInput, PullquoteError
from indexer.milvus_client import (
    FAILURES,
    MilvusClient,
    is_gone,
    is_outage,
    is_stale,
    said,
)
from indexer.milvus_rows import Entry, expression, partition_of, partitions, row_of
from indexer.milvus_schema import indexes, schema
from indexer.types import Filters, Floats, VectorSpace

MOST = 16_384  # results of one search: Milvus's own limit
_SECONDS, _WRITE_SECONDS = 5.0, 30.0
_ROWS = 1_000  # written in one call
_EMBEDDER = "pullquote.embedder"  # the property that names whose vectors they are; written last of all
_LEAST_VERSION = (2, 5)  # with sparse vectors and the BM25 function
_LEAST_EF = 256  # how many neighbours a search keeps in sight; at least twice what it returns

_Done = TypeVar("_Done")


class Milvus:
    """One collection of a server, or of Milvus Lite in a file. Safe to share between threads.

    url: milvus+http(s)://[user:password@]host:port[/database], or milvus:///folder/name.db for Milvus Lite.
    Raises InvalidInput: it is no such URL. All else raises ArchiveUnavailable when Milvus does not answer, and
    IndexRefused when it says no: to the credentials, to a request; IndexLost, when there is no such collection.
    """

    def __init__(self, url: str, collection: str) -> None:
        self.place, self._url = shown(url), url
        self._uri = url.removeprefix("milvus+").removeprefix("milvus://")
        self.collection = self._name = collection
        self._circuit = Circuit(self.place)
        self._lock = threading.Lock()
        self._client: MilvusClient | None = None
        self._partitions = set[str]()
        logging.getLogger("pymilvus").setLevel(logging.CRITICAL)  # what it tells with a traceback, our errors say

    def beside(self, collection: str) -> Milvus:
        """Another collection of the same Milvus."""
        return Milvus(self._url, collection)

    def embedder(self) -> str | None:
        """Whose vectors the collection holds; None if there is none, or only what a kill left of making it."""
        return self._call(self._embedder)

    def _embedder(self, client: MilvusClient) -> str | None:
        if not client.has_collection(self._name, timeout=_SECONDS):
            return None
        properties = client.describe_collection(self._name, timeout=_SECONDS).get("properties") or {}
        return str(properties[_EMBEDDER]) if _EMBEDDER in properties else None

    def prepare(self, space: VectorSpace, check: Callable[[], None] = lambda: None) -> None:
        """Make the collection where there is none. check: asked before, it raises what forbids that.

        Raises IndexMismatch: it holds another embedder's vectors.
        """
        found = self.embedder()
        if found is None:
            check()
            self._call(lambda client: self._make(client, space))
        elif found != space.fingerprint:
            raise IndexMismatch(self.place, found, space.fingerprint)

    def _make(self, client: MilvusClient, space: VectorSpace) -> None:
        self._partitions.clear()
        if client.has_collection(self._name, timeout=_SECONDS):
            client.drop_collection(self._name, timeout=_WRITE_SECONDS)
        client.create_collection(self._name, schema=schema(space.width), timeout=_WRITE_SECONDS)
        client.create_index(
            self._name, indexes(), timeout=_WRITE_SECONDS, sync=False
        )  # it is empty: nothing to wait for
        client.alter_collection_properties(self._name, {_EMBEDDER: space.fingerprint}, timeout=_WRITE_SECONDS)
        client.load_collection(self._name, timeout=_WRITE_SECONDS)

    def discard(self) -> None:
        """Drop the collection, if there is one."""
        self._call(lambda client: client.drop_collection(self._name, timeout=_WRITE_SECONDS))
        self._partitions.clear()

    def put(self, entries: Iterable[Entry]) -> None:
        """Write passages, in place of those with the same row."""
        ordered = sorted(entries, key=lambda entry: (partition_of(entry.words.published_at), entry.words.passage))
        for partition, group in groupby(ordered, key=lambda entry: partition_of(entry.words.published_at)):
            self._have(partition)
            rows = [row_of(entry) for entry in group]
            for start in range(0, len(rows), _ROWS):
                self._upsert(partition, rows[start : start + _ROWS])

    def _upsert(self, partition: str, rows: Sequence[dict[str, object]]) -> None:
        self._call(lambda c: c.upsert(self._name, list(rows), partition_name=partition, timeout=_WRITE_SECONDS))

    def _have(self, partition: str) -> None:
        def make(client: MilvusClient) -> None:
            if not client.has_partition(self._name, partition, timeout=_SECONDS):
                client.create_partition(self._name, partition, timeout=_SECONDS)

        if partition not in self._partitions:
            self._call(make)
            self._partitions.add(partition)

    def drop(self, articles: Sequence[int]) -> None:
        """Delete the passages of articles (rows)."""
        self._delete("article", articles)

    def drop_passages(self, passages: Sequence[int]) -> None:
        """Delete passages (rows)."""
        self._delete("passage", passages)

    def _delete(self, field: str, rows: Sequence[int]) -> None:
        for start in range(0, len(rows), _ROWS):
            self._delete_where(f"{field} in {list(rows[start : start + _ROWS])}")

    def _delete_where(self, chosen: str) -> None:
        self._call(lambda client: client.delete(self._name, filter=chosen, timeout=_WRITE_SECONDS))

    def compact(self) -> None:
        """Ask Milvus to rewrite its files without what was deleted."""
        self._call(lambda client: client.compact(self._name, timeout=_WRITE_SECONDS))

    def flush(self) -> None:
        """Have all that is written in its indexes. Milvus does so in time; Milvus Lite is slow until it is told."""
        self._call(lambda client: client.flush(self._name, timeout=10 * _WRITE_SECONDS))

    def near(self, query: Floats, k: int, filters: Filters, strong: bool) -> list[int]:
        """About the k nearest passages (rows) that pass. query: (width,). strong: of all that is written."""
        params: dict[str, object] = {"metric_type": "IP", "params": {"ef": min(2 * MOST, max(_LEAST_EF, 2 * k))}}
        return [row for row, _ in self._search(query.tolist(), "vector", k, filters, strong, params)]

    def worded(self, terms: str, k: int, filters: Filters, strong: bool) -> list[tuple[int, float]]:
        """The k best passages (row, BM25) that hold one of the stems and pass the filters."""
        found = self._search(terms, "terms", k, filters, strong, {"metric_type": "BM25", "params": {}})
        return [(row, abs(score)) for row, score in found]  # Milvus Lite gives distances, the less the better

    def _search(
        self, query: str | list[float], field: str, k: int, filters: Filters, strong: bool, params: dict[str, object]
    ) -> list[tuple[int, float]]:
        def found(client: MilvusClient) -> list[tuple[int, float]]:
            years = self._years(client, filters)
            if years == []:
                return []
            (hits,) = client.search(
                self._name,
                data=[query],
                anns_field=field,
                limit=min(k, MOST),
                filter=expression(filters),
                output_fields=["passage"],
                partition_names=years,
                search_params=params,
                consistency_level=_level(strong),
                timeout=_SECONDS,
            )
            return [(int(hit["passage"]), float(hit["distance"])) for hit in hits]

        return self._call(found)

    def _years(self, client: MilvusClient, filters: Filters) -> list[str] | None:
        if not (filters.since or filters.until):
            return None
        return partitions(filters, client.list_partitions(self._name, timeout=_SECONDS))

    def count(self) -> int:
        """How many passages it holds."""

        def found(client: MilvusClient) -> int:
            rows = client.query(
                self._name, filter="", output_fields=["count(*)"], consistency_level="Strong", timeout=_WRITE_SECONDS
            )
            return int(rows[0]["count(*)"])

        return self._call(found)

    def rows(self, first: int, last: int) -> set[int]:
        """The passages (rows) in [first, last], however many."""

        def found(client: MilvusClient) -> list[dict[str, int]]:
            return list(
                client.query(
                    self._name,
                    filter=f"passage >= {first} and passage <= {last}",
                    output_fields=["passage"],
                    limit=MOST,
                    consistency_level="Strong",
                    timeout=_WRITE_SECONDS,
                )
            )

        if first > last:
            return set()
        held = {int(row["passage"]) for row in self._call(found)}
        if len(held) < MOST:
            return held
        middle = (first + last) // 2  # there may be more: which it gave is Milvus's business
        return self.rows(first, middle) | self.rows(middle + 1, last) if first < last else held

    def close(self) -> None:
        """Close the connection."""
        self._let_go(self._client)

    def _let_go(self, client: MilvusClient | None) -> None:
        """Close a connection; a newer one, of another thread, stays."""
        with self._lock:
            if client is self._client:
                self._client = None
            self._partitions = set()  # another process may have made the collection anew
        if client is not None:
            client.close()

    def _call(self, work: Callable[[MilvusClient], _Done]) -> _Done:
        """Ask Milvus. pymilvus itself tries again for as long as the timeout; then the circuit gives it a rest."""
        with self._circuit.trial():
            try:
                return self._asked(work)
            except _Stale:
                pass
            try:
                return self._asked(work)  # on a new connection, which loads the collection
            except _Stale as stale:
                raise self._meant(stale.error) from stale.error

    def _asked(self, work: Callable[[MilvusClient], _Done]) -> _Done:
        client: MilvusClient | None = None
        try:
            client = self._connected()
            done = work(client)
        except FAILURES as error:
            is_closed = client is not None and client is not self._client  # by another thread
            stale = is_closed or is_stale(error)
            if stale or is_outage(error):  # a broken channel may wait minutes before it connects anew
                self._let_go(client)
            raise _Stale(error) if stale else self._meant(error) from error
        self._circuit.answered()
        return done

    def _meant(self, error: Exception) -> PullquoteError:
        if is_outage(error):
            return self._circuit.failed(said(error))
        self._circuit.answered()
        return (IndexLost if is_gone(error) else IndexRefused)(self.place, said(error))

    def _connected(self) -> MilvusClient:
        with self._lock:
            if self._client is None:
                self._circuit.check()  # who waited for the lock does not wait for what failed meanwhile
                client = MilvusClient(uri=self._uri, timeout=_SECONDS, dedicated=True)
                try:
                    self._check_version(client)
                    if self._embedder(client) is not None:
                        client.load_collection(self._name, timeout=_WRITE_SECONDS)  # Milvus Lite forgets that it was
                except BaseException:
                    client.close()
                    raise
                self._client = client
            return self._client

    def _check_version(self, client: MilvusClient) -> None:
        found = client.get_server_version(timeout=_SECONDS)
        numbers = re.match(r"v?(\d+)\.(\d+)", found)  # Milvus Lite begins with its name
        if numbers and (int(numbers[1]), int(numbers[2])) < _LEAST_VERSION:
            raise IndexRefused(self.place, f"it is Milvus {found}, and 2.5 is the first that counts words")


class _Stale(Exception):
    """What failed may go well on a new connection; that says nothing of Milvus."""

    def __init__(self, error: Exception) -> None:
        super().__init__(str(error))
        self.error = error


def shown(url: str) -> str:
    """Milvus's URL without its secrets, for messages. Raises InvalidInput: it is none."""
    is_server, behind = url.startswith("milvus+"), re.split(r"[/?#]", url.partition("://")[2], maxsplit=1)[1:]
    if is_server and "@" in "".join(behind):  # part of a password would be taken for a port or a name
        raise InvalidInput("index", "its URL has an @ after the host: choose a password without / ? #")
    if not re.match(r"milvus\+https?://[^/]|milvus:///.*\.db$", url):
        raise InvalidInput("index", "write milvus+http://host:19530, milvus+https://… or milvus:///folder/name.db")
    try:
        parts = urlsplit(url)
        port = f":{parts.port}" if parts.port else ""
        if is_server and not parts.hostname:
            raise InvalidInput("index", "it names no host: write milvus+http://host:19530")
    except ValueError:
        raise InvalidInput("index", "its port is no number: write milvus+http://host:19530") from None
    return f"{parts.scheme}://{parts.hostname or ''}{port}{parts.path}"


def _level(strong: bool) -> str:
    return "Strong" if strong else "Bounded"
