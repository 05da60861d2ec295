"""The contract of design §7: what leaves the program as JSON, and its JSON Schema. The dataclasses are the contract."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from pydantic import TypeAdapter

from indexer import types
from indexer.offsets import ranges_of
from indexer.types import ArticleHead, BlockKind, IndexEvent, IndexSummary, Range, Verdict, ViewInfo

DIALECT = "https://json-schema.org/draft/2020-12/schema"


@dataclass(frozen=True, slots=True)
class Block:
    """A piece of an article with its role. Blocks are in order and do not overlap; white space lies between them."""

    kind: BlockKind
    range: Range


@dataclass(frozen=True, slots=True)
class Article(ArticleHead):
    """One published text, whole. All ranges are into `text`; `sha256` is that of `text` as UTF-8."""

    text: str
    sha256: str
    source_sha256: str
    blocks: tuple[Block, ...]
    language: str | None
    metadata: Mapping[str, Any]
    published_raw: str | None


@dataclass(frozen=True, slots=True)
class VerdictList:
    """Citations checked, in the order given."""

    items: tuple[Verdict, ...]
    next: str | None
    view: ViewInfo


@dataclass(frozen=True, slots=True)
class IndexReport:
    """What became of each article that was sent, and the counts."""

    items: tuple[IndexEvent, ...]
    summary: IndexSummary


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """One thing that is wrong with a request. field: its path in the body or query, `filters.since` for one."""

    field: str
    detail: str


@dataclass(frozen=True, slots=True)
class Problem:
    """An error, by RFC 9457. type: the kind, which never changes; detail: what happened and what to do.

    request_id: what the log knows it by, null where there was no request. errors: every fault of a refused request.
    """

    type: str
    title: str
    status: int
    detail: str
    request_id: str | None = None
    errors: tuple[FieldProblem, ...] = ()


@dataclass(frozen=True, slots=True)
class BatchAnswer(types.Reply):
    """The Reply to one question of a batch. id: as it was sent."""

    id: str | int


@dataclass(frozen=True, slots=True)
class BatchFault:
    """What stands in the place of a Reply that there is not. id: null where none was sent."""

    id: str | int | None
    error: Problem


@dataclass(frozen=True, slots=True)
class BatchReply:
    """The items of a batch, in the order of its questions. view: the archive at the end; each Reply has its own."""

    items: tuple[BatchAnswer | BatchFault, ...]
    next: str | None
    view: ViewInfo


def dump(value: object) -> dict[str, Any]:
    """One of our nouns -> its JSON as a dict; a dict may hold nouns too.

    `dump(Block("body", Range(0, 2, Utf16(0, 2))))["range"]["utf16"] == {"start": 0, "end": 2}`
    """
    if isinstance(value, types.Article):
        value = whole(value)
    kind: Any = Any if isinstance(value, dict) else type(value)
    dumped: dict[str, Any] = _adapter(kind).dump_python(value, mode="json")
    return dumped


def json_text(value: object) -> str:
    """One of our nouns -> compact JSON on one line. Raises ValueError: a number in it is not finite.

    Characters stay as they are, so a lone surrogate does too: encode with errors="backslashreplace".
    """
    return json.dumps(dump(value), ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def json_with_id(item_id: str | int | None, value: object) -> str:
    """As `json_text`, with the id of its question first: what a batch says of one item."""
    return f'{{"id":{json.dumps(item_id, ensure_ascii=False)},{json_text(value).removeprefix("{")}'


def whole(article: types.Article) -> Article:
    """An article as it leaves the program: its blocks with Ranges."""
    ranges = ranges_of(article.text, [(block.start, block.end) for block in article.blocks])
    return Article(
        id=article.id,
        title=article.title,
        source=article.source,
        url=article.url,
        author=article.author,
        published_at=article.published_at,
        text=article.text,
        sha256=article.sha256,
        source_sha256=article.source_sha256,
        blocks=tuple(Block(block.kind, at) for block, at in zip(article.blocks, ranges, strict=True)),
        language=article.language,
        metadata=article.metadata,
        published_raw=article.published_raw,
    )


def json_schema(noun: Any) -> dict[str, Any]:  # noqa: ANN401 a type or a union of types
    """The JSON Schema (2020-12) of one noun, with all that it refers to under `$defs`."""
    return {"$schema": DIALECT, **tidied(_adapter(noun).json_schema(mode="serialization"), defaults=False)}


def tidied(schema: dict[str, Any], defaults: bool) -> dict[str, Any]:
    """A schema without the titles that pydantic makes of names.

    defaults: whether a field with a default may be absent, as in a request; in a noun that leaves us all are there.
    """
    kept = {key: value for key, value in schema.items() if key != "title"}
    if not defaults and "properties" in kept:
        kept["required"] = list(kept["properties"])
    for key in ("properties", "$defs"):  # names of fields and types: a field may be called title
        if key in kept:
            kept[key] = {name: tidied(part, defaults) for name, part in kept[key].items()}
    for key in ("items", "additionalProperties"):
        if isinstance(kept.get(key), dict):
            kept[key] = tidied(kept[key], defaults)
    for key in ("anyOf", "oneOf", "prefixItems"):
        if key in kept:
            kept[key] = [tidied(part, defaults) for part in kept[key]]
    if not defaults:
        kept.pop("default", None)
    return kept


@cache
def _adapter(noun: Any) -> TypeAdapter[Any]:  # noqa: ANN401 as above
    return TypeAdapter(noun)
