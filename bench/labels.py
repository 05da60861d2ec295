"""How far the labels that are learnt from are right: `python -m bench.labels [--show]`. One row a file of the manifest.

A reader answers questions of each file in their own texts. F1: of its best span with the label. "Another": where that
shares no word with any label and stands above "no answer"; `--show` prints these, to be judged by a person: it is the
reader or the label that is wrong.
"""

from __future__ import annotations

import argparse
import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from bench.sets import DATA
from indexer.models.defaults import READER
from indexer.models.fetch import default_folder
from indexer.models.registry import load_registry
from indexer.models.spans import load_span_model
from reader.evaluate import Question, f1, read_questions
from reader.model import Reader
from reader.train.manifest import read_manifest

MANIFEST = Path(__file__).parent.parent / "reader" / "train" / "manifest.yaml"


class Held(NamedTuple):
    """A label beside what was read. f1: the best with any label, 0 to 1. margin: over "no answer", logits."""

    question: Question
    read: str
    f1: float
    margin: float

    @property
    def is_another(self) -> bool:
        """Whether a span is preferred that shares no word with a label."""
        return self.f1 == 0 and self.margin > 0


def drawn(questions: Sequence[Question], n: int) -> list[Question]:
    """The first n, by hash, of those that have an answer: the same each time."""
    answerable = [one for one in questions if one.answers]
    return sorted(answerable, key=lambda one: hashlib.sha256(f"noise{one.id}".encode()).digest())[:n]


def held(reader: Reader, questions: Sequence[Question]) -> Iterator[Held]:
    """Each question's label beside what the reader finds; those without a word to read are left out."""
    for one in questions:
        for best in reader.read_text(one.question, one.context, 1):
            read = one.context[best.start : best.end]
            yield Held(one, read, max(f1(read, answer) for answer in one.answers), best.score)


def rows(name: str, found: Sequence[Held], show: bool) -> Iterator[str]:
    """The row of a file; with `show`, before it each label that the reader does not share."""
    another = [one for one in found if one.is_another]
    for one in another if show else ():
        yield f"- {name}: {one.question.question} {list(one.question.answers)}, read: {one.read!r} ({one.margin:.1f})"
    mean = 100 * sum(one.f1 for one in found) / max(1, len(found))
    yield f"| {name} | {len(found)} | {mean:.1f} | {len(another)} |"


def main(arguments: Sequence[str] | None = None) -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--reader", default=READER, help="a name in models.yaml (default: %(default)s)")
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--made", type=Path, help="folder of attributions.json.gz; left out without it")
    parser.add_argument("--n", type=int, default=100, help="questions a file (default: %(default)s)")
    parser.add_argument("--show", action="store_true", help="print the labels that the reader does not share")
    given = parser.parse_args(arguments)
    reader = Reader(load_span_model(load_registry().model(given.reader, "read"), default_folder()))
    print("| file | questions | F1 | another |\n|---|---|---|---|")
    for source in read_manifest(MANIFEST).sources:
        folder = given.made if source.made else given.data
        if folder is not None:
            found = list(held(reader, drawn(read_questions(folder / source.file), given.n)))
            print("\n".join(rows(source.name, found, given.show)), flush=True)


if __name__ == "__main__":
    main()
