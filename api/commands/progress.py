"""What a person sees of an indexing run: a count that moves (on a terminal), refusals at once, warnings at the end."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from api.commands.exits import complain
from indexer.types import IndexEvent


class Watcher:
    """Told of each article: counts it on stderr if that is a terminal, and says why a source was refused.

    total: counts what there is to read, asked only where it is shown; 0 if that cannot be known.
    """

    def __init__(self, total: Callable[[], int] = lambda: 0) -> None:
        console = Console(stderr=True)
        columns = SpinnerColumn(), TextColumn("{task.description}", markup=False), TimeElapsedColumn()
        self._bar = Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
        self._task = self._bar.add_task("Indexing")
        self._total = total() if console.is_terminal else 0
        self._begun = time.monotonic()
        self._counts: Counter[str] = Counter()
        self._warnings: Counter[str] = Counter()
        self._first: dict[str, str] = {}

    def __call__(self, event: IndexEvent) -> None:
        """Note one event of the run."""
        self._counts[event.status] += 1
        counts = ", ".join(f"{count} {status}" for status, count in self._counts.items())
        seconds = time.monotonic() - self._begun
        self._bar.update(
            self._task, description=f"Indexing: {counts}{pace(self._counts.total(), self._total, seconds)}"
        )
        if event.status == "refused":
            complain(f"refused {event.origin}: {event.reason}")
        for warning in event.warnings:
            self._warnings[warning] += 1
            self._first.setdefault(warning, event.origin)

    def __enter__(self) -> Watcher:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()
        for warning, count in self._warnings.items():
            others = f" and {count - 1} more" if count > 1 else ""
            complain(f"warning: {warning} ({self._first[warning]}{others})")


@contextmanager
def counted(what: str, total: int) -> Iterator[Callable[[int], None]]:
    """A count on stderr, if that is a terminal: call what it gives with how many of `total` are done."""
    console = Console(stderr=True)
    columns = SpinnerColumn(), TextColumn("{task.description}", markup=False), TimeElapsedColumn()
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task, begun = bar.add_task(what), time.monotonic()

        def told(done: int) -> None:
            shown = f"{what}: {done} of {total}{pace(done, total, time.monotonic() - begun)}"
            bar.update(task, description=shown)

        yield told


def pace(done: int, total: int, seconds: float) -> str:
    """How fast it goes, and how long the rest will take, once enough is done to tell."""
    if done < 10 or seconds < 1:
        return ""
    rate = done / seconds
    shown = f"; {rate:.0f} a second" if rate >= 10 else f"; {60 * rate:.0f} a minute"
    left = (total - done) / rate
    return shown + (f", about {_duration(left)} left" if total > done else "")


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def count(paths: Sequence[str]) -> int:
    """About how many articles the files under some paths hold: a line each in JSON Lines, else one a file.

    0 where one of them is standard input: nobody knows.
    """
    from indexer.sources.walk import File, find_files

    if "-" in paths:
        return 0
    files = [file for path in paths for file in find_files(path) if isinstance(file, File)]
    return sum(_lines(file.path) if file.name.endswith((".jsonl", ".ndjson")) else 1 for file in files)


def _lines(file: Path) -> int:
    with file.open("rb") as opened:
        return sum(chunk.count(b"\n") for chunk in iter(lambda: opened.read(1 << 20), b""))
