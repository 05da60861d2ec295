"""Where the words of a query stand in a passage."""

from __future__ import annotations

from functools import lru_cache

from indexer.lexical import query_words, terms
from indexer.types import Span


def highlight(query: str, text: str) -> list[Span]:
    """Return the spans of `text` whose stem is that of a word of the query, in order; offsets into `text`."""
    if not query:
        return []
    found = {Span(term.start, term.end): None for term in terms(text, _stems(query))}
    return list(found)


@lru_cache(maxsize=64)  # each of a ranking's passages is marked for the same query
def _stems(query: str) -> frozenset[str]:
    return frozenset(term.stem for word in query_words(query) for term in terms(word))
