"""Do links land on their quotations? Article pages as newspapers have them, links as citations have them, in Chromium.

`python -m tests.reader.landing` tries 200 and prints how many land: the highlighted pixels must be those of the quoted
words. Pages are made of `seeds/wikinews.jsonl`, read back by the HTML source, cited, and served on loopback. One page
in three has a pull quote that says a sentence of the article again: a link to that sentence may land on it, and miss.
"""

from __future__ import annotations

import argparse
import base64
import io
import json
import random
import re
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import NamedTuple

from playwright.sync_api import Browser, sync_playwright

from indexer.clean import clean
from indexer.sources.html import HtmlSource
from indexer.sources.options import SourceOptions
from indexer.sources.source import Given
from indexer.types import Article, Page
from reader.cite import cite
from reader.words import segments
from tests.api.browser import launch

SEEDS = Path(__file__).parents[2] / "seeds" / "wikinews.jsonl"
KINDS = {"plain": 40, "repeated": 30, "inline": 40, "ligature": 20, "curly": 30, "long": 30, "paragraphs": 10}
STYLE = """
  body { font: 18px/1.5 Georgia, serif; margin: 0 } main { max-width: 640px; margin: 0 auto; padding: 0 20px }
  nav, footer, aside, figure { font: 14px/1.4 Arial; background: #eee; padding: 12px; margin: 24px 0 }
  ::target-text { background: rgb(255, 0, 254); color: inherit }
"""
_TAGS = ("a href='#note'", "em", "strong", "b", "span class=name", "cite")
_LIGATURES = {"ffi": "\ufb03", "fi": "\ufb01", "fl": "\ufb02"}


_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title><style>{style}</style>
<meta property="og:type" content="article"></head><body>
<nav><ul><li><a href="/">Home</a></li><li><a href="/world">World</a></li><li><a href="/x">{title}</a></li></ul></nav>
<main><article><h1>{title}</h1><p class="byline">By A. Reporter, 4 January 2019</p>
    {body}
</article></main>
<footer><h2>More news</h2><ul><li><a href="/a">{title}</a></li><li><a href="/b">Other news of the day</a></li></ul>
<p>All rights reserved. Contact us, subscribe, follow.</p></footer><div style="height: 900px"></div></body></html>"""


class Story(NamedTuple):
    """An article's paragraphs as they are read, the page that shows them, and where tags begin or end in each."""

    title: str
    paragraphs: tuple[str, ...]
    html: str
    seams: tuple[tuple[int, ...], ...]


class Quote(NamedTuple):
    """Words of a story: [start, end) of paragraph `first`, or from `start` in it to `end` in paragraph `last`."""

    kind: str
    story: int
    first: int
    start: int
    last: int
    end: int


class Landing(NamedTuple):
    """Where a link led."""

    quote: Quote
    link: str | None
    landed: bool


def stories(wanted: int) -> list[Story]:
    """The first long articles of the seeds, each as a page."""
    chance = random.Random(8)
    made: list[Story] = []
    for line in SEEDS.read_text("utf-8").strip().split("\n"):
        record = json.loads(line)
        paragraphs = [" ".join(part.split()) for part in re.split(r"\n\s*\n", record["text"])[1:]]
        paragraphs = [_set(part, number + len(made)) for number, part in enumerate(paragraphs) if len(part) > 150]
        if len(paragraphs) >= 5:
            made.append(_story(record["title"], paragraphs, len(made) % 3 == 0, chance))
        if len(made) == wanted:
            break
    return made


def _set(text: str, number: int) -> str:
    """Text as a typesetter leaves it: curly quotation marks, and in every third paragraph ligatures."""
    text = re.sub(r'(^|[\s(\[])"', "\\1“", text).replace('"', "”").replace("'", "’")
    if number % 3 == 0:
        for plain, ligature in _LIGATURES.items():
            text = text.replace(plain, ligature)
    return text


def _story(title: str, paragraphs: list[str], with_pull_quote: bool, chance: random.Random) -> Story:
    dressed = [_dressed(text, chance) for text in paragraphs]
    body = [f"<p class=body>\n      {html}\n    </p>" for html, _ in dressed]
    if with_pull_quote:  # the same words a second time, which no article holds
        sentence = re.split(r"(?<=[.!?]) ", chance.choice(paragraphs[1:]))[0]
        body.insert(2, f"<aside><p>{escape(sentence)}</p></aside>")
    body.insert(
        1, "<figure><img alt='' width=600 height=340><figcaption>A photograph. Image: A. Nyone.</figcaption></figure>"
    )
    html = _PAGE.format(title=escape(title), style=STYLE, body="\n    ".join(body))
    return Story(title, tuple(paragraphs), html, tuple(seams for _, seams in dressed))


def _dressed(text: str, chance: random.Random) -> tuple[str, tuple[int, ...]]:
    """A paragraph as HTML, some of its words inside tags, its lines broken anywhere; and where tags begin or end."""
    words = [*re.finditer(r"\S+", text)]
    html, seams, done = "", [], 0
    at = chance.randrange(2, 9)
    while at + 4 < len(words):
        start, end = words[at].start(), words[at + chance.randrange(3)].end()
        tag = chance.choice(_TAGS)
        html += f"{escape(text[done:start])}<{tag}>{escape(text[start:end])}</{tag.split()[0]}>"
        seams += [start, end]
        done = end
        at += chance.randrange(5, 16)
    html += escape(text[done:])
    return re.sub(r"(?<![<a]) (?=[a-z])", lambda space: chance.choice([" ", " ", " ", "\n      "]), html), tuple(seams)


def quotes(told: Sequence[Story], kinds: dict[str, int]) -> list[Quote]:
    """So many quotations of each kind, from all over the stories."""
    chance = random.Random(20)
    found: list[Quote] = []
    for kind, wanted in kinds.items():
        kept: set[Quote] = set()
        while len(kept) < wanted:
            number = chance.randrange(len(told))
            picked = _PICKERS[kind](told[number], chance)
            if picked is not None:
                kept.add(Quote(kind, number, *picked))
        found += sorted(kept)
    return found


_Picked = tuple[int, int, int, int] | None


def _words(story: Story, chance: random.Random, low: int, high: int) -> tuple[int, list[re.Match[str]]]:
    """A paragraph, and low..high of its words."""
    number = chance.randrange(len(story.paragraphs))
    words = [*re.finditer(r"\S+", story.paragraphs[number])]
    size = min(len(words), chance.randint(low, high))
    at = chance.randrange(len(words) - size + 1)
    return number, words[at : at + size]


def _plain(story: Story, chance: random.Random, low: int = 3, high: int = 8) -> _Picked:
    number, words = _words(story, chance, low, high)
    return number, words[0].start(), number, words[-1].end()


def _holding(marks: str) -> Callable[[Story, random.Random], _Picked]:
    def pick(story: Story, chance: random.Random) -> _Picked:
        number, start, _, end = _plain(story, chance, 1, 6) or (0, 0, 0, 0)
        return (number, start, number, end) if set(marks) & set(story.paragraphs[number][start:end]) else None

    return pick


def _repeated(story: Story, chance: random.Random) -> _Picked:
    number, start, _, end = _plain(story, chance, 1, 4) or (0, 0, 0, 0)
    words = story.paragraphs[number][start:end]
    return (number, start, number, end) if " ".join(story.paragraphs).count(words) > 1 else None


def _inline(story: Story, chance: random.Random) -> _Picked:
    number, start, _, end = _plain(story, chance, 2, 8) or (0, 0, 0, 0)
    return (number, start, number, end) if any(start < seam < end for seam in story.seams[number]) else None


def _long(story: Story, chance: random.Random) -> _Picked:
    number, start, _, end = _plain(story, chance, 50, 120) or (0, 0, 0, 0)
    return (number, start, number, end) if end - start > 300 else None


def _paragraphs(story: Story, chance: random.Random) -> _Picked:
    number = chance.randrange(len(story.paragraphs) - 1)
    before, after = ([*re.finditer(r"\S+", story.paragraphs[at])] for at in (number, number + 1))
    return number, before[-chance.randint(2, 8)].start(), number + 1, after[chance.randint(2, 8)].end()


_PICKERS: dict[str, Callable[[Story, random.Random], _Picked]] = {
    "plain": _plain,
    "repeated": _repeated,
    "inline": _inline,
    "ligature": _holding("".join(_LIGATURES.values())),
    "curly": _holding("“”’"),
    "long": _long,
    "paragraphs": _paragraphs,
}


def read_back(story: Story, url: str) -> Article:
    """The story as `pullquote index` has it."""
    [page] = HtmlSource().read(io.BytesIO(story.html.encode()), "page:", SourceOptions(), Given(url=url))
    assert isinstance(page, Page), page
    return clean(page)


def link_of(quote: Quote, story: Story, article: Article) -> str | None:
    """The link of a quotation's citation. Raises ValueError: the article does not have the paragraph."""
    first, last = (article.text.index(story.paragraphs[number]) for number in (quote.first, quote.last))
    return cite(article, first + quote.start, last + quote.end).link


@contextmanager
def served(told: Sequence[Story]) -> Iterator[str]:
    """The stories' pages at /0, /1, … of an address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            name = self.path.strip("/")
            self.send_response(200 if name.isdecimal() else 404)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write(told[int(name)].html.encode() if name.isdecimal() else b"")

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


# The boxes of the quoted words: offsets count a run of white space as one, as the paragraph is read.
_BOXES = """([first, start, last, end]) => {
  const paragraphs = document.querySelectorAll("p.body");
  const place = (paragraph, offset, atEnd) => {
    const walker = document.createTreeWalker(paragraph, NodeFilter.SHOW_TEXT);
    let seen = 0, space = true;
    while (walker.nextNode()) {
      const text = walker.currentNode.data;
      for (let at = 0; at < text.length; at += 1) {
        const blank = /[ \\n\\t]/.test(text[at]);
        if (blank && space) continue;
        space = blank;
        if (!atEnd && seen === offset) return [walker.currentNode, at];
        seen += 1;
        if (atEnd && seen === offset) return [walker.currentNode, at + 1];
      }
    }
  };
  const range = document.createRange();
  range.setStart(...place(paragraphs[first], start, false));
  range.setEnd(...place(paragraphs[last], end, true));
  return [...range.getClientRects()].map(({ left, top, right, bottom }) => [left, top, right, bottom]);
}"""

# Whether the highlighted pixels of a picture are those of the boxes, and the first box is in it.
_JUDGE = """async ([png, boxes]) => {
  const bitmap = await createImageBitmap(await (await fetch(`data:image/png;base64,${png}`)).blob());
  const { width, height } = bitmap;
  const context = new OffscreenCanvas(width, height).getContext("2d");
  context.drawImage(bitmap, 0, 0);
  const { data } = context.getImageData(0, 0, width, height);
  const lit = boxes.map(() => 0);
  let inside = 0, all = 0;
  for (let y = 0; y < height; y += 1) for (let x = 0; x < width; x += 1) {
    const at = 4 * (y * width + x);
    if (data[at] !== 255 || data[at + 1] !== 0 || data[at + 2] !== 254) continue;
    all += 1;
    const box = boxes.findIndex(([l, t, r, b]) => x >= l - 4 && x <= r + 4 && y >= t - 6 && y <= b + 6);
    if (box >= 0) { inside += 1; lit[box] += 1; }
  }
  const [left, top, right, bottom] = boxes[0];
  const seen = top >= 0 && bottom <= height;
  return seen && inside > 0.98 * all && lit[0] > 0.3 * (right - left) * (bottom - top);
}"""


def land(browser: Browser, quote: Quote, story: Story, link: str) -> bool:
    """Follow a link, and look whether it lands on the quoted words, rounded to whole ones."""
    context = browser.new_context(viewport={"width": 1000, "height": 800})
    page, judge = context.new_page(), context.new_page()
    page.bring_to_front()
    page.goto(link)
    page.evaluate("() => document.fonts.ready.then(() => new Promise(requestAnimationFrame))")
    first = next(word for word in segments(story.paragraphs[quote.first]) if word.end > quote.start)
    last = [word for word in segments(story.paragraphs[quote.last]) if word.start < quote.end][-1]
    start, end = min(quote.start, first.start), max(quote.end, last.end)
    boxes = page.evaluate(_BOXES, [quote.first, start, quote.last, end])
    picture = base64.b64encode(page.screenshot()).decode()
    landed = bool(judge.evaluate(_JUDGE, [picture, boxes]))
    context.close()
    return landed


def landings(browser: Browser, kinds: dict[str, int], n_stories: int = 25) -> Iterator[Landing]:
    """Follow the links of so many quotations of each kind."""
    told = stories(n_stories)
    with served(told) as address:
        articles = [read_back(story, f"{address}/{number}") for number, story in enumerate(told)]
        for quote in quotes(told, kinds):
            story = told[quote.story]
            link = link_of(quote, story, articles[quote.story])
            yield Landing(quote, link, link is not None and land(browser, quote, story, link))


def main() -> int:
    """Print the share that lands, by kind; returns 1 if it is under 95 %."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    tried, landed = Counter[str](), Counter[str]()
    with sync_playwright() as playwright:
        browser = launch(playwright)
        for quote, link, hit in landings(browser, KINDS):
            tried[quote.kind] += 1
            landed[quote.kind] += hit
            if not hit:
                sys.stderr.write(f"missed ({quote.kind}): {link}\n")
    for kind, n in tried.items():
        print(f"{kind:12}{landed[kind]:4} of {n}")  # noqa: T201
    share = landed.total() / tried.total()
    print(f"{'all':12}{landed.total():4} of {tried.total()}, {share:.1%}")  # noqa: T201
    return int(share < 0.95)


if __name__ == "__main__":
    sys.exit(main())
