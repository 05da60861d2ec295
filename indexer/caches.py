"""The caches of an archive, brought to a sequence number: what requests search (design §5).

Each is part on disk (sealed segments of vectors, one lexical index) and part in memory (what came since, or what the
disk lacks). Both parts are filled from the store, which alone is the truth; nothing here writes.
"""

from __future__ import annotations

import json
import logging
from array import array
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from indexer import dense
from indexer.dense import Segment, Segments
from indexer.files import Stamp, is_intact
from indexer.generations import SERVING, SIZE
from indexer.lexical import Lexical, LexicalIndex, LexicalLayers, LexicalView, Words
from indexer.lexical_files import Look, looks_of, sound
from indexer.resident import Bounded
from indexer.stores import ArticleStore
from indexer.types import Filters, Floats, Halves, Ints, VectorSpace

LOG = logging.getLogger("pullquote")
LOCK = "seal.lock"
VISIBLE = "added_seq <= :s AND (removed_seq IS NULL OR removed_seq > :s)"


class Sealed(NamedTuple):
    """A row of the table segment: vectors on disk of the passages in [first, last] that lived when it was made."""

    id: str
    embedder: str
    first: int
    last: int
    n: int
    files: dict[str, Stamp]


class Layout(NamedTuple):
    """What is on disk. version: changes whenever the rest does. purged: how often rows were purged until then."""

    version: int
    segments: tuple[Sealed, ...]
    lexical: str | None
    purged: int


@dataclass(frozen=True, slots=True)
class State:
    """The caches at one sequence number. Immutable but for `overlay`, which only the next state changes."""

    sequence: int
    layout: Layout
    dense: Segments
    lexical: Lexical
    disk: Bounded[LexicalIndex] | None
    overlay: LexicalIndex
    dead: frozenset[int] = field(default_factory=frozenset)


def read_layout(store: ArticleStore, embedder: str | None = None) -> tuple[int, Layout]:
    """The sequence number and what is on disk, of one moment: a later layout may lack what an older number shows.

    embedder: whose segments; None for those that serve.
    """
    sql = """SELECT (SELECT value FROM meta WHERE key = 'sequence'), (SELECT value FROM meta WHERE key = 'layout'),
        (SELECT value FROM meta WHERE key = 'lexical'), (SELECT value FROM meta WHERE key = 'purged'),
        id, embedder, first, last, n, files FROM (SELECT 1) AS one LEFT JOIN segment
        ON embedder = coalesce(?, (SELECT value FROM meta WHERE key = 'embedder')) ORDER BY first"""
    rows = store.rows(sql, (embedder,))
    sequence, version, lexical, purged, *_ = rows[0]
    segments = [
        Sealed(name, embedder, first, last, n, _stamps(files))
        for *_, name, embedder, first, last, n, files in rows
        if name is not None
    ]
    return int(sequence), Layout(int(version or 0), tuple(segments), lexical, int(purged or 0))


def _stamps(files: str) -> dict[str, Stamp]:
    return {file: Stamp(*stamp) for file, stamp in json.loads(files).items()}


class Moved(Exception):
    """What is on disk was put elsewhere while it was opened: read the layout again."""


def opened(
    store: ArticleStore,
    space: VectorSpace,
    layout: Layout,
    sequence: int,
    before: State | None = None,
    distrusted: Collection[str] = (),
) -> State:
    """The caches at a sequence number, from what is on disk and, for the rest, from the store. Raises Moved.

    before: the state until now, whose vectors are kept where only words were put on disk since. distrusted: folders
    that are known to be damaged, though their files may look as they did.
    """
    folder = Path(store.place)  # of a server's, no layout names a file
    if before and (before.layout.segments, before.layout.purged) == (layout.segments, layout.purged):
        whole = _grown(store, space, before, sequence, removed_articles(store, before.sequence, sequence))
    else:
        whole = _vectors(store, folder, space, layout, sequence, distrusted)
    seen = looks_of(folder / "lexical" / layout.lexical) if layout.lexical else None  # before they are checked
    disk = None if is_of(layout.lexical, distrusted) else open_lexical(folder, layout.lexical, sequence)
    if disk is None and layout.lexical is not None:
        _warn(store, layout, folder / "lexical" / layout.lexical, "words are")
    since = disk.sequence if disk else 0
    overlay = LexicalIndex()
    overlay.update(new_words(store, since, sequence), (), sequence)
    dead = frozenset(removed_articles(store, since, sequence))
    again = partial(open_lexical, folder, layout.lexical, sequence, checked=seen)
    bounded = None if disk is None else Bounded(disk, again)
    return State(sequence, layout, whole, _layers(bounded, dead, overlay), bounded, overlay, dead)


def advanced(store: ArticleStore, space: VectorSpace, state: State, sequence: int) -> State:
    """The next state: what was added and removed since."""
    removed = removed_articles(store, state.sequence, sequence)
    grown = _grown(store, space, state, sequence, removed)
    dead = state.dead | frozenset(removed)
    state.overlay.update(new_words(store, state.sequence, sequence), removed, sequence)
    layers = _layers(state.disk, dead, state.overlay)
    return State(sequence, state.layout, grown, layers, state.disk, state.overlay, dead)


def next_name(lexical: str) -> str:
    """The name of the folder for the next commit of a lexical index."""
    root, _, n = lexical.partition("-")
    return f"{root}-{int(n or 1) + 1}"


def is_of(name: str | None, folders: Collection[str]) -> bool:
    """Whether a lexical index is one of these or came of one: where one is damaged, so is the next, with its files."""
    return name is not None and name.partition("-")[0] in {folder.partition("-")[0] for folder in folders}


def _vectors(
    store: ArticleStore, folder: Path, space: VectorSpace, layout: Layout, sequence: int, distrusted: Collection[str]
) -> Segments:
    segments = [_segment(store, folder, space, layout, row, row.id not in distrusted) for row in layout.segments]
    passages, vectors = uncovered(store, space, layout.segments, sequence)
    removed = _removed_passages(store, layout.segments, sequence)
    return Segments(space.width, segments).extended(passages, vectors, removed)


def _grown(
    store: ArticleStore, space: VectorSpace, state: State, sequence: int, removed: dict[int, list[int]]
) -> Segments:
    gone = np.array([row for rows in removed.values() for row in rows], np.int64)
    return state.dense.extended(*_added_vectors(store, space, state.sequence, sequence), gone)


def _layers(disk: Bounded[LexicalIndex] | None, dead: frozenset[int], overlay: LexicalIndex) -> Lexical:
    return LexicalLayers([*([_OnDisk(disk, dead)] if disk else []), overlay.view()])


class _OnDisk:
    """The words on disk, as a `Lexical`, without some articles (rows)."""

    def __init__(self, files: Bounded[LexicalIndex], dead: frozenset[int]) -> None:
        self._files, self._dead = files, dead
        self._last = (index := files.now()), index.view(dead)

    def search(self, query: str, k: int, filters: Filters) -> list[tuple[int, float]]:
        """See `Lexical.search`."""
        return self._view().search(query, k, filters)

    def _view(self) -> LexicalView:
        index, (known, view) = self._files.now(), self._last
        if index is known:
            return view
        self._last = index, index.view(self._dead)
        return self._last[1]


def _segment(
    store: ArticleStore, folder: Path, space: VectorSpace, layout: Layout, row: Sealed, trusted: bool
) -> Segment:
    """A sealed segment; where its files are missing or are not what was sealed, the same from the store's vectors."""
    home = folder / "dense" / row.id
    if (
        trusted
        and row.embedder == space.fingerprint
        and all(is_intact(home / name, known) for name, known in row.files.items())
    ):
        try:
            return dense.sealed(row.id, home, space.width)
        except (OSError, RuntimeError, ValueError) as error:
            LOG.warning("%s cannot be read (%s)", home, error)
    _warn(store, layout, home, "its vectors are")
    return dense.in_memory(*range_vectors(store, space, row.first, row.last))._replace(sealed=row.id)


def _warn(store: ArticleStore, layout: Layout, home: Path, what: str) -> None:
    if int(store.meta("layout")) != layout.version:
        raise Moved
    LOG.warning("%s is missing or damaged: %s read from the store; run `pullquote doctor --repair`", home, what)


def open_lexical(
    folder: Path, name: str | None, sequence: int, trust: bool = True, checked: dict[str, Look] | None = None
) -> LexicalIndex | None:
    """The lexical index on disk, if it is whole and not ahead of the store; else None, and all words come from it.

    trust: believe a file that looks as it did when it was signed. checked: how all files looked when this process
    checked them; while they look so they are not checked again, which takes long where they are copies.
    """
    if name is None:
        return None
    home = folder / "lexical" / name
    try:
        if (checked is not None and looks_of(home) == checked) or sound(home, trust):
            index = LexicalIndex(home)
            if index.sequence <= sequence:
                return index
    except (OSError, ValueError) as error:
        LOG.warning("%s cannot be read (%s)", home, error)
    return None


def range_vectors(store: ArticleStore, space: VectorSpace, first: int, last: int) -> tuple[Ints, Halves]:
    """The passages in [first, last] whose article was not removed, with their vectors."""
    sql = """SELECT passage.rowid, fp16 FROM passage JOIN article ON article.rowid = article
        JOIN vector ON passage = passage.rowid AND embedder = :embedder
        WHERE passage.rowid BETWEEN :first AND :last AND removed_seq IS NULL ORDER BY passage.rowid"""
    return _arrays(store, space, sql, {"embedder": space.fingerprint, "first": first, "last": last})


_UNCOVERED = f"""FROM passage JOIN article ON article.rowid = article
    JOIN vector ON passage = passage.rowid AND embedder = :embedder WHERE passage.rowid > :last AND {VISIBLE}"""


def uncovered(
    store: ArticleStore, space: VectorSpace, rows: Sequence[Sealed], sequence: int, most: int = 2**62
) -> tuple[Ints, Halves]:
    """The visible passages after the sealed ones, at `most` so many, with their vectors: (n,) and (n, width)."""
    sql = f"SELECT passage.rowid, fp16 {_UNCOVERED} ORDER BY passage.rowid LIMIT :most"
    values = {"embedder": space.fingerprint, "last": covered(rows), "s": sequence, "most": most}
    return _arrays(store, space, sql, values)


def n_uncovered(store: ArticleStore, space: VectorSpace, rows: Sequence[Sealed], sequence: int) -> int:
    """How many visible passages come after the sealed ones."""
    values = {"embedder": space.fingerprint, "last": covered(rows), "s": sequence}
    return int(store.rows(f"SELECT count(*) {_UNCOVERED}", values)[0][0])


def covered(rows: Sequence[Sealed]) -> int:
    """The last passage that is sealed; segments follow each other from passage 1 without a gap."""
    return max((row.last for row in rows), default=0)


def _added_vectors(store: ArticleStore, space: VectorSpace, since: int, sequence: int) -> tuple[Ints, Halves]:
    sql = f"""SELECT passage.rowid, fp16 FROM article JOIN passage ON article = article.rowid
        JOIN vector ON passage = passage.rowid AND embedder = :embedder
        WHERE added_seq > :since AND {VISIBLE} ORDER BY passage.rowid"""
    return _arrays(store, space, sql, {"embedder": space.fingerprint, "since": since, "s": sequence})


def _arrays(store: ArticleStore, space: VectorSpace, sql: str, parameters: dict[str, Any]) -> tuple[Ints, Halves]:
    """Row by row: a list of a segment's blobs would take as much memory again as the vectors."""
    passages, held = array("q"), bytearray()
    for passage, fp16 in store.stream(sql, parameters):
        passages.append(passage)
        held += fp16
    return np.array(passages, np.int64), np.frombuffer(held, "<f2").reshape(len(passages), space.width)


def floats(blobs: Sequence[bytes], width: int) -> Floats:
    """Stored vectors -> (n, width) float32. They were rounded to fp16 before anything indexed them."""
    return np.frombuffer(b"".join(blobs), "<f2").reshape(len(blobs), width).astype(np.float32)


def removed_articles(store: ArticleStore, since: int, sequence: int) -> dict[int, list[int]]:
    """Article rows that were there at `since` and were removed by `sequence` -> their passage rows."""
    sql = """SELECT article.rowid, passage.rowid FROM article JOIN passage ON article = article.rowid
        WHERE removed_seq > :since AND removed_seq <= :s AND added_seq <= :since"""
    found: dict[int, list[int]] = {}
    for article, passage in store.rows(sql, {"since": since, "s": sequence}):
        found.setdefault(article, []).append(passage)
    return found


def _removed_passages(store: ArticleStore, rows: Sequence[Sealed], sequence: int) -> Ints:
    if not rows:
        return np.empty(0, np.int64)
    sql = """SELECT passage.rowid FROM article JOIN passage ON article = article.rowid
        WHERE removed_seq <= :s AND passage.rowid <= :last"""
    found = store.rows(sql, {"s": sequence, "last": covered(rows)})
    return np.array([row[0] for row in found], np.int64)


def _whole_numbers(text: str) -> list[int]:
    return [int(number) for number in text.split()]


def new_words(store: ArticleStore, since: int, sequence: int, generation: int | None = None) -> Iterator[Words]:
    """What the lexical index holds of the passages added after `since` and visible at `sequence`, in order.

    generation: of which passages; None for those that serve.
    """
    sql = f"""SELECT article.rowid, text, title, id, source, author, published_at,
        (SELECT string_agg(passage.rowid || ' ' || start || ' ' || "end", ',') FROM passage
        WHERE passage.article = article.rowid AND ordinal / {SIZE} = coalesce(:generation, {SERVING}))
        FROM article WHERE added_seq > :since AND {VISIBLE} ORDER BY added_seq, article.rowid"""
    for row, text, title, article_id, source, author, published_at, places in store.stream(
        sql, {"since": since, "s": sequence, "generation": generation}
    ):
        whole = text.decode()
        for passage, start, end in sorted(map(_whole_numbers, places.split(","))) if places else ():
            yield Words(passage, row, whole[start:end], title, article_id, source, author, published_at)
