"""A tree of markup to lines: one a paragraph, heading, list item or row of a table."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

Tree = Any  # lxml's elements: what is needed of them is `tag`, `text`, `tail` and their children

_LEFT_OUT = frozenset(
    ("script", "style", "noscript", "template", "head", "svg", "math", "iframe", "object", "button", "select")
)
_BLOCKS = frozenset(
    (
        *("address", "article", "aside", "blockquote", "body", "caption", "center", "dd", "details", "div", "dl", "dt"),
        *("fieldset", "figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr"),
        *("html", "li", "main", "nav", "ol", "p", "pre", "section", "summary", "table", "tbody", "td", "tfoot", "th"),
        *("thead", "tr", "ul"),
        *("head", "list", "item", "quote", "row", "cell", "code"),  # trafilatura's
    )
)
_ROWS = frozenset(("tr", "row"))
_CELLS = frozenset(("td", "th", "cell"))
_BREAKS = frozenset(("br", "lb"))
_KINDS = {f"h{n}": "heading" for n in range(1, 7)} | {"li": "item", "item": "item", "figcaption": "caption"}
_LONGEST_ROW = 400  # characters; a longer row is no row of data, but a page laid out as a table
_INVISIBLE = re.compile("[\u00ad\u200b\ufeff\u2060]")


class Line(NamedTuple):
    """text: on one line, its white space collapsed. kind: "heading", "item", "row", "caption" or ""."""

    text: str
    kind: str


def collapsed(text: str) -> str:
    """The words of some markup's text on one line, without the marks that only a renderer sees."""
    return " ".join(_INVISIBLE.sub("", text).replace("\0", " ").split())


def lines_of(root: Tree, own_heads: bool = False) -> list[Line]:
    """Every line of a tree, in order. own_heads: whether `head` is a heading (in trafilatura's trees), not HTML's own.

    Without recursion: pages nest deeper than Python does.
    """
    writer = _Writer(root, own_heads)
    for begins, node in _walk(root):
        if begins:
            writer.begin(node)
        else:
            writer.end(node)
    writer.finish_line()
    return writer.lines


def _walk(root: Tree) -> Iterator[tuple[bool, Tree]]:
    """Beginning and end of every node, depth first."""
    stack: list[tuple[Tree, Iterator[Tree]]] = [(root, iter(root))]
    yield True, root
    while stack:
        node, children = stack[-1]
        child = next(children, None)
        if child is None:
            stack.pop()
            yield False, node
        else:
            stack.append((child, iter(child)))
            yield True, child


class _Writer:
    """Collects words until a block begins or ends."""

    def __init__(self, root: Tree, own_heads: bool) -> None:
        self.lines: list[Line] = []
        self._root, self._own_heads = root, own_heads
        self._words: list[str] = []
        self._kinds = [""]
        self._rows = self._left_out = 0
        self._layout: set[Tree] = set()  # rows that only place things on the page

    def begin(self, node: Tree) -> None:
        tag = self._tag(node)
        self._left_out += self._is_left_out(tag)
        self._rows += tag in _ROWS
        if self._is_block(tag):
            self.finish_line()
            self._kinds.append("row" if tag in _ROWS else self._kind(tag) or self._kinds[-1])
        if tag:  # else a comment
            self._add(node.text)

    def end(self, node: Tree) -> None:
        tag = self._tag(node)
        if self._is_block(tag):
            self.finish_line()
            self._kinds.pop()
        elif self._rows and tag in _BLOCKS | _BREAKS:
            self._add(" | " if tag in _CELLS else " ")
        elif tag in _BREAKS:
            self.finish_line()
        self._left_out -= self._is_left_out(tag)
        self._rows -= tag in _ROWS
        if node is not self._root:
            self._add(node.tail)

    def finish_line(self) -> None:
        text, kind = collapsed("".join(self._words)), self._kinds[-1]
        self._words.clear()
        if kind == "row":
            text = " | ".join(cell for part in text.split("|") if (cell := part.strip()))
        if text:
            self.lines.append(Line(text, kind))

    def _add(self, text: str | None) -> None:
        if text and not self._left_out:
            self._words.append(text)

    def _tag(self, node: Tree) -> str:
        tag = node.tag if isinstance(node.tag, str) else ""
        if tag in _ROWS and not self._rows and node not in self._layout and _is_layout(node):
            self._layout.add(node)
        return "div" if node in self._layout else tag

    def _is_block(self, tag: str) -> bool:
        return tag in _BLOCKS and (not self._rows or tag in _ROWS)

    def _is_left_out(self, tag: str) -> bool:
        return tag in _LEFT_OUT and not (tag == "head" and self._own_heads)

    def _kind(self, tag: str) -> str:
        return "heading" if tag == "head" and self._own_heads else _KINDS.get(tag, "")


def _is_layout(row: Tree) -> bool:
    return sum(len(part) for part in row.itertext()) > _LONGEST_ROW
