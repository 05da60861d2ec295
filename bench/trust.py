"""What confidences are worth where fewer passages are read: `python -m bench.trust EVIDENCE… [--half report]`.

EVIDENCE: what `bench.evidence` wrote of archives. At each depth the spans of the first passages alone are weighed.
Prints for each file, and for all together, the mean confidence of the first answers, the share of these that is right
(holds a gold answer or has an F1 of .5 with one) and the expected calibration error.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple, get_args

import numpy as np

from indexer.errors import InvalidInput
from indexer.models.registry import load_registry
from reader.calibrate import Calibration, load_calibration
from reader.evaluate import calibration_error, reliability
from reader.train.confidence import scores_of
from reader.train.judged import asked, read_lines
from retriever.evaluate import Half

DEPTHS = (1, 2, 4, 8, 12, 20)


class First(NamedTuple):
    """The first answer to a question at some depth: how sure it is, and whether it is right."""

    confidence: float
    right: bool


def cut(line: dict[str, Any], depth: int) -> dict[str, Any]:
    """A line of evidence as if no more passages had been read."""
    spans = [span for span in line["spans"] if span[0] < depth]
    return {**line, "passages": line["passages"][:depth], "spans": spans}


def first(line: dict[str, Any], made: Calibration) -> First | None:
    """The first answer of a line of evidence; None where nothing was found."""
    found = asked(line)
    if not len(found.rows):
        return None
    scores = scores_of(made, found)
    best = int(scores.argmax())
    return First(float(made.archive.confidence(scores[best : best + 1])[0]), bool(found.right[best]))


def table(lines: dict[str, list[dict[str, Any]]], made: Calibration) -> Iterator[str]:
    """Lines of Markdown. lines: of each file."""
    every = {**lines, "all": [line for of in lines.values() for line in of]}
    yield f"| confidence / right / ECE | {' | '.join(map(str, DEPTHS))} |"
    yield f"|{'---|' * (1 + len(DEPTHS))}"
    for name, of in every.items():
        cells = [_cell([one for line in of if (one := first(cut(line, depth), made))]) for depth in DEPTHS]
        yield f"| {name}, {len(of)} | {' | '.join(cells)} |"


def _cell(found: Sequence[First]) -> str:
    sure, right = (np.array(column, np.float32) for column in zip(*found, strict=True))
    error = calibration_error(reliability(sure, right))
    return " / ".join(f"{value:.3f}".lstrip("0") for value in (sure.mean(), right.mean(), error))


def main(arguments: Sequence[str] | None = None) -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", type=Path, nargs="+", metavar="EVIDENCE")
    parser.add_argument("--half", choices=get_args(Half), default="report")
    given = parser.parse_args(arguments)
    read = {file.stem: read_lines(file) for file in given.files}
    kept = {name: [line for line in of if line["half"] == given.half and line["archive"]] for name, of in read.items()}
    lines = {name: of for name, of in kept.items() if of}
    if not lines:
        raise InvalidInput("evidence", f"it holds no line of an archive of the {given.half} half")
    one = next(line for of in lines.values() for line in of)
    made = load_calibration(load_registry().of(one["reader"]).calibration, one["reader"], one["runtime"])
    if made is None:
        raise InvalidInput("evidence", f"it is of {one['reader']}, which no calibration is")
    print("\n".join(table(lines, made)))


if __name__ == "__main__":
    main()
