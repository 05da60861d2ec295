"""Checking an archive: everything that can be checked, each with what was found; and mending what can be mended."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from indexer import caches, counts, stories
from indexer.archive import Archive
from indexer.caches import Layout
from indexer.commit import next_sequence
from indexer.errors import PullquoteError
from indexer.files import is_intact
from indexer.generations import OF_SERVING
from indexer.purge import finish, is_due
from indexer.reembed import progress
from indexer.seal import repair, try_settle
from indexer.sizes import parts
from indexer.types import Check, Health


def examine(archive: Archive) -> Health:
    """Run every check; damage that stops one is its result, not an error."""
    checks = tuple(
        _run(name, check, archive) for name, check in _CHECKS.items() if archive.is_folder or name not in _OF_FILES
    )
    return Health(all(check.ok for check in checks), checks, parts(archive.store))


def mend(archive: Archive) -> None:
    """Rebuild damaged caches from the store, count anew what was counted wrong, and finish a purge that was cut off."""
    archive.index.repair()
    _recount(archive)
    if archive.is_folder:
        repair(archive)
        finish(archive)
        try_settle(archive, force=True)


def _recount(archive: Archive) -> None:
    if counts.counted(archive.store) != counts.counts(archive.store):
        with archive.store.writing() as writing:
            next_sequence(writing)  # so that every process looks again
            counts.recount(writing)


def _run(name: str, check: Callable[[Archive], tuple[bool, str]], archive: Archive) -> Check:
    try:
        ok, detail = check(archive)
    except PullquoteError as error:
        ok, detail = False, str(error)
    return Check(name, ok, detail)


def _pages(archive: Archive) -> tuple[bool, str]:
    return archive.store.check()


def _texts(archive: Archive) -> tuple[bool, str]:
    wrong, n = [], 0
    for article_id, text, sha256 in archive.store.stream("SELECT id, text, text_sha256 FROM article"):
        n += 1
        if hashlib.sha256(text).hexdigest() != sha256:
            wrong.append(article_id)
    return not wrong, f"other SHA-256 than stored: {', '.join(wrong[:5])}" if wrong else f"{n} texts have their SHA-256"


def _passages(archive: Archive) -> tuple[bool, str]:
    wrong, n = [], 0
    sql = 'SELECT id, text, start, "end" FROM passage JOIN article ON article.rowid = article ORDER BY passage.rowid'
    for article_id, text, start, end in archive.store.stream(sql):
        n += 1
        if not 0 <= start < end <= len(text.decode()):
            wrong.append(f"{article_id} [{start}, {end})")
    return not wrong, f"outside the text: {', '.join(wrong[:5])}" if wrong else f"{n} passages lie in their articles"


def _vectors(archive: Archive) -> tuple[bool, str]:
    sql = f"""SELECT count(*) FROM passage LEFT JOIN vector ON passage = passage.rowid AND embedder = ?
        WHERE {OF_SERVING} AND (fp16 IS NULL OR length(fp16) != ?)"""
    missing = archive.store.rows(sql, (archive.space.fingerprint, 2 * archive.space.width))[0][0]
    return missing == 0, f"{missing} passages have no vector of {archive.space.fingerprint}"


def _counts(archive: Archive) -> tuple[bool, str]:
    info = archive.view().info
    said = f"{info.articles} articles, {info.passages} passages at sequence {info.sequence}"
    sequence, articles, passages = counts.counted(archive.store)
    if sequence != info.sequence:  # another process has just written
        return _counts(archive)
    if articles == info.articles and (archive.index.is_local or passages == info.passages):
        return True, said
    return False, f"{said}, but {articles} articles and {passages} passages are stored{_MEND}"


def _orphans(archive: Archive) -> tuple[bool, str]:
    sql = f"""SELECT id FROM article WHERE removed_seq IS NULL
        AND NOT EXISTS (SELECT 1 FROM passage WHERE article = article.rowid AND {OF_SERVING})"""
    bare = [row[0] for row in archive.store.rows(sql)]
    return not bare, f"without a passage: {', '.join(bare[:5])}" if bare else "every article has passages"


def _stories(archive: Archive) -> tuple[bool, str]:
    waiting = stories.missing(archive.store)
    if waiting:
        return True, f"{waiting} articles were not compared with the others; the next `pullquote index` does it"
    sql = """SELECT count(*) FROM near AS one LEFT JOIN near AS back
        ON back.article = one.other AND back.other = one.article WHERE back.article IS NULL"""
    lone = archive.store.rows(sql)[0][0] if archive.store.meta("sketch") else 0
    return lone == 0, f"{lone} links lead one way only" if lone else "every article was compared with the others"


def _dense(archive: Archive) -> tuple[bool, str]:
    _, layout = caches.read_layout(archive.store)
    files = [
        (archive.folder / "dense" / row.id / name, known)
        for row in layout.segments
        for name, known in row.files.items()
    ]
    wrong = [f"{file.parent.name}/{file.name}" for file, known in files if not is_intact(file, known, trust=False)]
    if wrong and _moved(archive, layout):
        return _dense(archive)
    return not wrong, f"damaged: {', '.join(wrong[:5])}{_MEND}" if wrong else f"{len(layout.segments)} sealed segments"


def _lexical(archive: Archive) -> tuple[bool, str]:
    sequence, layout = caches.read_layout(archive.store)
    if layout.lexical is None:
        return True, "in memory"
    index = caches.open_lexical(archive.folder, layout.lexical, sequence, trust=False)
    if index is None and _moved(archive, layout):
        return _lexical(archive)
    return index is not None, f"at sequence {index.sequence}" if index else f"missing or damaged{_MEND}"


def _moved(archive: Archive, layout: Layout) -> bool:
    """Whether another process put other files in the place of these while they were looked at."""
    return caches.read_layout(archive.store)[1].version != layout.version


def _strays(archive: Archive) -> tuple[bool, str]:
    named = {row[0] for row in archive.store.rows("SELECT id FROM segment")} | {archive.store.meta("lexical")}
    found = [f for kind in ("dense", "lexical") for f in (archive.folder / kind).glob("*") if f.name not in named]
    return (
        True,
        f"{len(found)} folders that nothing names; the next `pullquote index` removes them" if found else "none",
    )


def _reembedding(archive: Archive) -> tuple[bool, str]:
    found = progress(archive.store)
    if found is None:
        return True, "none under way"
    done, total, name = found
    return True, f"{done} of {total} articles are embedded by {name}: run `pullquote index --reembed` to go on"


def _purged(archive: Archive) -> tuple[bool, str]:
    due = is_due(archive.store)
    return not due, f"bytes of purged articles may be left{_MEND}" if due else "nothing is left of what was purged"


def _index(archive: Archive) -> tuple[bool, str]:
    return archive.index.examine()


_MEND = ": run `pullquote doctor --repair`"
_OF_FILES = {"dense", "lexical", "strays"}
_CHECKS = {
    "store": _pages,
    "texts": _texts,
    "passages": _passages,
    "vectors": _vectors,
    "articles": _orphans,
    "stories": _stories,
    "dense": _dense,
    "lexical": _lexical,
    "strays": _strays,
    "purged": _purged,
    "reembedding": _reembedding,
    "view": _counts,
    "index": _index,
}
