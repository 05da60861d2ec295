"""Citations that are sent to be checked."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from api.requests import MAX_ITEMS, Body, Offset
from indexer.types import Citation, Range, TextPositionSelector, TextQuoteSelector, Utf16

_BY_TYPE = Field(discriminator="type")


class _Part(BaseModel):
    """A part of a citation that we made: fields that a later version added are let pass."""

    model_config = ConfigDict(extra="ignore", strict=True, frozen=True)


class _SpanIn(_Part):
    start: Offset
    end: Offset


class RangeIn(_SpanIn):
    """Where a quotation stood: code points, and UTF-16 code units."""

    utf16: _SpanIn

    def range(self) -> Range:
        """The same as a noun."""
        return Range(self.start, self.end, Utf16(self.utf16.start, self.utf16.end))


class QuoteSelectorIn(_Part):
    """A TextQuoteSelector."""

    type: Literal["TextQuoteSelector"]
    exact: str
    prefix: str
    suffix: str

    def selector(self) -> TextQuoteSelector:
        """The same as a noun."""
        return TextQuoteSelector(self.exact, self.prefix, self.suffix)


class PositionSelectorIn(_SpanIn):
    """A TextPositionSelector."""

    type: Literal["TextPositionSelector"]

    def selector(self) -> TextPositionSelector:
        """The same as a noun."""
        return TextPositionSelector(self.start, self.end)


class CitationIn(_Part):
    """A Citation, as a Reply holds it."""

    article_id: str
    sha256: str
    source_sha256: str
    link: str | None
    range: RangeIn
    selectors: Annotated[
        list[Annotated[QuoteSelectorIn | PositionSelectorIn, _BY_TYPE]], Field(min_length=1, max_length=10)
    ]

    def citation(self) -> Citation:
        """The same as a noun."""
        selectors = tuple(one.selector() for one in self.selectors)
        return Citation(self.article_id, self.sha256, self.source_sha256, self.link, self.range.range(), selectors)


class VerifyRequest(Body):
    """Citations to check."""

    citations: Annotated[list[CitationIn], Field(min_length=1, max_length=MAX_ITEMS)]
