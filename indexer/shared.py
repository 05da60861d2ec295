"""An index that several machines share: a collection in Milvus that follows the store, by way of its outbox."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Collection, Iterator, Sequence

from indexer import outbox
from indexer.caches import floats
from indexer.counts import counts
from indexer.errors import ArchiveBusy, ArchiveReadOnly, ArchiveUnavailable, IndexLost, IndexMismatch, IndexRefused
from indexer.generations import OF_SERVING, SIZE, Generation
from indexer.indexes import Searchable, Successor
from indexer.lexical import Words
from indexer.milvus import Milvus
from indexer.milvus_rows import Entry
from indexer.shared_search import Leg, SharedDense, SharedLexical, is_lost
from indexer.stores import ArticleStore, Transaction
from indexer.types import VectorSpace

LOG = logging.getLogger("pullquote")
_LOCK = "outbox"
# Seconds after a new sequence number in which searches wait until they see all that was written; then what Milvus calls
# bounded staleness (5 seconds) is enough, and waits for nothing.
_FRESH = 10.0
_LENT = 1.0  # seconds that one search gives to following, of 256 articles at least: the rest is left to the next ones
_COMPARED = 10_000  # passages compared with the store at a time
_LAST = 2**62
_AT_ONCE = 256  # articles written together
_OF_ARTICLE = "passage JOIN article ON article.rowid = passage.article"


class SharedIndex:
    """A `PassageIndex` in Milvus, fed from the store's outbox by whoever finds something in it."""

    is_local = False

    def __init__(
        self, store: ArticleStore, space: Callable[[], VectorSpace], milvus: Milvus, generation: int | None = None
    ) -> None:
        self._store, self._space, self.milvus = store, space, milvus
        self._chosen = OF_SERVING if generation is None else f"ordinal / {SIZE} = {generation}"
        self._checked = self._behind = self._others = self._told = False
        self._fresh_until = self._look_at = 0.0

    @property
    def place(self) -> str:
        """See `PassageIndex.place`."""
        return self.milvus.place

    def at(self, sequence: int, layout: int) -> Searchable:
        """See `PassageIndex.at`."""
        self._check_embedder()
        self._behind = True
        self._catch_up()
        self._fresh_until = time.monotonic() + _FRESH
        sequence, _, n = counts(self._store)
        leg = Leg(self._store, self.milvus, sequence, self._space(), n == 0, self.fresh)
        return Searchable(sequence, SharedDense(leg), SharedLexical(leg), n, self.layout(0, 0))

    def layout(self, sealed: int, memory: int) -> str:
        """See `PassageIndex.layout`."""
        return "in Milvus"

    def fresh(self) -> bool:
        """Bring the index up to date if it may be behind; say whether searches must see the latest writes."""
        now = time.monotonic()
        if now >= self._look_at:
            self._behind, self._look_at = True, now + outbox.GRACE
        self._catch_up()
        return self._behind or now < self._fresh_until

    def note(self, writing: Transaction, sequence: int) -> None:
        """See `PassageIndex.note`."""
        outbox.note(writing, sequence)

    def follow(self) -> None:
        """See `PassageIndex.follow`."""
        try:
            self._deliver(wait=True)
            self._told = False
        except (ArchiveUnavailable, ArchiveBusy, IndexMismatch, IndexRefused) as error:
            if not self._told:
                LOG.warning("what is stored is found once the index follows: %s", error)
            self._told = True

    def _catch_up(self) -> None:
        """Follow what others left, unless one of them is at it. What it raises is left to who searches next."""
        if not self._behind:
            return
        self._behind = False  # first: what another thread says meanwhile stays said
        try:
            if not self._deliver(wait=False):
                self._behind = True
        except ArchiveReadOnly:
            return  # this process may only read: others follow
        except BaseException:
            self._behind = True
            raise
        if self._others and not self._behind:  # they have just written: searches must see it
            self._fresh_until = time.monotonic() + _FRESH
        self._others = self._behind

    def _deliver(self, wait: bool) -> bool:
        """Make the index hold what the store does, of all that is due; say whether that is done.

        wait: for whoever is at it, and until it is done.
        """
        began = time.monotonic()
        while outbox.due(self._store):
            with self._store.alone(_LOCK, wait) as mine:
                if not mine:
                    return False
                if rows := outbox.due(self._store):
                    if self._store.meta("collection") != self.milvus.collection:
                        return True  # another index was chosen meanwhile: they are for it, and for who opens it
                    self.milvus.prepare(self._space(), self._check_not_lost)
                    self._make_right(sorted({row.article for row in rows}))
                    outbox.done(self._store, rows)
            self._fresh_until = time.monotonic() + _FRESH
            if not wait and time.monotonic() - began > _LENT:
                return False
        return True

    def _make_right(self, articles: Sequence[int]) -> None:
        entries = list(self._entries(articles))
        living = {entry.words.article for entry in entries}
        if gone := [row for row in articles if row not in living]:
            self.milvus.drop(gone)
        self.milvus.put(entries)

    def _entries(self, articles: Sequence[int]) -> Iterator[Entry]:
        """What the index is to hold of those of some articles that live."""
        space, chosen = self._space(), json.dumps(articles)
        of_those = "IN (SELECT value FROM json_each(:rows)) AND removed_seq IS NULL"
        sql = f"""SELECT rowid, text, added_seq, title, id, source, author, published_at
            FROM article WHERE rowid {of_those}"""
        texts = {
            row: (text.decode(), added, facts) for row, text, added, *facts in self._store.rows(sql, {"rows": chosen})
        }
        sql = f"""SELECT passage.rowid, passage.article, start, "end", fp16 FROM {_OF_ARTICLE}
            JOIN vector ON vector.passage = passage.rowid AND embedder = :embedder
            WHERE passage.article {of_those} AND {self._chosen} ORDER BY passage.rowid"""
        for passage, row, start, end, fp16 in self._store.rows(sql, {"embedder": space.fingerprint, "rows": chosen}):
            text, added, facts = texts[row]
            yield Entry(Words(passage, row, text[start:end], *facts), added, floats([fp16], space.width)[0])

    def forget(self) -> None:
        """Nothing is kept of the store."""

    def distrust(self, folders: Collection[str]) -> None:
        """Nothing of it lies in folders."""

    def distrusts(self, folder: str | None) -> bool:
        """Nothing of it lies in folders."""
        return False

    def purge(self, articles: Sequence[int]) -> None:
        """See `PassageIndex.purge`."""
        with self._store.alone(_LOCK, wait=True) as mine:
            if not mine:
                raise ArchiveBusy(self._store.place)
            if self.milvus.embedder() is not None:
                self.milvus.drop(articles)
                self.milvus.compact()
        from indexer.succession import discard_waiting

        discard_waiting(self._store, self.milvus)

    def check(self) -> None:
        """See `PassageIndex.check`; also raises IndexLost: the collection was there, and nobody is making it anew."""
        if self.milvus.embedder() is None:
            self._check_not_lost()

    def _check_not_lost(self) -> None:
        """Raises IndexLost: a new collection would not get all that the store holds."""
        if is_lost(self._store, self._chosen):
            raise IndexLost(self.place, "there is no such collection")

    def _check_embedder(self) -> None:
        """Raises IndexMismatch: the index holds another embedder's vectors."""
        if self._checked or self._store.meta("embedder") is None:
            return
        found, wanted = self.milvus.embedder(), self._space().fingerprint
        if found not in {None, wanted}:
            raise IndexMismatch(self.place, str(found), wanted)
        self._checked = found is not None

    def examine(self) -> tuple[bool, str]:
        """See `PassageIndex.examine`."""
        self._check_embedder()
        now, later = outbox.waiting(self._store)
        missing, strange = self._differences()
        if missing or strange:
            return False, f"{self.place} lacks {len(missing)} passages and has {len(strange)} that are not stored"
        said = f"{self._held()} passages in {self.place}, as stored"
        return True, f"{said}; changes that wait: {now + later}" if now + later else said

    def _held(self) -> int:
        return self.milvus.count() if self.milvus.embedder() is not None else 0

    def repair(self) -> None:
        """See `PassageIndex.repair`."""
        self.discard_left()
        with self._store.writing() as writing:
            outbox.hasten(writing)
        try:
            self._check_embedder()
        except IndexMismatch:
            self.milvus.discard()
        if self.milvus.embedder() is None:
            with self._store.writing() as writing:
                outbox.note_all(writing)
        else:
            with self._store.alone(_LOCK, wait=True):  # else what others add meanwhile would be taken for strange
                missing, strange = self._differences()
                if strange:
                    self.milvus.drop_passages(sorted(strange))
                with self._store.writing() as writing:
                    outbox.note_some(writing, self._articles(missing))
        self._deliver(wait=True)

    def _articles(self, passages: Collection[int]) -> list[int]:
        sql = "SELECT DISTINCT article FROM passage WHERE rowid IN (SELECT value FROM json_each(?))"
        return [row[0] for row in self._store.rows(sql, (json.dumps(sorted(passages)),))]

    def _differences(self) -> tuple[set[int], set[int]]:
        """The passages (rows) that the index lacks, and those that it should not have; not what the outbox names."""
        missing, strange = self._compared()
        sql = """SELECT rowid FROM passage WHERE rowid IN (SELECT value FROM json_each(?))
            AND article IN (SELECT article FROM outbox)"""
        waiting = {row[0] for row in self._store.rows(sql, (json.dumps(sorted(missing | strange)),))}
        return missing - waiting, strange - waiting

    def _compared(self) -> tuple[set[int], set[int]]:
        missing, strange, first = set[int](), set[int](), 1
        empty = self.milvus.embedder() is None
        sql = f"""SELECT passage.rowid FROM {_OF_ARTICLE} WHERE passage.rowid >= ? AND removed_seq IS NULL
            AND {self._chosen} ORDER BY passage.rowid LIMIT {_COMPARED}"""
        while first < _LAST:
            stored = {row[0] for row in self._store.rows(sql, (first,))}
            last = max(stored) if len(stored) == _COMPARED else _LAST
            held = set[int]() if empty else self.milvus.rows(first, last)
            missing |= stored - held
            strange |= held - stored
            first = last + 1
        return missing, strange

    def match(self) -> None:
        """Make it hold what the store does, whatever the outbox names: nobody else writes to it."""
        if self.milvus.embedder() not in {None, self._space().fingerprint}:
            self.milvus.discard()  # a third embedder's, who did not come to an end
        self.milvus.prepare(self._space())
        missing, strange = self._compared()
        if strange:
            self.milvus.drop_passages(sorted(strange))
        articles = self._articles(missing)
        for start in range(0, len(articles), _AT_ONCE):
            self._make_right(articles[start : start + _AT_ONCE])

    def successor(self, made: Generation) -> Successor:
        """See `PassageIndex.successor`."""
        from indexer.succession import SharedSuccessor

        return SharedSuccessor(self._store, self.milvus, made)

    def discard_left(self) -> None:
        """See `PassageIndex.discard_left`."""
        from indexer.succession import discard_left

        discard_left(self._store, self.milvus)

    def close(self) -> None:
        """See `PassageIndex.close`."""
        self.milvus.close()
