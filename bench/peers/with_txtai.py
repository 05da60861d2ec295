"""txtai by its documentation: an embeddings database with content, and the RAG pipeline with an extractive model.

Articles are split by its Segmentation, into paragraphs; passages that are ready are taken as they are, with their
vectors in place of its model's. RAG gives one answer, and says of which passage; no offsets.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from txtai import RAG, Embeddings
from txtai.pipeline import Segmentation

from bench.peers.job import Asked, Job, Place, Reply, System, day_of, passages, run, vectors

READ, SHOWN = 3, 10  # RAG's default: more do not fit into one run of the reader, which it cuts at 512 tokens

_CANDIDATES = 100


def index(job: Job, articles: list[dict[str, Any]]) -> int:
    """Split, embed, keep the words for BM25 too, and save."""
    embeddings = Embeddings(path=job.embedder, content=True, hybrid=True)
    if job.ready:
        rows = [
            (f"{row['id']} {number}", {"text": row["text"], "day": row["day"]})
            for number, row in enumerate(passages(job))
        ]
        embeddings.model.vectorize = _in_turn(vectors(job))
    else:
        split = Segmentation(paragraphs=True)
        rows = [
            (f"{row['id']} {number}", {"text": text, "day": day_of(row.get("published_at")) or 0})
            for row in articles
            for number, text in enumerate(split(row["text"]))
        ]
    embeddings.index(rows)
    embeddings.save(job.home)
    return len(rows)


def _in_turn(rows: Any) -> Callable[[list[str], str], Any]:  # noqa: ANN401 - numpy is in another environment
    """What gives the next rows for the next texts: they are embedded in order, batch by batch."""
    done = 0

    def vectorize(texts: list[str], category: str) -> Any:  # noqa: ANN401
        nonlocal done
        done += len(texts)
        return rows[done - len(texts) : done]

    return vectorize


def load(job: Job) -> System:
    """Variant "hybrid": by meaning and words, as both are indexed; "dense": the same without its words."""
    embeddings = Embeddings()
    embeddings.load(job.home)
    if job.variant == "dense":
        embeddings.scoring = None
    rag = RAG(embeddings, job.reader, task="question-answering", output="reference", context=READ)

    def ask(question: Asked) -> Reply:
        try:
            made = rag({"query": _query(question), "question": question.text})
        except TypeError:  # what its reader raises where the model's best span is "no answer"
            return Reply([], False, [])
        answers = [] if made["answer"] is None else [Place(made["reference"].split()[0], made["answer"], None, None)]
        return Reply(answers, bool(answers), [])

    def search(question: Asked) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = embeddings.search(_query(question), SHOWN)
        return found

    return System(ask, search, lambda question: ask(question)._replace(passages=[*map(_passage, search(question))]))


def _query(question: Asked) -> str:
    """The question, or SQL where a day bounds what is searched: a hundred candidates then, for those that are later."""
    if question.day is None:
        return question.text
    text = re.sub(r"[^\w\s]", " ", question.text)  # its parser of SQL stumbles over some marks, escaped or not
    return f"SELECT id, text, score FROM txtai WHERE similar('{text}', {_CANDIDATES}) AND day <= {question.day}"


def _passage(row: dict[str, Any]) -> Place:
    return Place(row["id"].split()[0], row["text"], None, None)


if __name__ == "__main__":
    run(index, load)
