"""Articles that are sent to be stored."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Self

from pydantic import (
    AfterValidator,
    Discriminator,
    Field,
    ModelWrapValidatorHandler,
    PrivateAttr,
    SkipValidation,
    Tag,
    TypeAdapter,
    model_validator,
)

from api.requests import MAX_ITEMS, ArticleId, Body
from indexer.sources.decode import whole_strings


def _without_nul(text: str) -> str:
    if "\0" in text:
        raise ValueError("it holds NUL characters: remove them")
    return text


_NO_NUL = AfterValidator(_without_nul)


class ArticleIn(Body):
    """An article to store. Without an id, its URL names it, else its text. Lone surrogates become U+FFFD."""

    text: Annotated[str, Field(min_length=1, description="The text, kept character for character."), _NO_NUL]
    id: ArticleId | None = None
    title: str | None = None
    source: str | None = None
    url: str | None = None
    author: str | None = None
    published_at: str | None = Field(default=None, description="A date as it was published.", examples=["2022-02-06"])
    language: str | None = None
    metadata: dict[str, Any] = Field(default={})

    _warnings: tuple[str, ...] = PrivateAttr(())

    @property
    def warnings(self) -> tuple[str, ...]:
        """What was changed in order to take it."""
        return self._warnings

    @model_validator(mode="wrap")
    @classmethod
    def _mended(cls, value: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:  # noqa: ANN401 it is not checked yet
        warnings: dict[str, None] = {}
        article = handler(whole_strings(value, warnings))
        article._warnings = tuple(warnings)
        return article


class DocumentsIn(Body):
    """Articles to store, each of which is checked by itself too: a faulty one is refused, the others are stored."""

    items: Annotated[list[SkipValidation[ArticleIn]], Field(min_length=1, max_length=MAX_ITEMS)]


class ArticlesIn(Body):
    """Articles to store, each of which is added, updated, unchanged or refused by itself."""

    items: Annotated[list[ArticleIn], Field(min_length=1, max_length=MAX_ITEMS)]


def _which(value: object) -> str:
    return "ArticlesIn" if isinstance(value, Mapping) and "items" in value else "ArticleIn"


OneOrMany = Annotated[
    Annotated[ArticleIn, Tag("ArticleIn")] | Annotated[ArticlesIn, Tag("ArticlesIn")], Discriminator(_which)
]
_ONE_OR_MANY: TypeAdapter[ArticleIn | ArticlesIn] = TypeAdapter(OneOrMany)


def articles_of(value: object) -> list[ArticleIn]:
    """The articles of a body that may be one or many, checked. Raises ValidationError."""
    given = _ONE_OR_MANY.validate_python(value)
    return given.items if isinstance(given, ArticlesIn) else [given]
