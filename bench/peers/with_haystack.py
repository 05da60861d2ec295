"""Haystack by its tutorials on extractive QA and on hybrid retrieval, https://haystack.deepset.ai/tutorials/34 and /33.

Split by words, as its splitter does by default, but 150 rather than 200 of them, so that the embedder sees all.
Passages that are ready are its documents as they are, written into its store when that is loaded.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

os.environ["HAYSTACK_TELEMETRY_ENABLED"] = "False"

from haystack import Document, Pipeline
from haystack.components.joiners import DocumentJoiner
from haystack.components.preprocessors import DocumentSplitter
from haystack.components.retrievers.in_memory import InMemoryBM25Retriever, InMemoryEmbeddingRetriever
from haystack.components.writers import DocumentWriter
from haystack.document_stores.in_memory import InMemoryDocumentStore
from haystack_integrations.components.embedders.sentence_transformers import (
    SentenceTransformersDocumentEmbedder,
    SentenceTransformersTextEmbedder,
)
from haystack_integrations.components.readers.transformers import TransformersExtractiveReader

from bench.peers.job import Asked, Job, Place, Reply, System, day_of, passages, run, vectors

READ, SHOWN = 20, 10  # passages read, as many as Pullquote; answers and passages shown


def index(job: Job, articles: list[dict[str, Any]]) -> int:
    """Split, embed and write; the store is saved for the process that asks."""
    store = InMemoryDocumentStore(embedding_similarity_function="cosine")
    if job.ready:
        return sum(1 for _ in passages(job))
    pipeline = Pipeline()
    pipeline.add_component("splitter", DocumentSplitter(split_by="word", split_length=150))
    embedder = SentenceTransformersDocumentEmbedder(
        model=job.embedder, meta_fields_to_embed=["title"], progress_bar=False
    )
    pipeline.add_component("embedder", embedder)
    pipeline.add_component("writer", DocumentWriter(store))
    pipeline.connect("splitter", "embedder")
    pipeline.connect("embedder", "writer")
    given = [Document(content=row["text"], meta=_meta(row)) for row in articles]
    pipeline.run({"splitter": {"documents": given}})
    store.save_to_disk(job.home)
    return int(store.count_documents())


def _meta(row: dict[str, Any]) -> dict[str, Any]:
    return {"id": row["id"], "title": row.get("title") or "", "day": day_of(row.get("published_at")) or 0}


def load(job: Job) -> System:
    """Variant "dense": by meaning alone; "hybrid": by meaning and words."""
    store, hybrid = (
        _ready(job) if job.ready else InMemoryDocumentStore.load_from_disk(job.home),
        job.variant == "hybrid",
    )
    searching, _ = _retrieval(job, store, hybrid)  # twice: what is in one pipeline may not be in another
    asking, source = _retrieval(job, store, hybrid)
    asking.add_component("reader", TransformersExtractiveReader(model=Path(job.reader), top_k=SHOWN))
    asking.connect(f"{source}.documents", "reader.documents")

    def inputs(question: Asked) -> dict[str, Any]:
        there = {"field": "meta.day", "operator": "<=", "value": question.day} if question.day is not None else None
        words = {"words": {"query": question.text, "filters": there}} if hybrid else {}
        return {"embedder": {"text": question.text}, "meaning": {"filters": there}, **words}

    def ask(question: Asked) -> Reply:
        made = asking.run({**inputs(question), "reader": {"query": question.text}}, include_outputs_from={source})
        answers, documents = made["reader"]["answers"], made[source]["documents"]
        return Reply(
            [_answer(one) for one in answers if one.data is not None],
            bool(answers) and answers[0].data is not None,
            [_passage(one) for one in documents[:SHOWN]],
        )

    return System(ask, lambda question: searching.run(inputs(question)))


def _ready(job: Job) -> InMemoryDocumentStore:
    """Its vectors stay rows of one array: as lists of floats, which it takes too, they would fill the memory."""
    store = InMemoryDocumentStore(embedding_similarity_function="cosine")
    given = [
        Document(
            id=str(number),
            content=row["text"],
            embedding=vector,
            meta={"id": row["id"], "title": row["title"], "day": row["day"], "split_idx_start": row["start"]},
        )
        for number, (row, vector) in enumerate(zip(passages(job), vectors(job), strict=True))
    ]
    store.write_documents(given)
    return store


def _retrieval(job: Job, store: InMemoryDocumentStore, hybrid: bool) -> tuple[Pipeline, str]:
    """The pipeline, and the component that gives its documents."""
    pipeline = Pipeline()
    pipeline.add_component("embedder", SentenceTransformersTextEmbedder(model=job.embedder, progress_bar=False))
    pipeline.add_component("meaning", InMemoryEmbeddingRetriever(store, top_k=READ))
    pipeline.connect("embedder.embedding", "meaning.query_embedding")
    if not hybrid:
        return pipeline, "meaning"
    pipeline.add_component("words", InMemoryBM25Retriever(store, top_k=READ))
    pipeline.add_component("joiner", DocumentJoiner(join_mode="reciprocal_rank_fusion", top_k=READ))
    pipeline.connect("meaning", "joiner")
    pipeline.connect("words", "joiner")
    return pipeline, "joiner"


def _answer(one: Any) -> Place:  # noqa: ANN401 - its classes are in another environment
    at, meta = one.document_offset, one.document.meta
    return Place(meta["id"], one.data, meta["split_idx_start"] + at.start, meta["split_idx_start"] + at.end)


def _passage(one: Any) -> Place:  # noqa: ANN401
    start = one.meta["split_idx_start"]
    return Place(one.meta["id"], one.content, start, start + len(one.content))


if __name__ == "__main__":
    run(index, load)
