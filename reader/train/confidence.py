"""`python -m reader.train.confidence PREDICTIONS …`: fit a calibration on tune halves, and show it on report halves.

PREDICTIONS are what `reader.train.compare` wrote. An answer counts as right from an F1 of 0.5: it says what was asked
for, though its edges may be others.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from indexer.errors import InvalidInput, PullquoteError
from reader.calibrate import Calibration, Evidence, fit
from reader.evaluate import calibration_error, reliability
from reader.train.errors import TrainingDataError

_RIGHT_FROM = 0.5
_SHOWN = (0.05, 0.1, 0.2)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command: the calibration as a file, a Markdown table of its figures on standard output."""
    parser = argparse.ArgumentParser(prog="python -m reader.train.confidence", description="Fit a calibration.")
    parser.add_argument("predictions", nargs="+", type=Path, help="files that reader.train.compare wrote")
    parser.add_argument("--name", required=True, help="the reader's name in those files")
    parser.add_argument("--reader", required=True, help="fingerprint of the reader that the calibration is for")
    parser.add_argument("--runtime", default="onnx-int8", help="the runtime that it is for (default: %(default)s)")
    parser.add_argument("--out", type=Path, required=True, help="calibration.json to write")
    given = parser.parse_args(arguments)
    try:
        rows = [row for file in given.predictions for row in _read(file) if row["reader"] == given.name]
        tune = _mixed([row for row in rows if row["half"] == "tune"])
        if not tune:
            raise InvalidInput("name", f"no tune predictions of {given.name} in those files")
        sets = Counter(str(row["set"]) for row in tune)
        made = fit(
            given.reader, given.runtime, [_evidence(row) for row in tune], _right(tune), dict(sorted(sets.items()))
        )
        made.save(given.out)
    except PullquoteError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    report = [row for row in rows if row["half"] == "report"]
    for cells in _table(made, report):
        sys.stdout.write(f"| {' | '.join(cells)} |\n")
    return 0


def _read(file: Path) -> list[dict[str, Any]]:
    try:
        return [json.loads(line) for line in file.read_text("utf-8").splitlines()]
    except (OSError, ValueError) as error:
        raise TrainingDataError(file, f"holds no predictions ({error})") from error


def _mixed(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """In the order of hashes of their ids: the two halves that `fit` makes are alike, and the same in every run."""
    return sorted(rows, key=lambda row: hashlib.sha256(f"fit {row['set']} {row['id']}".encode()).digest())


def _evidence(row: dict[str, Any]) -> Evidence:
    return Evidence(row["question"], row["best"], row["score"], row["runner_up"])


def _right(rows: Sequence[dict[str, Any]]) -> list[bool]:
    return [row["f1"] >= _RIGHT_FROM for row in rows]


def _table(made: Calibration, report: Sequence[dict[str, Any]]) -> list[list[str]]:
    head = ["set", "questions", "right", "mean confidence", "ECE"]
    head += [f"wrong / answered at {error:g}" for error in _SHOWN]
    names = sorted({row["set"] for row in report})
    groups = {name: [row for row in report if row["set"] == name] for name in names} | {"all": list(report)}
    return [head, ["---"] * len(head), *(_cells(made, name, rows) for name, rows in groups.items())]


def _cells(made: Calibration, name: str, rows: Sequence[dict[str, Any]]) -> list[str]:
    confidence = made.confidence([_evidence(row) for row in rows])
    right = np.array(_right(rows), np.float32)
    cells = [name, str(len(rows)), f"{right.mean():.3f}", f"{confidence.mean():.3f}"]
    cells.append(f"{calibration_error(reliability(confidence, right)):.3f}")
    for error in _SHOWN:
        threshold = made.threshold(error)
        kept = confidence >= (np.inf if threshold is None else threshold)
        cells.append(f"{(1 - right[kept]).mean():.3f} / {kept.mean():.2f}" if kept.any() else "- / 0.00")
    return cells


if __name__ == "__main__":
    sys.exit(main())
