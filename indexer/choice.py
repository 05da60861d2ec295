"""Which index searches an archive: its own store says so, so that every process agrees."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple, Protocol

from indexer import outbox
from indexer.errors import InvalidInput
from indexer.generations import set_meta, space_of
from indexer.indexes import LocalIndex, PassageIndex
from indexer.stores import ArticleStore, Row, Values
from indexer.types import VectorSpace

if TYPE_CHECKING:
    from indexer.shared import SharedIndex

EMBEDDED = "embedded"
_DEFAULT = "pullquote"  # of a choice that names none
_CHOSEN = "SELECT key, value FROM meta WHERE key IN ('index', 'collection')"


class Choice(NamedTuple):
    """An index outside. collection: what is the archive's own there; each choice makes another one."""

    url: str
    collection: str


class _Asked(Protocol):
    def rows(self, sql: str, parameters: Values = ()) -> list[Row]: ...


def choice_in(store: _Asked) -> Choice | None:
    """The index that was chosen; None for the embedded one."""
    found: dict[str, str] = dict(store.rows(_CHOSEN))
    return Choice(found["index"], found.get("collection", _DEFAULT)) if "index" in found else None


def index_of(store: ArticleStore, space: Callable[[], VectorSpace]) -> tuple[PassageIndex, Choice | None]:
    """The index of an archive, and which it is. Raises InvalidInput: what speaks to it is not installed."""
    chosen = choice_in(store)
    return (LocalIndex(store, space), None) if chosen is None else (_shared(store, space, *chosen), chosen)


def choose(store: ArticleStore, index: str) -> None:
    """Have an archive searched by another index: `embedded`, or a URL of Milvus, which then gets all there is.

    What has the archive open keeps the index it knows, and cannot write. Raises InvalidInput, ArchiveUnavailable.
    """
    now = choice_in(store)
    if index == (now.url if now else EMBEDDED):
        return
    if index == EMBEDDED:
        with store.writing() as writing:
            writing.rows("DELETE FROM meta WHERE key = 'index'")
        return
    shared = _shared(store, lambda: _known(store), index, _DEFAULT)
    try:
        shared.milvus.embedder()  # it answers
        with store.writing() as writing:
            outbox.prepare(writing)
            set_meta(writing, [("index", index), ("collection", f"pullquote_{secrets.token_hex(8)}")])
            outbox.note_all(writing)
    finally:
        shared.close()
    if space_of(store) is not None:
        chosen, _ = index_of(store, lambda: _known(store))
        try:
            chosen.repair()
        finally:
            chosen.close()


def _known(store: ArticleStore) -> VectorSpace:
    found = space_of(store)
    assert found is not None, "an archive without articles has nothing to index"
    return found


def _shared(store: ArticleStore, space: Callable[[], VectorSpace], url: str, collection: str) -> SharedIndex:
    try:
        from indexer.milvus import Milvus
        from indexer.shared import SharedIndex
    except ModuleNotFoundError as error:
        raise InvalidInput("index", "it needs what is not installed: pip install 'pullquote[cluster]'") from error
    return SharedIndex(store, space, Milvus(url, collection))
