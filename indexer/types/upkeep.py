"""What became of an archive: indexing, its models, its size and its health."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from indexer.types.hits import ViewInfo
from indexer.types.replies import ModelNames

IndexStatus = Literal["added", "updated", "unchanged", "refused", "removed", "reembedded"]


@dataclass(frozen=True, slots=True)
class IndexEvent:
    """One article (or refused file) of an indexing run, told after its commit."""

    status: IndexStatus
    origin: str
    id: str | None
    reason: str | None = None
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class IndexSummary:
    """The counts of an indexing run."""

    added: int
    updated: int
    unchanged: int
    refused: int
    removed: int
    view: ViewInfo
    reembedded: int = 0


@dataclass(frozen=True, slots=True)
class ModelState:
    """A model of models.yaml and whether it is ready on this machine."""

    name: str
    task: str
    runtime: str
    licence: str
    max_tokens: int
    ready: bool
    detail: str


@dataclass(frozen=True, slots=True)
class Info:
    """What a service or archive is made of."""

    version: str
    archive: str
    view: ViewInfo
    models: ModelNames
    newest: str | None
    oldest: str | None
    sources: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Compaction:
    """What `compact` did: bytes of the archive's folder before and after."""

    before: int
    after: int


@dataclass(frozen=True, slots=True)
class Check:
    """One check of `doctor`."""

    name: str
    ok: bool
    detail: str


@dataclass(frozen=True, slots=True)
class Health:
    """All checks of `doctor`; ok when every one is."""

    ok: bool
    checks: tuple[Check, ...]
    bytes: Mapping[str, int]
