"""A million passages: the real ones of `bench.passages` in a shuffled order, then made ones.

The rule. A made passage comes from a real one, i, and two others, j and k, drawn with a fixed seed. Its text is the
first half of i's words and the second half of j's. Its vector is v_i + t * (v_j - v_k), made unit length, with t drawn
from SPREAD: differences of real vectors vary as real vectors do, and t decides how far from i it lies. A made article
has the title of a real one and a made passage for each of its passages.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from bench.passages import ARTICLES, PASSAGES
from indexer.types import Article, Block, Floats, Ints, Passage

SPREAD = (0.4, 1.0)
SIZE = 1_000_000
VECTORS, ORDERED = "vectors.npy", "ordered.npy"
_BLOCK = 20_000


class Texts:
    """The articles and passages that `bench.passages` wrote into a folder, in memory."""

    def __init__(self, folder: Path) -> None:
        """Passages beyond the last row of the vectors, where those are there, are left out."""
        with (folder / ARTICLES).open(encoding="utf-8") as lines:
            self.articles = [json.loads(line) for line in lines]
        self._places = np.load(folder / PASSAGES)
        n = len(np.load(folder / VECTORS, mmap_mode="r")) if (folder / VECTORS).exists() else len(self._places)
        self.first = np.minimum(np.searchsorted(self._places[:, 0], np.arange(len(self.articles) + 1)), n)

    def of(self, passage: int) -> str:
        """The text of a real passage."""
        line, start, end = self._places[passage]
        text: str = self.articles[line]["text"][start:end]
        return text

    def spans(self, line: int) -> list[Passage]:
        """Where the passages of a real article lie."""
        rows = self._places[self.first[line] : self.first[line + 1], 1:].tolist()
        return [Passage(start, end) for start, end in rows]


class Plan(NamedTuple):
    """What each passage of the million is made of, in the order of the archive, (n,) each.

    articles: its line. copy: 0 for a real article, else which making of it. i, j, k: real passages; j = k = i where it
    is real.
    """

    articles: Ints
    copy: Ints
    i: Ints
    j: Ints
    k: Ints


def plan(first: Ints, size: int = SIZE) -> Plan:
    """Whole articles until there are `size` passages. first: the first passage of each article; last, their number."""
    chance, n = np.random.default_rng(5), int(first[-1])
    order = chance.permutation(len(first) - 1)
    once = np.concatenate([np.arange(first[line], first[line + 1]) for line in order])
    lines = np.repeat(order, np.diff(first)[order])
    copies = -(-size // n)
    i, articles = np.tile(once, copies)[:size], np.tile(lines, copies)[:size]
    copy = np.repeat(np.arange(copies), n)[:size]
    j, k = chance.integers(0, n, (2, size))
    real = copy == 0
    return Plan(articles, copy, i, np.where(real, i, j), np.where(real, i, k))


def write_vectors(real: Floats, parts: Plan, file: Path) -> None:
    """Write the vectors of the million, (n, width) float16, in the order of the archive."""
    fresh = file.with_suffix(".new.npy")
    out = np.lib.format.open_memmap(fresh, "w+", np.float16, (len(parts.i), real.shape[1]))
    for start in range(0, len(parts.i), _BLOCK):
        at = slice(start, start + _BLOCK)
        mixed = np.asarray(real[parts.i[at]], np.float32)
        spread = np.random.default_rng((7, start)).uniform(*SPREAD, (len(mixed), 1)).astype(np.float32)
        mixed += spread * (np.asarray(real[parts.j[at]], np.float32) - np.asarray(real[parts.k[at]], np.float32))
        out[at] = mixed / np.linalg.norm(mixed, axis=1, keepdims=True)
    out.flush()
    fresh.rename(file)


def articles(texts: Texts, parts: Plan, start: int) -> Iterator[tuple[Article, list[Passage], slice]]:
    """The articles from passage `start` on, each with its passages and which rows of the plan they are."""
    ends = np.flatnonzero(np.diff(parts.articles, append=-1)) + 1
    begins = np.concatenate([[0], ends[:-1]])
    for begin, end in zip(begins.tolist(), ends.tolist(), strict=True):
        if begin >= start:
            yield _article(texts, parts, begin, end)


def _article(texts: Texts, parts: Plan, begin: int, end: int) -> tuple[Article, list[Passage], slice]:
    line, copy = int(parts.articles[begin]), int(parts.copy[begin])
    given = texts.articles[line]
    if copy == 0:
        text, passages = given["text"], texts.spans(line)[: end - begin]
    else:
        pieces = [_mixed(texts.of(i), texts.of(j)) for i, j in zip(parts.i[begin:end], parts.j[begin:end], strict=True)]
        text, passages, at = "\n\n".join(pieces), [], 0
        for piece in pieces:
            passages.append(Passage(at, at + len(piece)))
            at += len(piece) + 2
    name = given["id"] if copy == 0 else f"made{copy}-{given['id']}"
    return article(name, text, given.get("title"), given["source"]), passages, slice(begin, end)


def article(name: str, text: str, title: str | None, source: str) -> Article:
    """An article whose whole text is its body."""
    digest = hashlib.sha256(text.encode()).hexdigest()
    return Article(
        id=name,
        title=title,
        source=source,
        url=None,
        author=None,
        published_at=None,
        published_raw=None,
        language="en",
        text=text,
        sha256=digest,
        source_sha256=digest,
        blocks=(Block(0, len(text), "body"),),
        metadata={},
    )


def _mixed(one: str, other: str) -> str:
    ours, theirs = one.split(), other.split()
    return " ".join(ours[: (len(ours) + 1) // 2] + theirs[len(theirs) // 2 :])
