from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reader.model import Reader
from reader.speech import _forms, said_in, whole
from reader.words import Words
from tests.reader.fakes import FakeSpanModel, by_word
from tests.texts import texts


@pytest.mark.parametrize(
    "question",
    [
        "What did Xi say?",
        "what does the faa say",
        "What did Xi pledge?",
        "What has Cameron pledged?",
        "What did the President of the United States announce yesterday?",
        "What did the United States announce?",
        "What did the State Department state?",
        "What does the report say about Iran?",
        "What did Macron call for?",
        "What did Pelosi publicly demand on Friday?",
        "What did Callamard encourage the CIA to do?",
        "What did Rouhani tell foreign powers?",
        "What did Johnson offer to provide?",
        "What else will she promise?",
    ],
)
def test_it_asks_for_what_was_said(question: str) -> None:
    assert said_in(question)


@pytest.mark.parametrize(
    "question",
    [
        "Who said it?",
        "What is a statement?",
        "When did Xi say it?",
        "What did Xi build?",
        "What did the report contain?",
        "What did she say was stolen?",
        "What did the man who wrote the letter eat?",
        "What did Bush call the plan?",
        "What did authorities say the pilot tried to do in a note?",
        "What did the state of Texas build?",
        "What did",
        "",
    ],
)
def test_it_asks_for_something_else(question: str) -> None:
    assert said_in(question) is None


def quoted(text: str, part: str, question: str = "What did Xi say?") -> str:
    """What an answer `part` of `text` becomes."""
    words, verbs = Words(text), said_in(question)
    assert verbs
    start = text.index(part)
    found = words.starts.tolist().index(start), words.ends.tolist().index(start + len(part))
    first, last = whole(words, *found, verbs)
    return text[words.starts[first] : words.ends[last]]


@pytest.mark.parametrize(
    ("text", "part", "expected"),
    [
        ('He said "we can do it. We will." Then', "do it", '"we can do it. We will."'),
        ("He said “we can do it,” and", "we can do it", "“we can do it,”"),
        ("Il dit «nous pouvons le faire» hier", "nous pouvons", "«nous pouvons le faire»"),
        ('"One," he said, "and two."', "two", '"and two."'),
        ('"One," he said, "and two."', "he said", "he said"),  # between two quotations, in none
        ('He said "we can" and "we will"', "we can", '"we can"'),
        ('He said "we can" and "we will"', '"we can" and', '"we can" and'),  # it holds marks of its own
        ("He said they “can do it, all of it.” Then", "they “can do it", "they “can do it, all of it.”"),
        ('He said they "can do it, all of it." Then', 'they "can do it', 'they "can do it, all of it."'),
        ('He "can" and they "will do it all" now', '"can" and they "will', '"can" and they "will do it all"'),
        ('He "can" and will "do it"', '"can" and will', '"can" and will'),  # what it opened is closed
        ('a 12" disc of 7" x', '12" disc', '12" disc'),
        ("He said they “can\n\ndo” it", "they “can", "they “can"),
        ("He said they “can do", "they “can", "they “can"),
        ("He said they “" + "very " * 80 + "much”", "they “very", "they “very"),
        ("He said we can do it", "we can", "we can"),  # no marks
        ('He said "we can do it', "we can", "we can"),  # one mark only
        ('can do it" he said, for he could.', "do it", "do it"),
        ('He said "we can\n\nnow" he', "we can", "we can"),  # marks of two paragraphs
        ('He said "we can\nnow" he', "we can", '"we can\nnow"'),  # one paragraph, its lines broken
        ('a 12" disc of 7" x', "disc", "disc"),  # inches
        ("He said “we can do it” he", "can", "“we can do it”"),
        ('He said "we can do it” he', "can", "can"),  # marks of two kinds
        ('"We no longer say we can do it."', "we can do it", '"We no longer say we can do it."'),
        ('"' + "very " * 80 + 'good"', "good", "good"),  # longer than a quotation to show
    ],
)
def test_the_whole_quotation_is_taken(text: str, part: str, expected: str) -> None:
    assert quoted(text, part) == expected


@pytest.mark.parametrize("verb", ["warn", "pledge", "deny", "demand"])
def test_what_is_warned_of_inside_the_quotation_stays_as_it_was_found(verb: str) -> None:
    past = {"deny": "denied"}.get(verb, f"{verb.removesuffix('e')}ed")
    text = f'He spoke. "Today we {past} that it will go on"'
    assert quoted(text, "it will go on", f"What did Xi {verb}?") == "it will go on"
    assert quoted(text, "it will go on", "What did Xi say?") == f'"Today we {past} that it will go on"'


def test_what_is_offered_inside_the_quotation_stays_as_it_was_found() -> None:
    text = '"To provide help for all" was what he wanted'
    assert quoted(text, "help for all", "What did Johnson offer to provide?") == "help for all"
    assert quoted(text, "help for all", "What did Johnson offer to do?") == '"To provide help for all"'


@given(texts(), st.integers(0), st.integers(0))
def test_an_answer_only_grows_and_only_to_a_pair_of_marks(text: str, i: int, j: int) -> None:
    words, verbs = Words(text), said_in("What did Xi say?")
    assert verbs
    if not len(words):
        return
    first = i % len(words)
    last = first + j % (len(words) - first)
    left, right = whole(words, first, last, verbs)
    assert 0 <= left <= first <= last <= right < len(words)
    if left != first:
        assert words[left] + words[right] in ('""', "“”", "«»")
        assert right - left <= 70
    elif right != last:  # it was open in the answer
        opened = next(index for index in range(last, first - 1, -1) if words[index] in tuple('"“”«»'))
        assert words[opened] + words[right] in ('""', "“”", "«»")
        assert right - opened <= 70


def test_the_reader_quotes_what_was_said_whole_and_keeps_its_score() -> None:
    text = 'Xi said "we can do it" and Khan agreed.'
    model = FakeSpanModel(by_word(can=(5, 0), do=(0, 4), and_=(0, 0)))
    for question, expected in (("What did Xi say?", '"we can do it"'), ("What can they?", "can do")):
        best = Reader(model).read(question, [text])[0]
        assert (text[best.start : best.end], best.score) == (expected, 9.0)


@pytest.mark.parametrize(
    ("verb", "said", "not_said"),
    [
        ("note", "note noted noting notes", "not nothing notice"),
        ("state", "state states stated stating", "status station"),
        ("deny", "denied denying", "den dense"),
        ("pledge", "pledges pledging pledged", "pleasant"),
    ],
)
def test_the_forms_of_a_verb_are_its_own(verb: str, said: str, not_said: str) -> None:
    pattern = re.compile(rf"\b{_forms(verb)}", re.IGNORECASE)
    assert [word for word in said.split() if not pattern.search(word)] == []
    assert [word for word in not_said.split() if pattern.search(word)] == []
