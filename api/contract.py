"""The JSON Schemas kept in `api/schema/`: `python -m api.contract` writes them, a test holds them to the code."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from api import articles, citations, requests, schemas
from indexer import types

FOLDER = Path(__file__).parent / "schema"
_DEFS = "#/$defs/"

REPLIES: tuple[type, ...] = (
    types.Reply,
    types.HitList,
    types.Explanation,
    types.ArticleList,
    types.ClusterList,
    types.Citation,
    types.Reading,
    types.IndexEvent,
    types.IndexSummary,
    types.Info,
    types.Health,
    types.Compaction,
    types.ModelState,
    types.Verdict,
    schemas.Article,
    schemas.BatchReply,
    schemas.IndexReport,
    schemas.VerdictList,
    schemas.Problem,
)
REQUESTS: tuple[type[BaseModel], ...] = (
    requests.AskRequest,
    requests.ExplainRequest,
    requests.SearchRequest,
    requests.SimilarRequest,
    citations.VerifyRequest,
    articles.ArticleIn,
    articles.ArticlesIn,
    requests.BatchRequest,
    articles.DocumentsIn,
)


def contract() -> dict[str, dict[str, Any]]:
    """Name -> JSON Schema, of every noun that leaves or enters by itself."""
    leaving = {noun.__name__: schemas.json_schema(noun) for noun in REPLIES}
    entering = {noun.__name__: _request_schema(noun) for noun in REQUESTS}
    return {**leaving, **entering}


def components() -> dict[str, dict[str, Any]]:
    """Name -> schema of all nouns and of those inside them, with references as OpenAPI has them."""
    named: dict[str, dict[str, Any]] = {}
    for name, schema in contract().items():
        inner = schema.get("$defs", {})
        own = {key: value for key, value in schema.items() if key not in {"$schema", "$defs"}}
        for part, value in {**inner, name: own}.items():
            referred = _referring(value, "#/components/schemas/")
            if named.setdefault(part, referred) != referred:
                raise ValueError(f"two schemas are called {part}")
    return named


def files() -> Iterator[tuple[Path, str]]:
    """Path and content of every file in `api/schema/`."""
    for name, schema in contract().items():
        yield FOLDER / f"{name}.json", json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def write() -> None:
    """Write all the files, and remove those of nouns that are no more."""
    wanted = dict(files())
    FOLDER.mkdir(exist_ok=True)
    for stale in set(FOLDER.glob("*.json")) - wanted.keys():
        stale.unlink()
    for path, content in wanted.items():
        path.write_text(content, "utf-8", newline="\n")


def _request_schema(noun: type[BaseModel]) -> dict[str, Any]:
    return {"$schema": schemas.DIALECT, **schemas.tidied(noun.model_json_schema(), defaults=True)}


def _referring(value: Any, root: str) -> Any:  # noqa: ANN401 JSON is anything
    """The schema with its references, also those of a discriminator, into `root` in place of `$defs`."""
    if isinstance(value, Mapping):
        return {key: _referring(part, root) for key, part in value.items()}
    if isinstance(value, list):
        return [_referring(part, root) for part in value]
    return root + value.removeprefix(_DEFS) if isinstance(value, str) and value.startswith(_DEFS) else value


if __name__ == "__main__":
    write()
