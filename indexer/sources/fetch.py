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
MAX_LINKED = 100  # requests for pages that feeds link to, of one site in one run
MAX_LINKED_IN_ALL = 1000  # and of all sites
_LATER = frozenset({408, 425, 429})
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


_Site = tuple[str, int]  # host and port


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
    """Fetches URLs for one run: `robots.txt` is asked once a site, and its delays are kept.

    seconds: how long to begin with pages that feeds link to; None: until they are at their end or at their bounds.
    """

    def __init__(
        self,
        memory: Remembered,
        allowed: Allowed = is_public,
        sleep: Callable[[float], None] = time.sleep,
        seconds: float | None = None,
    ) -> None:
        self._memory, self._allowed, self._sleep = memory, allowed, sleep
        self._robots: dict[tuple[str, _Site], RobotFileParser] = {}
        self._last: dict[_Site, float] = {}
        self._linked: Counter[_Site] = Counter()
        self._linking_until = time.monotonic() + seconds if seconds is not None else None
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
        except ValueError as problem:  # Unreachable, or a URL in an answer that cannot be taken apart
            return [SourceUnreadable(url, str(problem))]
        if answer.status == 304 and known:
            return list(self._memory.articles_of(url))
        if answer.status != 200:
            return [SourceUnreadable(url, f"its server answers {answer.status}")]
        self._memory.fetched(url, Validators(answer.headers.get("etag"), answer.headers.get("last-modified")))
        return [_document(url, place, answer)]

    def linked(self, url: str) -> Document | SourceUnreadable:
        """The page that an entry of a feed links to: slower than what was asked for, and not without end.

        What may be had another time is Postponed.
        """
        try:
            place, answer = self._follow(urldefrag(url).url, {}, _LINKED_DELAY)
        except _Unwanted as problem:
            return SourceUnreadable(url, str(problem))
        except Unreachable as problem:
            return Postponed(url, str(problem))
        except ValueError as problem:
            return SourceUnreadable(url, f"it leads to what is no URL ({problem})")
        if answer.status in _LATER or answer.status >= 500:
            return Postponed(url, f"its server answers {answer.status}")
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
            if delay:
                self._count(parts)
            if not self._may(parts):
                raise _Unwanted(f"robots.txt of {parts.netloc} asks not to fetch it")
            answer = self._request(parts, conditions, delay=delay)
            if answer.status not in _REDIRECTS:
                return url, answer
            url = urldefrag(urljoin(url, answer.headers.get("location", ""))).url
        raise _Unwanted(f"it is redirected more than {MAX_REDIRECTS} times")

    def _count(self, parts: SplitResult) -> None:
        """Raises Unreachable: as many pages that feeds link to were fetched as one run may."""
        if self._linking_until is not None and time.monotonic() > self._linking_until:
            raise Unreachable("the time for pages that feeds link to is over: the next run goes on")
        site = _site(parts)
        if self._linked[site] >= MAX_LINKED:
            raise Unreachable(f"{MAX_LINKED} pages of its site were fetched in this run: run it again for the rest")
        if self._linked.total() >= MAX_LINKED_IN_ALL:
            raise Unreachable(f"{MAX_LINKED_IN_ALL} linked pages were fetched in this run: run it again for the rest")
        self._linked[site] += 1

    def _request(
        self, parts: SplitResult, conditions: dict[str, str], most: int | None = None, delay: float = 0.0
    ) -> Answer:
        self._wait(parts, delay)
        headers = {"User-Agent": self._agent, "Accept": "*/*", "Connection": "close", **conditions}
        try:
            return request(parts, headers, self._allowed, most or MAX_BYTES)
        finally:
            self._last[_site(parts)] = time.monotonic()

    def _wait(self, parts: SplitResult, least: float) -> None:
        robots = self._robots.get((parts.scheme, _site(parts)))
        delay = max(min(float(robots.crawl_delay(AGENT) or 0) if robots else 0.0, _LONGEST_DELAY), least)
        left = self._last.get(_site(parts), -delay) + delay - time.monotonic()
        if left > 0:
            self._sleep(left)

    def _may(self, parts: SplitResult) -> bool:
        """Whether a site lets us (RFC 9309): without a robots.txt it does, where that cannot be had it does not."""
        site = (parts.scheme, _site(parts))
        if site not in self._robots:
            self._robots[site] = _parsed(self._rules(parts))
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


class _Unwanted(Unreachable):
    """It will not be had another time either."""


def _site(parts: SplitResult) -> _Site:
    """One server, however its name is written. Raises ValueError: no port."""
    return (parts.hostname or "").rstrip("."), parts.port or (443 if parts.scheme == "https" else 80)


def _parsed(rules: str) -> RobotFileParser:
    """Rules that the parser stumbles over allow nothing: what they ask for is not known."""
    parser = RobotFileParser()
    try:
        parser.parse(rules.splitlines())
        parser.crawl_delay(AGENT)
    except ValueError:
        parser = RobotFileParser()
        parser.parse(["User-agent: *", "Disallow: /"])
    return parser


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
