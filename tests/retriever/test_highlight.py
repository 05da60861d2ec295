from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from indexer.lexical import query_words, terms
from retriever.highlight import highlight


def shown(query: str, text: str) -> list[str]:
    return [text[start:end] for start, end in highlight(query, text)]


def test_words_are_marked_by_their_stem_whatever_the_case_and_accents() -> None:
    assert shown("What did Xi pledge?", "XI pledged; pledges by Xi’s men") == ["XI", "pledged", "pledges", "Xi"]
    assert shown("cafe", "Cafe\u0301 😀 CAFÉ") == ["Cafe\u0301", "CAFÉ"]  # whole words, combining marks and all


def test_words_of_the_question_are_not_marked() -> None:
    assert shown("Who is the king?", "The king is who he is") == ["king"]
    assert query_words("Who is who?") == ["Who", "is", "who"]  # nothing else to go by
    assert query_words("Where did Khan go?") == ["Khan", "go"]


@given(query=st.text(max_size=30), text=st.text(max_size=200))
def test_marks_are_words_of_the_text_in_order(query: str, text: str) -> None:
    marks = highlight(query, text)
    assert all(0 <= start < end <= len(text) for start, end in marks)
    assert all(first.end <= second.start for first, second in pairwise(marks))
    words = {(term.start, term.end) for term in terms(text)}
    assert set(marks) <= words
