"""The news corpora of ../shared/data as records that `pullquote index` reads, in one fixed order."""

from __future__ import annotations

import gzip
import html
import json
import lzma
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

Record = dict[str, Any]

DATA = Path(__file__).parents[2] / "shared" / "data"


def records(data: Path = DATA) -> Iterator[Record]:
    """Every article of the four corpora that has a text: id, title, source, url, author, published_at, text."""
    for read in (_realtimeqa, _reuters, _bbc, _fin_news):
        for record in read(data):
            if record["text"].strip():
                yield {key: value for key, value in record.items() if value}


def _realtimeqa(data: Path) -> Iterator[Record]:
    with lzma.open(data / "realtimeqa" / "articles.jsonl.xz", "rt", encoding="utf-8") as lines:
        for line in lines:
            given = json.loads(line)
            yield {
                "id": f"realtimeqa-{given['id']}",
                "title": given["title"],
                "source": "realtimeqa",
                "url": given["url"],
                "author": ", ".join(given["authors"] or []),
                "published_at": given["publish_date"],
                "text": given["text"] or "",
            }


def _bbc(data: Path) -> Iterator[Record]:
    for given in _gzipped(data / "bbc" / "bbc.jsonl.gz"):
        yield {"id": f"bbc-{given['id']}", "title": given["title"], "source": "bbc", "text": given["text"]}


def _fin_news(data: Path) -> Iterator[Record]:
    for file in sorted((data / "fin_news").glob("*.jsonl.gz")):
        for number, given in enumerate(_gzipped(file)):
            yield {
                "id": f"fin-{file.name[:4]}-{number:05d}",
                "title": given["title"],
                "source": "fin_news",
                "url": given.get("url"),
                "author": ", ".join(given["authors"] or []),
                "published_at": given["date_publish"],
                "text": given["maintext"] or "",
            }


def _reuters(data: Path) -> Iterator[Record]:
    for file in sorted((data / "reuters21578").glob("*.sgm.gz")):
        whole = gzip.decompress(file.read_bytes()).decode("latin-1")
        for number, story in re.findall(r'<REUTERS [^>]*NEWID="(\d+)">(.*?)</REUTERS>', whole, re.S):
            date = _element(story, "DATE").split(" ")[0]
            yield {
                "id": f"reuters-{number}",
                "title": _element(story, "TITLE"),
                "source": "reuters",
                "published_at": date.split(":")[0],
                "text": _element(story, "BODY"),
            }


def _element(story: str, name: str) -> str:
    """The text of an SGML element, its line ends and indents kept; control characters are the wire's, not text."""
    found = re.search(rf"<{name}>(.*?)</{name}>", story, re.S)
    plain = html.unescape(found[1]) if found else ""
    return re.sub(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", "", plain).strip()


def _gzipped(file: Path) -> Iterator[Any]:
    load: Callable[[str], Any] = json.loads
    with gzip.open(file, "rt", encoding="utf-8") as lines:
        yield from map(load, lines)
