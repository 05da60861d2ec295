"""What a user may say about their sources."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from indexer.errors import InvalidInput
from indexer.zones import time_zone

FIELDS = ("id", "text", "title", "source", "url", "author", "published_at", "language")


@dataclass(frozen=True, slots=True)
class SourceOptions:
    """map: our field to the source's key ({"text": "body", "published_at": "meta.date"}). timezone: of bare times.

    source, language: for articles that name none. Raises InvalidInput: a field or zone that does not exist.
    """

    map: Mapping[str, str] = field(default_factory=dict)
    timezone: str | None = None
    source: str | None = None
    language: str | None = None

    def __post_init__(self) -> None:
        for name, key in self.map.items():
            if name not in FIELDS:
                raise InvalidInput("map", f"{name!r} is not a field: map one of {', '.join(FIELDS)}")
            if not key:
                raise InvalidInput("map", f"no key given for {name!r}: write {name}=KEY")
        if self.timezone is not None:
            time_zone(self.timezone)

    def digest(self) -> str:
        """Eight hex digits that differ where options could read a source differently; empty for none."""
        said = {"map": dict(self.map), "timezone": self.timezone, "source": self.source, "language": self.language}
        if not any(said.values()):
            return ""
        return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()[:8]
