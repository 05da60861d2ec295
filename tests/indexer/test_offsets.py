from __future__ import annotations

import pytest
from hypothesis import given

from indexer.offsets import Offsets, range_of, ranges_of
from indexer.types import Range, Utf16
from tests.texts import texts


def test_astral_characters_count_twice_in_utf16() -> None:
    assert range_of("a👍b𝒳", 2, 4) == Range(2, 4, Utf16(3, 6))
    assert ranges_of("a👍b𝒳", [(0, 1), (1, 2)]) == [Range(0, 1, Utf16(0, 1)), Range(1, 2, Utf16(1, 3))]


@given(texts())
def test_both_ways_agree_with_the_encoder(text: str) -> None:
    offsets = Offsets(text)
    for at in range(len(text) + 1):
        unit = len(text[:at].encode("utf-16-le")) // 2
        assert offsets.utf16(at) == unit
        assert offsets.code_point(unit) == at


@pytest.mark.parametrize("unit", [-1, 2, 5])
def test_a_utf16_offset_inside_a_character_or_outside_the_text_is_refused(unit: int) -> None:
    with pytest.raises(ValueError, match="UTF-16 offset"):
        Offsets("a👍b").code_point(unit)  # 0 a, 1 and 2 the thumb, 3 b, 4 the end


@pytest.mark.parametrize(("start", "end"), [(-1, 1), (0, 4), (2, 1)])
def test_a_range_outside_the_text_or_backwards_is_refused(start: int, end: int) -> None:
    with pytest.raises(ValueError, match=r"offset|backwards"):
        range_of("abc", start, end)
