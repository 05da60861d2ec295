from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from indexer import lexical
from indexer.lexical import Term, query_words, terms
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


def by_the_index(text: str) -> list[Term]:
    """Every word cut by the splitter of the index itself, on the whole text."""
    spans = [(token.char_offset_from, token.char_offset_to) for token in lexical._splitter().pre_tokenize(text).tokens]
    return [Term(stem, start, end) for start, end in spans for stem in lexical._stems_in(text[start:end])]


@given(
    st.text(
        st.characters(codec="utf-8") | st.sampled_from("aZ09_-'\u2019 \u0301\u00bd\u00ad\u200d\x7f\x80"), max_size=60
    )
)
def test_words_are_cut_as_the_index_cuts_them(text: str) -> None:
    whole = by_the_index(text)
    assert terms(text) == whole
    for wanted in {term.stem for term in whole}:
        assert terms(text, frozenset([wanted])) == [term for term in whole if term.stem == wanted]
