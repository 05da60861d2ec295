"""WARC and WARC.gz: the web pages among its responses, each an article. The only module that imports warcio."""

from __future__ import annotations

import io
import zlib
from collections.abc import Iterator
from typing import Any, BinaryIO, cast
from urllib.parse import quote

from warcio.archiveiterator import ArchiveIterator
from warcio.exceptions import ArchiveLoadFailed

from indexer.errors import SourceUnreadable
from indexer.sources.decode import charset_of
from indexer.sources.limits import MAX_BYTES, MB
from indexer.sources.options import SourceOptions
from indexer.sources.source import NOTHING, Document, Found, Given, inside

_IN_FRAGMENT = ":/?@!$&'()*+,;=%"
_PAGES = frozenset({"text/html", "application/xhtml+xml"})


class WarcSource:
    """Streamed, record by record. Responses that are no page, or were no success, are passed over."""

    def read(
        self, stream: BinaryIO, origin: str, options: SourceOptions, given: Given = NOTHING, label: str = ""
    ) -> Iterator[Found]:
        """A document for each page; a refusal where the archive is damaged, and what could be read before it."""
        number = 0
        try:
            for number, record in enumerate(ArchiveIterator(stream), 1):  # noqa: B007 told below
                if found := _document(record, origin):
                    yield found
        except (ArchiveLoadFailed, ValueError, OSError, EOFError, zlib.error, AttributeError) as problem:
            where = f" behind record {number}" if number else ""
            yield SourceUnreadable(origin, f"it is no sound WARC{where} ({problem})")
            return
        if not number:
            yield SourceUnreadable(origin, "it holds no records")


def _document(record: Any, origin: str) -> Found | None:  # noqa: ANN401 - warcio has no types
    headers = record.http_headers
    if record.rec_type != "response" or headers is None or headers.get_statuscode() != "200":
        return None
    kind, _, parameters = (headers.get_header("Content-Type") or "").partition(";")
    if kind.strip().lower() not in _PAGES:
        return None
    url = (record.rec_headers.get_header("WARC-Target-URI") or "").strip("<> ")
    place = inside(origin, quote(url, safe=_IN_FRAGMENT) or f"record={record.rec_headers.get_header('WARC-Record-ID')}")
    data = record.content_stream().read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        return SourceUnreadable(place, f"its page is longer than {MAX_BYTES // MB} MB")
    if _missing(record):
        return SourceUnreadable(place, "its record is cut short, or its length is wrong")
    captured = record.rec_headers.get_header("WARC-Date")
    given = Given(
        url=url or None,
        charset=charset_of(parameters),
        kind="html",
        metadata={"captured_at": captured} if captured else {},
    )
    return Document("page.html", place, cast(BinaryIO, io.BytesIO(data)), given)


def _missing(record: Any) -> bool:  # noqa: ANN401 - warcio has no types
    """Whether the record says that it is longer than it is."""
    left = getattr(record.raw_stream, "limit", 0)
    return bool(left and left > 0 and not record.raw_stream.read(1))
