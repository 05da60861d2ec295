"""What a run learns from: files with their shares, weights and licences, and what must not be among them."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Literal, get_args

import yaml

from indexer.errors import InvalidInput
from reader.train.errors import TrainingDataError

Choice = Literal["all", "first", "longest"]


@dataclass(frozen=True)
class Source:
    """One file of questions.

    file: relative to the data folder. split: which part of the published set it is. licence: of questions and texts.
    share: part of all drawn questions at the start and at the end of a run, before normalisation; in between, linear.
    weight: factor of its loss. keep: part of its questions kept, the same in every run.
    answers: which of several answers to learn. For "longest", questions with who, when and how many learn the shortest.
    sentences: contexts are single sentences, whose ids name their article, paragraph and place (Wiki1k).
    unanswerable: part of its questions that is drawn with a context, or changed to a wording, that has no answer.
    contested: part that is drawn together with the closest wrong passages.
    made: the file is not published but made from the other sources, and lies under `--made`.
    """

    name: str
    file: str
    split: str
    licence: str
    share: tuple[float, float]
    weight: float = 1.0
    keep: float = 1.0
    answers: Choice = "all"
    sentences: bool = False
    unanswerable: float = 0.0
    contested: float = 0.0
    made: bool = False


@dataclass(frozen=True)
class Manifest:
    """sources: what is learnt from. held_out: SQuAD files whose contexts may not be in it.

    background: CSV files with a column `text`, whose paragraphs may serve as wrong passages.
    """

    sources: tuple[Source, ...]
    held_out: tuple[str, ...]
    background: tuple[str, ...]

    def contested(self, factor: float) -> Manifest:
        """With so many times each source's questions among wrong passages. factor: in [0, 1].

        Raises InvalidInput: it is out of range.
        """
        if not 0 <= factor <= 1:
            raise InvalidInput("contested", f"{factor:g} is not in 0..1")
        changed = (replace(source, contested=source.contested * factor) for source in self.sources)
        return replace(self, sources=tuple(changed))


def read_manifest(file: Path) -> Manifest:
    """Read manifest.yaml. Raises TrainingDataError: a field is unknown, missing or out of range."""
    try:
        raw = yaml.safe_load(file.read_text("utf-8"))
        sources = tuple(_source(file, entry) for entry in raw["sources"])
        return Manifest(sources, tuple(raw.get("held_out", ())), tuple(raw.get("background", ())))
    except (OSError, yaml.YAMLError, LookupError, TypeError, AttributeError) as error:
        raise TrainingDataError(file, f"cannot be read as a manifest ({error})") from error


def _source(file: Path, entry: dict[str, object]) -> Source:
    unknown = set(entry) - {field.name for field in fields(Source)}
    if unknown:
        raise TrainingDataError(file, f"{entry.get('name')}: unknown {', '.join(sorted(map(str, unknown)))}")
    source = Source(**{**entry, "share": tuple(entry["share"])})  # type: ignore[arg-type]
    parts = (source.keep, source.unanswerable, source.contested, source.unanswerable + source.contested)
    if len(source.share) != 2 or min(source.share) < 0 or not all(0 <= part <= 1 for part in parts):
        raise TrainingDataError(file, f"{source.name}: share is two numbers from 0, the parts are in 0..1")
    if source.answers not in get_args(Choice):
        raise TrainingDataError(file, f"{source.name}: answers is one of {', '.join(get_args(Choice))}")
    return source
