"""Pages and feeds from the web: politely, never from inside our own network, and not again while unchanged."""

from __future__ import annotations

import io
import time
from collections import Counter
from collections.abc import Callable
from importlib.metadata import version
from typing import BinaryIO, Protocol, cast
from urllib.parse import SplitResult, urldefrag, urljoin, urlsplit
from urllib.robotparser import RobotFileParser

from indexer.errors import SourceUnreadable
from indexer.sources.addresses import is_public
from indexer.sources.decode import charset_of
from indexer.sources.http import Allowed, Answer, Unreachable, request
from indexer.sources.limits import MAX_BYTES
from indexer.sources.source import Document, Given, Postponed, Unchanged, Validators

AGENT = "pullquote"
MAX_REDIRECTS = 5
_ROBOTS_BYTES = 512_000
_LONGEST_DELAY = 10.0  # seconds that a site may make us wait between two requests
_LINKED_DELAY = 1.0  # seconds between two pages that a feed links to, where the site does not say
MAX_LINKED = 100  # pages that feeds link to, of one site in one run
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
# Where a page's bytes may not say what it is, what its server says of it does.
_NAMES = {
    "text/plain": ".txt",
    "text/markdown": ".md",
    "text/csv": ".csv",
    "text/tab-separated-values": ".tsv",
    "application/json": ".json",
    "application/feed+json": ".json",
    "application/x-ndjson": ".jsonl",
    "application/xml": ".xml",
    "text/xml": ".xml",
    "application/rss+xml": ".xml",
    "application/atom+xml": ".xml",
    "application/pdf": ".pdf",
    "message/rfc822": ".eml",
    "application/mbox": ".mbox",
    "application/warc": ".warc",
    "application/zip": ".zip",
}


class Remembered(Protocol):
    """What is known of the URLs that were fetched before."""

    def validators(self, url: str) -> Validators | None:
        """Those of a URL whose articles are still there, read as they would be read now."""
        ...

    def articles_of(self, url: str) -> list[Unchanged]:
        """The articles that a URL gave."""
        ...

    def fetched(self, url: str, validators: Validators) -> None:
        """Keep what a server said."""
        ...

    def forget_fetched(self, url: str) -> None:
        """Do not keep it."""
        ...


class Fetcher:
    """Fetches URLs for one run: `robots.txt` is asked once a site, and its delays are kept."""

    def __init__(
        self, memory: Remembered, allowed: Allowed = is_public, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._memory, self._allowed, self._sleep = memory, allowed, sleep
        self._robots: dict[tuple[str, str], RobotFileParser] = {}
        self._last: dict[str, float] = {}
        self._linked: Counter[str] = Counter()
        self._agent = f"{AGENT}/{version('pullquote')}"

    def get(self, url: str) -> list[Document | SourceUnreadable | Unchanged]:
        """What a URL gives: a document; what it gave before, where its server says that nothing changed; or why not."""
        url = urldefrag(url.strip()).url
        known = self._memory.validators(url)
        conditions = {}
        if known and known.etag:
            conditions["If-None-Match"] = known.etag
        if known and known.modified:
            conditions["If-Modified-Since"] = known.modified
        try:
            place, answer = self._follow(url, conditions)
        except Unreachable as problem:
            return [SourceUnreadable(url, str(problem))]
        if answer.status == 304 and known:
            return list(self._memory.articles_of(url))
        if answer.status != 200:
            return [SourceUnreadable(url, f"its server answers {answer.status}")]
        self._memory.fetched(url, Validators(answer.headers.get("etag"), answer.headers.get("last-modified")))
        return [_document(url, place, answer)]

    def linked(self, url: str) -> Document | SourceUnreadable:
        """The page that an entry of a feed links to: slower than what was asked for, and not without end."""
        try:
            site = _split(url).netloc
            if self._linked[site] >= MAX_LINKED:
                return Postponed(
                    url, f"{MAX_LINKED} pages of its site were fetched in this run: run it again for the rest"
                )
            self._linked[site] += 1
            place, answer = self._follow(urldefrag(url).url, {}, _LINKED_DELAY)
        except Unreachable as problem:
            return SourceUnreadable(url, str(problem))
        if answer.status != 200:
            return SourceUnreadable(url, f"its server answers {answer.status}")
        return _document(url, place, answer)

    def ask_again(self, url: str) -> None:
        """Let the next run fetch a URL even if it has not changed: this one left out some of what it leads to."""
        self._memory.forget_fetched(url)

    def _follow(self, url: str, conditions: dict[str, str], delay: float = 0.0) -> tuple[str, Answer]:
        """The answer at the end of all redirections, and where that is; every hop is checked like the first."""
        for _ in range(MAX_REDIRECTS + 1):
            parts = _split(url)
            if not self._may(parts):
                raise Unreachable(f"robots.txt of {parts.netloc} asks not to fetch it")
            answer = self._request(parts, conditions, delay=delay)
            if answer.status not in _REDIRECTS:
                return url, answer
            url = urldefrag(urljoin(url, answer.headers.get("location", ""))).url
        raise Unreachable(f"it is redirected more than {MAX_REDIRECTS} times")

    def _request(
        self, parts: SplitResult, conditions: dict[str, str], most: int | None = None, delay: float = 0.0
    ) -> Answer:
        self._wait(parts, delay)
        headers = {"User-Agent": self._agent, "Accept": "*/*", "Connection": "close", **conditions}
        try:
            return request(parts, headers, self._allowed, most or MAX_BYTES)
        finally:
            self._last[parts.netloc] = time.monotonic()

    def _wait(self, parts: SplitResult, least: float) -> None:
        robots = self._robots.get((parts.scheme, parts.netloc))
        delay = max(min(float(robots.crawl_delay(AGENT) or 0) if robots else 0.0, _LONGEST_DELAY), least)
        left = self._last.get(parts.netloc, -delay) + delay - time.monotonic()
        if left > 0:
            self._sleep(left)

    def _may(self, parts: SplitResult) -> bool:
        """Whether a site lets us (RFC 9309): without a robots.txt it does, where that cannot be had it does not."""
        site = (parts.scheme, parts.netloc)
        if site not in self._robots:
            rules = RobotFileParser()
            rules.parse(self._rules(parts).splitlines())
            self._robots[site] = rules
        return self._robots[site].can_fetch(AGENT, parts.geturl())

    def _rules(self, parts: SplitResult) -> str:
        url = f"{parts.scheme}://{parts.netloc}/robots.txt"
        for _ in range(MAX_REDIRECTS + 1):
            answer = self._request(_split(url), {}, _ROBOTS_BYTES)
            if answer.status in _REDIRECTS:
                url = urljoin(url, answer.headers.get("location", ""))
                continue
            if answer.status >= 500:
                raise Unreachable(f"robots.txt of {parts.netloc} cannot be had (its server answers {answer.status})")
            return answer.body.decode("utf-8", "replace") if answer.status == 200 else ""
        return ""


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as problem:
        raise Unreachable(f"{url[:80]} is no URL ({problem})") from None
    if any(char.isspace() or ord(char) < 33 for char in url):
        raise Unreachable("it is no URL: spaces in it must be written as %20")
    return parts


def _document(url: str, place: str, answer: Answer) -> Document:
    kind, _, parameters = answer.headers.get("content-type", "").partition(";")
    kind = kind.strip().lower()
    given = Given(
        url=place,
        charset=charset_of(parameters),
        kind="html" if kind in {"text/html", "application/xhtml+xml"} else None,
    )
    name = _NAMES.get(kind) or urlsplit(place).path.rpartition("/")[2]
    return Document(name, url, cast(BinaryIO, io.BytesIO(answer.body)), given)
