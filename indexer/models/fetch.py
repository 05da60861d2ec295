"""Getting a model ready on this machine, once: its files are fetched, checked, exported, and given their name."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path
from tempfile import mkdtemp

import platformdirs

from indexer.errors import ModelDamaged, ModelMissing, ModelUnavailable
from indexer.models import change, manifest
from indexer.models.origins import SourceFailed, collect, collect_change
from indexer.models.registry import WEIGHTS_CHANGE, Change, ModelSpec
from indexer.types import ModelState

Report = Callable[[str], None]


def default_folder() -> Path:
    """Where prepared models lie: in the user's cache."""
    return Path(platformdirs.user_cache_dir("pullquote")) / "models"


def ready(spec: ModelSpec, folder: Path, thorough: bool = False) -> ModelState:
    """Whether a model is prepared and undamaged; `detail` is its folder, or what is wrong. thorough: hash all of it."""
    try:
        manifest.check(spec, folder, thorough)
        ok, detail = True, str(manifest.home(spec, folder))
    except (ModelMissing, ModelDamaged) as problem:
        ok, detail = False, str(problem)
    return ModelState(spec.name, spec.task, spec.runtime, spec.licence, spec.max_tokens, ok, detail)


def prepare(spec: ModelSpec, folder: Path, report: Report | None = None) -> None:
    """Make a model ready, if it is not: fetch its files from the first source that has them, check them, export them.

    Kill it and run it again: a folder has its name only when all in it is on the disk. report: told what happens.
    Raises ModelUnavailable: no source gave the files, or what was exported does not agree with the original.
    """
    report = report or (lambda _: None)
    if ready(spec, folder, thorough=True).ready:
        return
    folder.mkdir(parents=True, exist_ok=True)
    scratch = Path(mkdtemp(dir=folder, prefix=f".{spec.name}-"))
    try:
        files, made = scratch / "files", scratch / "made"
        files.mkdir()
        _collect(spec, files, report)
        if spec.change is not None:
            _change(spec, spec.change, files)
        sources = manifest.hashes(files)
        if spec.runtime == "torch":
            files.rename(made)
        else:
            from indexer.models.export import export  # loads torch, which serving never does

            made.mkdir()
            export(spec, files, made, report)
        manifest.write(made, sources)
        _publish(spec, folder, made)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    report(f"{spec.name} is ready in {manifest.home(spec, folder)}")


def others(spec: ModelSpec, folder: Path) -> list[Path]:
    """The folders of the same model as other versions of models.yaml or of Pullquote prepared it, by name."""
    name = re.compile(rf"{re.escape(spec.name)}-[0-9a-f]{{{len(spec.hash)}}}")
    found = [home for home in folder.glob("*") if name.fullmatch(home.name)]
    return sorted(home for home in found if home != manifest.home(spec, folder))


def _collect(spec: ModelSpec, into: Path, report: Report) -> None:
    """Try the sources in order."""
    problems = []
    for source in spec.sources:
        report(f"{spec.name}: files from {source}")
        try:
            return collect(spec, source, into)
        except SourceFailed as problem:
            report(f"{spec.name}: {problem}")
            problems.append(str(problem))
        shutil.rmtree(into)
        into.mkdir()
    raise ModelUnavailable(spec.name, "; ".join(problems))


def _change(spec: ModelSpec, by: Change, files: Path) -> None:
    """Make files as the sources gave them those of the model."""
    try:
        collect_change(by, files)
        change.apply(files, files / WEIGHTS_CHANGE)
    except (SourceFailed, ValueError, KeyError) as problem:
        raise ModelUnavailable(spec.name, f"its change does not fit ({problem})") from problem
    (files / WEIGHTS_CHANGE).unlink()


def _publish(spec: ModelSpec, folder: Path, made: Path) -> None:
    """Give what was made its name. What another process made meanwhile stays; what is damaged goes."""
    target = manifest.home(spec, folder)
    if target.exists():
        if ready(spec, folder, thorough=True).ready:
            return
        shutil.rmtree(target)
    try:
        manifest.publish(made, target)
    except OSError:
        if not ready(spec, folder).ready:  # another process was first between the two lines above
            raise
