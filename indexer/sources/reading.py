"""From documents to pages: what is unchanged is passed over, archives are opened, each format is read by its source."""

from __future__ import annotations

import io
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future
from typing import BinaryIO, NamedTuple, Protocol, cast

from indexer.errors import SourceUnreadable
from indexer.sources.apart import Job, Read, Readers
from indexer.sources.formats import FORMATS, HEAD, Format, recognise
from indexer.sources.limits import MAX_DEPTH, read_whole
from indexer.sources.linked import Entries, Linked, LinkedPages
from indexer.sources.options import SourceOptions
from indexer.sources.source import Document, Given, Unchanged, sha256
from indexer.types import Page

Result = Page | SourceUnreadable | Unchanged

_CONTAINERS = frozenset({"zip", "tar", "compressed", "mail", "mbox"})
_BINARY = "its kind is not known, and it is no text"


class Memory(Entries, Protocol):
    """What is known of documents that were read before, and of what stood in them."""

    def seen(self, origin: str, stamp: str) -> Unchanged | SourceUnreadable | None:
        """What a file of this stamp gave."""
        ...

    def looked(self, origin: str, stamp: str, source_sha256: str, extractor: str) -> None:
        """Keep the stamp of a file that was read."""
        ...


class NoMemory:
    """For a first run: everything is new."""

    def known(self, origin: str, source_sha256: str, extractor: str) -> None:
        """Nothing."""

    def refuse(self, origin: str, source_sha256: str, extractor: str, reason: str) -> None:
        """Forget it."""

    def seen(self, origin: str, stamp: str) -> None:
        """Nothing."""

    def looked(self, origin: str, stamp: str, source_sha256: str, extractor: str) -> None:
        """Forget it."""

    def entry(self, origin: str, extractor: str) -> None:
        """Nothing."""

    def whole_entry(self, origin: str) -> None:
        """Nothing."""


class _Pending(NamedTuple):
    """A document that is being read, with what its refusal would be remembered by."""

    future: Future[Read]
    origin: str
    sha256: str
    label: str


class Reading:
    """One run. linked: fetches the pages that entries of fetched feeds link to, where it may."""

    def __init__(self, options: SourceOptions, readers: Readers, memory: Memory, linked: Linked | None = None) -> None:
        self._options, self._readers, self._memory = options, readers, memory
        self._links = LinkedPages(options, readers, memory, linked) if linked else None

    def read(self, documents: Iterable[Document | Result]) -> Iterator[Result]:
        """Every page of every document, in order; some documents ahead are being read meanwhile."""
        waiting: deque[Result | _Pending] = deque()
        running = 0
        for found in self._all(documents):
            waiting.append(found)
            running += isinstance(found, _Pending)
            while waiting and (not isinstance(waiting[0], _Pending) or running > 2 * self._readers.count):
                first = waiting.popleft()
                running -= isinstance(first, _Pending)
                yield from self._settled(first)
        for rest in waiting:
            yield from self._settled(rest)

    def _settled(self, found: Result | _Pending) -> Iterator[Result]:
        if not isinstance(found, _Pending):
            yield found
            return
        results = found.future.result()
        if len(results) == 1 and type(results[0]) is SourceUnreadable:
            self._memory.refuse(found.origin, found.sha256, found.label, results[0].reason)
        yield from (self._links.whole(one) for one in results) if self._links else results

    def _all(self, documents: Iterable[Document | Result]) -> Iterator[Result | _Pending]:
        for document in documents:
            if isinstance(document, Document):
                yield from self._document(document, 0)
            else:
                yield document

    def _document(self, document: Document, depth: int) -> Iterator[Result | _Pending]:
        try:
            stream = _peekable(document.stream)
            head = _head(stream)
            format = self._format(document, head, depth)
            if format is None:
                yield SourceUnreadable(document.origin, _BINARY)
            elif format.whole or format.apart:
                yield from self._whole(document, stream, format)
            elif format.name in _CONTAINERS and depth >= MAX_DEPTH:
                yield SourceUnreadable(document.origin, f"archives are nested deeper than {MAX_DEPTH}: unpack it first")
            else:
                yield from self._parts(document, stream, format, depth)
        except (OSError, ValueError) as problem:
            reason = getattr(problem, "strerror", None) or str(problem)
            yield SourceUnreadable(document.origin, f"it cannot be read: {reason}")

    def _format(self, document: Document, head: bytes, depth: int) -> Format | None:
        """What was told, else what is recognised, else, for what was named by itself, text."""
        if told := document.given.kind:
            return FORMATS[told]
        is_text = not depth and (b"\0" not in head or head.startswith((b"\xff\xfe", b"\xfe\xff")))
        return recognise(head, document.name) or (FORMATS["text"] if is_text else None)

    def _whole(self, document: Document, stream: BinaryIO, format: Format) -> Iterator[Result | _Pending]:
        data, label = read_whole(stream), format.label(self._options)
        digest, origin = sha256(data), document.origin
        if format.whole and document.stamp:
            self._memory.looked(origin, document.stamp, digest, label)
        known = self._memory.known(origin, digest, label) if format.whole or document.given.kind else None
        if known is not None:
            yield known
            return
        if format.apart:
            future = self._readers.submit(Job(format.name, data, origin, self._options, document.given, label))
            yield _Pending(future, origin, digest, label)
            return
        yield from self._parts(document._replace(stream=cast(BinaryIO, io.BytesIO(data))), None, format, 0)

    def _parts(
        self, document: Document, stream: BinaryIO | None, format: Format, depth: int
    ) -> Iterator[Result | _Pending]:
        label = format.label(self._options)
        source, given = format.source(), document.given
        for found in source.read(stream or document.stream, document.origin, self._options, given, label):
            if isinstance(found, Document):
                yield from self._document(_inherited(found, given), depth + 1)
            else:
                yield given.to(found) if isinstance(found, Page) else found


def _peekable(stream: BinaryIO) -> BinaryIO:
    if hasattr(stream, "peek"):
        return stream
    return cast(BinaryIO, io.BufferedReader(cast(io.RawIOBase, stream), HEAD))


def _head(stream: BinaryIO) -> bytes:
    return stream.peek(HEAD)[:HEAD]  # type: ignore[attr-defined, no-any-return]  # made peekable


def _inherited(document: Document, given: Given) -> Document:
    return document if document.given.url or not given.url else document._replace(given=given)
