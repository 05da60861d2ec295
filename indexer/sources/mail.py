"""Mail: one message, one article; what is attached is read as if it lay beside it."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import getaddresses
from typing import BinaryIO, cast
from urllib.parse import quote

from indexer.errors import SourceUnreadable
from indexer.sources.decode import decode_declared
from indexer.sources.limits import MAX_BYTES, MB, read_whole
from indexer.sources.options import SourceOptions
from indexer.sources.source import NOTHING, Document, Found, Given, inside, sha256
from indexer.types import Block, Page

_QUOTED = re.compile(r"^>.*(?:\r?\n>.*)*", re.MULTILINE)
_SIGNATURE = re.compile(r"^-- ?\r?\n.*\Z", re.MULTILINE | re.DOTALL)
_ENVELOPE = re.compile(rb"From \S+ .*\d\d:\d\d.*\d{4}")  # "From ada@example.org Sat Mar 16 09:00:00 2024"
_IN_FRAGMENT = "!$&'()*+,;=:@"


class MailSource:
    """One message (RFC 5322). What it quotes of others and its signature are furniture."""

    def read(
        self, stream: BinaryIO, origin: str, options: SourceOptions, given: Given = NOTHING, label: str = ""
    ) -> Iterator[Found]:
        """Its text, and a document for each article attached."""
        try:
            data = read_whole(stream)
        except ValueError as problem:
            yield SourceUnreadable(origin, str(problem))
            return
        yield from _message(data, origin, options, label)


class MboxSource:
    """Messages one after the other, each below a line that begins "From "."""

    def read(
        self, stream: BinaryIO, origin: str, options: SourceOptions, given: Given = NOTHING, label: str = ""
    ) -> Iterator[Found]:
        """What each message gives, in order."""
        for number, data in enumerate(_messages(stream), 1):
            if len(data) > MAX_BYTES:
                place = inside(origin, f"message={number}")
                yield SourceUnreadable(place, f"message {number}: it is longer than {MAX_BYTES // MB} MB")
                continue
            message_id = re.search(rb"^message-id:\s*<([^>\r\n]{1,200})>", data[:65536], re.IGNORECASE | re.MULTILINE)
            key = quote(message_id[1], safe=_IN_FRAGMENT) if message_id else f"message={number}"
            yield from _message(data, inside(origin, key), options, label)


def _messages(stream: BinaryIO) -> Iterator[bytes]:
    """The messages of a mailbox; one over the limit comes cut, too long by some bytes."""
    parts: list[bytes] = []
    size, blank = 0, True
    while line := stream.readline(1 << 20):
        if blank and _ENVELOPE.match(line):
            if parts:
                yield b"".join(parts)
            parts, size = [], 0
        elif size <= MAX_BYTES:
            line = line[1:] if re.match(rb">+From ", line) else line
            parts.append(line)
            size += len(line)
        blank = not line.strip()
    if parts:
        yield b"".join(parts)


def _message(data: bytes, origin: str, options: SourceOptions, label: str) -> Iterator[Found]:
    try:
        message = message_from_bytes(data, policy=policy.default)
        fields = _fields(message)
        plain, html, attached = _parts(message)
    except Exception as problem:  # the parser of the standard library raises what it likes on bad headers
        yield SourceUnreadable(origin, f"it cannot be read as mail ({type(problem).__name__})")
        return
    metadata = {"message_id": _header(message, "message-id")} if message["message-id"] else {}
    if plain is not None:
        yield from _plain_page(plain, data, origin, options, label, fields, metadata)
    elif html is not None:
        content, charset = html
        given = Given(kind="fragment", charset=charset, fields=fields, metadata=cast(dict[str, str], metadata))
        yield Document("body.html", origin, cast(BinaryIO, io.BytesIO(content)), given)
    elif not attached:
        yield SourceUnreadable(origin, "it has no text")
    for name, content in attached:
        said = {name: value for name, value in fields.items() if name in {"published", "author"}}
        place = inside(origin, f"attached/{quote(name, safe=_IN_FRAGMENT)}")
        yield Document(name, place, cast(BinaryIO, io.BytesIO(content)), Given(fields=said))


def _plain_page(
    text: str,
    data: bytes,
    origin: str,
    options: SourceOptions,
    label: str,
    fields: dict[str, str | None],
    metadata: dict[str, str | None],
) -> Iterator[Found]:
    if not text.strip() or "\0" in text:
        yield SourceUnreadable(origin, "it has no text" if not text.strip() else "its text holds NUL characters")
        return
    page = Page(
        origin=origin,
        source_sha256=sha256(data),
        extractor=label,
        text=text,
        source=options.source,
        language=options.language,
        metadata={key: value for key, value in metadata.items() if value},
        marked=_marked(text),
    )
    yield Given(fields=fields).to(page)


def _fields(message: EmailMessage) -> dict[str, str | None]:
    people = getaddresses([_header(message, "from") or ""])
    names = [name for name, _ in people if name]
    return {
        "title": _header(message, "subject"),
        "author": ", ".join(names) or None,
        "published": _header(message, "date"),
    }


def _header(message: EmailMessage, name: str) -> str | None:
    value = message.get(name)
    return " ".join(str(value).split()).encode("utf-8", "replace").decode() or None if value is not None else None


def _parts(message: EmailMessage) -> tuple[str | None, tuple[bytes, str | None] | None, list[tuple[str, bytes]]]:
    """The plain text, the markup with its charset, and what is attached under a name."""
    plain: list[str] = []
    html: tuple[bytes, str | None] | None = None
    attached: list[tuple[str, bytes]] = []
    for part in message.walk():
        if part.is_multipart():
            continue
        content = part.get_payload(decode=True)
        if not isinstance(content, bytes):
            continue
        name = part.get_filename()
        if part.get_content_disposition() == "attachment" or name:
            if name and part.get_content_maintype() in {"text", "application"}:
                attached.append((name, content))
        elif part.get_content_type() == "text/plain":
            plain.append(decode_declared(content, part.get_content_charset()).text)
        elif part.get_content_type() == "text/html" and html is None:
            html = (content, part.get_content_charset())
    return "\n\n".join(plain) if any(text.strip() for text in plain) else None, html, attached


def _marked(text: str) -> tuple[Block, ...]:
    """What others wrote, and the signature."""
    signature = _SIGNATURE.search(text)
    end = signature.start() if signature else len(text)
    blocks = [Block(found.start(), found.end(), "furniture") for found in _QUOTED.finditer(text, 0, end)]
    if signature:
        blocks.append(Block(end, end + len(signature.group().rstrip()), "furniture"))
    return tuple(blocks)
