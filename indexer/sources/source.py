"""What a source is to us: documents, what may be found in one, and the Protocol behind which every format lives."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import BinaryIO, NamedTuple, Protocol

from indexer.clean import CLEANER
from indexer.errors import SourceUnreadable
from indexer.sources.options import SourceOptions
from indexer.types import Page


@dataclass(frozen=True, slots=True)
class Given:
    """What is known of a document besides its bytes.

    url: where it was published. kind: a format's name, where it was told and not to be guessed. charset: as a server
    declared it. fields: of the page, by the names of `Page`, from what encloses it (a mail's subject is its title).
    """

    url: str | None = None
    kind: str | None = None
    charset: str | None = None
    fields: Mapping[str, str | None] = field(default_factory=dict)
    metadata: Mapping[str, str] = field(default_factory=dict)

    def to(self, page: Page) -> Page:
        """The page with what is known of it."""
        said = {name: value for name, value in self.fields.items() if value}
        return replace(page, **said, metadata={**page.metadata, **self.metadata})  # type: ignore[arg-type]


NOTHING = Given()


class Document(NamedTuple):
    """Bytes to read: a file, a member of an archive, what a server sent. name: by which its format may be guessed.

    stamp: of a file, what differs when its bytes do.
    """

    name: str
    origin: str
    stream: BinaryIO
    given: Given = NOTHING
    stamp: str | None = None


class Unchanged(NamedTuple):
    """What gave the article `id` before, and would give it again: not read."""

    origin: str
    id: str


class Postponed(SourceUnreadable):
    """What is left to the next run."""


class Validators(NamedTuple):
    """What a server said of a URL's content when it was last fetched, to ask whether it has changed since."""

    etag: str | None
    modified: str | None


Found = Page | SourceUnreadable | Document


class Source(Protocol):
    """A format. Stateless; what opens an engine imports it inside."""

    def read(
        self, stream: BinaryIO, origin: str, options: SourceOptions, given: Given = NOTHING, label: str = ""
    ) -> Iterator[Found]:
        """Every page of one file, in its order; what cannot be read is told in its place, and the rest goes on.

        label: goes into every page's `extractor`. A Document is a file inside this one; its stream is read before the
        next is asked for.
        """
        ...


def extractor(name: str, options: SourceOptions) -> str:
    """All that decides, besides the bytes, what becomes of a file: format, cleaner, options."""
    return " ".join(part for part in (name, CLEANER, options.digest()) if part)


def inside(origin: str, part: str) -> str:
    """The origin of a part of what `origin` names; a part of a part stands behind a slash."""
    return f"{origin}/{part}" if "#" in origin else f"{origin}#{part}"


def sha256(data: bytes) -> str:
    """Of the original bytes, in hex."""
    return hashlib.sha256(data).hexdigest()
