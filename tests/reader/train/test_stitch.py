from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from indexer.types import Span
from reader.train.squad import Example
from reader.train.stitch import Neighbours

_SENTENCES = ("Anna came.", "Bo left early.", "Carl stayed in Oslo.", "It rained.")


def examples() -> list[Example]:
    made = []
    for number, text in reversed(list(enumerate(_SENTENCES))):  # their order in the file is not that in the article
        word = text.split()[0]
        made.append(Example(f"Wiki1k:wikinews:5:{number // 2}:{number}#1#0", "a", "Who?", text, (Span(0, len(word)),)))
    return made


@given(which=st.integers(0, 3), max_words=st.integers(1, 20), seed=st.integers(0, 999))
def test_neighbours_join_in_their_order_and_the_answer_stays(which: int, max_words: int, seed: int) -> None:
    example = examples()[which]
    wide = Neighbours(examples()).around(example, max_words, random.Random(seed))
    assert example.context in wide.context
    assert wide.context in " ".join(_SENTENCES)
    assert len(wide.context.split()) <= max(max_words, len(example.context.split()))
    assert [wide.context[slice(*span)] for span in wide.answers] == [example.context[slice(*example.answers[0])]]


def test_all_of_a_short_article_fits() -> None:
    wide = Neighbours(examples()).around(examples()[0], 20, random.Random(0))
    assert wide.context == " ".join(_SENTENCES)


def test_without_an_answer_it_stays_alone() -> None:
    none = examples()[0]._replace(answers=())
    assert Neighbours(examples()).around(none, 20, random.Random(0)) == none


def test_other_ids_stand_alone() -> None:
    alone = Example("squad-1", "a", "Who?", "Anna came.", ())
    assert Neighbours(examples()).around(alone, 50, random.Random(0)) == alone
