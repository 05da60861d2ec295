"""What a visit costs: the bytes of the page and of the widget, as they are and gzipped: `python -m tests.api.sizes`."""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from api.routes.page import CLIENT

WIDGET_LIMIT = 15_000  # bytes, gzipped
PAGE_LIMIT = 40_000  # bytes, gzipped, of all that the page loads before a question

_LEVEL = 5  # as the server compresses
_LOADED = re.compile(r'(?:src|href)="/static/([^"]+)"|^(?:import|export) [^;]*?from "\./([^"]+)"', re.MULTILINE)


class Size(NamedTuple):
    """Bytes of one file."""

    name: str
    plain: int
    gzipped: int


def size_of(name: str) -> Size:
    """Size of one file of the client."""
    content = (CLIENT / name).read_bytes()
    return Size(name, len(content), len(gzip.compress(content, _LEVEL)))


def loaded(name: str) -> Iterator[str]:
    """A file of the client, and all that it loads."""
    seen: list[str] = []
    left = [name]
    while left:
        found = left.pop(0)
        if found not in seen:
            seen.append(found)
            text = Path(CLIENT / found).read_text("utf-8")
            left += [one or other for one, other in _LOADED.findall(text)]
    yield from seen


def page() -> list[Size]:
    """The files of the page."""
    return [size_of(name) for name in loaded("index.html")]


def widget() -> Size:
    """The widget."""
    return size_of("widget.js")


def main() -> None:
    """Print a table."""
    files = page()
    total = Size("the page", sum(size.plain for size in files), sum(size.gzipped for size in files))
    for name, plain, gzipped in [*files, total, widget()]:
        print(f"{name:14} {plain:8,} bytes {gzipped:7,} gzipped")  # noqa: T201


if __name__ == "__main__":
    main()
