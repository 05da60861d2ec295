"""How far the labels that are learnt from are right: `python -m bench.labels [--show]`. One row a file of the manifest.

A reader answers questions of each file in their own texts. F1: of its best span with the label. "Another": where that
shares no word with any label and stands above "no answer"; `--show` prints these, to be judged by a person: it is the
reader or the label that is wrong.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path

from bench.sets import DATA
from indexer.models.defaults import READER
from indexer.models.fetch import default_folder
from indexer.models.registry import load_registry
from indexer.models.spans import load_span_model
from reader.evaluate import Outcome, Question, mark, predict, read_questions, sample
from reader.model import Reader
from reader.train.corpus import MANIFEST
from reader.train.manifest import read_manifest

_DRAW = "noise"  # docs/reader.md tells how a person judged these; `sample` draws others by itself


def held(reader: Reader, questions: Sequence[Question], n: int) -> list[Outcome]:
    """The labels of n questions beside what the reader finds; those where it finds nothing to read are left out."""
    asked = sample([one for one in questions if one.answers], None, n, _DRAW)
    return [one for one in mark(asked, list(predict(reader, asked))) if one.prediction.best]


def rows(name: str, found: Sequence[Outcome], show: bool) -> Iterator[str]:
    """The row of a file; with `show`, before it each label that the reader does not share."""
    another = [one for one in found if one.f1 == 0 and one.prediction.score > 0]
    for asked, told, *_ in another if show else ():
        yield f"- {name}: {asked.question} {list(asked.answers)}, read: {told.best!r} ({told.score:.1f})"
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
            found = held(reader, read_questions(folder / source.file), given.n)
            print("\n".join(rows(source.name, found, given.show)), flush=True)


if __name__ == "__main__":
    main()
