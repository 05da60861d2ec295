"""Which format a document has: by its content, then by its name."""

from __future__ import annotations

import gzip
import hashlib
import importlib
import re
import zlib
from functools import cache
from importlib.metadata import version
from io import BytesIO
from typing import NamedTuple, cast

from indexer.sources.options import SourceOptions
from indexer.sources.source import Source, extractor

HEAD = 8192  # bytes that decide


class Format(NamedTuple):
    """A row of the table. A new `version`, or one of an engine, reads a format's files again.

    whole: one document, one page, so its bytes tell whether it is unchanged. apart: parsed in a process of its own,
    for its parsers may hang or die on hostile input.
    """

    name: str
    version: int
    door: str
    suffixes: tuple[str, ...]
    whole: bool = False
    apart: bool = False
    engines: tuple[str, ...] = ()

    def source(self) -> Source:
        """What reads it; its module is imported here, and not before."""
        module, _, name = self.door.partition(":")
        return cast(Source, getattr(importlib.import_module(f"indexer.sources.{module}"), name)())

    def label(self, options: SourceOptions) -> str:
        """The `extractor` of its pages."""
        engines = (f"{engine}/{_version(engine)}" for engine in self.engines)
        return extractor(" ".join([f"{self.name}/{self.version}", *engines]), options)


@cache
def _version(engine: str) -> str:
    return version(engine)


FORMATS = {
    one.name: one
    for one in (
        Format("text", 2, "text:TextSource", (".txt", ".text", ".md", ".markdown"), whole=True),
        Format(
            "html",
            1,
            "html:HtmlSource",
            (".html", ".htm", ".xhtml"),
            whole=True,
            apart=True,
            engines=("trafilatura", "htmldate"),
        ),
        Format("fragment", 1, "html:FragmentSource", (), apart=True, engines=("trafilatura",)),
        Format("feed", 1, "feed:FeedSource", (".rss", ".atom", ".xml", ".rdf"), apart=True, engines=("feedparser",)),
        Format("jsonfeed", 1, "jsonfeed:JsonFeedSource", (), apart=True),
        Format("jsonl", 2, "jsonl:JsonlSource", (".jsonl", ".ndjson")),
        Format("json", 1, "jsonarray:JsonSource", (".json",)),
        Format("csv", 1, "table:TableSource", (".csv", ".tsv")),
        Format("pdf", 1, "pdf:PdfSource", (".pdf",), whole=True, apart=True, engines=("pypdf",)),
        Format("mail", 1, "mail:MailSource", (".eml",)),
        Format("mbox", 1, "mail:MboxSource", (".mbox",)),
        Format("warc", 1, "warc:WarcSource", (".warc",)),
        Format("zip", 1, "packed:ZipSource", (".zip",)),
        Format("tar", 1, "packed:TarSource", (".tar", ".tgz", ".tbz2", ".txz")),
        Format("compressed", 1, "packed:CompressedSource", (".gz", ".bz2", ".xz")),
    )
}
SUFFIXES = frozenset(suffix for one in FORMATS.values() for suffix in one.suffixes)

_MAGIC = (
    (b"PK\x03\x04", "zip"),
    (b"PK\x05\x06", "zip"),
    (b"\x1f\x8b", "compressed"),
    (b"BZh", "compressed"),
    (b"\xfd7zXZ\x00", "compressed"),
    (b"WARC/", "warc"),
    (b"%PDF-", "pdf"),
)
_PAGE = re.compile(rb"<!doctype\s+html|<html[\s>]|<head[\s>]|<body[\s>]", re.IGNORECASE)
_FEED = re.compile(rb"<(?:rss|feed|rdf:RDF)[\s>]")
_COMMENTS = re.compile(rb"\s*(?:<!--.*?-->\s*|<\?.*?\?>\s*)*", re.DOTALL)
_MAILBOX = re.compile(rb"From \S+ [^\n]{1,200}\d{4}[^\n]{0,20}\r?\n(?:[A-Za-z-]{2,40}:[^\n]*\r?\n)")
_HEADER = re.compile(rb"(?:[A-Za-z][A-Za-z0-9-]{1,40}: ?[^\n]*\r?\n(?:[ \t][^\n]*\r?\n)*){3,}")
_MAIL_FIELDS = re.compile(rb"^(?:received|return-path|message-id|mime-version|from|date|subject):", re.I | re.M)
_PROSE = frozenset(FORMATS["text"].suffixes)
_ABOUT = frozenset(
    ("readme", "license", "licence", "notice", "attribution", "copying", "changelog", "contributing", "robots")
)
_LINES = frozenset(FORMATS["jsonl"].suffixes)
_MARKUP = frozenset({".html", ".htm", ".xhtml"})


def reader_of(options: SourceOptions) -> str:
    """A digest that differs wherever some format would be read differently."""
    labels = "\n".join(format.label(options) for format in FORMATS.values())
    return hashlib.sha256(labels.encode()).hexdigest()[:16]


def suffix_of(name: str) -> str:
    """The last suffix of a file's name, in lower case: ".gz" of "a.warc.gz"."""
    _, dot, suffix = name.rpartition("/")[2].rpartition(".")
    return dot + suffix.lower() if dot and suffix else ""


def is_candidate(name: str) -> bool:
    """Whether a file that is not named by itself, but lies in a folder or an archive, may hold articles.

    Names that begin with a dot are passed over, and so are what folders say of themselves (README, LICENSE).
    """
    last = name.rpartition("/")[2]
    suffix = suffix_of(last)
    stem = last[: len(last) - len(suffix)]
    if last.startswith(".") or "__MACOSX/" in name or suffix not in SUFFIXES:
        return False
    if suffix in FORMATS["compressed"].suffixes:
        return suffix_of(stem) in SUFFIXES
    return not (suffix in _PROSE and stem.casefold() in _ABOUT)


def recognise(head: bytes, name: str) -> Format | None:
    """The format of a document that begins with `head`; None where neither content nor name says.

    Content is believed before the name where it can be nothing else; prose in a .txt file may look like much and stays
    text.
    """
    found = _by_magic(head) or _by_text(_as_utf8(head), suffix_of(name))
    return FORMATS[found] if found else None


def _by_magic(head: bytes) -> str | None:
    if head[257:262] == b"ustar":
        return "tar"
    found = next((format for magic, format in _MAGIC if head.startswith(magic)), None)
    if found == "compressed" and _inflated(head).startswith(b"WARC/"):
        return "warc"
    return found


def _inflated(head: bytes) -> bytes:
    try:
        return gzip.GzipFile(fileobj=BytesIO(head)).read(5) if head[:2] == b"\x1f\x8b" else b""
    except (OSError, EOFError, zlib.error):
        return b""


def _as_utf8(head: bytes) -> bytes:
    """The head in an encoding in which ASCII is ASCII, without white space or a byte order mark before it."""
    for mark, encoding in ((b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be")):
        if head.startswith(mark):
            head = head[2:].decode(encoding, "replace").encode("utf-8", "replace")
    return head.removeprefix(b"\xef\xbb\xbf").lstrip()


def _by_text(head: bytes, suffix: str) -> str | None:
    start = head[_end_of_comments(head) :][:1024]
    if _FEED.match(start):
        return "feed"
    if _PAGE.match(start) or (suffix in _MARKUP and not start.startswith((b"{", b"["))):
        return "html"
    if suffix in _PROSE:
        return "text"
    return _by_records(head, suffix) or _by_mail(head, suffix) or _by_suffix(suffix)


def _end_of_comments(head: bytes) -> int:
    found = _COMMENTS.match(head)
    return found.end() if found else 0


def _by_records(head: bytes, suffix: str) -> str | None:
    if head.startswith(b"{"):
        if re.search(rb'"version"\s*:\s*"https?://(?:www\.)?jsonfeed\.org/', head):
            return "jsonfeed"
        if suffix in _LINES or re.match(rb"\{[^\n]*\}\s*\n\s*\{", head):
            return "jsonl"
        return "json" if suffix == ".json" or re.match(rb"\{\s*\n", head) else "jsonl"
    if suffix in _LINES:
        return "jsonl"
    return "json" if re.match(rb"\[\s*[\[{\]]", head) else None


def _by_mail(head: bytes, suffix: str) -> str | None:
    if _MAILBOX.match(head):
        return "mbox"
    found = _HEADER.match(head)
    if found and (suffix == ".eml" or len(set(_MAIL_FIELDS.findall(found.group()))) >= 3):
        return "mail"
    return None


def _by_suffix(suffix: str) -> str | None:
    return next((one.name for one in FORMATS.values() if suffix in one.suffixes), None)
