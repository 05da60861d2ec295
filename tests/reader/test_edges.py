from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reader.edges import may_begin, may_end, tidy
from reader.words import Words
from tests.texts import texts


def tidied(text: str, part: str) -> str | None:
    """`part` of `text`, with its edges put right."""
    words = Words(text)
    start = text.index(part)
    first, last = words.starts.tolist().index(start), words.ends.tolist().index(start + len(part))
    edges = tidy(words, first, last)
    return None if edges is None else text[words.starts[edges[0]] : words.ends[edges[1]]]


@pytest.mark.parametrize(
    ("text", "part", "expected"),
    [
        ("met Xi, Jinping", "Xi,", "Xi"),  # comma at the end
        ("met , Xi", ", Xi", "Xi"),  # comma at the beginning
        ("in Beijing.", "Beijing.", "Beijing"),  # full stop of the sentence
        ("at Apple Inc. said it", "Apple Inc.", "Apple Inc."),  # full stop of an abbreviation
        ("in the U.S.", "the U.S.", "the U.S."),
        ("a deal – he said", "a deal –", "a deal"),  # dash
        ("well ... he said", "well ...", "well"),  # dots
        ("Will he go?", "Will he go?", "Will he go?"),  # a question stays one
        ("China's army", "'s army", "army"),  # the s of another word
        ("the EU (Brussels)", "EU (", "EU"),  # bracket that only opens
        ("the (EU) here", ") here", "here"),  # bracket that only closes
        ("the (EU in Brussels", "(EU", "EU"),  # bracket without its other half
        ("the EU) in Brussels", "EU)", "EU"),
        ("the (EU) in", "(EU)", "(EU)"),  # a pair stays
        ("Union (EU) in", "Union (EU", "Union (EU)"),  # a pair is completed
        ("the (European) Union", "European) Union", "(European) Union"),
        ("Union (EU, here) in", "Union (EU", "Union (EU"),  # not where that would add words
        ('said "yes we can" and', '"yes we', "yes we"),  # half a quotation mark
        ('said "yes we can" and', 'we can"', "we can"),
        ('said "yes we can" and', '"yes we can"', '"yes we can"'),  # a pair stays
        ('said "yes we can" and', 'said "yes we can', 'said "yes we can"'),
        ('of "authoritarian" leaders', 'authoritarian" leaders', '"authoritarian" leaders'),
        ("said “yes we can” and", "“yes we", "yes we"),
        ("said “yes we can” and", "yes we can”", "yes we can"),
        ("said “yes we can” and", "“yes we can”", "“yes we can”"),
        ('he "can, and he "will." So', 'he "will', 'he "will."'),  # a full stop before the mark that closes
        ("he “will,” so", "he “will", "he “will,”"),
        ("“a” and “b.” So", "a” and “b", "“a” and “b.”"),  # both halves
        ("he “will go.” So", "will go", "will go"),  # nothing open inside
        ("he “will. ” So", "he “will", "he “will"),  # a space before the mark
        ("said ‘yes’ and", "‘yes", "yes"),
        ("said 'yes' and", "'yes", "yes"),
        ("said 'yes' and", "'yes'", "'yes'"),
        ("the Broncos' win", "Broncos'", "Broncos"),
        ('"one" and "two" x', '"one" and "two"', '"one" and "two"'),
        ('x " y " z', '" y "', "y"),  # quotation marks that touch nothing
        ("a \u200f x \u200b b", "\u200f x \u200b", "x"),  # marks that show nothing
        ("so , . ) now", ", . )", None),
        ("so (!) now", "(!)", None),  # marks alone say nothing
        ("so 👍 now", "👍", "👍"),
        ("met at the Hall", "at the", None),  # nor do words that only lead to others
        ("met at the Hall", "at the Hall", "at the Hall"),
        ("as the WHO said", "the WHO", "the WHO"),
    ],
)
def test_edges(text: str, part: str, expected: str | None) -> None:
    assert tidied(text, part) == expected


@given(texts(max_pieces=12))
def test_tidy_twice_is_tidy_once_and_keeps_the_rules(text: str) -> None:
    words = Words(text)
    begin, end = may_begin(words), may_end(words)
    for first, last in product(range(len(words)), repeat=2):
        edges = tidy(words, first, last)
        if edges is None:
            continue
        assert max(0, first - 1) <= edges[0] <= edges[1] <= last + 1
        assert words[edges[0]] != ","
        assert words[edges[1]] != ","
        if edges[0] >= first and edges[1] <= last:  # nothing was taken in
            assert begin[edges[0]]
            assert end[edges[1]]


@given(st.text(alphabet='()“”"a ', max_size=12))
def test_no_bracket_or_quotation_mark_is_alone_at_an_edge(text: str) -> None:
    words = Words(text)
    for first, last in product(range(len(words)), repeat=2):
        edges = tidy(words, first, last)
        if edges is None:
            continue
        quote = text[words.starts[edges[0]] : words.ends[edges[1]]]
        for opener, closer in ("()", "“”"):
            assert quote[0] != closer
            assert quote[-1] != opener
            assert quote[0] != opener or closer in quote
            assert quote[-1] != closer or opener in quote
        assert '"' not in (quote[0], quote[-1]) or quote.count('"') > 1
