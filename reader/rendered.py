"""How a browser finds a text directive in a page: https://wicg.github.io/scroll-to-text-fragment/, 3.5.2."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import quote as percent_encode

from indexer.types import Span
from reader.words import segments


class Directive(NamedTuple):
    """A text directive before encoding; None where a part is left out."""

    prefix: str | None
    start: str
    end: str | None
    suffix: str | None

    def __str__(self) -> str:
        """The directive as it stands in a URL: `text=[prefix-,]start[,end][,-suffix]`."""
        prefix = f"{_encode(self.prefix)}-," if self.prefix else ""
        end = f",{_encode(self.end)}" if self.end else ""
        suffix = f",-{_encode(self.suffix)}" if self.suffix else ""
        return f"text={prefix}{_encode(self.start)}{end}{suffix}"


class Rendered:
    """A text as a browser searches it: words by UAX #29, white space run together, letter case folded."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._words = segments(text)
        self._lines: list[Span] = []  # for each word, the words of its line
        spans, pieces, length, line = [], [], 0, 0
        for index, (start, end) in enumerate(self._words):
            word, gap = text[start:end], text[self._words[index - 1].end : start] if index else ""
            if gap not in ("", " ") and len(f"{gap}.".splitlines()) > 1:
                self._lines += [Span(line, index)] * (index - line)
                line = index
            space = " " if index and (gap or word[0].isspace()) else ""
            pieces.append(space + word.strip().casefold())
            spans.append(Span(length + len(space), length + len(pieces[-1])))
            length += len(pieces[-1])
        self._lines += [Span(line, len(self._words))] * (len(self._words) - line)
        self._folded = "".join(pieces)
        self._begins = {span.start: index for index, span in enumerate(spans)}
        self._ends = {span.end: index for index, span in enumerate(spans)}

    def around(self, start: int, end: int) -> tuple[int, int]:
        """First and last word that touch [start, end) of the text; the first is past the last where none does."""
        first = bisect_right(self._words, start, key=lambda word: word.end)
        return first, bisect_left(self._words, end, key=lambda word: word.start) - 1

    def say(self, first: int, last: int) -> str:
        """Words first..last as a browser shows them, empty where there are none."""
        inside = self._words[max(0, first) : last + 1]
        return " ".join(self._text[inside[0].start : inside[-1].end].split()) if inside else ""

    def line(self, index: int) -> Span:
        """The words of the line of a word, [start, end); empty before the first word and after the last."""
        return self._lines[index] if 0 <= index < len(self._lines) else Span(index, index)

    def find(self, directive: Directive) -> Iterator[tuple[int, int] | None]:
        """The words (first, last) that a browser marks, then those it would mark were they not there, and so on.

        None stands for a part of a word.
        """
        prefix, start, end, suffix = (part.casefold() if part else "" for part in directive)
        open_end = bool(suffix) and not end  # then the suffix says where the word ends
        at = 0
        while (head := self._search(prefix or start, at, open_end=open_end or bool(prefix))) is not None:
            at = head.start + 1
            if prefix:
                begin = self._skip_space(head.end)
                head = Span(begin, begin + len(start))
                if not self._folded.startswith(start, begin) or not (open_end or head.end in self._ends):
                    continue
            tail = self._tail(head.end, end, suffix)
            if tail is not None:
                first, last = self._begins.get(head.start), self._ends.get(tail)
                yield None if first is None or last is None else (first, last)

    def _tail(self, at: int, end: str, suffix: str) -> int | None:
        """Where a match that begins before `at` ends: after `end`, if any, and before `suffix`, if any."""
        while True:
            if end:
                found = self._search(end, at, open_end=bool(suffix))
                if found is None:
                    return None
                at = found.end
            after = self._skip_space(at)
            if not suffix or (self._folded.startswith(suffix, after) and after + len(suffix) in self._ends):
                return at
            if not end:
                return None

    def _search(self, string: str, at: int, *, open_end: bool) -> Span | None:
        """The next match from `at` on that begins where a word begins and, unless `open_end`, ends where one ends."""
        while (start := self._folded.find(string, at)) >= 0:
            end = start + len(string)
            if start in self._begins and (open_end or end in self._ends):
                return Span(start, end)
            at = start + 1
        return None

    def _skip_space(self, at: int) -> int:
        return at + self._folded.startswith(" ", at)


def _encode(part: str) -> str:
    """Percent-encode all but letters, digits, `_`, `.` and `~`: `-`, `,` and `&` mean something in a directive."""
    return percent_encode(part, safe="", errors="replace").replace("-", "%2D")
