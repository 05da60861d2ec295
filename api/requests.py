"""What may be asked over HTTP: the bodies and queries of design §7. Unknown fields are refused, types are not guessed.

The bounds are those of `pullquote.Archive`, which checks them again; here they are in the JSON Schemas. What is sent to
be stored or checked is in `api.articles` and `api.citations`.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SkipValidation

from indexer.identity import ID_PATTERN
from indexer.types import Filters, Mode

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


class Body(BaseModel):
    """A JSON body: types are not guessed."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)


class QueryString(BaseModel):
    """A query string: text, so numbers are parsed; lists are repeated names."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class FiltersIn(Body):
    """Which articles may answer. Repeats mean or, fields mean and; since and until include the whole unit given."""

    source: Names = []
    author: Names = []
    ids: Names = []
    since: Moment = None
    until: Moment = None

    def filters(self) -> Filters:
        """The same as the noun that the archive takes."""
        return Filters(tuple(self.source), tuple(self.author), tuple(self.ids), self.since, self.until)


class FiltersQuery(QueryString):
    """The names of `filters`, flat."""

    source: Names = []
    author: Names = []
    ids: Names = []
    since: Moment = None
    until: Moment = None

    def filters(self) -> Filters:
        """The same as the noun that the archive takes."""
        return Filters(tuple(self.source), tuple(self.author), tuple(self.ids), self.since, self.until)


class AskRequest(Body):
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


class BatchRequest(Body):
    """Questions, each of which is checked, and answered or refused, by itself."""

    questions: Annotated[list[SkipValidation[BatchQuestion]], Field(min_length=1, max_length=MAX_ITEMS)]


class ExplainRequest(Body):
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


class SearchRequest(Body):
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


class SimilarRequest(Body):
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
