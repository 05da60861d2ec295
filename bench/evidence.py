"""What the final score and its calibration are fitted on: `python -m bench.evidence FOLDER --out FILES`.

FOLDER holds the sets that `bench.sets` wrote, each with its archive beside the questions (`pullquote index
articles.jsonl`). For each question of both halves: the passages that were read and all spans that the reader weighed, a
line of JSON in FILES/SET.jsonl. What is there already of this reader and export, embedder and fusion is kept: cut it
off and run it again. For another reader give --found OTHER: passages that this embedder and fusion found when OTHER was
made are read, not searched for again.

Over archives: whole, snippets, newsqa (bench.sets); "undated": those of whole that are not about the present, not
said to be asked on a day; "said": what someone said or pledged, written by hand over the articles of seeds/; "none":
SQuAD 2.0's questions without an answer, over its paragraphs; "foreign", "natural" and "unsaid": RealTimeQA's, TyDiQA's
and those of "said" over NewsQA's stories, where nothing counts as right. Over the text that belongs to the question:
sets of reader.train.compare. `make calibrate` does all of it.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from bench.phrases import FOLDER, SAID
from bench.sets import DATA
from indexer.archive import Archive
from indexer.chunk import CHUNKER
from indexer.embed import load_embedder
from indexer.models.defaults import EMBEDDER, READER
from indexer.models.fetch import default_folder
from indexer.models.registry import load_registry
from indexer.models.spans import load_span_model
from indexer.stories import story_of
from indexer.types import Embedder, Filters
from indexer.views import View
from reader.answer import SPANS, Question, raw_standings
from reader.decode import OF_TEXT
from reader.evaluate import read_questions, sample
from reader.model import Reader
from reader.train.compare import SETS as TEXTS
from reader.train.judged import read_lines
from reader.weigh import Standing
from retriever.evaluate import Half, chosen, read_judged
from retriever.recency import asks_for_latest
from retriever.search import find, fusion

HALVES: tuple[Half, ...] = ("tune", "report")
_DEPTH = 20
# Questions of each half: whole half of them, those without an answer one in six.
ARCHIVES = {
    "whole": 900,
    "newsqa": 300,
    "snippets": 200,
    "undated": 300,
    "none": 80,
    "foreign": 80,
    "natural": 120,
    "said": 60,
    "unsaid": 60,
}
_TEXTS = {
    "SQuAD 2.0 dev": 120,
    "RealTimeQA 2024": 120,
    "NewsQA half": 60,
    "QAMR Wikinews dev": 60,
    "TweetQA dev": 60,
    "PolNeAR half": 60,
}
# Whose archive is asked.
_OVER = {
    "undated": "whole",
    "none": "squad",
    "foreign": "newsqa",
    "natural": "newsqa",
    "said": "seeds",
    "unsaid": "newsqa",
}

Line = dict[str, Any]
By = dict[str, str | float]


class _Asked(NamedTuple):
    id: str
    question: str
    answers: tuple[str, ...]
    context: str | None = None
    as_of: str | None = None


def over_archive(name: str, half: Half, n: int, sets: Path, data: Path) -> list[_Asked]:
    """The questions of one half that are asked of an archive."""
    if name == "none":
        every = read_questions(data / TEXTS["SQuAD 2.0 dev"])
        return [_Asked(one.id, one.question, ()) for one in sample(every, half, None) if not one.answers][:n]
    if name == "natural":
        every = read_questions(data / TEXTS["TyDiQA en dev"])
        return [_Asked(one.id, one.question, ()) for one in sample(every, half, n)]
    if name in {"said", "unsaid"}:
        every = sample([one for file in SAID for one in read_questions(FOLDER / file)], half, n)
        return [_Asked(f"{name} {one.id}", one.question, one.answers if name == "said" else ()) for one in every]
    if name == "foreign":
        last = chosen(read_judged(sets / "snippets" / "questions.jsonl"), half)[::-1][:n]  # the first are in snippets
        return [_Asked(f"foreign {one.id}", one.question, ()) for one in last]
    judged = chosen(read_judged(sets / _OVER.get(name, name) / "questions.jsonl"), half)
    if name == "undated":
        return [_Asked(*one[:3]) for one in judged if not asks_for_latest(one.question)][:n]
    return [_Asked(one.id, one.question, one.answers, as_of=one.as_of) for one in judged[:n]]


def over_text(name: str, half: Half, n: int, data: Path) -> list[_Asked]:
    """The questions of one half that are asked of their own text."""
    every = read_questions(data / TEXTS[name])
    return [_Asked(one.id, one.question, one.answers, one.context) for one in sample(every, half, n)]


def of_archive(asked: _Asked, view: View, embedder: Embedder, reader: Reader) -> Line:
    """What is found and read for a question, as `ask` does it."""
    question = Question(asked.question, _DEPTH, _DEPTH, "hybrid", Filters(as_of=asked.as_of))
    found = find(question.text, view, embedder, question.depth, question.mode, question.filters)
    stories = story_of(view, [kept.place.article for kept in found])
    passages = []
    for kept, standing in zip(found, raw_standings(question, view, found), strict=True):
        article, place = view.article_at(kept.place.article), kept.place
        passages.append(
            {
                "article": article.id,
                "story": str(stories[place.article]),
                "start": place.start,
                "text": article.text[place.start : place.end],
                "standing": standing._asdict(),
            }
        )
    return _read(asked, passages, reader)


def _read(asked: _Asked, passages: list[Line], reader: Reader) -> Line:
    spans = reader.read(asked.question, [str(passage["text"]) for passage in passages], SPANS)
    return {"archive": True, "passages": passages, "spans": spans}


def of_text(asked: _Asked, reader: Reader) -> Line:
    """What is read for a question in its own text, as `read` does it."""
    text = {"article": "", "story": "", "start": 0, "text": asked.context, "standing": Standing()._asdict()}
    spans = reader.read_text(asked.question, str(asked.context))
    return {"archive": False, "passages": [text], "spans": spans}


def ids_of(file: Path, by: By) -> set[str]:
    """The questions that a file has lines of, made by all of this; lines of others are taken out of it."""
    if not file.exists():
        return set()
    with file.open(encoding="utf-8") as lines:
        every = [(line, json.loads(line)) for line in lines]
    ours = [(line, made["id"]) for line, made in every if by.items() <= made.items()]
    if len(ours) < len(every):
        file.write_text("".join(line for line, _ in ours), "utf-8")
    return {name for _, name in ours}


def found_before(file: Path, half: Half, by: By) -> dict[str, list[Line]]:
    """The passages of each question of one half in a file of evidence, where they were found in this way (by)."""
    if not file.exists():
        return {}
    every = read_lines(file)
    return {line["id"]: line["passages"] for line in every if line["half"] == half and by.items() <= line.items()}


def made_by(name: str, embedder: str, reader: str, runtime: str) -> tuple[By, By]:
    """What makes the lines of a set: how its passages are found, and all of it. embedder, reader: fingerprints."""
    way: By = {"embedder": embedder, "fusion": fusion(), "depth": _DEPTH}
    price: By = dict(OF_TEXT._asdict()) if name in TEXTS else {}
    return way, {"reader": reader, "runtime": runtime, **way, **price}


def gather(
    name: str, half: Half, n: int, given: argparse.Namespace, embedder: Embedder, reader: Reader
) -> Iterator[Line]:
    """The lines of one half of a set that are not there yet."""
    way, by = made_by(name, embedder.fingerprint, reader.model.fingerprint, reader.model.runtime)
    had, before = ids_of(given.out / f"{name}.jsonl", by), dict[str, list[Line]]()
    if name in TEXTS:
        wanted, archive = over_text(name, half, n, given.data), None
    else:
        wanted = over_archive(name, half, n, given.folder, given.data)
        archive = Archive(given.folder / _OVER.get(name, name) / "archive", embedder)
        before = found_before(given.found / f"{name}.jsonl", half, way) if given.found else {}
    of = {"set": name, "over": _OVER.get(name, name), "half": half, **by}
    for asked in wanted:
        if asked.id in had:
            continue
        if asked.id in before:
            found = _read(asked, before[asked.id], reader)
        elif archive is not None:
            found = of_archive(asked, archive.view(), embedder, reader)
        else:
            found = of_text(asked, reader)
        yield {**of, "id": asked.id, "question": asked.question, "answers": asked.answers, **found}
    if archive is not None:
        archive.close()


def main(arguments: Sequence[str] | None = None) -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--found", type=Path, metavar="OTHER", help="FILES of another reader, with passages to read")
    parser.add_argument("--reader", default=READER, help="a name in models.yaml (default: %(default)s)")
    parser.add_argument("--registry", type=Path, metavar="FILE", help="models of your own, in the form of models.yaml")
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--sets", nargs="*", metavar="SET", default=[*ARCHIVES, *_TEXTS])
    parser.add_argument("--halves", nargs="*", default=HALVES, choices=HALVES)
    parser.add_argument("--most", type=int, help="questions of each half of a set, at most")
    given = parser.parse_args(arguments)
    registry = load_registry(given.registry)
    embedder = load_embedder(registry.model(EMBEDDER), default_folder(), CHUNKER)
    reader = Reader(load_span_model(registry.model(given.reader, "read"), default_folder()))
    given.out.mkdir(parents=True, exist_ok=True)
    for half in given.halves:
        for name in given.sets:
            n = min({**ARCHIVES, **_TEXTS}[name], given.most or 10**9)
            with (given.out / f"{name}.jsonl").open("a", encoding="utf-8") as out:
                for line in gather(name, half, n, given, embedder, reader):
                    out.write(json.dumps(line, ensure_ascii=False) + "\n")
                    out.flush()
            print(f"{name}, {half}: done", flush=True)


if __name__ == "__main__":
    main()
