"""Hashing cache files anew while an archive is served: opening it trusts a file that looks as it did (design §5)."""

from __future__ import annotations

import time
from collections.abc import Callable

from indexer import caches
from indexer.archive import Archive
from indexer.files import is_intact
from indexer.lexical_files import sound

_REST = 4  # seconds of rest for each second of hashing: this is nobody's request


def recheck(archive: Archive, rest: Callable[[float], bool]) -> list[str]:
    """Find folders of caches that are not what was put on disk; from now on they are read from the store, and told of.

    rest: waits for some seconds, and says whether to end. Returns the folders, like "dense/0123456789abcdef".
    """
    found = []
    _, layout = caches.read_layout(archive.store)
    for row in layout.segments:
        for file, known in row.files.items():
            begun = time.monotonic()
            if not is_intact(archive.folder / "dense" / row.id / file, known, trust=False):
                found.append(f"dense/{row.id}")
                break
            if rest(_REST * (time.monotonic() - begun)):
                return []
    if layout.lexical and not sound(archive.folder / "lexical" / layout.lexical, trust=False):
        found.append(f"lexical/{layout.lexical}")
    if caches.read_layout(archive.store)[1].version != layout.version:
        return []  # another process put others in their place meanwhile: those were hashed when they were made
    for folder in found:
        caches.LOG.warning("%s is damaged: it is read from the store; run `pullquote doctor --repair`", folder)
    if found:
        archive.distrust([folder.partition("/")[2] for folder in found])
    return found
