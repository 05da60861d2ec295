"""What was prepared, written down beside it, so that a damaged file is found before any library parses it."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from indexer.errors import ModelDamaged, ModelMissing
from indexer.models.registry import ModelSpec

_FILE = "manifest.json"
_FORMAT = 1


@dataclass(frozen=True, slots=True)
class Recorded:
    """One file as it was when its hash was taken."""

    sha256: str
    size: int
    inode: int
    mtime_ns: int


@dataclass(frozen=True, slots=True)
class Manifest:
    """The files of a prepared model, and the SHA-256 of each file it was made from."""

    files: Mapping[str, Recorded]
    sources: Mapping[str, str]

    @property
    def weights(self) -> list[str]:
        """The hashes of the weights, in the order of their files' names."""
        return [sha256 for name, sha256 in sorted(self.sources.items()) if name.endswith(".safetensors")]

    @property
    def tokenizer(self) -> list[str]:
        """The hash of tokenizer.json; of whatever else a tokenizer is made of, where there is none."""
        if "tokenizer.json" in self.sources:
            return [self.sources["tokenizer.json"]]
        parts = ("vocab.txt", "vocab.json", "merges.txt", ".model")
        return [sha256 for name, sha256 in sorted(self.sources.items()) if name.endswith(parts)]


def home(spec: ModelSpec, folder: Path) -> Path:
    """The folder of one prepared model inside the folder of all of them."""
    return folder / f"{spec.name}-{spec.hash}"


def sha256_of(file: Path) -> str:
    """SHA-256 of a file, in hex."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def hashes(folder: Path) -> dict[str, str]:
    """The SHA-256 of every file in a folder."""
    return {
        file.relative_to(folder).as_posix(): sha256_of(file) for file in sorted(folder.rglob("*")) if file.is_file()
    }


def write(made: Path, sources: Mapping[str, str]) -> None:
    """Record every file of a folder in its manifest, and flush all of it to the disk. sources: see Manifest."""
    files = {}
    for name, sha256 in hashes(made).items():
        _flush(made / name)
        stat = (made / name).stat()
        files[name] = asdict(Recorded(sha256, stat.st_size, stat.st_ino, stat.st_mtime_ns))
    what = {"format": _FORMAT, "files": files, "sources": dict(sources)}
    (made / _FILE).write_text(json.dumps(what, indent=1), "utf-8")
    _flush(made / _FILE)
    _flush(made)


def read(spec: ModelSpec, folder: Path) -> Manifest:
    """The manifest of a prepared model. Raises ModelMissing: it is not there, or its manifest cannot be read."""
    file = home(spec, folder) / _FILE
    try:
        found = json.loads(file.read_text("utf-8"))
        if found["format"] == _FORMAT:
            files = {name: Recorded(**recorded) for name, recorded in found["files"].items()}
            return Manifest(files, {name: str(sha256) for name, sha256 in found["sources"].items()})
    except FileNotFoundError:
        raise ModelMissing(spec.name, f"nothing in {file.parent}") from None
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        pass
    raise ModelMissing(spec.name, f"{file} cannot be read")


def check(spec: ModelSpec, folder: Path, thorough: bool = False) -> Manifest:
    """The manifest of a prepared model, each of whose files is as it was made.

    A file with the size, inode and time of its record is trusted; any other is hashed; all are when `thorough`.
    Raises ModelMissing, ModelDamaged.
    """
    manifest = read(spec, folder)
    for name, recorded in manifest.files.items():
        file = home(spec, folder) / name
        try:
            stat = file.stat()
            trusted = (stat.st_size, stat.st_ino, stat.st_mtime_ns) == (
                recorded.size,
                recorded.inode,
                recorded.mtime_ns,
            )
            found = recorded.sha256 if trusted and not thorough else sha256_of(file)
        except OSError as problem:
            raise ModelMissing(spec.name, f"{file}: {problem.strerror}") from None
        if found != recorded.sha256:
            raise ModelDamaged(spec.name, file, recorded.sha256, found)
    return manifest


def publish(made: Path, target: Path) -> None:
    """Give a finished folder its name. Raises OSError: the name is taken."""
    made.rename(target)
    _flush(target.parent)


def _flush(path: Path) -> None:
    if os.name == "nt" and path.is_dir():  # Windows has no handle of a folder to flush
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
