"""What a page says of itself: JSON-LD of an article first, then OpenGraph, then other tags. Nothing is guessed."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html import unescape
from typing import Any
from urllib.parse import urljoin

from indexer.identity import is_web_url

Tree = Any

_ARTICLE = re.compile(r"(?:News|Reportage\w*|Analysis\w*|Opinion\w*|Blog|Scholarly|Tech|Satirical|Review\w*)?Article\b")
_POSTING = re.compile(r"BlogPosting|LiveBlogPosting|SocialMediaPosting|BackgroundNewsArticle|ReviewNewsArticle|Report$")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f]")
_LONGEST = 1_000_000  # characters of one block of JSON-LD
_DEEPEST = 6

# Each field, likeliest first: names as pages write them in `property`, `name` or `itemprop`, in lower case.
_TAGS: Mapping[str, tuple[str, ...]] = {
    "title": ("og:title", "dc.title", "dcterms.title", "twitter:title", "parsely-title", "headline", "title"),
    "site": ("og:site_name", "application-name", "publisher", "dc.publisher", "twitter:site"),
    "author": ("author", "parsely-author", "dc.creator", "dcterms.creator", "byl", "sailthru.author", "article:author"),
    "published": (
        "article:published_time",
        "og:published_time",
        "og:article:published_time",
        "datepublished",
        "parsely-pub-date",
        "pubdate",
        "publishdate",
        "publish-date",
        "dc.date.issued",
        "dcterms.created",
        "dc.date",
        "sailthru.date",
        "article.published",
        "displaydate",
    ),
    "description": ("og:description", "description", "twitter:description", "dc.description"),
    "url": ("og:url",),
    "section": ("article:section",),
}


@dataclass(frozen=True, slots=True)
class Said:
    """What a page says of itself; None what it does not. dated: which of its parts says when it was published."""

    title: str | None = None
    author: str | None = None
    site: str | None = None
    published: str | None = None
    dated: str | None = None
    modified: str | None = None
    url: str | None = None
    language: str | None = None
    description: str | None = None
    section: str | None = None
    body: str | None = None


def read_meta(tree: Tree, url: str | None) -> Said:
    """Read a page's tree. url: where it was got, for links that are relative."""
    linked = _article(tree)
    tags = _tags(tree)
    title = _text(linked.get("headline")) or _first(tags, "title") or _title(tree)
    dates = {
        "JSON-LD": _text(linked.get("datePublished")),
        "meta tag": _first(tags, "published"),
        "time tag": _time_tag(tree),
    }
    dated, published = next(((part, date) for part, date in dates.items() if date), (None, None))
    site = _name(linked.get("publisher")) or _first(tags, "site")
    return Said(
        title=_without_site(title, site),
        author=_people(linked.get("author")) or _author(tags, tree),
        site=None if site and site.startswith("@") else site,
        published=published,
        dated=dated,
        modified=_text(linked.get("dateModified")),
        url=_canonical(tree, tags, linked, url),
        language=_language(tree, linked),
        description=_first(tags, "description") or _text(linked.get("description")),
        section=_first(tags, "section"),
        body=linked.get("articleBody") if isinstance(linked.get("articleBody"), str) else None,
    )


def _article(tree: Tree) -> Mapping[str, Any]:
    """The JSON-LD node of the page's article; empty without one."""
    for script in tree.iter("script"):
        if "ld+json" not in (script.get("type") or "").lower() or not script.text:
            continue
        for node in _nodes(_loads(script.text), 0):
            kinds = node.get("@type")
            names = kinds if isinstance(kinds, list) else [kinds]
            if any(isinstance(name, str) and (_ARTICLE.search(name) or _POSTING.search(name)) for name in names):
                return node
    return {}


def _loads(text: str) -> Any:  # noqa: ANN401 JSON is anything
    text = text.strip().removeprefix("<!--").removesuffix("-->").removeprefix("//<![CDATA[").removesuffix("//]]>")
    try:
        return json.loads(_CONTROL.sub(" ", text.rstrip("; \n")), strict=False) if len(text) <= _LONGEST else None
    except (ValueError, RecursionError):
        return None


def _nodes(value: Any, depth: int) -> Iterator[Mapping[str, Any]]:  # noqa: ANN401 JSON is anything
    """Objects that may be the article: at the top, in a graph, or what the page is said to be about."""
    if isinstance(value, list) and depth < _DEEPEST:
        for one in value:
            yield from _nodes(one, depth + 1)
    elif isinstance(value, Mapping):
        yield value
        for key in ("@graph", "mainEntity", "mainEntityOfPage"):
            if depth < _DEEPEST and isinstance(value.get(key), list | Mapping):
                yield from _nodes(value[key], depth + 1)


def _tags(tree: Tree) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for tag in tree.iter("meta"):
        content = _text(tag.get("content"))
        for key in ("property", "name", "itemprop"):
            for name in (tag.get(key) or "").lower().split():
                if content:
                    found.setdefault(name.replace("dc:", "dc.").replace("dcterm:", "dcterms."), []).append(content)
    return found


def _first(tags: Mapping[str, list[str]], field: str) -> str | None:
    return next((tags[name][0] for name in _TAGS[field] if name in tags), None)


def _author(tags: Mapping[str, list[str]], tree: Tree) -> str | None:
    for name in _TAGS["author"]:
        people = [one for one in tags.get(name, []) if not is_web_url(one) and not one.startswith("@")]
        if people:
            return ", ".join(dict.fromkeys(people))
    for tag in tree.iter("a", "span", "div", "p", "address"):
        marks = f"{tag.get('rel') or ''} {tag.get('itemprop') or ''}".lower().split()
        byline = _text("".join(tag.itertext())) if "author" in marks else None
        if byline and len(byline) <= 100:
            return byline
    return None


def _time_tag(tree: Tree) -> str | None:
    """A <time> that says it is that of publication, or the page's only one."""
    times = [tag for tag in tree.iter("time") if tag.get("datetime")]
    marked = [
        tag for tag in times if tag.get("pubdate") is not None or "datepublished" in (tag.get("itemprop") or "").lower()
    ]
    moments = {tag.get("datetime") for tag in times}
    found = marked[0].get("datetime") if marked else next(iter(moments)) if len(moments) == 1 else None
    return _text(found)


def _title(tree: Tree) -> str | None:
    headings = [text for tag in tree.iter("h1") if (text := _text("".join(tag.itertext())))]
    titles = [text for tag in tree.iter("title") if (text := _text("".join(tag.itertext())))]
    if len(headings) == 1 and (not titles or _inside(headings[0], titles[0])):
        return headings[0]
    return titles[0] if titles else None


def _inside(heading: str, title: str) -> bool:
    return "".join(filter(str.isalnum, heading.casefold())) in "".join(filter(str.isalnum, title.casefold()))


def _without_site(title: str | None, site: str | None) -> str | None:
    """A title without the name of its site behind a bar or dash: "Storm hits coast | Daily Planet"."""
    if title and site:
        cut = re.sub(rf"\s+[|–—:·-]\s+{re.escape(site)}\s*$", "", title, flags=re.IGNORECASE)
        return cut or title
    return title


def _canonical(tree: Tree, tags: Mapping[str, list[str]], linked: Mapping[str, Any], url: str | None) -> str | None:
    rel = (tag.get("href") for tag in tree.iter("link") if "canonical" in (tag.get("rel") or "").lower().split())
    about = linked.get("mainEntityOfPage")
    named = about.get("@id") if isinstance(about, Mapping) else about
    for found in (next(rel, None), _first(tags, "url"), linked.get("url"), named, url):
        if isinstance(found, str) and found.strip():
            try:
                whole = urljoin(url or "", found.strip())
            except ValueError:
                continue
            if is_web_url(whole):
                return whole
    return None


def _language(tree: Tree, linked: Mapping[str, Any]) -> str | None:
    root = tree.getroottree().getroot()
    given = root.get("lang") or root.get("{http://www.w3.org/XML/1998/namespace}lang") or root.get("xml:lang")
    return _text(given) or _text(linked.get("inLanguage"))


def _people(value: Any) -> str | None:  # noqa: ANN401 JSON is anything
    several = value if isinstance(value, list) else [value]
    names = [name for one in several[:20] if (name := _name(one))]
    return ", ".join(dict.fromkeys(names)) or None


def _name(value: Any) -> str | None:  # noqa: ANN401 JSON is anything
    if isinstance(value, list):
        value = value[0] if value else None
    if isinstance(value, Mapping):
        value = value.get("name")
        value = value[0] if isinstance(value, list) and value else value
    name = _text(value)
    return None if name and is_web_url(name) else name


def _text(value: Any) -> str | None:  # noqa: ANN401 JSON is anything
    if not isinstance(value, str) or len(value) > 10_000:
        return None
    return " ".join(unescape(value).replace("\u00ad", "").replace("\0", " ").split()) or None
