from __future__ import annotations

from pathlib import Path

import pytest

from indexer.errors import InvalidInput
from reader.train import corpus
from reader.train.errors import TrainingDataError
from reader.train.manifest import Source, read_manifest

SECOND = corpus.MANIFEST.with_name("second.yaml")
_LINE = "{name: a, file: a.json, split: train, licence: CC0, share: [1, 2]%s}"


def written(folder: Path, extra: str = "") -> Path:
    (folder / "manifest.yaml").write_text(f"sources:\n  - {_LINE % extra}\nheld_out: [b.json]\n")
    return folder / "manifest.yaml"


def test_a_manifest_is_read(tmp_path: Path) -> None:
    manifest = read_manifest(written(tmp_path, ", answers: longest, unanswerable: 0.25"))
    expected = Source("a", "a.json", "train", "CC0", (1, 2), answers="longest", unanswerable=0.25)
    assert (manifest.sources, manifest.held_out, manifest.background) == ((expected,), ("b.json",), ())


@pytest.mark.parametrize(
    ("extra", "problem"),
    [
        (", shares: 1", "a: unknown shares"),
        (", answers: best", "a: answers is one of all, first, longest"),
        (", unanswerable: 0.7, contested: 0.6", r"a: share is two numbers from 0, the parts are in 0\.\.1"),
        (", keep: 2", "a: share is two numbers"),
    ],
)
def test_a_wrong_field_is_named(tmp_path: Path, extra: str, problem: str) -> None:
    with pytest.raises(TrainingDataError, match=rf"manifest\.yaml: {problem}"):
        read_manifest(written(tmp_path, extra))


def test_something_else_is_refused(tmp_path: Path) -> None:
    for broken in ("sources: [{name: a}]", "[", "sources: 3", "{}"):
        (tmp_path / "manifest.yaml").write_text(broken)
        with pytest.raises(TrainingDataError, match="cannot be read as a manifest"):
            read_manifest(tmp_path / "manifest.yaml")


def test_what_ships_names_a_licence_for_every_file_and_learns_no_evaluation_set() -> None:
    manifest = read_manifest(corpus.MANIFEST)
    files = [source.file for source in manifest.sources]
    assert len(set(files)) == len(files) == len({source.name for source in manifest.sources})
    assert all(source.licence.split()[0] in {"CC", "CC0", "MIT", "Apache-2.0"} for source in manifest.sources)
    assert files == [source.file for source in read_manifest(SECOND).sources]  # the second stage learns nothing else
    barred = ("squad_dev", "xquad", "newsqa", "realtimeqa", "tweetqa", "polnear", "torque", "ester", "subjqa")
    assert not [file for file in files if file.startswith(barred) or "dev_wikinews" in file or "tydiqa_en_dev" in file]
    assert {file.partition("/")[0] for file in manifest.held_out} >= {*barred[:6], "qamr", "tydiqa_en"}
    assert read_manifest(SECOND).held_out == manifest.held_out


def test_fewer_questions_stand_among_rivals(tmp_path: Path) -> None:
    manifest = read_manifest(written(tmp_path, ", unanswerable: 0.25, contested: 0.5"))
    half = manifest.contested(0.5)
    assert [(source.contested, source.unanswerable) for source in half.sources] == [(0.25, 0.25)]
    assert manifest.contested(1.0) == manifest
    for factor in (-0.1, 1.1, float("nan")):
        with pytest.raises(InvalidInput, match=r"contested.* is not in 0\.\.1"):
            manifest.contested(factor)
