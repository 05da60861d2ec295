"""Questions with their answers, from any file in the format of SQuAD (1.1 or 2.0)."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from indexer.types import Span
from reader.train.errors import TrainingDataError


class Example(NamedTuple):
    """One question over one context. Invariant: every answer is a span of `context`; none: it cannot be answered.

    article: what the context is a part of; contexts of one article are about one subject.
    """

    id: str
    article: str
    question: str
    context: str
    answers: tuple[Span, ...]


def read_squad(file: Path) -> list[Example]:
    """Read a .json or .json.gz file. White space at the edges of an answer is left out of its span.

    Raises TrainingDataError: no such format, or an answer that is not at its offset.
    """
    try:
        raw = gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes()
        data = json.loads(raw)["data"]
        return list(_examples(file, data))
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise TrainingDataError(file, f"cannot be read as SQuAD ({error})") from error


def _examples(file: Path, data: list[dict[str, Any]]) -> Iterator[Example]:
    for number, article in enumerate(data):
        name = f"{file.name}#{article.get('title', number)}"
        for paragraph in article["paragraphs"]:
            context = paragraph["context"]
            for asked in paragraph["qas"]:
                spans = () if asked.get("is_impossible") else _spans(file, context, asked)
                yield Example(str(asked["id"]), name, asked["question"].strip(), context, spans)


def _spans(file: Path, context: str, asked: dict[str, Any]) -> tuple[Span, ...]:
    found: dict[Span, None] = {}  # in order, without repeats
    for answer in asked["answers"]:
        start, text = int(answer["answer_start"]), answer["text"]
        if context[start : start + len(text)] != text:
            raise TrainingDataError(file, f"answer {text!r} of question {asked['id']} is not at offset {start}")
        start += len(text) - len(text.lstrip())
        if text.strip():
            found[Span(start, start + len(text.strip()))] = None
    return tuple(found)
