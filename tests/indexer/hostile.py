"""Hostile and odd inputs, each with what must become of it: `test_hostile` runs the table."""

from __future__ import annotations

import gzip
import io
import json
import os
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from tests.fixtures.make_formats import pdf

Maker = Callable[[Path], Path | str]


class Row(NamedTuple):
    """make: writes the input into a folder and gives what is to be indexed.

    pages: how many articles go in. refused: a pattern for each refusal, in order. warned: a pattern for a warning.
    published: of the first article, as it is stored. text: what its text begins with.
    """

    name: str
    make: Maker
    pages: int = 0
    refused: tuple[str, ...] = ()
    warned: str = ""
    published: str | None = None
    text: str = ""


def file(name: str, content: bytes | str) -> Maker:
    def make(folder: Path) -> Path:
        path = folder / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return make


def article(**fields: object) -> bytes:
    return json.dumps({"text": "The council met on Monday and chose a mayor.", **fields}).encode()


def page(body: str, head: str = "") -> str:
    return f"<!DOCTYPE html><html><head><title>A storm</title>{head}</head><body>{body}</body></html>"


def feed(items: str, head: str = "") -> str:
    return f'<?xml version="1.0"?>{head}<rss version="2.0"><channel><title>T</title>{items}</channel></rss>'


PROSE = (
    "The storm reached the coast on Monday evening and tore the roof from the town hall. The mayor said that "
    "nobody was hurt, and that the council would meet in the school until the roof is repaired in spring."
)
PAGE = page(f"<article><h1>A storm</h1><p>{PROSE}</p><p>{PROSE[::-1]}</p></article>")
LAUGHS = (
    '<!DOCTYPE lolz [<!ENTITY a "lol">'
    + "".join(f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">' for n in range(9))
    + "]>"
)
HEBREW = "הסערה הגיעה לחוף ביום שני בערב וקרעה את הגג מבניין העירייה. ראש העירייה אמר כי איש לא נפגע."
LATIN = "Le café de la préfecture a fermé mardi, après l'été. « Où irons-nous ? » a demandé le maire, désolé."


def zipped(**members: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return packed.getvalue()


def nested_zip(depth: int) -> bytes:
    content = zipped(**{"a.txt": PROSE.encode()})
    for _ in range(depth):
        content = zipped(**{"inner.zip": content})
    return content


def zip_bomb(folder: Path) -> Path:
    """Ten thousand megabytes of zeros in ten."""
    path = folder / "bomb.zip"
    block = b"0" * (1 << 20)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        archive.writestr("a.txt", block)
    # Its directory says a megabyte for every one of 10,000 names of the same member.
    data = path.read_bytes()
    start = data.index(b"PK\x01\x02")
    end = data.index(b"PK\x05\x06")
    entry = data[start:end]
    tail = data[end : end + 8] + (10_000).to_bytes(2, "little") * 2 + (len(entry) * 10_000).to_bytes(4, "little")
    path.write_bytes(data[:start] + entry * 10_000 + tail + start.to_bytes(4, "little") + b"\0\0")
    return path


def gzip_bomb(folder: Path) -> Path:
    """Ten gigabytes of spaces in ten megabytes of gzip, as one JSON line."""
    path = folder / "bomb.jsonl.gz"
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    first = packer.compress(b" " * (1 << 20)) + packer.flush(zlib.Z_FULL_FLUSH)
    more = packer.compress(b" " * (1 << 20)) + packer.flush(zlib.Z_FULL_FLUSH)
    with path.open("wb") as out:
        out.write(first)
        for _ in range(10_000):
            out.write(more)
    return path


def tar_with(name: str, kind: bytes = tarfile.REGTYPE, target: str = "") -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for path, type_ in ((name, kind), ("good.txt", tarfile.REGTYPE)):
            member = tarfile.TarInfo(path)
            member.type, member.linkname = type_, target
            content = PROSE.encode() if type_ == tarfile.REGTYPE else b""
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return packed.getvalue()


def locked_zip() -> bytes:
    data = bytearray(zipped(**{"a.txt": PROSE.encode()}))
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(mark) + at] |= 1
    return bytes(data)


def links(folder: Path) -> Path:
    (folder / "in").mkdir()
    (folder / "in" / "a.txt").write_text(PROSE)
    (folder / "in" / "up").symlink_to(folder / "in", target_is_directory=True)
    (folder / "in" / "self.txt").symlink_to(folder / "in" / "self.txt")
    return folder / "in"


def fifo(folder: Path) -> Path:
    os.mkfifo(folder / "pipe.txt")
    return folder / "pipe.txt"


def zero(folder: Path) -> Path:
    (folder / "zero.txt").symlink_to("/dev/zero")
    return folder / "zero.txt"


def sparse(folder: Path) -> Path:
    """A line of two gigabytes, of which the disk holds none, behind an article."""
    path = folder / "long.jsonl"
    with path.open("wb") as out:
        out.write(article() + b"\n")
        out.truncate(2 << 30)
    return path


def warc(length: int | None = None, url: str = "https://x.example/a") -> bytes:
    http = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n" + PAGE.encode()
    head = (
        "WARC/1.0\r\nWARC-Type: response\r\nWARC-Record-ID: <urn:uuid:1>\r\nWARC-Date: 2024-01-01T00:00:00Z\r\n"
        f"WARC-Target-URI: {url}\r\nContent-Type: application/http; msgtype=response\r\n"
        f"Content-Length: {len(http) if length is None else length}\r\n\r\n"
    )
    return head.encode() + http + b"\r\n\r\n"


def missing(folder: Path) -> Path:
    return folder / "gone.txt"


def empty_folder(folder: Path) -> Path:
    (folder / "empty").mkdir()
    return folder / "empty"


def dated(date: str) -> Maker:
    return file("a.jsonl", article(date=date))


CUT = "cut short|damaged|ended before|Compressed file"
ROWS = (
    Row("empty file", file("a.txt", b""), refused=("it is empty",)),
    Row("white space only", file("a.txt", b" \r\n\t\r\n"), refused=("it is empty",)),
    Row("byte order mark only", file("a.txt", b"\xef\xbb\xbf"), refused=("it is empty",)),
    Row("a megabyte of one letter", file("a.txt", b"a" * 1_000_000), pages=1, text="aaa"),
    Row("a megabyte of one letter in HTML", file("a.html", page(f"<p>{'a' * 1_000_000}</p>")), pages=1, text="aaa"),
    Row("NUL bytes in text", file("a.txt", b"A storm\0 came."), refused=("NUL characters",)),
    Row("NUL bytes in HTML", file("a.html", PAGE.replace("storm", "sto\0rm")), pages=1, text="The sto\ufffdrm"),
    Row("NUL in a JSON string", file("a.jsonl", b'{"text": "a\\u0000b"}'), refused=("NUL characters",)),
    Row(
        "lone surrogates in text",
        file("a.txt", b"A st\xed\xa0\x80rm came on Monday."),
        1,
        (),
        "surrogates",
        text="A st\ufffd",
    ),
    Row(
        "lone surrogates in JSON",
        file("a.jsonl", b'{"text": "A st\\ud800rm"}'),
        1,
        (),
        "surrogates",
        text="A st\ufffdrm",
    ),
    Row("UTF-16 with a mark", file("a.txt", PROSE.encode("utf-16")), pages=1, text="The storm"),
    Row(
        "UTF-16 without a mark", file("a.txt", PROSE.encode("utf-16-le")), 1, (), "read as utf-16-le", text="The storm"
    ),
    Row(
        "UTF-16, big end first, no mark",
        file("a.txt", PROSE.encode("utf-16-be")),
        1,
        (),
        "read as utf-16-be",
        text="The",
    ),
    Row("UTF-16 of odd length", file("a.txt", PROSE.encode("utf-16") + b"\0"), refused=("truncated|decode",)),
    Row(
        "Latin-1 declared as UTF-8",
        file("a.html", page(f"<p>{LATIN}</p><p>{LATIN}</p>", '<meta charset="utf-8">').encode("cp1252")),
        1,
        (),
        "it declares utf-8, and is not",
        text="Le café de la préfecture",
    ),
    Row(
        "UTF-8 declared as Latin-1",
        file("a.html", page(f"<p>{LATIN}</p><p>{LATIN}</p>", '<meta charset="iso-8859-1">')),
        1,
        (),
        "it declares iso-8859-1, and is UTF-8",
        text="Le café de la préfecture",
    ),
    Row(
        "a charset that does not exist",
        file("a.html", PAGE.replace("<head>", '<head><meta charset="x-9">')),
        1,
        (),
        "x-9",
    ),
    Row(
        "bytes that are no text",
        file("a.txt", bytes(range(128, 256)) * 40 + b"\x81\x8d\x8f" * 99),
        refused=("told|NUL",),
    ),
    Row("a JPEG named by itself", file("a.jpg", b"\xff\xd8\xff\xe0\0\x10JFIF\0"), refused=("kind is not known",)),
    Row(
        "div nested 100,000 deep",
        file("a.html", page("<div>" * 100_000 + f"<p>{PROSE}</p>")),
        refused=("no article|nested|ended|cannot",),
    ),
    Row(
        "div nested 257 deep",
        file("a.html", page("<div>" * 257 + f"<p>{PROSE}</p>" + "</div>" * 257)),
        pages=1,
        text="The storm",
    ),
    Row(
        "JSON nested 100,000 deep",
        file("a.jsonl", b'{"text": ' + b"[" * 100_000),
        refused=("nested too deep|not JSON",),
    ),
    Row("a JSON array nested 100,000 deep", file("a.json", b"[" * 100_000), refused=("nested too deep|not JSON",)),
    Row(
        "billion laughs", file("a.xml", feed("<item><title>&j;</title></item>", LAUGHS)), refused=("declares entities",)
    ),
    Row(
        "an external entity",
        file(
            "a.xml",
            feed(
                "<item><description>&x;</description></item>", '<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
            ),
        ),
        refused=("declares entities",),
    ),
    Row(
        "an external entity in XHTML",
        file("a.xhtml", '<!DOCTYPE html [<!ENTITY x SYSTEM "file:///etc/passwd">]>' + PAGE[15:].replace("hurt", "&x;")),
        pages=1,
        text="The storm",
    ),
    Row(
        "XML that is no feed",
        file("a.xml", '<?xml version="1.0"?><urlset><url/></urlset>'),
        refused=("neither a feed nor a page",),
    ),
    Row(
        "a file: link",
        file("a.html", PAGE.replace("<head>", '<head><link rel="canonical" href="file:///etc/passwd">')),
        pages=1,
        text="The storm",
    ),
    Row("a javascript: link", file("a.jsonl", article(url="javascript:alert(1)")), 1, (), "neither http nor https"),
    Row(
        "a page of scripts only", file("a.html", page("<script>document.write('x')</script>")), refused=("no article",)
    ),
    Row("zip bomb", zip_bomb, refused=("archive bomb",)),
    Row("gzip bomb, 10 MB to 10 GB", gzip_bomb, refused=("archive bomb",)),
    Row("archives four deep", file("a.zip", nested_zip(4)), refused=("nested deeper than 3",)),
    Row("archives two deep", file("a.zip", nested_zip(1)), pages=1, text="The storm"),
    Row(
        "path traversal in a ZIP",
        file("a.zip", zipped(**{"../../etc/x.txt": b"x", "good.txt": PROSE.encode()})),
        1,
        ("out of the archive",),
    ),
    Row("path traversal in a tar", file("a.tar", tar_with("../x.txt")), 1, ("out of the archive",)),
    Row("an absolute path in a tar", file("a.tar", tar_with("/etc/x.txt")), 1, ("out of the archive",)),
    Row("a link in a tar", file("a.tar", tar_with("x.txt", tarfile.SYMTYPE, "/etc/passwd")), 1, ("link or device",)),
    Row("a device in a tar", file("a.tar", tar_with("x.txt", tarfile.CHRTYPE)), 1, ("link or device",)),
    Row("a locked ZIP", file("a.zip", locked_zip()), refused=("password",)),
    Row("a cut ZIP", file("a.zip", zipped(**{"a.txt": PROSE.encode()})[:60]), refused=("ZIP archive",)),
    Row("a cut tar", file("a.tar", tar_with("x.txt")[:700]), refused=("damaged", "tar archive")),
    Row("a ZIP of pictures", file("a.zip", zipped(**{"a.jpg": b"x"})), refused=("holds no file",)),
    Row("cut gzip", file("a.txt.gz", gzip.compress(PROSE.encode() * 50)[:-20]), refused=(CUT,)),
    Row("gzip by name only", file("a.txt.gz", PROSE), refused=("neither gzip",)),
    Row("symlink loops", links, 1, ("Too many levels|leads nowhere|Symlink",)),
    Row("FIFO", fifo, refused=("pipe, socket or device",)),
    Row("/dev/zero", zero, refused=("pipe, socket or device",)),
    Row("no such file", missing, refused=("no such file",)),
    Row("an empty folder", empty_folder, refused=("the folder holds no",)),
    Row("half a JSONL line", file("a.jsonl", article() + b'\n{"text": "The coun'), 1, ("line 2: column",)),
    Row("half a JSON array", file("a.json", b"[" + article() + b', {"text": "The'), 1, ("cut off, or not JSON",)),
    Row("duplicate ids", file("a.jsonl", article(id="a") + b"\n" + article(id="a")), 1, ("id a occurs twice",)),
    Row("duplicate keys", file("a.jsonl", b'{"text": "One.", "text": "Two."}'), 1, (), "occurs twice", text="Two."),
    Row("duplicate columns", file("a.csv", "text,text,x\nOne.,Two.,y\n"), 1, (), "occurs twice", text="One."),
    Row("a line of 2 GB", sparse, 1, ("line 2: it is longer than 50 MB",)),
    Row(
        "CSV with line breaks in cells",
        file("a.csv", 'title,text\nA,"One.\r\n\r\nTwo."\n'),
        pages=1,
        text="One.\r\n\r\nTwo.",
    ),
    Row("CSV with a short row", file("a.csv", "title,text\nA\nB,Text.\n"), 1, ("row 2: it has 1 cells",), text="Text."),
    Row("CSV without a text column", file("a.csv", "x,y\n1,2\n"), refused=("--map text=COLUMN",)),
    Row("CSV with an open quotation mark", file("a.csv", 'title,text\nA,"One.\nTwo.\n'), pages=1, text="One."),
    Row(
        "a feed without dates",
        file("a.xml", feed(f"<item><description>{PROSE}</description></item>")),
        pages=1,
        text="The storm",
    ),
    Row("a feed without entries", file("a.xml", feed("")), refused=("no entries",)),
    Row(
        "a feed cut off",
        file("a.xml", feed(f"<item><description>{PROSE}</description></item><item><ti")[:-19]),
        1,
        ("entry 2: it has neither",),
        text="The storm",
    ),
    Row("a date in year 0", dated("0000-01-01"), 1, (), "not understood"),
    Row("a date in year 9999", dated("9999-12-31T23:59:59Z"), 1, published="9999-12-31T23:59:59Z"),
    Row("a date past year 9999", dated("9999-12-31T23:59:59-12:00"), 1, (), "time", published="9999-12-31"),
    Row("IST", dated("2022-02-06 17:26 IST"), 1, (), "IST read as", published="2022-02-06T11:56:00Z"),
    Row("EST", dated("2022-02-06 17:26 EST"), 1, (), "EST read as", published="2022-02-06T22:26:00Z"),
    Row("BST", dated("2022-07-06 17:26 BST"), 1, (), "BST read as", published="2022-07-06T16:26:00Z"),
    Row("a date that may be two", dated("01/02/2022"), 1, (), "may be 2022-01-02 or 2022-02-01"),
    Row(
        "a right-to-left article",
        file("a.html", page(f'<p dir="rtl">{HEBREW}</p><p>{HEBREW}</p>')),
        pages=1,
        text="הסערה",
    ),
    Row("PDF without text", file("a.pdf", pdf([[]])), refused=("run it through OCR",)),
    Row("half a PDF", file("a.pdf", pdf([[PROSE]])[:200]), refused=("cannot be read as PDF",)),
    Row("PDF by name only", file("a.pdf", PROSE), refused=("cannot be read as PDF",)),
    Row("WARC with too long a length", file("a.warc", warc(100_000)), refused=("cut short|no sound",)),
    Row(
        "WARC with a length that is no number",
        file("a.warc", warc().replace(b"Content-Length: ", b"Content-Length: x")),
        refused=("no sound WARC|no records|cut short",),
    ),
    Row(
        "WARC with a second record cut",
        file("a.warc", warc() + warc(url="https://x.example/b")[:-300]),
        1,
        ("cut short|no sound",),
    ),
    Row(
        "mail without text",
        file("a.eml", "From: a@b.example\nSubject: x\nDate: Mon, 1 Jan 2024 00:00:00 +0000\n\n"),
        refused=("no text",),
    ),
    Row(
        "mail with a bad charset",
        file("a.eml", b'From: a@b.example\nSubject: x\nContent-Type: text/plain; charset="x-9"\n\nThe storm came.\n'),
        1,
        text="The storm",
    ),
)
