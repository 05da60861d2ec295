from __future__ import annotations

import io
import sys
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.text import Text

from api import render
from api.render import Line
from indexer.types import Check, Excluded, Health, Hit, HitList, ModelState, Range, ScoreParts, Span, Utf16, Verdict
from tests.api.nouns import HEAD, TEXT, VIEW, answer, article, at, hit, reply

SENTENCE = "The mayor, Ana\r\nLópez, opened the new bridge on Monday."


def shown(lines: Iterable[Line], capsys: pytest.CaptureFixture[str]) -> str:
    render.show(lines)
    return capsys.readouterr().out


def test_a_pull_quote_says_what_where_and_how_sure(capsys: pytest.CaptureFixture[str]) -> None:
    start = TEXT.index("Ana")
    printed = shown(render.reply(reply("Who opened it?", [answer("Ana\r\nLópez", SENTENCE)])), capsys)
    assert printed == (
        "“Ana López”\n\n"
        "    The mayor, Ana López, opened the new bridge on Monday.\n\n"
        "  Mayor opens bridge 🌉\n"
        "  The Daily · R. Eporter · 6 February 2022\n"
        "  https://example.org/bridge\n"
        f"  verified · 1 article · score 7.25 · [{start}, {start + 10}) of bridge-1\n"
    )
    assert TEXT[start : start + 10] == "Ana\r\nLópez"


def test_an_answer_that_is_its_own_context_is_shown_once(capsys: pytest.CaptureFixture[str]) -> None:
    assert shown(render.reply(reply("?", [answer(SENTENCE, SENTENCE)])), capsys).count("opened the new bridge") == 1


def test_support_and_confidence_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    found = answer("3 million", "It cost 3 million euros.", others=["3 million euros"], confidence=0.914)
    printed = shown(render.reply(reply("How much?", [found])), capsys)
    start = TEXT.index("3 million")
    assert f"verified · 2 articles, 1 independent · 91% sure · [{start}, {start + 9}) of bridge-1\n" in printed
    assert printed.endswith(
        "  Also said here:\n"
        "    “3 million euros” Mayor opens bridge 🌉, The Daily, 6 February 2022\n"
        f"      [{start}, {start + 15}) of bridge-1\n"
    )


def test_the_best_answer_is_a_pull_quote_and_the_others_are_short(capsys: pytest.CaptureFixture[str]) -> None:
    found = [answer("3 million", "It cost 3 million euros."), answer("Monday", SENTENCE)]
    printed = shown(render.reply(reply("?", found)), capsys)
    start = TEXT.index("Monday")
    assert printed.count("verified") == 1
    assert printed.endswith(
        "\n\nOther answers:\n"
        "  “Monday” Mayor opens bridge 🌉, The Daily, 6 February 2022\n"
        f"    [{start}, {start + 6}) of bridge-1\n"
    )


def test_an_abstention_says_why_and_what_to_read(capsys: pytest.CaptureFixture[str]) -> None:
    passages = [hit("It cost 3 million euros.")] * 4
    printed = shown(render.reply(reply("?", reason="low_confidence", passages=passages)), capsys)
    first, _, rest = printed.partition("\n\n")
    assert first == "No quotation is sure enough to be an answer. The best passages to read:"
    assert rest.count("    It cost 3 million euros.\n") == 3


@pytest.mark.parametrize(
    ("reason", "sentence"),
    [
        ("empty_archive", "The archive is empty: add articles with `pullquote index PATH`.\n"),
        (
            "no_match",
            "Nothing matches: the filters leave no article, or no article holds a word of the\nquestion.\n",
        ),
    ],
)
def test_an_abstention_without_passages_is_one_sentence(
    reason: str, sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert shown(render.reply(reply("?", reason=reason)), capsys) == sentence  # type: ignore[arg-type]


def test_articles_left_out_for_want_of_a_date_are_counted(capsys: pytest.CaptureFixture[str]) -> None:
    printed = shown(render.reply(reply("?", reason="no_match", unknown_date=2)), capsys)
    assert printed.endswith("\n\n2 articles have no known date, and the date filter left them out.\n")


def test_highlights_are_bold_where_they_stand() -> None:
    text = "a\n\n  b  c d"
    found = render.marked(text, [Span(5, 6), Span(10, 11)])  # "b" and "d"
    assert found.plain == "a b c d"
    assert [(span.start, span.end, span.style) for span in found.spans] == [(2, 3, "bold"), (6, 7, "bold")]


@given(st.text(), st.lists(st.integers(0, 40), max_size=6, unique=True))
def test_marking_loses_nothing_but_white_space_and_controls(text: str, cuts: list[int]) -> None:
    places = sorted(cut for cut in cuts if cut <= len(text))
    spans = [Span(start, end) for start, end in zip(places[::2], places[1::2], strict=False)]
    assert render.marked(text, spans).plain.split() == render.printable(text).split()


@given(st.text())
def test_no_control_reaches_the_terminal(text: str) -> None:
    kept = render.printable(text)
    assert not {char for char in kept if char < " " or "\x7f" <= char < "\xa0"} - {"\n", "\t"}
    assert not set(kept) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def test_a_hostile_title_stays_text(capsys: pytest.CaptureFixture[str]) -> None:
    hostile = Hit(
        "x",
        Range(0, 1, Utf16(0, 1)),
        1.0,
        ScoreParts(),
        HEAD.__class__("a", "[red]\x1b]0;gotcha\x07\u202eX", None, None, None, None),
    )
    printed = shown(render.hits(HitList((hostile,), None, VIEW)), capsys)
    assert printed.startswith("  [red]\ufffd]0;gotcha\ufffdX\n")


def test_a_long_passage_is_cut_at_words_around_its_highlights(capsys: pytest.CaptureFixture[str]) -> None:
    text = "word " * 201 + "needle thread " + "word " * 200
    place = text.index("needle")
    marks = at(place, place + 6, text), at(place + 7, place + 13, text)
    found = Hit(text, at(0, len(text), text), 0.25, ScoreParts(), HEAD, marks)
    body = shown(render.hits(HitList((found,), None, VIEW)), capsys)
    excerpt = " ".join(body.partition("bridge\n")[2].partition("\n  score")[0].split())
    assert excerpt.startswith("… word ")
    assert set(excerpt.removeprefix("… ").removesuffix(" …").split()) == {"word", "needle", "thread"}
    assert excerpt.endswith(" word …")
    assert "needle thread" in excerpt
    assert 240 < len(excerpt) < 330
    assert f"  score 0.2500 · [0, {len(text)}) of bridge-1\n" in body


def test_no_hits_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert shown(render.hits(HitList((), None, VIEW, Excluded(1))), capsys) == (
        "Nothing matches.\n\n1 article has no known date, and the date filter left them out.\n"
    )


def test_paragraphs_wrap_at_80_columns_with_their_indent(capsys: pytest.CaptureFixture[str]) -> None:
    lines = shown([Line(Text("word " * 40), indent=4)], capsys).splitlines()
    assert len(lines) == 3
    assert all(line.startswith("    word") and 70 < len(line) <= 80 for line in lines[:2])


def test_what_one_copies_is_never_broken(capsys: pytest.CaptureFixture[str]) -> None:
    url = "https://example.org/" + "a" * 100
    assert shown([Line(Text(url), indent=2, whole=True)], capsys) == f"  {url}\n"


def test_a_terminal_sees_the_quoted_words_bold(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    screen = Terminal()
    monkeypatch.setattr(sys, "stdout", screen)
    render.show(render.reply(reply("When?", [answer("Monday", SENTENCE)])))
    assert "bridge on \x1b[1mMonday\x1b[0m." in screen.getvalue()


@pytest.mark.parametrize(
    ("published_at", "words"),
    [("2022-02-06T11:56:00Z", "6 February 2022"), ("2019-12-31", "31 December 2019"), ("2022", "2022"), (None, "")],
)
def test_dates_read_as_in_a_newspaper(published_at: str | None, words: str) -> None:
    assert render.day(published_at) == words


def test_a_list_is_columns_for_people_and_tabs_for_programs(capsys: pytest.CaptureFixture[str]) -> None:
    bare = HEAD.__class__("b", "Tab\there", None, None, None, None)
    assert shown(render.heads([HEAD, bare]), capsys) == (
        "bridge-1  2022-02-06  The Daily  Mayor opens bridge 🌉\nb         no date       Tab here\n"
    )
    assert list(render.tab_separated([HEAD, bare])) == [
        "bridge-1\t2022-02-06T11:56:00Z\tThe Daily\tMayor opens bridge 🌉",
        "b\t\t\tTab here",
    ]


def test_an_article_is_shown_with_its_text(capsys: pytest.CaptureFixture[str]) -> None:
    printed = shown(render.article(article()), capsys)
    assert printed.startswith("Mayor opens bridge 🌉\nThe Daily · R. Eporter · 6 February 2022\n")
    assert f"bridge-1 · {len(TEXT)} characters · sha256 {article().sha256}\n\n" in printed
    assert "The mayor, Ana\nLópez, opened the new bridge on Monday. It cost 3 million euros.\n" in printed


def test_verdicts_models_and_checks_are_one_line_each(capsys: pytest.CaptureFixture[str]) -> None:
    assert shown([render.verdict(Verdict("moved", "a", at(3, 9), "from 1 to 3"))], capsys) == (
        "moved    [3, 9) of a  from 1 to 3\n"
    )
    assert shown([render.verdict(Verdict("missing", "a", None, "no such article"))], capsys) == (
        "missing  a  no such article\n"
    )
    state = ModelState("tiny", "embed", "onnx", "Apache-2.0", 256, False, "weights are missing")
    assert shown(render.models([state]), capsys) == (
        "tiny: not ready\n  embed, onnx, 256 tokens, Apache-2.0\n  weights are missing\n"
    )
    health = Health(False, (Check("store", True, "fine"), Check("texts", False, "bad")), {"archive.sqlite": 4096})
    assert shown(render.health(health), capsys) == (
        "ok     store: fine\nFAILED texts: bad\n        4,096 bytes  archive.sqlite\n"
    )
