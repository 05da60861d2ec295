"""Markup to a tree, and a page's tree to its article. The only module that imports lxml and trafilatura.

Trees are lxml's: what others need of them is `iter`, `text`, `tail` and `get`.
"""

from __future__ import annotations

import logging
import re
from typing import Any, NamedTuple

import trafilatura
from lxml.etree import ParserError
from lxml.html import HTMLParser, fromstring

Tree = Any  # lxml's elements have no types of their own

# htmldate may look where dates are marked as such, but not take any date that stands in the text.
_DECLARATION = re.compile(r"^\s*<\?xml[^>]*\?>")  # of an encoding, which a decoded text has no more
_DATES = {"extensive_search": False, "original_date": True}
logging.getLogger("trafilatura").setLevel(logging.CRITICAL)
logging.getLogger("htmldate").setLevel(logging.CRITICAL)


class Extracted(NamedTuple):
    """body: the article, in trafilatura's vocabulary (p, head, list, item, quote, table, row, cell, lb)."""

    body: Tree
    title: str | None
    author: str | None
    site: str | None
    date: str | None
    url: str | None
    tags: tuple[str, ...]


def _parser() -> HTMLParser:
    """One a page: lxml's own refuses pages that nest more than 255 deep, as some templates do."""
    return HTMLParser(huge_tree=True, collect_ids=False, default_doctype=False, remove_comments=True, remove_pis=True)


def parse(html: str) -> Tree | None:
    """The tree of a page, or None where this is no markup."""
    try:
        tree = fromstring(_DECLARATION.sub("", html), parser=_parser()) if html.strip() else None
    except (ParserError, ValueError):  # nothing but comments
        return None
    if tree is None or tree.tag == "html":
        return tree if tree is not None and len(tree) else None
    return parse(f"<html><body>{html}</body></html>")  # it was only a piece of a page


def extract(tree: Tree, url: str | None) -> Extracted | None:
    """The article of a page, or None where none is found. The tree is left as it was."""
    found = trafilatura.bare_extraction(
        tree,
        url=url,
        include_comments=False,
        with_metadata=True,
        date_extraction_params=_DATES,
    )
    if found is None or isinstance(found, dict) or found.body is None:
        return None
    site = found.sitename if found.sitename and found.sitename != found.hostname else None
    tags = tuple(str(tag) for tag in found.tags or ())
    return Extracted(found.body, found.title, found.author, site, found.date, found.url, tags)
