"""Near-duplicates: `python -m bench.duplicates [--articles N]` prints rate and memory of linking, and what was found.

Articles are those of RealTimeQA, in a new archive without vectors; past the last of them they come again with their
words shuffled, so that no text repeats another. With `--judged`, the table of the pairs that were read.
"""

from __future__ import annotations

import argparse
import csv
import json
import lzma
import random
import resource
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import count, islice
from pathlib import Path
from typing import Any

import numpy as np

from indexer import stories
from indexer.archive import Archive
from indexer.clean import clean
from indexer.commit import Draft, commit
from indexer.duplicates import told
from indexer.errors import SourceUnreadable
from indexer.types import Page

DATA = Path(__file__).parents[2] / "shared" / "data" / "realtimeqa" / "articles.jsonl.xz"
JUDGED = Path(__file__).parent / "near_duplicates.tsv"
_KINDS = ("version", "background", "recurring", "gallery")


def judged() -> str:
    """The pairs that were read, as a table in Markdown: ten classes of similarity, and what the pairs were."""
    with JUDGED.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    counts = Counter((min(9, int(10 * float(row["jaccard"]))), row["judgement"]) for row in rows)
    lines = [f"| Jaccard | {' | '.join(_KINDS)} |", "|---|" + "---|" * len(_KINDS)]
    for tenth in sorted({tenth for tenth, _ in counts}):
        cells = " | ".join(str(counts[tenth, kind]) for kind in _KINDS)
        lines.append(f"| {tenth / 10:.1f} to {(tenth + 1) / 10:.1f} | {cells} |")
    return "\n".join(lines)


def measure(archive: Archive, pages: Iterator[Page]) -> dict[str, float]:
    """Link every page into the archive; seconds of cleaning are not counted. Memory is the peak of the process."""
    seconds, articles, words = 0.0, 0, 0
    empty = np.empty((0, archive.embedder.width), np.float32)
    while batch := list(islice(pages, 64)):
        drafts = [Draft(page, clean(page), [], empty) for page in batch]
        started = time.perf_counter()
        commit(archive, drafts)
        seconds += time.perf_counter() - started
        articles += len(drafts)
        words += sum(len(told(draft.article.text, draft.article.blocks).split()) for draft in drafts)
    clusters = stories.clusters(archive.view())
    return {
        "articles": articles,
        "words": words,
        "articles_per_second": articles / seconds,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "clusters": len(clusters),
        "articles_in_clusters": sum(len(cluster.members) for cluster in clusters),
        "links": archive.store.rows("SELECT count(*) / 2 FROM near")[0][0],
        "band_rows": archive.store.rows("SELECT count(*) FROM band")[0][0],
        "store_mb": archive.files.file.stat().st_size / 2**20,
    }


def pages(data: Path) -> Iterator[Page]:
    """The articles of the file over and over, from the second time on with shuffled words."""
    for turn in count():
        with lzma.open(data, "rt", encoding="utf-8") as lines:
            for line in lines:
                page = _page(json.loads(line), turn)
                try:
                    clean(page)
                except SourceUnreadable:
                    continue
                yield page


def _page(given: dict[str, Any], turn: int) -> Page:
    text: str = given["text"]
    if turn:
        words = text.split()
        random.Random(f"{turn} {given['id']}").shuffle(words)
        text = " ".join(words)
    name = f"{given['id']}-{turn}"
    return Page(f"bench:{name}", "", "bench", text, name, given["title"], published=given["publish_date"])


class _NoEmbedder:
    """Stands where an archive wants an embedder; there is nothing to embed."""

    name = fingerprint = runtime = "none"
    width = 1


def main(arguments: Sequence[str] | None = None) -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--articles", type=int, default=100_000)
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--judged", action="store_true")
    given = parser.parse_args(arguments)
    if given.judged:
        print(judged())
        return
    with tempfile.TemporaryDirectory() as folder:
        archive = Archive(Path(folder) / "archive", _NoEmbedder(), create=True)  # type: ignore[arg-type]
        print(json.dumps(measure(archive, islice(pages(given.data), given.articles)), indent=2))
        archive.close()


if __name__ == "__main__":
    main()
