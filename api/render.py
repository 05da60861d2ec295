"""Our nouns for a person at a terminal. Bold marks the quoted words there; piped, the same lines are plain.

Quotations are shown on one line of words: white space is one space, and what could steer a terminal is taken out.
What a program should read is the JSON; what must be exact is `show --text`.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from rich.console import Console
from rich.text import Text

from indexer.types import (
    Answer,
    Article,
    ArticleHead,
    Health,
    Hit,
    HitList,
    ModelState,
    Range,
    Reply,
    Span,
    Support,
    Verdict,
)

_COLUMNS = 80  # piped
_READABLE = 100  # the widest line on a terminal
_EXCERPT = 320  # code points of a passage in a list
_SHOWN = 3  # passages to read instead of an answer, and others who say the same
_BREAKS = re.compile("\r\n|[\r\v\f\x85]")
_CONTROLS = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x9f]")
_REORDERING = re.compile("[\u202a-\u202e\u2066-\u2069]")  # without its closing mark, the rest of the line would turn
_MONTHS = (  # not strftime: the output is the same in every locale
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
_WHY = {
    "empty_archive": "The archive is empty: add articles with `pullquote index PATH`.",
    "no_match": "Nothing matches: the filters leave no article, or no article holds a word of the question.",
    "low_confidence": "No quotation is sure enough to be an answer.",
}


@dataclass(frozen=True, slots=True)
class Line:
    """One paragraph: wrapped to the width with every line indented, or (`whole`) never broken, so it can be copied."""

    text: Text
    indent: int = 0
    whole: bool = False


def show(lines: Iterable[Line]) -> None:
    """Write paragraphs to stdout."""
    terminal = sys.stdout.isatty()
    console = Console(file=sys.stdout, highlight=False, markup=False, emoji=False, width=None if terminal else _COLUMNS)
    for paragraph in lines:
        width = max(20, min(console.width, _READABLE) - paragraph.indent)
        parts = [paragraph.text] if paragraph.whole else paragraph.text.wrap(console, width) or [Text()]
        for part in parts:
            part.rstrip()
            indent = paragraph.indent if part else 0
            console.print(Text(" " * indent).append_text(part), soft_wrap=True)


def printable(text: str) -> str:
    """The text without what could steer a terminal; line feeds and tabs stay."""
    return _REORDERING.sub("", _CONTROLS.sub("\ufffd", _BREAKS.sub("\n", text)))


def one_line(text: str | None) -> str:
    """The words of the text on one line, printable."""
    return " ".join(printable(text or "").split())


def marked(text: str, spans: Sequence[Span]) -> Text:
    """The words of `text` on one line, with the words inside `spans` bold. spans: in order, not overlapping."""
    shown, at = Text(), 0
    for start, end in spans:
        _append(shown, text[at:start], "")
        _append(shown, text[start:end], "bold")
        at = end
    _append(shown, text[at:], "")
    shown.rstrip()
    return shown


def _append(shown: Text, piece: str, style: str) -> None:
    words = re.sub(r"\s+", " ", printable(piece))
    shown.append(words.lstrip() if not shown or shown.plain.endswith(" ") else words, style)


def reply(found: Reply) -> list[Line]:
    """The best answer as a pull quote and the others in short, or why there is none and what to read instead."""
    if found.answers:
        lines = list(pull_quote(found.answers[0]))
        if len(found.answers) > 1:
            lines += [Line(Text()), Line(Text("Other answers:"))]
        for answer in found.answers[1:]:
            lines += _in_short(answer.answer, answer.article, answer.range)
    else:
        best = found.passages[:_SHOWN]
        why = _WHY.get(found.reason or "", "No answer.") + (" The best passages to read:" if best else "")
        lines = [Line(Text(why)), *(line for hit in best for line in [Line(Text()), *_hit(hit)])]
    return [*lines, *_excluded(found.excluded.unknown_date)]


def pull_quote(answer: Answer) -> Iterator[Line]:
    """One answer: the quotation, the sentence around it, and where it stands."""
    yield Line(Text(f"“{one_line(answer.answer)}”", "bold"))
    yield Line(Text())
    if answer.context.range != answer.range:
        inside = _within(answer.range, answer.context.range)
        yield Line(marked(answer.context.text, [inside]), indent=4)
        yield Line(Text())
    yield from _source(answer.article)
    sure = f"score {answer.score:.2f}" if answer.confidence is None else f"{answer.confidence:.0%} sure"
    facts = ["verified", _support(answer.support), sure, place(answer.range, answer.article)]
    yield Line(Text(" · ".join(facts), "dim"), indent=2, whole=True)
    others = answer.support.others[:_SHOWN]
    if others:
        yield Line(Text("Also said here:"), indent=2)
    for other in others:
        yield from _in_short(other.answer, other.article, other.citation.range, indent=4)


def _in_short(quote: str, head: ArticleHead, where: Range, indent: int = 2) -> Iterator[Line]:
    source = ", ".join(fact for fact in (one_line(head.title), one_line(head.source), day(head.published_at)) if fact)
    yield Line(Text(f"“{one_line(quote)}” {source}".strip()), indent)
    yield Line(Text(place(where, head), "dim"), indent + 2, whole=True)


def hits(found: HitList) -> list[Line]:
    """Passages, best first, each with its article."""
    lines = [line for hit in found.items for line in [*_hit(hit), Line(Text())]][:-1]
    return [*(lines or [Line(Text("Nothing matches."))]), *_excluded(found.excluded.unknown_date)]


def _hit(hit: Hit) -> Iterator[Line]:
    yield from _source(hit.article)
    highlights = sorted(_within(place, hit.range) for place in hit.highlights)
    shown = _excerpt(hit.text, highlights)
    inside = [Span(start - shown.start, end - shown.start) for start, end in highlights if _holds(shown, start, end)]
    text = marked(hit.text[shown.start : shown.end], inside)
    ahead, after = "… " if shown.start else "", " …" if shown.end < len(hit.text) else ""
    yield Line(Text(ahead).append_text(text).append(after), indent=4)
    yield Line(Text(f"score {hit.score:.4f} · {place(hit.range, hit.article)}", "dim"), indent=2, whole=True)


def _excerpt(text: str, highlights: Sequence[Span]) -> Span:
    """The stretch of a passage to show: all of a short one, else whole words around most highlights, earliest first."""
    if len(text) <= _EXCERPT:
        return Span(0, len(text))
    latest = len(text) - _EXCERPT
    starts = sorted({0, *(max(0, min(start - _EXCERPT // 4, latest)) for start, _ in highlights)})
    at = max(starts, key=lambda at: sum(_holds(Span(at, at + _EXCERPT), start, end) for start, end in highlights))
    first, last = text.find(" ", at, at + _EXCERPT // 4) + 1 if at else 0, at + _EXCERPT
    if last < len(text):
        last = max(text.rfind(" ", first, last), first) or last
    return Span(first or at, last)


def _holds(outer: Span, start: int, end: int) -> bool:
    return outer.start <= start and end <= outer.end


def _source(head: ArticleHead) -> Iterator[Line]:
    """Title, then source, author and date, then the URL."""
    yield Line(Text(one_line(head.title) or head.id, "bold"), indent=2)
    facts = [one_line(fact) for fact in (head.source, head.author, day(head.published_at)) if fact]
    if facts:
        yield Line(Text(" · ".join(facts)), indent=2)
    if head.url:
        yield Line(Text(one_line(head.url), "dim"), indent=2, whole=True)


def place(where: Range, head: ArticleHead | Article) -> str:
    """Where a piece stands: code points of the article's text, and the article's id."""
    return f"[{where.start}, {where.end}) of {head.id}"


def _within(inner: Range, outer: Range) -> Span:
    return Span(inner.start - outer.start, inner.end - outer.start)


def _support(support: Support) -> str:
    if support.articles == 1:
        return "1 article"
    return f"{support.articles} articles, {support.independent} independent"


def _excluded(unknown_date: int) -> list[Line]:
    if not unknown_date:
        return []
    articles = "1 article has" if unknown_date == 1 else f"{unknown_date} articles have"
    return [Line(Text()), Line(Text(f"{articles} no known date, and the date filter left them out.", "dim"))]


def day(published_at: str | None) -> str:
    """A date as a newspaper prints it: "6 February 2022"; as it is where it is no whole date."""
    if published_at is None:
        return ""
    try:
        when = date.fromisoformat(published_at[:10])
    except ValueError:
        return published_at
    return f"{when.day} {_MONTHS[when.month - 1]} {when.year}"


def heads(found: Sequence[ArticleHead]) -> list[Line]:
    """A list of articles: id, date, source and title, in columns."""
    width = max((len(head.id) for head in found), default=0)
    return [Line(Text("  ".join([head.id.ljust(width), *_cells(head)])), whole=True) for head in found]


def tab_separated(found: Sequence[ArticleHead]) -> Iterator[str]:
    """The same list for `cut` and `sort`: four fields, empty where nothing is known."""
    for head in found:
        yield "\t".join([head.id, head.published_at or "", one_line(head.source), one_line(head.title)])


def _cells(head: ArticleHead) -> list[str]:
    return [(head.published_at or "no date")[:10].ljust(10), one_line(head.source), one_line(head.title)]


def article(found: Article) -> Iterator[Line]:
    """One article with its text, for reading; `show --text` gives the exact text."""
    head = ArticleHead(found.id, found.title, found.source, found.url, found.author, found.published_at)
    yield from (Line(line.text, whole=line.whole) for line in _source(head))
    yield Line(Text(f"{found.id} · {len(found.text)} characters · sha256 {found.sha256}", "dim"), whole=True)
    yield Line(Text())
    for paragraph in re.split("[\n\u2028\u2029]", printable(found.text)):
        yield Line(Text(paragraph))


def verdict(found: Verdict) -> Line:
    """One citation, checked."""
    where = f"[{found.range.start}, {found.range.end}) of " if found.range else ""
    style = "bold" if found.status == "valid" else "bold red"
    return Line(Text.assemble((found.status.ljust(7), style), f"  {where}{found.article_id}  {one_line(found.detail)}"))


def models(found: Sequence[ModelState]) -> Iterator[Line]:
    """The models of models.yaml, and whether each is ready: where it lies, or what is wrong."""
    for state in found:
        yield Line(Text.assemble((state.name, "bold"), ": ready" if state.ready else ": not ready"))
        yield Line(Text(f"{state.task}, {state.runtime}, {state.max_tokens} tokens, {state.licence}"), indent=2)
        yield Line(Text(one_line(state.detail), "dim"), indent=2, whole=state.ready)


def health(found: Health) -> Iterator[Line]:
    """The checks of `doctor`, then bytes on disk, part by part."""
    for check in found.checks:
        mark = ("ok     ", "green") if check.ok else ("FAILED ", "bold red")
        yield Line(Text.assemble(mark, f"{check.name}: {one_line(check.detail)}"))
    for name, size in found.bytes.items():
        yield Line(Text(f"{size:>13,} bytes  {name}", "dim"), whole=True)
