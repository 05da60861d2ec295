from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from reader.train.overlap import HeldOut
from reader.train.squad import Example

_TEXT = " ".join(f"word{number}" for number in range(40))


def test_sixteen_words_in_a_row_are_an_overlap_and_fifteen_are_not() -> None:
    held_out = HeldOut([_TEXT])
    words = _TEXT.split()
    assert held_out.touches("x " + " ".join(words[10:26]) + " y")
    assert held_out.touches("WORD10, " + " ".join(words[11:26]))  # case and marks do not hide it
    assert not held_out.touches("x " + " ".join(words[10:25]) + " y")


def test_a_short_text_is_an_overlap_when_it_is_the_same() -> None:
    held_out = HeldOut(["Xi left.", ""])
    assert held_out.touches("xi left")
    assert not held_out.touches("Xi left Beijing")
    assert not held_out.touches("")


@given(st.lists(st.text(alphabet="ab ", min_size=1, max_size=60), min_size=1, max_size=4))
def test_a_text_touches_itself(texts: list[str]) -> None:
    held_out = HeldOut(texts)
    assert all(held_out.touches(text) for text in texts if text.split())


def test_examples_that_touch_are_left_out() -> None:
    kept, dropped = (Example(c, "a", "Who?", c, ()) for c in ("Bo left.", "Xi left."))
    assert HeldOut(["Xi left"]).without([kept, dropped, kept]) == [kept, kept]
