"""Fuzzing: `python -m bench.fuzz [--requests 100000]` sends odd requests to a server, and prints what it said.

Each request is made of a right one by a few changes: fields gone, odd values, broken JSON, wrong types of content,
hostile paths and headers. A status of 500 or more that is not a documented 503 or 507, a reply that does not come, and
a span that is not what it says (invariant 1) are failures; the seed and number of each are printed.
"""

from __future__ import annotations

import argparse
import asyncio
import gzip
import json
import random
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode

from bench.http_load import Outcome, Pool, serving
from pullquote import Archive

_CLIENTS = 6
_KEPT = 40  # articles that are put and deleted, over and over: the archive stays small, and changes
_FINE = frozenset(range(200, 500)) | {503, 507}
ARTICLE = "opening"
_TEXT = (
    "Mayor opens bridge 🌉\n\nAna López opened the new bridge on Monday.\r\n"
    "It cost 3 million euros (e\u0301t\u00e9 \ufb01n).\n"
)
_SENTENCES = [
    "Ana López opened the new bridge on Monday.", "It cost {} million euros (e\u0301t\u00e9 \ufb01n).", "Bridge {}",
    "A storm 🌉 hit the coast\r\nof Brittany on {} May.", "“Who opened it?” the mayor asked {} times.",
    "नमस्ते, said {}.", "\u202edesrever\u202c marks stay, all {} of them.", "👩\u200d👩\u200d👧 and {} other families.",
    "x" * 300,
]  # fmt: skip
_WORDS = [
    "bridge",
    "mayor",
    "How much did the bridge cost?",
    "Who opened it?",
    "storm 🌉",
    "e\u0301te\u0301",
    "fi",
    "?",
]
_ODD: list[Any] = [
    None, True, -1, 0, 1, 101, 10**30, 2**53, 1e308, 0.1, "", " ", "\0", "a" * 3000, "\u202e", "<script>x</script>",
    "../../etc/passwd", "' OR 1=1 --", "AND OR NOT (", '"', "field:x^9~", "2022-13", "2022", "9999", [], {}, [[]],
    ["The Daily"], {"since": "2022"}, "\n{\"event\":\"forged\"}", "http://169.254.169.254/", "🌉" * 50, "e\u0301" * 20,
]  # fmt: skip
_PATHS = [
    "/", "/static/app.js", "/static/..%2f..%2fapi%2fkeys.py", "/static/%2e%2e/keys.json", "/v1/articles/..%2fkeys.json",
    "/v1//ask", "/v1/ask/", "/v1/articles/%00", "/v1/articles/%ff", "/openapi.json", "/healthz", "/readyz", "/metrics",
    "/v1/info", "/widget.js", "/mcp", "/v1/articles/a%0d%0aX:1", "/v1/articles/opening/similar?top_k=3", "/%2e%2e/",
]  # fmt: skip
_HEADERS = [
    "Origin: null", "Origin: https://evil.example", "Host: evil.example", "Host: localhost:8000",
    "Authorization: Bearer x",
    "Authorization: Bearer pq_00000000_" + "A" * 43, 'If-None-Match: W/"x"', "Accept: text/event-stream",
    "Accept: application/x-ndjson", "Accept: */*;q=x", "Accept-Encoding: gzip", "Content-Type: text/plain",
    "Transfer-Encoding: identity", "X-Forwarded-For: 127.0.0.1", "Expect: 100-continue", "Range: bytes=0-5",
    "Access-Control-Request-Method: POST", "X-Request-ID: \x1b[31m", "Connection: close",
]  # fmt: skip


class Sent(NamedTuple):
    """One request; text: of the article that it stores, if it does."""

    wire: bytes
    article: str | None = None


class Said(NamedTuple):
    """A span as a reply says it is."""

    article: str
    start: int
    end: int
    utf16_start: int
    utf16_end: int
    words: str


class Fuzzer:
    """Makes requests, and checks replies. The same seed makes the same requests."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.texts: dict[str, set[str]] = defaultdict(set)  # of each article every text that it had
        self.spans: dict[Said, str] = {}  # everything that was said, and by whom first

    def request(self, number: int) -> Sent:
        """The next request."""
        kind = self.random.choices(
            [self._post, self._get, self._write, self._path, self._noise], weights=[50, 20, 8, 15, 7]
        )[0]
        return kind(number)

    def _post(self, _: int) -> Sent:
        path, body = self._right()
        for _change in range(self.random.choice([0, 0, 1, 1, 2, 4])):
            body = self._changed(body)
        return Sent(self._wire("POST", path, self._json(body)))

    def _right(self) -> tuple[str, Any]:
        pick = self.random.choice
        mode, words = pick(["hybrid", "dense", "lexical"]), pick(_WORDS)
        filters = pick([{}, {"source": ["The Daily"]}, {"since": "2022", "until": "2023"}, {"ids": [ARTICLE]}])
        return pick(
            [
                ("/v1/ask", {"question": words, "mode": mode, "depth": 2, "top_k": 3, "filters": filters}),
                ("/v1/search", {"query": words, "mode": mode, "top_k": pick([1, 5, 100]), "filters": filters}),
                ("/v1/similar", pick([{"text": words}, {"article_id": ARTICLE}])),
                ("/v1/batch", {"questions": [{"id": 1, "question": words, "depth": 1}, {"id": "b"}]}),
                ("/v1/verify", {"citations": [pick(_ODD)]}),
            ]
        )

    def _get(self, _: int) -> Sent:
        pick = self.random.choice
        path = pick(["/v1/search", "/v1/search", "/v1/ask", "/v1/articles", f"/v1/articles/{ARTICLE}/similar"])
        names = [
            "query",
            "question",
            "top_k",
            "mode",
            "since",
            "until",
            "source",
            "cursor",
            "limit",
            "depth",
            "ids",
            "x",
        ]
        given = {"question": pick(_WORDS), "depth": "1"} if path == "/v1/ask" else {}
        given |= {"query": pick(_WORDS), "mode": "lexical"} if path == "/v1/search" else {}
        given |= {pick(names): str(pick(_ODD)) for _ in range(pick([0, 0, 1, 2]))}
        return Sent(self._wire(pick(["GET", "GET", "HEAD"]), f"{path}?{urlencode(given, errors='replace')}"))

    def _write(self, number: int) -> Sent:
        pick, article = self.random.choice, f"fuzz-{number % _KEPT}"
        body = {
            "text": pick([_TEXT, "x", "🌉", "e\u0301", "A bridge. " * pick([1, 50]), *[self._told(number)] * 8]),
            "title": pick(["Bridge", None, 5]),
        }
        if self.random.random() < 0.3:
            return Sent(self._wire("POST", "/v1/documents", self._json({"items": [body, pick(_ODD)]})))
        if self.random.random() < 0.3:
            return Sent(self._wire("DELETE", f"/v1/articles/fuzz-{self.random.randrange(_KEPT)}"))
        sent = self._wire("PUT", f"/v1/articles/{article}", self._json(self._changed(body)))
        return Sent(sent, article)

    def _told(self, number: int) -> str:
        """A text of its own."""
        sentences = self.random.choices(_SENTENCES, k=self.random.randrange(2, 8))
        return self.random.choice([" ", "\n", "\r\n", "\n\n", "\u00a0 "]).join(sentences).replace("{}", str(number))

    def _path(self, _: int) -> Sent:
        path = self.random.choice([*_PATHS, "/v1/articles/" + quote(str(self.random.choice(_ODD)))])
        return Sent(self._wire(self.random.choice(["GET", "HEAD", "OPTIONS", "PUT", "PATCH", "DELETE"]), path))

    def _noise(self, _: int) -> Sent:
        path, body = self._right()
        content = bytearray(self._json(body))
        for _change in range(self.random.randrange(1, 6)):
            content[self.random.randrange(len(content))] = self.random.randrange(256)
        return Sent(self._wire("POST", path, bytes(content[: self.random.randrange(1, len(content) + 1)])))

    def _changed(self, body: Any) -> Any:  # noqa: ANN401 JSON
        """The same with one change."""
        if not isinstance(body, dict) or not body:
            return self.random.choice(_ODD)
        name = self.random.choice(list(body))
        match self.random.randrange(5):
            case 0:
                return {key: value for key, value in body.items() if key != name}
            case 1:
                return {**body, "colour": self.random.choice(_ODD)}
            case 2:
                return {**body, name: self._changed(body[name])}
            case _:
                return {**body, name: self.random.choice(_ODD)}

    def _json(self, body: object) -> bytes:
        text = json.dumps(body, ensure_ascii=self.random.random() < 0.5)
        match self.random.randrange(40):
            case 0:
                text = text.replace("1", "NaN", 1)
            case 1:
                text = "[" * 40 + text + "]" * 40
            case 2:
                text = text.replace("{", '{"question": "?", "question": "!", ', 1)
            case 3:
                text = text.replace("b", "\\ud800", 1)
        return text.encode("utf-8", "replace")

    def _wire(self, method: str, path: str, content: bytes | None = None) -> bytes:
        lines = [f"{method} {path} HTTP/1.1", "Host: localhost"]
        if content is not None:
            lines += ["Content-Type: application/json", f"Content-Length: {len(content)}"]
        if self.random.random() < 0.15:
            lines.append(self.random.choice(_HEADERS))
        return "\r\n".join(lines).encode("latin-1", "replace") + b"\r\n\r\n" + (content or b"")

    def problem(self, sent: Sent, got: Outcome) -> str | None:
        """What is wrong with a reply, or None."""
        if got.status not in _FINE:
            return f"status {got.status}: {got.content[:300]!r}"
        if got.status == 503 and b"urn:pullquote:" not in got.content and not sent.wire.startswith(b"HEAD "):
            return f"503 without a documented problem: {got.content[:100]!r}"
        own = got.status == 400 and b"connection: close" in got.head  # uvicorn's, of what is not HTTP
        if got.status >= 400 and b"application/problem+json" not in got.head and not own:
            return f"{got.status} without a problem: {got.head[:200]!r}"
        if b"application/json" not in got.head or not got.content:
            return None
        try:
            value = _value(got)
        except ValueError as error:
            return f"not JSON ({error}): {got.head!r} {got.content[:100]!r}"
        for said in _said(value) if b" /v1/" in sent.wire[:20] else ():  # others show examples
            self.spans.setdefault(said, f"{sent.wire[:200]!r}")
        if sent.article is not None and got.status in {200, 201}:
            self.texts[sent.article].add(value["text"])
        return None

    def lies(self) -> Iterator[str]:
        """Every span that is not what it says in any text of its article; `texts` must know them all by now."""
        for said, asked in self.spans.items():
            if not any(_is_at(said, text) for text in self.texts[said.article]):
                yield f"{said} is no such span: {asked}"


def _is_at(said: Said, text: str) -> bool:
    in_javascript = text.encode("utf-16-le")[2 * said.utf16_start : 2 * said.utf16_end]
    return text[said.start : said.end] == said.words == in_javascript.decode("utf-16-le", "replace")


def _value(got: Outcome) -> Any:  # noqa: ANN401 JSON
    return json.loads(gzip.decompress(got.content) if b"content-encoding: gzip" in got.head else got.content)


def _said(value: Any, article: str = "") -> Iterator[Said]:  # noqa: ANN401 JSON
    """Every span in a reply: answers, their contexts, hits and citations."""
    if isinstance(value, dict):
        head = value.get("article")
        article = value.get("article_id") or (head.get("id", article) if isinstance(head, dict) else article)
        words = value.get("answer", value.get("text"))
        if isinstance(value.get("selectors"), list):
            words = value["selectors"][0]["exact"]
        if article and isinstance(value.get("range"), dict) and isinstance(words, str):
            at = value["range"]
            yield Said(article, at["start"], at["end"], at["utf16"]["start"], at["utf16"]["end"], words)
        for part in value.values():
            yield from _said(part, article)
    elif isinstance(value, list):
        for part in value:
            yield from _said(part, article)


async def fuzz(port: int, requests: int, seed: int, report: Callable[[str], None]) -> Counter[int]:
    """Send them, a few at a time. report: told of each failure. Returns how often each status came."""
    fuzzer, pool, counts = Fuzzer(seed), Pool(port), Counter[int]()
    first = {"text": _TEXT, "source": "The Daily", "published_at": "2022-02-06"}
    await pool.send("PUT", f"/v1/articles/{ARTICLE}", first)
    fuzzer.texts[ARTICLE].add(_TEXT)
    numbers = iter(range(requests))

    async def client() -> None:
        for number in numbers:
            sent = fuzzer.request(number)
            got = await pool.raw(sent.wire)
            counts[got.status] += 1
            if counts.total() % 5000 == 0:
                sys.stderr.write(f"{counts.total()} requests: {dict(sorted(counts.items()))}\n")
            if fault := fuzzer.problem(sent, got):
                report(f"seed {seed}, request {number}: {fault}\n    {sent.wire[:400]!r}")

    await asyncio.gather(*(client() for _ in range(_CLIENTS)))
    for article in {said.article for said in fuzzer.spans} - fuzzer.texts.keys():  # those that were given no id
        fuzzer.texts[article].add(_value(await pool.get(f"/v1/articles/{article}"))["text"])
    for lie in fuzzer.lies():
        report(lie)
    sys.stderr.write(f"{len(fuzzer.spans)} different spans, of {len(fuzzer.texts)} articles\n")
    pool.close()
    await asyncio.sleep(0)  # lets the connections close
    return counts


def main() -> None:
    """Run it against a new archive."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    failures: list[str] = []
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "archive"
        Archive(folder, create=True).close()
        with serving(folder) as server:
            counts = asyncio.run(fuzz(server.port, given.requests, given.seed, failures.append))
            server.stop()
    print(
        json.dumps(
            {"requests": sum(counts.values()), "statuses": dict(sorted(counts.items())), "failures": len(failures)}
        )
    )
    print("\n".join(failures[:20]))


if __name__ == "__main__":
    main()
