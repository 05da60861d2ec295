"""Damage an archive at random, again and again, and read it: `make flips`.

Each time one to eight bytes of one of its files are changed, or the file is cut off or grows, in an archive that was
closed or in one whose writer was killed. Then a child opens it, searches it and lists it. The damage must be found and
gone around (the caches are read from the store), refused in one sentence, or make no difference; nothing may crash the
interpreter, and nothing shown may be other than what was stored.
"""

from __future__ import annotations

import argparse
import json
import logging
import logging.handlers
import random
import shutil
import sys
from collections import Counter
from pathlib import Path
from typing import NamedTuple

from indexer.archive import Archive
from indexer.commit import delete
from indexer.errors import PullquoteError
from indexer.seal import settle
from indexer.types import Filters
from tests.fakes import WordEmbedder
from tests.forks import Died, in_child, scratch
from tests.indexer.test_archive import put

WORDS = ["khan", "xi", "pledged", "roads", "boycott", "olympics", "beijing", "cooperation"]
QUERIES = ("khan roads", "olympics beijing", "cooperation")
_STATES = 4  # commits in the log of the killed writer: a damaged log ends at one of them


class Shown(NamedTuple):
    """What a reader was shown: all texts by id, and for each query its dense and its lexical hits."""

    texts: dict[str, str]
    dense: list[list[tuple[str, str, float]]]
    lexical: list[set[str]]


def make(home: Path) -> list[Shown]:
    """Two archives: `closed`, and `killed` with a log beside it. Return the states that are right: of the first and
    last that closed, and those that the log of the second goes through."""
    chance = random.Random(7)
    archive = Archive(home / "closed", WordEmbedder(), create=True)
    for n in range(40):
        put(archive, f"a{n}", " ".join(chance.choices(WORDS, k=12)) + f" a{n}")
        if n in {20, 39}:
            settle(archive, force=True)
    delete(archive, ["a3"])
    put(archive, "late", "khan pledged cooperation late")
    archive.close()
    archive = Archive(home / "closed", WordEmbedder())
    states = [shown(archive)]
    archive.close()
    shutil.copytree(home / "closed", home / "growing")
    archive = Archive(home / "growing", WordEmbedder())
    for n in range(_STATES):
        put(archive, f"b{n}", " ".join(chance.choices(WORDS, k=12)) + f" b{n}")
        states.append(shown(archive))
    shutil.copytree(home / "growing", home / "killed")
    archive.close()
    return states


def shown(archive: Archive) -> Shown:
    """Read everything there is, as requests do."""
    view = archive.view()
    rows = view.rows("SELECT rowid FROM article WHERE removed_seq IS NULL", ())
    articles = [view.article_at(row) for (row,) in rows]
    dense, lexical = [], []
    for query in QUERIES:
        found = view.dense.search(archive.embedder.encode_query(query), 20)
        places = view.passages([row for row, _ in found])
        hits = [(view.article_at(p.article), p, score) for p, (_, score) in zip(places, found, strict=True)]
        dense.append(sorted((article.id, article.text[p.start : p.end], score) for article, p, score in hits))
        words = view.passages([row for row, _ in view.lexical.search(query, 1000, Filters())])
        lexical.append({view.article_at(place.article).id for place in words})
    return Shown({article.id: article.text for article in articles}, dense, lexical)


def look(folder: Path) -> tuple[Shown | str, bool]:
    """What a reader is shown of an archive, or the sentence that refuses it; and whether it is warned. In a child."""
    told = logging.handlers.MemoryHandler(1000)
    logging.getLogger("pullquote").addHandler(told)
    try:
        archive = Archive(folder, WordEmbedder())
        return shown(archive), bool(told.buffer)
    except PullquoteError as error:
        return str(error), bool(told.buffer)


def damage(file: Path, chance: random.Random) -> str:
    """Change a file at random; say how."""
    content = bytearray(file.read_bytes())
    how = chance.choice(["flip", "flip", "flip", "bytes", "cut", "grow"])
    if not content or how == "grow":
        content += chance.randbytes(chance.randrange(1, 64))
    elif how == "flip":
        content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
    elif how == "bytes":
        for _ in range(chance.randrange(2, 9)):
            content[chance.randrange(len(content))] = chance.randrange(256)
    else:
        del content[chance.randrange(len(content)) :]
    file.write_bytes(content)
    return f"{how} in {file.name}"


def flips(runs: int, seed: int, report: bool = False) -> Counter[str]:
    """Damage, read, and compare, `runs` times. Return how often what came of it. Raises AssertionError."""
    home, chance = scratch(), random.Random(seed)
    try:
        states = in_child(lambda: make(home))
        assert not isinstance(states, Died), states
        outcomes = Counter[str]()
        for run in range(runs):
            kind = chance.choice(["closed", "closed", "killed"])
            shutil.rmtree(home / "archive", ignore_errors=True)
            shutil.copytree(home / kind, home / "archive")
            file = chance.choice(sorted(f for f in (home / "archive").rglob("*") if f.is_file()))
            how = damage(file, chance)
            found = in_child(lambda: look(home / "archive"))
            outcomes[_judged(found, states[:1] if kind == "closed" else states, f"run {run}: {how} ({kind})")] += 1
            if report:
                sys.stderr.write(f"\r{run + 1} of {runs}")
        return outcomes
    finally:
        shutil.rmtree(home)


def _judged(seen: tuple[Shown | str, bool] | Died, right: list[Shown], where: str) -> str:
    assert not isinstance(seen, Died), f"{where}: {seen}"
    found, warned = seen
    if isinstance(found, str):
        assert len(found) < 1000, where
        assert "\n" not in found, where
        return "refused"
    assert found in right, f"{where}: {found}"
    if found != right[-1]:
        return "the log ends earlier"
    return "told and gone around" if warned else "makes no difference"


def main() -> None:
    """Run as `python -m tests.flips --runs 10000`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    outcomes = flips(given.runs, given.seed, report=sys.stderr.isatty())
    sys.stdout.write(f"{json.dumps(outcomes)}: 0 wrong replies, 0 crashes\n")


if __name__ == "__main__":
    main()
