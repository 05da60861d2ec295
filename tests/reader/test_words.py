from __future__ import annotations

import numpy as np
import pytest
import regex
from hypothesis import example, given
from hypothesis import strategies as st

from reader.words import Words, segments
from tests.texts import texts


def split(text: str) -> list[str]:
    words = Words(text)
    return [words[index] for index in range(len(words))]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", []),
        (" \r\n\u2028\u00a0", []),
        ("China's army", ["China", "'s", "army"]),
        ("China’s", ["China", "’s"]),
        ("don't O’Brien's", ["don't", "O’Brien", "'s"]),
        ("in the '90s", ["in", "the", "'90s"]),
        ("$1,000.50, or 40%.", ["$1,000.50", ",", "or", "40%", "."]),
        ("at 10:30 p.m. (EST)", ["at", "10:30", "p.m.", "(", "EST", ")"]),
        ("the U.S. army, U.N.", ["the", "U.S.", "army", ",", "U.N."]),
        ("It ended.Then", ["It", "ended", ".", "Then"]),
        ("ask nytimes.com @cnn #news", ["ask", "nytimes.com", "@cnn", "#news"]),
        ("cafe\u0301 x", ["cafe\u0301", "x"]),
        ("\u05e9\u05dc\u05d5\u05dd \u200fhi", ["\u05e9\u05dc\u05d5\u05dd", "\u200f", "hi"]),
        ("👩\u200d👩\u200d👧👍🏽", ["👩\u200d👩\u200d👧", "👍🏽"]),
        ("🇵🇰🇨🇳", ["🇵🇰", "🇨🇳"]),
        ("北京 a", ["北", "京", "a"]),
        ("𝒳i 𐍈", ["𝒳i", "𐍈"]),
    ],
)
def test_words_are_what_a_reader_would_not_cut(text: str, words: list[str]) -> None:
    assert split(text) == words


@given(texts())
@example("a \u0301b")  # a space with a combining mark on it is white space here
def test_words_split_no_grapheme_and_lose_only_white_space(text: str) -> None:
    words = Words(text)
    graphemes = {0, *(match.end() for match in regex.finditer(r"\X", text))}
    edges = [*words.starts.tolist(), *words.ends.tolist()]
    assert set(edges) <= graphemes
    assert (words.starts < words.ends).all()
    assert (words.ends[:-1] <= words.starts[1:]).all()
    inside = {at for start, end in zip(words.starts, words.ends, strict=True) for at in range(start, end)}
    lost = [match for match in regex.finditer(r"\X", text) if match.start() not in inside]
    assert all(match.group()[0].isspace() for match in lost)
    assert not any(text[start].isspace() for start in words.starts)


def test_a_token_begins_its_word_unless_letters_of_it_come_before() -> None:
    words = Words("$5 don't é")  # words: $5 [0, 2), don't [3, 8), é [9, 10)
    index, whole = words.beginning(np.array([0, 1, 3, 6, 7, 8, 9]))
    assert index.tolist() == [0, 0, 1, 1, 1, 2, 2]  # offset 8 is white space: the word after it
    assert whole.tolist() == [True, True, True, False, False, True, True]


def test_a_token_ends_its_word_unless_letters_of_it_come_after() -> None:
    words = Words(" cafe\u0301, 40%")  # words: café [1, 6), the comma [6, 7), 40% [8, 11)
    index, whole = words.ending(np.array([1, 3, 5, 6, 7, 8, 10, 11]))
    assert index.tolist() == [-1, 0, 0, 0, 1, 1, 2, 2]
    assert whole.tolist()[1:] == [False, True, True, True, True, True, True]


@given(st.text(alphabet="ab1.,' $%\u0301", min_size=1), st.data())
def test_beginning_and_ending_agree_with_the_words_themselves(text: str, data: st.DataObject) -> None:
    words = Words(text)
    at = data.draw(st.integers(0, len(text) - 1))
    ((index,), (whole,)) = words.beginning(np.array([at]))
    if index < len(words) and words.starts[index] <= at < words.ends[index]:
        assert whole == (not any(char.isalnum() for char in text[words.starts[index] : at]))
    ((index,), (whole,)) = words.ending(np.array([at + 1]))
    if index >= 0 and words.starts[index] < at + 1 <= words.ends[index]:
        assert whole == (not any(char.isalnum() for char in text[at + 1 : words.ends[index]]))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", []),
        ("China's “U.S.” don’t", ["China's", "“", "U.S", ".", "”", "don’t"]),
        ("3,5\r\nx\u00a0y", ["3,5", "x", "y"]),
        ("e\u0301a 👩\u200d👧", ["e\u0301a", "👩\u200d👧"]),
    ],
)
def test_segments_are_those_of_uax_29(text: str, found: list[str]) -> None:
    assert [text[start:end] for start, end in segments(text)] == found
