"""Pullquote beside txtai and Haystack: `make bench`, or `python -m bench.peers FOLDER [--articles N] [--questions N]`.

FOLDER/news holds what `bench.sets` wrote. All get the same articles, weights, questions and two cores, each in a
process of its own; they index one after the other, and take turns for each question. A question is asked as of its day:
what was published later is filtered out (--undated: it is not). What FOLDER/peers holds already is not done again:
delete it to begin anew (--undated has FOLDER/peers-undated). Writes docs/peers.md and peers.svg.

With --archive DIR, an archive of the set `whole` of `bench.sets`, the others take its passages with their vectors in
place of articles, as they would need hours to embed so many: then FOLDER/whole holds the questions, FOLDER/peers-whole
what is made, and indexing is not compared.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from bench.peers import ready
from bench.peers.job import Job, command, in_turn
from bench.peers.report import Run, write
from indexer.archive import Archive
from indexer.chunk import CHUNKER
from indexer.embed import load_embedder
from indexer.models import manifest
from indexer.models.defaults import EMBEDDER
from indexer.models.fetch import default_folder, prepare
from indexer.models.registry import load_registry
from retriever.evaluate import chosen, read_judged

ROOT = Path(__file__).parents[2]
DEPTHS = (20, 8, 4)  # passages that Pullquote reads, the default first


class Peer(NamedTuple):
    """A system: its module here, its ways to be asked, and the Python that has it."""

    name: str
    module: str
    variants: tuple[str, ...]
    python: str


def peers(python: str) -> list[Peer]:
    """All three. python: of the environment of the other two."""
    return [
        Peer("Pullquote", "with_pullquote", tuple(f"depth {depth}" for depth in DEPTHS), sys.executable),
        Peer("Haystack", "with_haystack", ("dense", "hybrid"), python),
        Peer("txtai", "with_txtai", ("dense", "hybrid"), python),
    ]


def main(arguments: Sequence[str] | None = None) -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--articles", type=int, default=250)
    parser.add_argument("--questions", type=int, default=80)
    parser.add_argument("--python", default=str(ROOT / ".bench-venv/bin/python"), help="of txtai and Haystack")
    parser.add_argument("--out", type=Path, default=ROOT / "docs")
    parser.add_argument("--minutes", type=float, default=600, help="ask no longer than this")
    parser.add_argument("--skip", nargs="*", default=(), help='what is not asked: "Haystack, hybrid", for one')
    parser.add_argument("--archive", type=Path, help="ask all of this archive's passages")
    parser.add_argument("--undated", action="store_true", help="all articles are there, whatever the day of a question")
    given = parser.parse_args(arguments)
    home = given.folder / "-".join(["peers", *["whole"] * bool(given.archive), *["undated"] * given.undated])
    if given.archive:
        ids = all_of(given.folder / "whole", home, given.archive, given.questions)
    else:
        ids = slice_of(given.folder / "news", home, given.articles, given.questions)
    prepared = given.archive is not None
    for peer in peers(given.python):
        if not (home / f"{_name(peer)}.json").is_file():
            subprocess.run(task(peer, None, home, [], prepared), check=True, cwd=ROOT)
            print(f"{peer.name} has indexed", flush=True)
    every = [(peer, variant) for peer in peers(given.python) for variant in peer.variants]
    asking = [(peer, variant) for peer, variant in every if f"{peer.name}, {variant}" not in given.skip]
    if not all((home / f"{_name(peer, variant)}.json").is_file() for peer, variant in asking):
        tasks = [task(peer, variant, home, ids, prepared, not given.undated) for peer, variant in asking]
        in_turn(tasks, len(ids), ROOT, 60 * given.minutes)
    runs = [Run(f"{peer.name}, {variant}", *_outcomes(home, peer, variant)) for peer, variant in asking]
    ids = [row["id"] for row in runs[0].asked["rows"]]
    asked = [one for one in read_judged(home / "questions.jsonl") if one.id in ids]
    write(runs, asked, home / "articles.jsonl", given.out, whole=prepared)


def slice_of(news: Path, home: Path, n_articles: int, n_questions: int) -> list[str]:
    """Write the articles and questions that are used, once, and return the ids of the questions.

    Questions of the report half, each with one article that holds its answer; other articles of the set fill up.
    """
    home.mkdir(parents=True, exist_ok=True)
    asked = chosen(read_judged(news / "questions.jsonl"), "report", n_questions)
    if not (home / "questions.jsonl").is_file():
        rows = [json.loads(line) for line in (news / "articles.jsonl").read_text("utf-8").splitlines()]
        there = {row["id"] for row in rows}
        own = {one.id: next(article for article in one.articles if article in there) for one in asked}
        kept = dict.fromkeys([*own.values(), *(row["id"] for row in rows[:: max(1, len(rows) // n_articles)])])
        kept = dict.fromkeys(list(kept)[:n_articles])
        _write(home / "articles.jsonl", [row for row in rows if row["id"] in kept])
        judged = [
            {
                "id": one.id,
                "question": one.question,
                "answers": one.answers,
                "articles": [article for article in one.articles if article in kept],
                "as_of": one.as_of,
            }
            for one in asked
        ]
        _write(home / "questions.jsonl", judged)
    return [one.id for one in asked]


def all_of(whole: Path, home: Path, archive: Path, n_questions: int) -> list[str]:
    """Write the passages of an archive and the questions to it, once, and return the ids of the questions.

    Questions of the report half that an article of the archive answers.
    """
    if not (home / "questions.jsonl").is_file():
        home.mkdir(parents=True, exist_ok=True)
        embedder = load_embedder(load_registry().model(EMBEDDER), default_folder(), CHUNKER)
        there = ready.write(Archive(archive, embedder).view(), home)
        rows = [json.loads(line) for line in (whole / "questions.jsonl").read_text("utf-8").splitlines()]
        kept = [{**row, "articles": [name for name in row["articles"] if name in there]} for row in rows]
        (home / "with_pullquote").symlink_to(archive.resolve())
        _write(home / "questions.jsonl", [row for row in kept if row["articles"]])
    return [one.id for one in chosen(read_judged(home / "questions.jsonl"), "report", n_questions)]


def task(peer: Peer, variant: str | None, home: Path, ids: list[str], prepared: bool, dated: bool = True) -> list[str]:
    """The command that indexes, or asks. prepared: `home` holds the passages with their vectors."""
    job = Job(
        articles=str(home / "articles.jsonl"),
        questions=str(home / "questions.jsonl"),
        home=str(home / peer.module),
        embedder=str(_embedder(home)),
        reader=str(ROOT / "reader" / "weights"),
        variant=variant or "",
        ids=ids if variant else [],
        ready=str(home) if prepared else "",
        dated=dated,
    )
    return command(peer.python, peer.module, job, home, _name(peer, variant))


def _embedder(home: Path) -> Path:
    """The weights of the embedder as they are published: a folder that sentence-transformers and transformers take."""
    registry = home / "models.yaml"
    if not registry.is_file():
        known = yaml.safe_load((ROOT / "models.yaml").read_text("utf-8"))["models"][EMBEDDER]
        registry.write_text(yaml.safe_dump({"models": {EMBEDDER: {**known, "runtime": "torch"}}}), "utf-8")
    spec = load_registry(registry).model(EMBEDDER)
    prepare(spec, default_folder())
    folder = home / "embedder"
    if not folder.is_dir():
        folder.mkdir()
        for file in manifest.home(spec, default_folder()).iterdir():
            (folder / file.name).symlink_to(file)
        pooling = {"word_embedding_dimension": 384, "pooling_mode_mean_tokens": True}
        (folder / "1_Pooling").mkdir()
        (folder / "1_Pooling" / "config.json").write_text(json.dumps(pooling), "utf-8")
        (folder / "sentence_bert_config.json").write_text(json.dumps({"max_seq_length": spec.max_tokens}), "utf-8")
        modules = [("", "Transformer"), ("1_Pooling", "Pooling"), ("2_Normalize", "Normalize")]
        made = [
            {"idx": n, "name": str(n), "path": path, "type": f"sentence_transformers.models.{kind}"}
            for n, (path, kind) in enumerate(modules)
        ]
        (folder / "2_Normalize").mkdir()
        (folder / "modules.json").write_text(json.dumps(made), "utf-8")
    return folder


def _name(peer: Peer, variant: str | None = None) -> str:
    return f"{peer.module}-{(variant or 'index').replace(' ', '-')}"


def _outcomes(home: Path, peer: Peer, variant: str | None) -> tuple[dict[str, Any], dict[str, Any]]:
    names = (_name(peer, None), _name(peer, variant))
    indexed, asked = (json.loads((home / f"{name}.json").read_text("utf-8")) for name in names)
    return indexed, asked


def _write(file: Path, rows: Sequence[dict[str, Any]]) -> None:
    file.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")


if __name__ == "__main__":
    main()
