from __future__ import annotations

from indexer.types import Span
from reader.train.naming import named
from reader.train.squad import Example

_TEXT = 'The minister pledged aid and roads; Xi said "we will build all of them soon"; a deal was signed by Bo.'


def example(name: str, question: str, *answers: str) -> Example:
    spans = tuple(Span(_TEXT.index(answer), _TEXT.index(answer) + len(answer)) for answer in answers)
    return Example(f"Wiki1k:wikinews:1:0:0#{name}", "a", question, _TEXT, spans)


def test_someone_becomes_the_one_who_did_it() -> None:
    found = named(
        [
            example("2#0", "Who pledged something?", "The minister", "minister pledged aid"),
            example("2#1", "What did someone pledge?", "aid and roads"),
            example("2#2", "What might someone not do?", "aid"),
            example("2#3", "What was someone pledged to?", "aid"),
            example("9#0", "What did someone build?", "all of them"),
        ]
    )
    assert [one.question for one in found] == [
        "Who pledged something?",
        "What did the minister pledge?",
        "What might the minister not do?",
        "What was someone pledged to?",  # passive: the one who pledged is not the one it was pledged to
        "What did someone build?",  # no question of this predicate tells who
    ]
    assert all(one.answers for one in found)


def test_a_name_is_never_put_into_the_question_it_answers() -> None:
    asked = example("2#1", "What did someone pledge?", "The minister")
    assert named([example("2#0", "Who pledged something?", "The minister"), asked])[1] == asked


def test_who_said_something_asks_for_the_words() -> None:
    said, words = (
        example("5#0", "Who said something?", "Xi"),
        example("5#1", "What did someone say?", '"we will build all of them soon"'),
    )
    found = [one.question for one in named([said, words])]
    assert found == ['Who said "we will build all of them soon"?', "What did Xi say?"]


def test_who_was_asked_in_the_passive_is_no_subject() -> None:
    asked = example("7#1", "What did someone sign?", "a deal")
    assert named([example("7#0", "Who was signed by someone?", "Bo"), asked])[1] == asked
