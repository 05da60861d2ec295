"""What takes how much space on disk."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from indexer.errors import PullquoteError
from indexer.store import FILE
from indexer.stores import ArticleStore

_TABLES = {"article": "articles", "passage": "passages", "vector": "vectors", "origin": "origins"}


def parts(store: ArticleStore) -> dict[str, int]:
    """Bytes of each part of an archive, which add up to those of its folder, if it has one; the largest first."""
    sizes = Counter[str]()
    for file in store.place.rglob("*") if isinstance(store.place, Path) else ():
        if file.is_file():
            sizes[_part(file.relative_to(store.place))] += file.stat().st_size
    try:
        for name, size in store.table_sizes().items():
            sizes[f"store: {_TABLES.get(name, 'other rows')}"] += size
            if isinstance(store.place, Path):
                sizes["store: unused"] -= size
    except PullquoteError:  # a damaged store is told of elsewhere
        return {"store": sizes.pop("store: unused", 0), **dict(sizes.most_common())}
    if sizes["store: unused"] < 0:  # pages that are in the log alone, so far
        sizes["store: log"] += sizes.pop("store: unused")
    return dict(sizes.most_common())


def _part(file: Path) -> str:
    if file.name == FILE:
        return "store: unused"
    if file.name.startswith(FILE):
        return "store: log"
    return f"{file.parts[0]} search" if file.parts[0] in {"dense", "lexical"} else "other files"
