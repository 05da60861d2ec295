from __future__ import annotations

from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reader.fragment import LONGEST, directive_for, link_to
from reader.rendered import Directive, Rendered
from reader.words import segments
from tests.texts import texts

TEXT = "Xi met Khan in Beijing. Later, Xi pledged closer co-operation, at 50% & more."


def text_of(quote: str, text: str = TEXT, after: int = 0) -> str:
    """The text directive for the first place of `quote` at or after `after`."""
    start = text.index(quote, after)
    directive = directive_for(text, start, start + len(quote))
    assert directive is not None
    return unquote(str(directive))


def test_a_quotation_that_stands_once_needs_nothing_around_it() -> None:
    assert text_of("in Beijing") == "text=in Beijing"


def test_signs_of_the_syntax_are_encoded_in_what_is_quoted() -> None:
    start = TEXT.index("closer")
    assert str(directive_for(TEXT, start, len(TEXT))) == ("text=closer%20co%2Doperation%2C%20at%2050%25%20%26%20more.")


def test_letters_beyond_ascii_are_percent_encoded_utf_8() -> None:
    assert str(directive_for("in Köln 👍", 3, 9)) == "text=K%C3%B6ln%20%F0%9F%91%8D"


def test_the_word_before_tells_two_places_apart_whatever_the_letter_case() -> None:
    text = "XI met Khan. Then Xi left."
    assert text_of("Xi", text) == "text=Then-,Xi"
    assert text_of("XI", text) == "text=XI,-met"  # first in this text, but the page around it may hold others


def test_words_of_the_headline_are_told_from_those_of_the_text() -> None:
    url, text = "https://example.org/a", "On Monday Xi met Khan."
    linked = [link_to(url, text, 10, 12, title) for title in (None, "Xi in Beijing", "On Monday Xi met Khan.")]
    assert linked == [f"{url}#:~:text=Xi", f"{url}#:~:text=Monday-,Xi", f"{url}#:~:text=Xi"]


def test_a_word_inside_another_word_is_another_word() -> None:
    assert text_of("art", "of art, a party") == "text=art"


def test_white_space_is_what_a_browser_shows() -> None:
    assert (
        text_of("closer\u00a0 \t cooperation", "Xi pledged closer\u00a0 \t cooperation.") == "text=closer cooperation"
    )


def test_half_a_word_is_named_whole() -> None:
    assert text_of("China", "it is China's army") == "text=China's"  # a browser finds whole words by UAX 29 alone


def test_a_quotation_across_lines_is_given_by_its_first_and_last_words() -> None:
    text = "He said one thing first.\n\nAnd another thing last."
    assert text_of("one thing first.\n\nAnd another", text) == "text=one thing first,And another"


def test_a_long_quotation_is_given_by_its_first_and_last_words() -> None:
    text = " ".join(f"word{n}" for n in range(100))
    assert len(text) > LONGEST
    assert text_of(text, text) == "text=word0 word1 word2 word3,word96 word97 word98 word99"


def test_first_and_last_words_grow_until_they_are_found() -> None:
    text = (
        "so he said that all was well, " * 2
        + "so he said that all was lost, "
        + "x " * 200
        + "and so it was in the end."
    )
    start = text.index("so he said that all was lost")
    directive = directive_for(text, start, len(text))
    assert directive is not None
    page = Rendered(text)
    assert list(page.find(directive)) == [page.around(start, len(text))]


def test_a_prefix_stays_on_its_line() -> None:
    text = "Peace talks\nKhan left\nPeace now\nKhan left"
    assert text_of("Khan left", text, after=30) == "text=now-,Khan left"


@pytest.mark.parametrize(
    ("url", "link"),
    [
        ("https://example.org/a", "https://example.org/a#:~:text=Beijing"),
        ("http://example.org/a?b=c", "http://example.org/a?b=c#:~:text=Beijing"),
        ("HTTPS://example.org", "HTTPS://example.org#:~:text=Beijing"),
        ("https://example.org/a#part", "https://example.org/a#part:~:text=Beijing"),
        ("https://example.org/a#part:~:text=old", "https://example.org/a#part:~:text=Beijing"),
        ("https://example.org/a#:~:text=old", "https://example.org/a#:~:text=Beijing"),
        (None, None),
        ("", None),
        ("file:///etc/passwd", None),
        ("javascript:alert(1)", None),
        ("example.org/a", None),
        ("https:///a", None),
        ("http://[::1/a", None),
    ],
)
def test_links_are_made_for_web_pages_only(url: str | None, link: str | None) -> None:
    start = TEXT.index("Beijing")
    assert link_to(url, TEXT, start, start + 7) == link


def test_a_quotation_without_a_word_has_no_link() -> None:
    assert link_to("https://example.org", "a \n\n b", 1, 5) is None


# What the specification finds, written down a second time and slowly: every place is tried for every part.
def every_match(text: str, directive: Directive) -> list[tuple[int, int]]:
    """All (first, last) words that the directive could mean, in the order of their start, then end."""
    spans = segments(text)

    def is_at(part: str | None, first: int) -> list[int]:
        """Last words of `part` where it begins with word `first`."""
        if not part or first >= len(spans):
            return []
        said = [" ".join(text[spans[first].start : end].split()).casefold() for _, end in spans[first:]]
        return [first + n for n, words in enumerate(said) if words == part.casefold()]

    found = []
    for first in range(len(spans)):
        before = directive.prefix is None or any(first - 1 in is_at(directive.prefix, at) for at in range(first))
        for head in is_at(directive.start, first) if before else []:
            ends = (
                [head]
                if directive.end is None
                else [e for at in range(head + 1, len(spans)) for e in is_at(directive.end, at)]
            )
            found += [(first, end) for end in ends if directive.suffix is None or is_at(directive.suffix, end + 1)][:1]
    return found


@given(texts(max_pieces=14), st.data())
def test_a_browser_finds_the_quotation_and_only_it_where_words_can_tell(text: str, data: st.DataObject) -> None:
    page, words = Rendered(text), segments(text)
    if not words:
        return
    first = data.draw(st.integers(0, len(words) - 1))
    last = data.draw(st.integers(first, len(words) - 1))
    directive = directive_for(text, words[first].start, words[last].end)
    assert directive is not None
    assert not any(part and ("\n" in part or "\r" in part) for part in directive)
    assert list(page.find(directive)) == every_match(text, directive)
    said = [text[slice(*word)].casefold() for word in words]
    alone = said.count(said[first]) == 1
    ends_first = first == last or said.index(said[last], first + 1) == last  # a last line of one word cannot say more
    if alone and ends_first:
        assert every_match(text, directive) == [(first, last)]
