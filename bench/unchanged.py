"""Runs over pages that did not change, beside the first: `python -m bench.unchanged --pages 2000`.

The second takes the word of the file system that they did not; before the third, all of them are touched, so that their
bytes are compared. Vectors are stand-ins: what is measured is reading. Pages are of the size of real ones, 100 KB.
--stored: do not read the new ones, which takes most of the time, but put articles of their addresses, bytes and reader
into the archive, which is all that a later run asks for.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

from indexer.archive import Archive
from indexer.build import build
from indexer.clean import clean
from indexer.commit import Draft, commit
from indexer.remembered import Memory
from indexer.sources import NO_OPTIONS, read_pages
from indexer.sources.formats import FORMATS, reader_of
from indexer.sources.source import sha256
from indexer.types import IndexEvent, Page, Passage
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


def store(folder: Path, archive: Archive) -> None:
    """An article for every page, as if it had been read."""
    label = FORMATS["html"].label(NO_OPTIONS)
    files = sorted(folder.iterdir())
    for start in range(0, len(files), 64):
        drafts = []
        for file in files[start : start + 64]:
            text = f"The council of town {file.stem} met on Monday."
            page = Page(
                file.resolve().as_uri(), sha256(file.read_bytes()), label, text, url=f"https://x.example/{file.stem}"
            )
            drafts.append(Draft(page, clean(page), [Passage(0, len(text))], archive.embedder.encode([(None, text)])))
        commit(archive, drafts)


def main() -> int:
    """Print the times and their ratios."""
    parser = argparse.ArgumentParser(prog="python -m bench.unchanged", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--pages", type=int, default=2000)
    parser.add_argument("--stored", action="store_true")
    given = parser.parse_args()
    count = given.pages
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "pages"
        folder.mkdir()
        write_pages(folder, count)
        archive = Archive(Path(temporary) / "archive", WordEmbedder(), create=True)
        first, added = run(folder, archive) if not given.stored else (0.0, {"added"})
        if given.stored:
            store(folder, archive)
            time.sleep(2.5)  # what changed just now is not believed
            run(folder, archive)
        second, trusted = run(folder, archive)
        for file in folder.iterdir():
            file.touch()
        third, compared = run(folder, archive)
        archive.close()
    assert (added, trusted, compared) == ({"added"}, {"unchanged"}, {"unchanged"})
    times = {"new": first, "unchanged": second, "touched": third}
    parts = [f"{name} {seconds:.2f} s ({20_000 * seconds / count:.1f} s for 20,000)" for name, seconds in times.items()]
    sys.stdout.write(f"{count} pages: {', '.join(parts[given.stored :])}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
