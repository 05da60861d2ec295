"""Markup to a tree, and a page's tree to its article. The only module that imports trafilatura (and, by it, htmldate).

Trees are lxml's: what others need of them is `iter`, `text`, `tail` and `get`.
"""

from __future__ import annotations

import logging
from typing import Any, NamedTuple

import trafilatura
from trafilatura.utils import load_html

Tree = Any  # lxml's elements have no types of their own

# htmldate may look where dates are marked as such, but not take any date that stands in the text.
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


def parse(html: str) -> Tree | None:
    """The tree of a page, or None where this is no markup."""
    for text in (html, f"<html><body>{html}</body></html>"):  # the second for what is only a piece of a page
        tree = load_html(text, max(4 * len(text), 1)) if html.strip() else None
        if tree is not None and len(tree):
            return tree
    return None


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
