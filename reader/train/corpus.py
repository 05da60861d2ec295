"""All that a manifest names, read, checked against what is held out, and ready to be drawn from."""

from __future__ import annotations

import csv
import gzip
import hashlib
import sys
from collections.abc import Iterator
from pathlib import Path

from reader.train.errors import TrainingDataError
from reader.train.journal import Journal
from reader.train.manifest import Manifest, Source
from reader.train.mixture import Mixture
from reader.train.naming import named
from reader.train.negatives import Passages
from reader.train.overlap import HeldOut
from reader.train.squad import Example, read_squad

MANIFEST = Path(__file__).with_name("manifest.yaml")
_PASSAGE_WORDS = 180  # as in the archive


def load_mixture(manifest: Manifest, data: Path, made: Path, seed: int, n_tasks: int, journal: Journal) -> Mixture:
    """Read every source under `data`, those that were made from others under `made`. Raises TrainingDataError."""
    held_out = HeldOut(e.context for name in manifest.held_out for e in read_squad(data / name))
    sources: list[tuple[Source, list[Example]]] = []
    for source in manifest.sources:
        found = read_squad((made if source.made else data) / source.file)
        clean = held_out.without(named(found) if source.sentences else found)
        kept = [example for example in clean if _kept(example, source.keep)]
        journal.write("source", name=source.name, read=len(found), clean=len(clean), kept=len(kept))
        sources.append((source, kept))
    background = [p for name in manifest.background for p in paragraphs(data / name) if not held_out.touches(p)]
    contexts = [
        piece
        for source, examples in sources
        if not source.sentences
        for context in dict.fromkeys(example.context for example in examples)
        for piece in _pieces(context)
    ]
    return Mixture(sources, Passages([*contexts, *background]), seed, n_tasks)


def _kept(example: Example, part: float) -> bool:
    """The same part of the questions in every run, whatever else is in the file."""
    return int(hashlib.sha256(example.id.encode()).hexdigest()[:8], 16) < part * 2**32


def paragraphs(file: Path) -> Iterator[str]:
    """Paragraphs of the column `text` of a CSV file, joined up to the length of a passage."""
    csv.field_size_limit(sys.maxsize)
    try:
        with gzip.open(file, "rt", encoding="utf-8", newline="") as lines:
            for row in csv.DictReader(lines):
                yield from _pieces(row["text"])
    except (OSError, KeyError, csv.Error) as error:
        raise TrainingDataError(file, f"cannot be read as CSV with a column text ({error})") from error


def _pieces(text: str) -> Iterator[str]:
    """A text in pieces of whole paragraphs, as many as fit a passage; a longer paragraph is cut at a white space."""
    words: list[str] = []
    for paragraph in text.split("\n"):
        new = paragraph.split()
        if words and len(words) + len(new) > _PASSAGE_WORDS:
            yield " ".join(words)
            words = []
        words += new
        while len(words) > _PASSAGE_WORDS:
            yield " ".join(words[:_PASSAGE_WORDS])
            words = words[_PASSAGE_WORDS:]
    if words:
        yield " ".join(words)
