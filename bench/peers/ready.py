"""The passages of an archive with their vectors, for peers that would need hours to embed as many."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from bench.peers.job import day_of
from indexer.caches import VISIBLE
from indexer.generations import OF_SERVING
from indexer.views import View

PASSAGES, VECTORS = "passages.jsonl", "vectors.npy"  # row for row


def write(view: View, home: Path) -> set[str]:
    """Write the passages of a view with their vectors, and its articles' texts; return the ids of the articles.

    passages.jsonl: a line of {"id" of the article, "title", "day", "start" in its text, "text"}. vectors.npy: (n,
    width) float16. articles.jsonl: a line of {"id", "text"}.
    """
    rows = view.rows(f"SELECT rowid FROM article WHERE {VISIBLE} ORDER BY rowid", {"s": view.info.sequence})
    sql = f'SELECT start, "end" FROM passage WHERE article = ? AND {OF_SERVING} ORDER BY ordinal'
    ids, vectors = set[str](), []
    with (
        (home / PASSAGES).open("w", encoding="utf-8") as passages,
        (home / "articles.jsonl").open("w", encoding="utf-8") as articles,
    ):
        for (row,) in rows:
            article = view.article_at(row)
            ids.add(article.id)
            articles.write(json.dumps({"id": article.id, "text": article.text}) + "\n")
            for start, end in view.rows(sql, (row,)):
                made = {"id": article.id, "title": article.title or "", "day": day_of(article.published_at) or 0}
                made |= {"start": start, "text": article.text[start:end]}
                passages.write(json.dumps(made) + "\n")
            vectors.append(view.vectors(row).astype(np.float16))
    np.save(home / VECTORS, np.concatenate(vectors))
    return ids
