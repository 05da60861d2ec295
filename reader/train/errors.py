"""What can go wrong before or while training."""

from __future__ import annotations

from pathlib import Path

from indexer.errors import PullquoteError


class TrainingDataError(PullquoteError):
    """A file of questions or a manifest that cannot be used."""

    def __init__(self, file: Path, problem: str) -> None:
        super().__init__(file, problem)
        self.file, self.problem = file, problem

    def __str__(self) -> str:
        return f"{self.file}: {self.problem}"


class CheckpointMismatch(PullquoteError):
    """A checkpoint of another run than the one asked for."""

    def __init__(self, folder: Path, saved: str, asked: str) -> None:
        super().__init__(folder, saved, asked)
        self.folder, self.saved, self.asked = folder, saved, asked

    def __str__(self) -> str:
        return f"{self.folder} holds a run with {self.saved}, not {self.asked}: give another --out, or the same options"
