"""HTML pages: the article without what stands around it, and what the page says of itself."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from typing import BinaryIO, NamedTuple

from indexer.dates import parse_published
from indexer.errors import SourceUnreadable
from indexer.furniture import is_page_part, opens_links
from indexer.shapes import same
from indexer.sources.decode import decode_declared, whole_characters
from indexer.sources.html_lines import Line, collapsed, lines_of
from indexer.sources.html_meta import Said, read_meta
from indexer.sources.html_tree import Extracted, Tree, extract, parse
from indexer.sources.limits import read_whole
from indexer.sources.options import SourceOptions
from indexer.sources.source import NOTHING, Given, sha256
from indexer.types import Block, Page

_SENTENCE_ENDS = tuple(".!?…\"”’')。！？")
_NO_NAMES = frozenset(("admin", "administrator", "author", "authority control", "editor", "guest", "username"))
_TITLE_WORDS = 4  # a shorter link may be part of what is said


class _Markup(NamedTuple):
    """A page decoded. sha256: of its bytes."""

    html: str
    sha256: str
    warnings: tuple[str, ...]


def _markup(stream: BinaryIO, origin: str, given: Given) -> _Markup | SourceUnreadable:
    try:
        data = read_whole(stream)
        html, warnings = decode_declared(data, given.charset)
    except ValueError as problem:
        return SourceUnreadable(origin, str(problem))
    return _Markup(html, sha256(data), warnings)


class HtmlSource:
    """One page, one article."""

    def read(
        self, stream: BinaryIO, origin: str, options: SourceOptions, given: Given = NOTHING, label: str = ""
    ) -> Iterator[Page | SourceUnreadable]:
        """One page, or one refusal: no article is found in it."""
        markup = _markup(stream, origin, given)
        if isinstance(markup, SourceUnreadable):
            yield markup
            return
        tree = parse(markup.html.replace("\0", "\ufffd"))
        if tree is None:
            reason = "it holds no markup that can be read" if markup.html.strip() else "it is empty"
            yield SourceUnreadable(origin, reason)
            return
        said = read_meta(tree, given.url)
        found = extract(tree, given.url or said.url)
        lines = lines_of(found.body, own_heads=True) if found else []
        title = said.title or (found.title if found else None)
        text, marked, more = joined(article_lines(lines, title, link_texts(tree)), said.description)
        if not text:
            yield SourceUnreadable(origin, "no article is found in it: it may be a list, a form, or built by scripts")
            return
        page = Page(origin, markup.sha256, label, text, marked=marked, warnings=(*markup.warnings, *more))
        yield _described(page, said, found, options)


class FragmentSource:
    """Markup that is all article, as feeds and mails hold it."""

    def read(
        self, stream: BinaryIO, origin: str, options: SourceOptions, given: Given = NOTHING, label: str = ""
    ) -> Iterator[Page | SourceUnreadable]:
        """One page, or one refusal: no text."""
        markup = _markup(stream, origin, given)
        if isinstance(markup, SourceUnreadable):
            yield markup
            return
        text = fragment_text(markup.html)
        if not text:
            yield SourceUnreadable(origin, "it has no text")
            return
        yield Page(
            origin=origin,
            source_sha256=markup.sha256,
            extractor=label,
            text=text,
            source=options.source,
            url=given.url,
            language=options.language,
            warnings=markup.warnings,
        )


def fragment_text(html: str) -> str:
    """All the text of a piece of markup, a paragraph a line; "" where there is none."""
    tree = parse(f"<html><body><div>{html}</div></body></html>".replace("\0", "\ufffd"))
    lines = lines_of(tree) if tree is not None else []
    return joined(lines)[0]


def article_lines(lines: Sequence[Line], title: str | None, links: Collection[str] = ()) -> list[Line]:
    """The lines of an extraction that are the article's: not its title again, buttons, nor links to other articles.

    links: the texts of the page's links.
    """
    kept: list[Line] = []
    among_links = False
    for at, line in enumerate(lines):
        is_title = (title is not None and same(line.text, title)) or (not at and line.kind == "heading")
        is_link = _is_link(line, links)
        if is_title or is_page_part(line.text) or opens_links(line.text):
            among_links = not is_title
        elif is_link and (among_links if line.kind == "item" else len(line.text.split()) >= _TITLE_WORDS):
            continue
        else:
            among_links = False
            kept.append(line)
    while kept and (kept[-1].kind == "heading" or _is_link(kept[-1], links)):
        kept.pop()
    return kept


def link_texts(tree: Tree) -> frozenset[str]:
    """What stands in the links of a page."""
    return frozenset(text for link in tree.iter("a") if (text := collapsed("".join(link.itertext()))))


def _is_link(line: Line, links: Collection[str]) -> bool:
    """Whether a line is a link and nothing else, or an item that begins with one; a sentence is neither."""
    if line.text in links:
        return not line.text.endswith(_SENTENCE_ENDS)
    if line.kind != "item":
        return False
    words = line.text.split()
    return any(" ".join(words[:n]) in links for n in range(_TITLE_WORDS, len(words)))


def joined(lines: Sequence[Line], summary: str | None = None) -> tuple[str, tuple[Block, ...], tuple[str, ...]]:
    """The text of some lines, which of them are known not to be body, and warnings. summary: a line that is one."""
    text = ""
    marked: list[Block] = []
    for before, line in zip((None, *lines), lines, strict=False):
        if before:
            text += "\n" if before.kind == line.kind and line.kind in {"item", "row"} else "\n\n"
        shown = f"- {line.text}" if line.kind == "item" else line.text
        if line.kind == "caption":
            marked.append(Block(len(text), len(text) + len(shown), "caption"))
        elif summary is not None and before is None and same(line.text, summary):
            marked.append(Block(len(text), len(text) + len(shown), "summary"))
        text += shown
    whole, warnings = whole_characters(text)
    return whole, tuple(marked), warnings


def _author(guess: str | None) -> str | None:
    """A guess at the author that could be a name, not what stands where names do ("Username")."""
    return guess if guess and ";" not in guess and guess.casefold() not in _NO_NAMES else None


def _described(page: Page, said: Said, found: Extracted | None, options: SourceOptions) -> Page:
    """The page with what it says of itself and, where it says nothing, with what trafilatura and htmldate found."""
    published, dated = said.published, said.dated
    if found and found.date and not parse_published(published, options.timezone).at:
        published, dated = found.date, "htmldate"
    metadata = {
        "description": said.description,
        "section": said.section,
        "modified": said.modified,
        "date_from": dated,
        "tags": list(found.tags) if found else None,
    }
    return replace(
        page,
        title=said.title or (found.title if found else None),
        source=said.site or (found.site if found else None) or options.source,
        url=said.url or (found.url if found else None),
        author=said.author or (_author(found.author) if found else None),
        published=published,
        language=said.language or options.language,
        metadata={key: value for key, value in metadata.items() if value},
    )
