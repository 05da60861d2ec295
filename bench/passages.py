"""The passages of the news corpora, and the tokens an embedder is fed of them: `python -m bench.passages OUT`.

It writes into OUT, always in the same order:
  articles.jsonl    the articles, as `pullquote index` reads them
  passages.npy      (n, 3) int32: the line of the article, and [start, end) in its text
  tokens.xz         little-endian uint16 token ids of title and passage, special tokens included, end to end
  lengths.npy       (n,) uint16: how many of them each passage has
  passages.json     counts, the embedder's fingerprint, percentiles of lengths
so that passages can be embedded elsewhere: OUT/vectors.npy, (n, 384) float16 of unit length, row for row.
"""

from __future__ import annotations

import argparse
import json
import lzma
import os
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from bench.corpora import DATA, Record, records
from indexer.chunk import CHUNKER, chunk
from indexer.clean import clean
from indexer.embed import load_embedder
from indexer.errors import SourceUnreadable
from indexer.models import manifest
from indexer.models.defaults import EMBEDDER
from indexer.models.fetch import default_folder
from indexer.models.registry import load_registry
from indexer.models.tokenizer import Tokenizer
from indexer.sources import read_pages
from indexer.types import Embedder, Page

ARTICLES, PASSAGES, TOKENS, LENGTHS, ABOUT = (
    "articles.jsonl",
    "passages.npy",
    "tokens.xz",
    "lengths.npy",
    "passages.json",
)
Places = list[tuple[int, int]]
T = TypeVar("T")


def main() -> None:
    """Write the passages of the corpora into a folder."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--data", type=Path, default=DATA)
    given = parser.parse_args()
    print(json.dumps(prepare(given.out, given.data), indent=1))


def prepare(out: Path, data: Path = DATA) -> dict[str, Any]:
    """Write everything into `out`, unless it is there; return what passages.json says."""
    about = out / ABOUT
    if about.is_file():
        found: dict[str, Any] = json.loads(about.read_text("utf-8"))
        return found
    begun = time.monotonic()
    out.mkdir(parents=True, exist_ok=True)
    n_articles = _write_articles(out / ARTICLES, records(data))
    places, lengths = [], []
    with lzma.open(out / TOKENS, "wb", preset=6) as tokens:
        for line, (found_places, ids) in enumerate(_chunked(out / ARTICLES)):
            places += [(line, start, end) for start, end in found_places]
            lengths += [len(row) for row in ids]
            for row in ids:
                tokens.write(row.tobytes())
    np.save(out / PASSAGES, np.array(places, np.int32).reshape(-1, 3))
    np.save(out / LENGTHS, np.array(lengths, np.uint16))
    facts = {
        "articles": n_articles,
        "passages": len(places),
        "tokens": int(sum(lengths)),
        "tokens_p10_p50_p90": np.percentile(lengths, [10, 50, 90]).tolist(),
        "embedder": embedder().fingerprint,
        "seconds": round(time.monotonic() - begun),
    }
    about.write_text(json.dumps(facts, indent=1) + "\n", "utf-8")
    return facts


def _write_articles(file: Path, articles: Iterator[Record]) -> int:
    count = 0
    with file.open("w", encoding="utf-8") as lines:
        for count, record in enumerate(articles, 1):  # noqa: B007 - it is what is returned
            lines.write(json.dumps(record, ensure_ascii=False) + "\n")
    return count


def _chunked(articles: Path) -> Iterator[tuple[Places, list[np.ndarray]]]:
    """For each article in order: where its passages lie, and their tokens. On all cores."""
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        for batch in batched(read_pages([articles]), 2048):  # so that not all texts are in memory at once
            yield from pool.map(_chunk, batch, chunksize=32)


def _chunk(page: Page | SourceUnreadable) -> tuple[Places, list[np.ndarray]]:
    if isinstance(page, SourceUnreadable):
        return [], []
    try:
        article = clean(page)
    except SourceUnreadable:
        return [], []
    model, tokenizer = embedder(), _tokenizer()
    places = [(p.start, p.end) for p in chunk(article, lambda passage: model.fits(article.title, passage))]
    texts = [model.text(article.title, article.text[start:end]) for start, end in places]  # type: ignore[attr-defined]
    return places, [tokenizer.encode(text).ids.astype("<u2") for text in texts]


def batched(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """Lists of `size` items, the last one shorter."""
    source = iter(items)
    while batch := list(islice(source, size)):
        yield batch


@cache
def embedder() -> Embedder:
    """The embedder of the archive, loaded once a process."""
    return load_embedder(load_registry().model(EMBEDDER), default_folder(), CHUNKER)


@cache
def _tokenizer() -> Tokenizer:
    spec = load_registry().model(EMBEDDER)
    return Tokenizer.load(manifest.home(spec, default_folder()) / "tokenizer.json")


if __name__ == "__main__":
    main()
