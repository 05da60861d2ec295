"""Whole phrases and short facts: `python -m bench.phrases [--half tune|report]`. One row a kind of question.

phrases.json   what someone said, pledged, announced, demanded: the answer is the whole object of the verb
phrases_later.json   the same from other articles, written when the rules of reader/speech.py were made
short.json     who, when, where, how many, of the same articles: the answer is the short name, date or number

Questions and answers were written by hand from Wikinews, before any reader was asked.
"""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from indexer.models.defaults import READER
from indexer.models.fetch import default_folder, prepare
from indexer.models.registry import load_registry
from indexer.models.spans import load_span_model
from reader.evaluate import Outcome, figures, half, mark, predict, read_questions
from reader.model import Reader

FOLDER = Path(__file__).parent
SAID = ("phrases.json", "phrases_later.json")
FILES = (*SAID, "short.json")
SPARE = 4  # words that a whole phrase may have beside it


def is_whole(predicted: str, right: Sequence[str]) -> bool:
    """Whether it holds one of the right answers, word for word, and at most SPARE words more; marks do not count."""
    return any(_holds(_words(predicted), _words(wanted)) for wanted in right)


def _words(text: str) -> list[str]:
    return [word for word in re.findall(r"\w+", text.lower()) if word not in ("a", "an", "the")]


def _holds(words: Sequence[str], wanted: Sequence[str]) -> bool:
    places = range(len(words) - len(wanted) + 1)
    return len(words) <= len(wanted) + SPARE and any(words[i : i + len(wanted)] == wanted for i in places)


def forms(file: Path) -> dict[str, str]:
    """The form of each question by its id: quotation, reported, clause, infinitive, object; or its question word."""
    return {
        asked["id"]: asked["form"]
        for article in json.loads(file.read_text("utf-8"))["data"]
        for paragraph in article["paragraphs"]
        for asked in paragraph["qas"]
    }


def table(reader: Reader, which: str | None, show: bool = False) -> Iterator[str]:
    """The rows of a Markdown table; with `show`, before them what was answered otherwise than right."""
    rows: dict[str, list[Outcome]] = {}
    for name in FILES:
        form = forms(FOLDER / name)
        questions = [one for one in read_questions(FOLDER / name) if which in (None, half(one.id))]
        outcomes = mark(questions, list(predict(reader, questions)))
        rows[f"**{name}**"] = outcomes
        for outcome in outcomes:
            rows.setdefault(form[outcome.question.id], []).append(outcome)
            if show and not outcome.em:
                yield f"{outcome.question.question} {outcome.prediction.best!r}, not {outcome.question.answers[0]!r}\n"
    yield "| questions | n | EM | F1 | whole |"
    yield "|---|---|---|---|---|"
    for name, outcomes in rows.items():
        whole = sum(is_whole(one.prediction.best, one.question.answers) for one in outcomes)
        found = figures(outcomes)
        width = (found.f1_interval[1] - found.f1_interval[0]) / 2
        yield f"| {name} | {found.n} | {found.em:.1f} | {found.f1:.1f} ± {width:.1f} | {100 * whole / found.n:.1f} |"


def shipped() -> Reader:
    """The reader that ships, as it is run."""
    spec, folder = load_registry()[READER], default_folder()
    prepare(spec, folder)
    return Reader(load_span_model(spec, folder))


def main(arguments: Sequence[str] | None = None) -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--half", choices=["tune", "report"], help="rules are made on one, figures given of the other")
    parser.add_argument("--show", action="store_true", help="print each answer that is not exactly right")
    given = parser.parse_args(arguments)
    for line in table(shipped(), given.half, given.show):
        print(line)


if __name__ == "__main__":
    main()
