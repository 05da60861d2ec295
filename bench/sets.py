"""Evaluation sets of ../shared/data: `python -m bench.sets FOLDER [NAME…]` writes articles.jsonl and questions.jsonl.

Then, in FOLDER/NAME, `pullquote index articles.jsonl` and `pullquote eval questions.jsonl`. While an archive is not
whole, `--archive DIR` keeps only the questions that it holds an article for, and writes no articles.

snippets    RealTimeQA's questions up to 2024; the articles are their evidence snippets, each question's own is relevant
news        RealTimeQA's questions whose answer stands in an article that its search gave; those articles and 300 more
whole       all of these questions, over all 23,746 articles: hours of embedding, so only written where it is named
            (both are asked as of the day of their quiz: "this week" is that one)
squad       SQuAD 1.1 dev; the articles are its paragraphs
newsqa      NewsQA's half; the articles are its 325 news stories
wikinews    headlines as queries; the articles are without them
cranfield, cisi   the classic sets, with their judgements
"""

from __future__ import annotations

import argparse
import csv
import gzip
import hashlib
import json
import lzma
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from pullquote import Archive
from retriever.requests import MAX_LISTED

DATA = Path(__file__).parents[2] / "shared" / "data"
_NEWS_QUESTIONS, _NEWS_OTHERS = 400, 300  # what an hour of embedding on two cores allows

Record = dict[str, Any]
Rows = tuple[list[Record], list[Record]]  # articles, questions


def snippets(data: Path) -> Rows:
    """Each question -> its own evidence among all."""
    articles: dict[str, Record] = {}
    questions = []
    for asked in _realtimeqa(data):
        if asked["evidence"].strip():
            snippet = articles.setdefault(
                asked["evidence"],
                {"id": f"s{len(articles):05d}", "text": asked["evidence"], "published_at": asked["date"]},
            )
            questions.append(_question(asked, {snippet["id"]: 1}))
    return list(articles.values()), questions


def news(data: Path) -> Rows:
    """Questions over whole articles: a few hundred questions, by the hash of their ids."""
    every, asked = whole(data)
    asked = sorted(asked, key=_by_hash)[:_NEWS_QUESTIONS]
    wanted = {article for row in asked for article in row["articles"]}
    others = sorted((row for row in every if row["id"] not in wanted), key=_by_hash)[:_NEWS_OTHERS]
    kept = wanted | {row["id"] for row in others}
    return [row for row in every if row["id"] in kept], asked


def whole(data: Path) -> Rows:
    """Questions over all articles."""
    with lzma.open(data / "realtimeqa" / "articles.jsonl.xz", "rt", encoding="utf-8") as lines:
        every = [json.loads(line) for line in lines]
    articles = [
        {
            "id": row["id"],
            "title": row["title"],
            "url": row["url"],
            "published_at": row["publish_date"],
            "text": row["text"],
        }
        for row in every
        if row["text"].strip()
    ]
    asked = [row for row in _realtimeqa(data) if row["articles_with_answer_string"]]
    return articles, [
        {**_question(row, dict.fromkeys(row["articles_with_answer_string"], 1)), "as_of": row["date"]} for row in asked
    ]


def squad(data: Path) -> Rows:
    """SQuAD 1.1 dev as an open archive."""
    return _paragraphs(data / "squad_dev" / "squad_1.1_dev_from_explorer.json.gz", titled=True)


def newsqa(data: Path) -> Rows:
    """NewsQA as an open archive: many of its questions name nobody, and so fit several stories."""
    return _paragraphs(data / "newsqa" / "newsqa_dev_half_squad.json.gz", titled=False)


def _paragraphs(file: Path, titled: bool) -> Rows:
    with gzip.open(file, "rt", encoding="utf-8") as lines:
        given = json.load(lines)["data"]
    articles: list[Record] = []
    questions: list[Record] = []
    for topic in given:
        for paragraph in topic["paragraphs"]:
            article = {"id": f"p{len(articles):05d}", "text": paragraph["context"]}
            articles.append({**article, "title": topic["title"]} if titled else article)
            for asked in paragraph["qas"]:
                answers = list(dict.fromkeys(answer["text"] for answer in asked["answers"]))
                row = {"id": asked["id"], "question": asked["question"], "answers": answers}
                questions.append({**row, "articles": {article["id"]: 1}})
    return articles, questions


def wikinews(data: Path) -> Rows:
    """Known-item search: a headline finds the article that it was taken from."""
    articles: list[Record] = []
    questions: list[Record] = []
    for file in sorted((data / "wikinews").glob("*.csv.gz")):
        with gzip.open(file, "rt", encoding="utf-8", newline="") as lines:
            for row in csv.DictReader(lines):
                name = f"w{len(articles):05d}"
                articles.append({"id": name, "url": row["url"], "published_at": row["date"], "text": row["text"]})
                questions.append({"id": name, "question": row["title"], "articles": {name: 1}})
    return articles, questions


def cranfield(data: Path) -> Rows:
    """1,400 abstracts of aerodynamics, 225 queries; judgements number the queries by their order."""
    home = data / "ir_cranfield"
    articles = _smart(gzip.decompress((home / "cran.all.1400.gz").read_bytes()).decode("latin-1"))
    queries = _smart((home / "cran.qry").read_text("latin-1"))
    judged = _judgements((home / "QRelsCorrectedforTRECeval").read_text("ascii"), query=0, article=2, grade=3)
    numbered = [{"id": str(n), "question": query["text"]} for n, query in enumerate(queries, start=1)]
    return articles, [{**query, "articles": judged[query["id"]]} for query in numbered if query["id"] in judged]


def cisi(data: Path) -> Rows:
    """1,460 abstracts of library science, 76 judged queries."""
    home = data / "ir_cisi"
    articles = _smart(gzip.decompress((home / "CISI.ALL.gz").read_bytes()).decode("latin-1"))
    queries = _smart((home / "CISI.QRY").read_text("latin-1"))
    judged = _judgements((home / "CISI.REL").read_text("ascii"), query=0, article=1, grade=None)
    return articles, [
        {"id": query["id"], "question": query["text"], "articles": judged[query["id"]]}
        for query in queries
        if query["id"] in judged
    ]


def answerable(questions: Sequence[Record], folder: Path) -> list[Record]:
    """The questions that an archive holds an article for, each with those of its articles that are there."""
    there = set[str]()
    cursor: str | None = ""
    with Archive(folder) as archive:
        while cursor is not None:
            page = archive.articles(limit=MAX_LISTED, cursor=cursor or None)
            there |= {head.id for head in page.items}
            cursor = page.next
    kept = [{**row, "articles": {name: 1 for name in row["articles"] if name in there}} for row in questions]
    return [row for row in kept if row["articles"]]


def _realtimeqa(data: Path) -> Iterator[Record]:
    with gzip.open(data / "realtimeqa" / "questions.jsonl.gz", "rt", encoding="utf-8") as lines:
        for line in lines:
            asked = json.loads(line)
            if asked["date"] < "2025":
                yield asked


def _question(asked: Record, articles: dict[str, int]) -> Record:
    row = {name: asked[name] for name in ("id", "question", "answers")}
    return {**row, "articles": articles}


def _smart(text: str) -> list[Record]:
    """Records in the format of SMART: .I a number, .T a title, .W a text; other fields are left out."""
    found = []
    for part in re.split(r"^\.I\s+", text, flags=re.MULTILINE)[1:]:
        fields = dict(re.findall(r"^\.([TW])\s*\n(.*?)(?=^\.[A-Z]\s|\Z)", part, flags=re.MULTILINE | re.DOTALL))
        title = " ".join(fields.get("T", "").split())
        body = fields.get("W", "").strip() or title
        if body:
            record = {"id": str(int(part.split()[0])), "text": body}
            found.append({**record, "title": title} if title else record)
    return found


def _judgements(text: str, query: int, article: int, grade: int | None) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for line in text.splitlines():
        parts = line.split()
        worth = 1 if grade is None else int(parts[grade])
        if worth > 0:
            found.setdefault(parts[query], {})[parts[article]] = worth
    return found


def _by_hash(row: Record) -> str:
    return hashlib.sha256(str(row["id"]).encode()).hexdigest()


SETS: dict[str, Callable[[Path], Rows]] = {
    one.__name__: one for one in (snippets, news, squad, newsqa, wikinews, cranfield, cisi, whole)
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help=f"one of {', '.join(SETS)}; all but whole if not given"
    )
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--archive", type=Path, help="write only the questions that it holds an article for")
    given = parser.parse_args(arguments)
    for name in given.names or [name for name in SETS if name != "whole"]:
        articles, questions = SETS[name](given.data)
        files = {"articles": articles, "questions": questions}
        if given.archive:
            files = {"questions": answerable(questions, given.archive)}
        home = given.folder / name
        home.mkdir(parents=True, exist_ok=True)
        for file, rows in files.items():
            text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
            (home / f"{file}.jsonl").write_text(text, "utf-8")
        print(f"{name}: {', '.join(f'{len(rows)} {file}' for file, rows in files.items())} in {home}")


if __name__ == "__main__":
    main()
