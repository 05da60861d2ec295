"""Passages that hold the words of a query, by BM25. The only module that imports tantivy.

BM25: Robertson & Zaragoza 2009, The Probabilistic Relevance Framework (k1 = 1.2, b = 0.75, as tantivy has them).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache, lru_cache
from pathlib import Path
from typing import NamedTuple, Protocol, cast

import tantivy

from indexer.dates import bounds
from indexer.files import may_write
from indexer.lexical_files import linked
from indexer.types import Filters


class Lexical(Protocol):
    """The words of one view. A pair is (passage row, BM25 score > 0), best first, ties by row."""

    def search(self, query: str, k: int, filters: Filters) -> list[tuple[int, float]]:
        """Find the k best of the live passages that pass the filters and hold at least one term of the query."""
        ...


class Words(NamedTuple):
    """What is indexed of one passage. article: its row in the store; the rest serves search and filters."""

    passage: int
    article: int
    text: str
    title: str | None
    article_id: str
    source: str | None
    author: str | None
    published_at: str | None


class Term(NamedTuple):
    """A word of a text: its stem, and where it stands, in code points."""

    stem: str
    start: int
    end: int


# Boosts of BM25 by field: a first choice, to be weighed by measurement.
FIELDS = {"text": 1.0, "exact": 0.5, "title": 0.5}
_STATE = "#state"  # no article can have this id
_HEAP = 64_000_000  # bytes that a writer may fill before it flushes
NO_DATE = -(2**62)  # stands for one that is unknown, outside every range a filter can ask for
_LONGEST = 80  # a word of more is not indexed
_WORD = r"[\p{L}\p{N}\p{M}]+"
_RUN = re.compile("[0-9A-Za-z\x80-\U0010ffff]+")  # between ASCII that is no part of a word

# Words that say how a question is put, not what it is about (the stop words of Lucene's EnglishAnalyzer, and
# the interrogatives and auxiliaries of questions). They are dropped from queries, not from what is indexed.
_STOP_WORDS = (
    "a an and are as at be but by for if in into is it no not of on or such that the their then there these they this "
    "to was will with who whom whose what which when where why how do does did has have had were been"
)
_STOP = frozenset(_STOP_WORDS.split())


class LexicalIndex:
    """The words of an archive, in memory or in a folder. `update` commits a change, `view` is what requests search.

    A document of its own holds the sequence number that the rest stands at: both change in one commit.
    Raises ValueError or OSError: the folder cannot be read or written.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        home = folder if folder is None or may_write(folder) else linked(folder, self)
        self._index = tantivy.Index(_schema(), path=str(home)) if home else tantivy.Index(_schema())
        self._index.config_reader(reload_policy="manual")  # else a thread of its own reads files behind our back
        for name, stem in (("stem", True), ("plain", False)):
            self._index.register_tokenizer(name, _analyzer(stem))
        self._writer: tantivy.IndexWriter | None = None

    @property
    def sequence(self) -> int:
        """The sequence number of the last commit; 0 before the first."""
        searcher = self._index.searcher()
        found = searcher.search(tantivy.Query.term_query(self._index.schema, "id", _STATE, "basic"), limit=1).hits
        values = searcher.fast_field_values("sequence", [address for _, address in found])
        return cast(int, values[0]) if values else 0

    def update(self, added: Iterable[Words], removed: Iterable[int], sequence: int) -> None:
        """Commit additions and removals (article rows) that bring the index to a sequence number; all, or nothing."""
        writer = self._writer or self._index.writer(heap_size=_HEAP, num_threads=1)
        self._writer = writer if self._folder is None else None  # on disk, it holds a lock that others wait for
        try:
            for article in removed:
                writer.delete_documents_by_term("article", article)
            for words in added:
                writer.add_document(_document(words))
            writer.delete_documents_by_term("id", _STATE)
            state = tantivy.Document(id=_STATE)
            state.add_integer("sequence", sequence)
            writer.add_document(state)
            writer.commit()
        except BaseException:
            writer.rollback()  # else the next update would commit this half
            raise
        if self._folder is not None:
            writer.wait_merging_threads()
        self._index.reload()

    def view(self, dead: Collection[int] = ()) -> LexicalView:
        """The index as it is now, without the articles (rows) named; later commits do not change it."""
        return LexicalView(self._index, dead)


class LexicalView:
    """The state of a `LexicalIndex` after one commit."""

    def __init__(self, index: tantivy.Index, dead: Collection[int]) -> None:
        self._schema = index.schema
        self._searcher = index.searcher()
        self._dead = tantivy.Query.term_set_query(self._schema, "article", sorted(dead)) if dead else None

    def search(self, query: str, k: int, filters: Filters) -> list[tuple[int, float]]:
        """See `Lexical.search`."""
        wanted = self._query(query, filters)
        if wanted is None or k <= 0:
            return []
        hits = self._searcher.search(wanted, limit=max(1, min(k, self._searcher.num_docs)), count=False).hits
        rows = cast(list[int], self._searcher.fast_field_values("passage", [address for _, address in hits]))
        found = [(row, float(score)) for row, (score, _) in zip(rows, hits, strict=True)]
        return sorted(found, key=lambda pair: (-pair[1], pair[0]))

    def _query(self, query: str, filters: Filters) -> tantivy.Query | None:
        words = query_words(query)
        if not words:
            return None
        should = [
            (tantivy.Occur.Should, tantivy.Query.boost_query(self._term(field, token), boost))
            for field, boost in FIELDS.items()
            for token in _tokens(" ".join(words), stem=field != "exact")
        ]
        must = [(tantivy.Occur.Must, tantivy.Query.const_score_query(part, 0.0)) for part in self._filter(filters)]
        without = [(tantivy.Occur.MustNot, self._dead)] if self._dead is not None else []
        said = tantivy.Query.boolean_query(should)
        if not (must or without):
            return said  # as a part of another query it would take a fifth more
        return tantivy.Query.boolean_query([(tantivy.Occur.Must, said), *must, *without])

    def _term(self, field: str, token: str) -> tantivy.Query:
        return tantivy.Query.term_query(self._schema, field, token, index_option="freq")

    def _filter(self, filters: Filters) -> list[tantivy.Query]:
        named = (("source", filters.source), ("author", filters.author), ("id", filters.ids))
        parts = [tantivy.Query.term_set_query(self._schema, field, list(values)) for field, values in named if values]
        integer = tantivy.FieldType.Integer
        if filters.since:
            first = seconds(bounds(filters.since)[0])[0]
            parts.append(tantivy.Query.range_query(self._schema, "published_last", integer, first, 2**62))
        if filters.until:
            last = seconds(bounds(filters.until)[1])[1]
            parts.append(tantivy.Query.range_query(self._schema, "published_first", integer, NO_DATE + 1, last))
        if filters.as_of:
            last = seconds(bounds(filters.as_of)[1])[1]
            parts.append(tantivy.Query.range_query(self._schema, "published_first", integer, NO_DATE, last))
        return parts


class LexicalLayers:
    """Several views as one: what is on disk, and over it what came since. Each scores by its own statistics."""

    def __init__(self, views: Sequence[Lexical]) -> None:
        self._views = tuple(views)

    def search(self, query: str, k: int, filters: Filters) -> list[tuple[int, float]]:
        """See `Lexical.search`."""
        found = [pair for view in self._views for pair in view.search(query, k, filters)]
        return sorted(found, key=lambda pair: (-pair[1], pair[0]))[:k]


def query_words(query: str) -> list[str]:
    """Return the words of a query that say what it is about; all of them when none does."""
    words = [query[term.start : term.end] for term in terms(query)]
    return [word for word in words if word.casefold() not in _STOP] or words


def terms(text: str, wanted: frozenset[str] | None = None) -> list[Term]:
    """Cut a text into words as the index does; only those of the wanted stems. The offsets are into `text` as given."""
    stems = [(stem, start, end) for start, end in _spans(text, wanted) for stem in _stems_in(text[start:end])]
    return [Term(*found) for found in stems if wanted is None or found[0] in wanted]


def _spans(text: str, wanted: frozenset[str] | None) -> Iterator[tuple[int, int]]:
    """Where the words of a text stand, in order; all, or those of the runs that have a wanted stem."""
    if wanted is None:
        runs = [run.span() for run in _RUN.finditer(text)]
    else:  # most have none: each is looked at once, and looked for only if it has
        having = [run for run in set(_RUN.findall(text)) if not wanted.isdisjoint(_stems_in(run))]
        runs = sorted(span for run in having for span in _places(text, run))
    for start, end in runs:
        for first, last in _words_in(text[start:end]):
            yield start + first, start + last


def _places(text: str, run: str) -> Iterator[tuple[int, int]]:
    """Where a run stands as a whole one."""
    start = text.find(run)
    while start >= 0:
        end = start + len(run)
        if not (start and _RUN.match(text, start - 1)) and not _RUN.match(text, end):
            yield start, end
        start = text.find(run, end)


def _words_in(run: str) -> Sequence[tuple[int, int]]:
    """Where words stand in a run: all of it is one if it is ASCII; else the index's splitter says what a letter is."""
    if run.isascii():
        return ((0, len(run)),)
    return [(token.char_offset_from, token.char_offset_to) for token in _splitter().pre_tokenize(run).tokens]


def _stems_in(run: str) -> tuple[str, ...]:
    return _known_stems(run) if len(run) <= _LONGEST else _stems_of(run)


@lru_cache(maxsize=1 << 15)  # texts repeat their words: marking those of a query would stem each again, hit by hit
def _known_stems(run: str) -> tuple[str, ...]:
    return _stems_of(run)


def _stems_of(run: str) -> tuple[str, ...]:
    return tuple(stem for start, end in _words_in(run) for stem in _tokens(run[start:end], stem=True))


def _tokens(text: str, stem: bool) -> list[str]:
    found: list[str] = _analyzer(stem).analyze(unicodedata.normalize("NFC", text))
    return list(dict.fromkeys(found))


@cache
def _analyzer(stem: bool) -> tantivy.TextAnalyzer:
    builder = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.regex(_WORD))
    builder = builder.filter(tantivy.Filter.remove_long(_LONGEST)).filter(tantivy.Filter.lowercase())
    builder = builder.filter(tantivy.Filter.ascii_fold())
    return (builder.filter(tantivy.Filter.stemmer("english")) if stem else builder).build()


@cache
def _splitter() -> tantivy.TextAnalyzer:
    return tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.regex(_WORD)).build()


def stemmed(text: str) -> str:
    """All stems of a text, in order, for an index that counts words itself."""
    return " ".join(_analyzer(True).analyze(unicodedata.normalize("NFC", text)))


def stemmed_query(query: str) -> str:
    """The stems that a query looks for, each once."""
    return " ".join(_tokens(" ".join(query_words(query)), stem=True))


def seconds(published_at: str | None) -> tuple[int, int]:
    """Return the first and the last second of a stored date, since 1970; NO_DATE for both where it is unknown."""
    if not published_at:
        return NO_DATE, NO_DATE
    first = datetime.fromisoformat(published_at).replace(tzinfo=UTC) - datetime(1970, 1, 1, tzinfo=UTC)
    last = first + timedelta(days=1, seconds=-1) if len(published_at) == len("2022-02-06") else first
    return int(first.total_seconds()), int(last.total_seconds())


def _schema() -> tantivy.Schema:
    builder = tantivy.SchemaBuilder()
    builder.add_integer_field("passage", fast=True)
    builder.add_integer_field("article", indexed=True)  # not unsigned: a deletion by term looks for a signed one
    builder.add_integer_field("sequence", fast=True)
    builder.add_integer_field("published_first", indexed=True, fast=True)
    builder.add_integer_field("published_last", indexed=True, fast=True)
    for field in ("id", "source", "author"):
        builder.add_text_field(field, tokenizer_name="raw", index_option="basic")
    for field, tokenizer in (("text", "stem"), ("title", "stem"), ("exact", "plain")):
        builder.add_text_field(field, tokenizer_name=tokenizer)
    return builder.build()


def _document(words: Words) -> tantivy.Document:
    text, title = (unicodedata.normalize("NFC", part or "") for part in (words.text, words.title))
    first, last = seconds(words.published_at)
    document = tantivy.Document(id=words.article_id, text=text, exact=text, title=title)
    document.add_integer("passage", words.passage)
    document.add_integer("article", words.article)
    document.add_integer("published_first", first)
    document.add_integer("published_last", last)
    for field, value in (("source", words.source), ("author", words.author)):
        if value is not None:
            document.add_text(field, value)
    return document
