"""What a person sees of an indexing run: a count that moves (on a terminal), refusals at once, warnings at the end."""

from __future__ import annotations

from collections import Counter
from types import TracebackType

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from api.commands.exits import complain
from indexer.types import IndexEvent


class Watcher:
    """Told of each article: counts it on stderr if that is a terminal, and says why a source was refused."""

    def __init__(self) -> None:
        console = Console(stderr=True)
        columns = SpinnerColumn(), TextColumn("{task.description}", markup=False), TimeElapsedColumn()
        self._bar = Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
        self._task = self._bar.add_task("Indexing")
        self._counts: Counter[str] = Counter()
        self._warnings: Counter[str] = Counter()
        self._first: dict[str, str] = {}

    def __call__(self, event: IndexEvent) -> None:
        """Note one event of the run."""
        self._counts[event.status] += 1
        counts = ", ".join(f"{count} {status}" for status, count in self._counts.items())
        self._bar.update(self._task, description=f"Indexing: {counts}")
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
