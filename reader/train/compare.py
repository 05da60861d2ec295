"""`python -m reader.train.compare --data DIR NAME=FOLDER …`: readers side by side on the same questions.

A NAME alone is a reader of models.yaml; folders are exported and run as the one that ships, or that --like names.

Every set is split by the ids of its questions. The threshold of a reader is chosen on the tune half of SQuAD 2.0; all
figures are of the report halves. With several --runtimes every reader is run in each, and the last columns are what
each loses against the first, question by question.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import get_args

from indexer.errors import PullquoteError
from indexer.models import manifest
from indexer.models.defaults import READER
from indexer.models.fetch import prepare
from indexer.models.registry import PathSource, Runtime, load_registry
from indexer.models.spans import SpanModel, load_span_model
from indexer.models.tokenizer import Tokenizer
from reader.evaluate import (
    Figures,
    Half,
    Outcome,
    Question,
    best_threshold,
    difference,
    figures,
    half,
    mark,
    predict,
    read_questions,
    sample,
)
from reader.model import Reader
from reader.train.negatives import Passages

SETS = {
    "SQuAD 1.1 dev": "squad_dev/squad_1.1_dev_from_explorer.json.gz",
    "SQuAD 2.0 dev": "squad_dev/squad_2.0_dev_from_explorer.json.gz",
    "NewsQA half": "newsqa/newsqa_dev_half_squad.json.gz",
    "RealTimeQA 2024": "realtimeqa/evidence_squad_2024.json.gz",
    "QAMR Wikinews dev": "qamr/qamr_dev_wikinews_squad.json.gz",
    "TweetQA dev": "tweetqa/tweetqa_dev_squad.json.gz",
    "TyDiQA en dev": "tydiqa_en/tydiqa_en_dev_squad.json.gz",
    "PolNeAR half": "polnear/polnear_half_squad.json.gz",
}
_WITH_UNANSWERABLE = "SQuAD 2.0 dev"
_POSITIONS = 512  # that networks of this kind learnt; a longer window has tokens without one


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command: a Markdown table on standard output, each prediction as a line of JSON under --out."""
    parser = argparse.ArgumentParser(prog="python -m reader.train.compare", description="Measure readers side by side.")
    parser.add_argument("readers", nargs="+", metavar="NAME=FOLDER", help="folders of weights, or names of models.yaml")
    parser.add_argument("--data", type=Path, required=True, help="folder that the sets are in")
    parser.add_argument("--out", type=Path, required=True, help="folder for prepared models and predictions")
    parser.add_argument("--runtimes", nargs="+", default=["onnx-int8"], choices=get_args(Runtime), metavar="RUNTIME")
    parser.add_argument(
        "--windows", nargs="+", type=_window, default=[], metavar="TOKENS", help="instead of models.yaml's"
    )
    parser.add_argument("--like", default=READER, help="the reader whose settings folders have")
    parser.add_argument("--device", help="run in torch there instead, batched: cpu, cuda")
    parser.add_argument("--bf16", action="store_true", help="autocast to bfloat16 there, where the machine has it")
    parser.add_argument("--n", type=int, default=300, help="questions of each half of a set (default: %(default)s)")
    parser.add_argument("--half", default="report", choices=["tune", "report"], help="whose figures are shown")
    parser.add_argument("--rivals", type=int, default=0, help="closest wrong passages of the same set to read as well")
    parser.add_argument("--sets", nargs="*", default=list(SETS), choices=list(SETS), metavar="SET")
    given = parser.parse_args(arguments)
    try:
        readers = {
            name: Path(folder) if folder else None for name, _, folder in (one.partition("=") for one in given.readers)
        }
        ways = list(product(given.runtimes, given.windows or [None]))
        loaded = {
            _told(name, runtime, window, given): _reader(name, folder, runtime, window, given)
            for name, folder in readers.items()
            for runtime, window in ways
        }
        rows = [list(_row(name, loaded, len(ways), given)) for name in given.sets]
    except PullquoteError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    head = ["set", "questions", *(f"{name}: {kind}" for name in loaded for kind in ("EM", "F1", "F1 at threshold"))]
    head += [f"F1: {name} less {first}" for name, first in _pairs(list(loaded), len(ways))]
    for row in [head, ["---"] * len(head), *rows]:
        sys.stdout.write(f"| {' | '.join(row)} |\n")
    return 0


def _window(given: str) -> int:
    if not (given.isdecimal() and 1 <= int(given) <= _POSITIONS):
        raise argparse.ArgumentTypeError(f"{given} is not a number of tokens from 1 to {_POSITIONS}")
    return int(given)


def _told(name: str, runtime: Runtime, window: int | None, given: argparse.Namespace) -> str:
    parts = [runtime] if len(given.runtimes) > 1 else []
    return " ".join([name, *parts, *([f"{window} tokens"] if len(given.windows) > 1 else [])])


def _pairs(names: Sequence[str], n_ways: int) -> list[tuple[str, str]]:
    """Each reader in each way but the first (runtime, size of windows), with the same reader in the first."""
    return [(name, names[i - i % n_ways]) for i, name in enumerate(names) if i % n_ways]


def _reader(name: str, weights: Path | None, runtime: Runtime, window: int | None, given: argparse.Namespace) -> Reader:
    """The reader of a folder of weights, run as another one is run; without a folder, that of models.yaml."""
    registry = load_registry()
    if weights is None:
        spec = replace(registry.model(name, "read"), runtime=runtime)
    else:
        like, sources = registry.model(given.like, "read"), (PathSource(weights.resolve()),)
        spec = replace(like, name=name, runtime=runtime, sources=sources, files={}, change=None)
    spec = replace(spec, max_tokens=window or spec.max_tokens)
    if given.device:
        from reader.train.network import BatchedNetwork, torch_device  # loads torch, which exported readers never do

        spec = replace(spec, runtime="torch")  # as it is, not exported
        prepare(spec, given.out / "models")
        home = manifest.home(spec, given.out / "models")
        network = BatchedNetwork(home, torch_device(given.device), given.bf16)
        return Reader(SpanModel(spec, name, Tokenizer.load(home / "tokenizer.json"), network))
    prepare(spec, given.out / "models")
    return Reader(load_span_model(spec, given.out / "models"))


def _row(name: str, readers: dict[str, Reader], n_ways: int, given: argparse.Namespace) -> Iterator[str]:
    """The cells of one set. Its threshold is that of the tune half where it has questions without an answer."""
    questions = read_questions(given.data / SETS[name])
    sides: tuple[Half, ...] = ("tune", "report") if name == _WITH_UNANSWERABLE else (given.half,)
    chosen = [one for side in sides for one in sample(questions, side, given.n)]
    rivals = _rivals(questions, given.rivals) if given.rivals else None
    yield name
    yield str(sum(half(question.id) == given.half for question in chosen))
    answerable: dict[str, list[Outcome]] = {}
    for reader_name, reader in readers.items():
        marked = mark(chosen, list(predict(reader, chosen, rivals)))
        _save(given.out / "predictions.jsonl", name, reader_name, marked)
        shown = [one for one in marked if half(one.question.id) == given.half]
        answerable[reader_name] = [one for one in shown if one.question.answers]
        has = figures(answerable[reader_name])
        yield f"{has.em:.1f}"
        yield _with_margin(has)
        tune = [one for one in marked if half(one.question.id) == "tune"]
        yield _with_margin(figures(shown, best_threshold(tune))) if name == _WITH_UNANSWERABLE else ""
    for reader_name, first in _pairs(list(readers), n_ways):
        gap = difference(answerable[reader_name], answerable[first])
        yield f"{gap.f1:+.2f} ({gap.f1_interval[0]:+.2f} to {gap.f1_interval[1]:+.2f})"


def _with_margin(found: Figures) -> str:
    return f"{found.f1:.1f} ± {(found.f1_interval[1] - found.f1_interval[0]) / 2:.1f}"


def _rivals(questions: Sequence[Question], n: int) -> Callable[[Question], list[str]]:
    """For each question the n closest passages of its set, by BM25, without any of its answers or its own text."""
    pool = Passages([question.context for question in questions])

    def closest(asked: Question) -> list[str]:
        return [
            text
            for text in pool.closest_wrong(asked.question, asked.answers, n + 1, deepest=5 * n + 20)
            if text != asked.context
        ][:n]

    return closest


def _save(file: Path, name: str, reader: str, marked: Sequence[Outcome]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("a", encoding="utf-8") as lines:
        for one in marked:
            row = {
                "set": name,
                "reader": reader,
                "id": one.question.id,
                "half": half(one.question.id),
                "question": one.question.question,
                "answers": one.question.answers,
                **one.prediction._asdict(),
                "em": one.em,
                "f1": one.f1,
            }
            lines.write(json.dumps(row) + "\n")


if __name__ == "__main__":
    sys.exit(main())
