"""What may be asked over HTTP: the bodies and queries of design §7. Unknown fields are refused, types are not guessed.

The bounds are those of `pullquote.Archive`, which checks them again; here they are in the JSON Schemas.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    ModelWrapValidatorHandler,
    PrivateAttr,
    SkipValidation,
    Tag,
    TypeAdapter,
    model_validator,
)

from indexer.identity import ID_PATTERN
from indexer.sources.decode import whole_strings
from indexer.types import Citation, Filters, Mode, Range, TextPositionSelector, TextQuoteSelector, Utf16

MAX_ITEMS = 1_000
_EXAMPLE = "Where did Imran Khan meet Xi Jinping?"


def _whole_number(value: object) -> object:
    """A number without a fraction is whole, however it is written (JSON Schema 2020-12, validation 6.1.1)."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


_WHOLE = BeforeValidator(_whole_number)
Question = Annotated[str, Field(min_length=1, max_length=2_000, description="A question.", examples=[_EXAMPLE])]
Query = Annotated[str, Field(min_length=1, max_length=2_000, description="Words to look for.", examples=["Khan China"])]
TopK = Annotated[int, Field(ge=1, le=100, description="How many items to return."), _WHOLE]
Depth = Annotated[int, Field(ge=1, le=200, description="How many passages to read."), _WHOLE]
Limit = Annotated[int, Field(ge=1, le=1_000, description="How many articles to list."), _WHOLE]
SearchMode = Annotated[Mode, Field(description="Search by meaning (dense), by words (lexical), or by both (hybrid).")]
MaxError = Annotated[
    float | None, Field(ge=0, le=1, description="Highest share of wrong answers; needs a calibrated reader.")
]
Moment = Annotated[
    str | None, Field(max_length=64, description="2022, 2022-02, 2022-02-06 or RFC 3339.", examples=["2022-02-06"])
]
Cursor = Annotated[str | None, Field(max_length=200, description="`next` of the page before.")]
Copies = Annotated[
    bool, Field(description="Also passages that only repeat, in another article of the same story, one above them.")
]
Names = Annotated[list[str], Field(max_length=MAX_ITEMS, description="Any of these.")]
Offset = Annotated[int, Field(ge=0, le=2**53 - 1), _WHOLE]  # what JavaScript counts exactly
ArticleId = Annotated[
    str, Field(pattern=f"^{ID_PATTERN}$", description="An article's id.", examples=["khan-in-beijing"])
]


def _without_nul(text: str) -> str:
    if "\0" in text:
        raise ValueError("it holds NUL characters: remove them")
    return text


_NO_NUL = AfterValidator(_without_nul)
_BY_TYPE = Field(discriminator="type")


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)


class _Query(BaseModel):
    """A query string: text, so numbers are parsed; lists are repeated names."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class FiltersIn(_Body):
    """Which articles may answer. Repeats mean or, fields mean and; since and until include the whole unit given."""

    source: Names = []
    author: Names = []
    ids: Names = []
    since: Moment = None
    until: Moment = None

    def filters(self) -> Filters:
        """The same as the noun that the archive takes."""
        return Filters(tuple(self.source), tuple(self.author), tuple(self.ids), self.since, self.until)


class FiltersQuery(_Query):
    """The names of `filters`, flat."""

    source: Names = []
    author: Names = []
    ids: Names = []
    since: Moment = None
    until: Moment = None

    def filters(self) -> Filters:
        """The same as the noun that the archive takes."""
        return Filters(tuple(self.source), tuple(self.author), tuple(self.ids), self.since, self.until)


class AskRequest(_Body):
    """A question to the archive."""

    question: Question
    top_k: TopK = 5
    depth: Depth = 20
    mode: SearchMode = "hybrid"
    filters: FiltersIn = FiltersIn()
    max_error: MaxError = None
    as_of: Moment = None


class BatchQuestion(AskRequest):
    """A question of a batch. id: whatever tells it from the others, given back as it is."""

    id: Annotated[str, Field(max_length=200)] | Annotated[int, Field(ge=-(2**53) + 1, le=2**53 - 1)]


class BatchRequest(_Body):
    """Questions, each of which is checked, and answered or refused, by itself."""

    questions: Annotated[list[SkipValidation[BatchQuestion]], Field(min_length=1, max_length=MAX_ITEMS)]


class ExplainRequest(_Body):
    """A question to the archive, and what should have been found: wordings of the answer, ids of articles, or both."""

    question: Question
    answers: Names = []
    articles: Names = []
    depth: Depth = 20
    mode: SearchMode = "hybrid"
    filters: FiltersIn = FiltersIn()
    as_of: Moment = None


class AskQuery(FiltersQuery):
    """AskRequest as a query string."""

    question: Question
    top_k: TopK = 5
    depth: Depth = 20
    mode: SearchMode = "hybrid"
    max_error: MaxError = None
    as_of: Moment = None


class SearchRequest(_Body):
    """Words to look for in passages."""

    query: Query
    top_k: TopK = 10
    mode: SearchMode = "hybrid"
    filters: FiltersIn = FiltersIn()
    cursor: Cursor = None
    copies: Copies = False


class SearchQuery(FiltersQuery):
    """SearchRequest as a query string."""

    query: Query
    top_k: TopK = 10
    mode: SearchMode = "hybrid"
    cursor: Cursor = None
    copies: Copies = False


class SimilarRequest(_Body):
    """A text, or the id of an article, to find articles like it: one of the two."""

    text: str | None = Field(default=None, min_length=1, description="Any text.", examples=["Khan met Xi in Beijing."])
    article_id: ArticleId | None = None
    top_k: TopK = 10
    filters: FiltersIn = FiltersIn()


class SimilarQuery(FiltersQuery):
    """How many articles like one of the archive to find, and which may be found."""

    top_k: TopK = 10


class ListQuery(FiltersQuery):
    """Which articles to list."""

    limit: Limit = 100
    cursor: Cursor = None


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


class VerifyRequest(_Body):
    """Citations to check."""

    citations: Annotated[list[CitationIn], Field(min_length=1, max_length=MAX_ITEMS)]


class ArticleIn(_Body):
    """An article to store. Without an id, its URL names it, else its text. Lone surrogates become U+FFFD."""

    text: Annotated[str, Field(min_length=1, description="The text, kept character for character."), _NO_NUL]
    id: ArticleId | None = None
    title: str | None = None
    source: str | None = None
    url: str | None = None
    author: str | None = None
    published_at: str | None = Field(default=None, description="A date as it was published.", examples=["2022-02-06"])
    language: str | None = None
    metadata: dict[str, Any] = {}

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


class DocumentsIn(_Body):
    """Articles to store, each of which is checked by itself too: a faulty one is refused, the others are stored."""

    items: Annotated[list[SkipValidation[ArticleIn]], Field(min_length=1, max_length=MAX_ITEMS)]


class ArticlesIn(_Body):
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
