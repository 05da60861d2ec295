"""Runs over pages that did not change, beside the first: `python -m bench.unchanged --pages 2000`.

The second takes the word of the file system that they did not; before the third, all of them are touched, so that their
bytes are compared. Vectors are stand-ins: what is measured is reading. Pages are of the size of real ones, 100 KB.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

from indexer.archive import Archive
from indexer.build import build
from indexer.remembered import Memory
from indexer.sources import NO_OPTIONS, read_pages
from indexer.sources.formats import reader_of
from indexer.types import IndexEvent
from tests.fakes import WordEmbedder

_AROUND = "<!-- " + "what stands around a text on the web; " * 2500 + " -->"


def write_pages(folder: Path, count: int) -> None:
    """Pages that differ in text and address."""
    for number in range(count):
        said = f"The council of town {number} met on Monday and chose mayor {number * 7}. Nobody was surprised by that."
        body = "".join(f"<p>{said} Paragraph {part} of the report says how it came to it.</p>" for part in range(8))
        head = f'<title>Town {number} has a mayor</title><link rel="canonical" href="https://x.example/{number}">'
        page = f"<!DOCTYPE html><html><head>{head}</head><body>{_AROUND}<article>{body}</article></body></html>"
        (folder / f"{number}.html").write_text(page)


def run(folder: Path, archive: Archive) -> tuple[float, set[str]]:
    """Seconds that a run takes, and what became of the pages."""
    statuses: set[str] = set()

    def tell(event: IndexEvent) -> None:
        statuses.add(event.status)

    begun = time.perf_counter()
    memory = Memory(archive, reader_of(NO_OPTIONS))
    build(read_pages([folder], memory=memory), archive, tell)
    memory.save()
    return time.perf_counter() - begun, statuses


def main() -> int:
    """Print both times and their ratio."""
    parser = argparse.ArgumentParser(prog="python -m bench.unchanged", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--pages", type=int, default=2000)
    count = parser.parse_args().pages
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "pages"
        folder.mkdir()
        write_pages(folder, count)
        archive = Archive(Path(temporary) / "archive", WordEmbedder(), create=True)
        (first, added), (second, trusted) = run(folder, archive), run(folder, archive)
        for file in folder.iterdir():
            file.touch()
        third, compared = run(folder, archive)
        archive.close()
    assert (added, trusted, compared) == ({"added"}, {"unchanged"}, {"unchanged"})
    sys.stdout.write(
        f"{count} pages: {first:.1f} s when new; unchanged {second:.2f} s ({first / second:.0f} times as fast, "
        f"{20_000 * second / count:.1f} s for 20,000); touched {third:.2f} s ({first / third:.0f} times as fast, "
        f"{20_000 * third / count:.1f} s for 20,000)\n"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
