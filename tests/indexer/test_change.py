"""A model told by its difference from another one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import load_file, save_file

from indexer.errors import ModelUnavailable
from indexer.models import manifest
from indexer.models.change import apply, difference
from indexer.models.fetch import prepare, ready
from indexer.models.registry import Change, ModelSpec, PathSource

Weights = Mapping[str, npt.NDArray[Any]]

RNG = np.random.default_rng(0)
BASE = {
    "layer.weight": RNG.normal(size=(64, 128)).astype(np.float32),
    "layer.bias": RNG.normal(size=64).astype(np.float32),
    "words.weight": RNG.normal(size=(100, 64)).astype(np.float32),
    "pooler.weight": RNG.normal(size=(64, 64)).astype(np.float32),
}


def there_and_back(folder: Path, base: Weights, trained: Weights, bits: int) -> dict[str, npt.NDArray[Any]]:
    """What `base` becomes by what was told of `trained`."""
    (folder / "made").mkdir(parents=True)
    save_file(dict(base), folder / "base.safetensors")
    save_file(dict(base), folder / "made" / "model.safetensors")
    save_file(dict(trained), folder / "trained.safetensors")
    difference(folder / "base.safetensors", folder / "trained.safetensors", folder / "change.safetensors", bits)
    apply(folder / "made", folder / "change.safetensors")
    return load_file(folder / "made" / "model.safetensors")


def learnt(change: npt.NDArray[np.float32]) -> dict[str, npt.NDArray[Any]]:
    """A reader that was trained from BASE, as `save_network` writes it: its names, float16, another head."""
    return {
        "net.layer.weight": BASE["layer.weight"] + change,
        "net.layer.bias": BASE["layer.bias"] + 1,
        "net.words.weight": BASE["words.weight"].astype(np.float16),
        "head.weight": np.full((2, 64), 0.1, np.float32),
    }


# Max 1960, table II: the mean square error of a normal variable of variance 1 with so many levels.
@pytest.mark.parametrize(("bits", "error"), [(1, 0.3634), (2, 0.1188), (4, 0.01154)])
def test_what_is_lost_is_what_max_found(tmp_path: Path, bits: int, error: float) -> None:
    change = RNG.normal(scale=0.5, size=(64, 128)).astype(np.float32)
    made = there_and_back(tmp_path, BASE, learnt(change), bits)
    lost = made["net.layer.weight"].astype(np.float32) - BASE["layer.weight"] - change
    assert np.mean(lost**2) / np.mean(change**2) == pytest.approx(error, rel=0.1)


def test_all_that_is_small_or_new_or_as_it_was_comes_back_in_float16(tmp_path: Path) -> None:
    trained = learnt(np.zeros((64, 128), np.float32))
    made = there_and_back(tmp_path, BASE, trained, 2)
    assert sorted(made) == ["head.weight", "net.layer.bias", "net.layer.weight", "net.words.weight"]
    for name, weights in trained.items():
        np.testing.assert_array_equal(made[name], weights.astype(np.float16))
    told = load_file(tmp_path / "change.safetensors")
    assert sorted(told) == ["head.weight", "net.layer.bias"]  # what did not change is not told


def test_a_large_matrix_takes_two_bits_a_number_and_a_step_a_row(tmp_path: Path) -> None:
    there_and_back(tmp_path, BASE, learnt(RNG.normal(size=(64, 128)).astype(np.float32)), 2)
    told = load_file(tmp_path / "change.safetensors")
    assert told["net.layer.weight.levels"].nbytes == 64 * 128 // 4
    assert told["net.layer.weight.step"].shape == (64,)


@given(data=st.data(), bits=st.sampled_from([1, 2]))
def test_a_change_of_even_steps_comes_back_whole(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject, bits: int
) -> None:
    """Rows that use all of few levels alike lie on middles between steps: nothing is lost but float16's rounding."""
    steps = data.draw(st.lists(st.sampled_from([0.25, 1.0, 2.0]), min_size=64, max_size=64))
    middles = np.array([-0.5, 0.5] if bits == 1 else np.arange(2**bits) - (2**bits - 1) / 2)
    change = np.array([data.draw(st.permutations(middles.tolist())) * (128 // 2**bits) for _ in steps], np.float32)
    base = {"layer.weight": np.zeros((64, 128), np.float32)}
    told = change * np.array(steps, np.float32)[:, None]
    made = there_and_back(tmp_path_factory.mktemp("even"), base, {"layer.weight": told}, bits)
    np.testing.assert_array_equal(made["layer.weight"], told.astype(np.float16))


def test_a_change_of_other_weights_is_refused(tmp_path: Path) -> None:
    there_and_back(tmp_path, BASE, learnt(np.ones((64, 128), np.float32)), 2)
    save_file({"layer.weight": np.zeros((32, 128), np.float32)}, tmp_path / "made" / "model.safetensors")
    with pytest.raises(ValueError, match=r"the weights have no net\.layer\.weight of this shape"):
        apply(tmp_path / "made", tmp_path / "change.safetensors")
    save_file({"other": np.zeros(1, np.float32)}, tmp_path / "trained.safetensors")
    with pytest.raises(ValueError, match="none of the base's names"):
        difference(tmp_path / "base.safetensors", tmp_path / "trained.safetensors", tmp_path / "no", 2)
    (tmp_path / "made" / "model.safetensors").write_bytes(b"no weights")
    with pytest.raises(ValueError, match=r"model\.safetensors cannot be read"):
        apply(tmp_path / "made", tmp_path / "change.safetensors")


@pytest.fixture
def changed(tmp_path: Path) -> ModelSpec:
    """A model of a folder of weights, and of what changes them, used as it is then."""
    made = there_and_back(tmp_path, BASE, learnt(np.ones((64, 128), np.float32)), 1)
    save_file(made, tmp_path / "wanted.safetensors")
    origin, beyond = tmp_path / "origin", tmp_path / "beyond"
    origin.mkdir()
    beyond.mkdir()
    (tmp_path / "base.safetensors").rename(origin / "model.safetensors")
    (origin / "config.json").write_text("{}")
    (tmp_path / "change.safetensors").rename(beyond / "change.safetensors")
    (beyond / "config.json").write_text('{"mine": 1}')
    promised = {file.name: manifest.sha256_of(file) for file in beyond.iterdir()}
    weights = {"model.safetensors": manifest.sha256_of(origin / "model.safetensors")}
    sources = (PathSource(origin),)
    return ModelSpec("toy", "read", "torch", "MIT", sources, weights, 16, change=Change(beyond, promised))


def test_a_model_is_prepared_from_weights_and_what_changes_them(changed: ModelSpec, tmp_path: Path) -> None:
    prepare(changed, tmp_path / "models")
    home = manifest.home(changed, tmp_path / "models")
    assert sorted(file.name for file in home.iterdir()) == ["config.json", "manifest.json", "model.safetensors"]
    assert (home / "config.json").read_text() == '{"mine": 1}'
    found, wanted = load_file(home / "model.safetensors"), load_file(tmp_path / "wanted.safetensors")
    assert found.keys() == wanted.keys()
    assert all(np.array_equal(found[name], weights) for name, weights in wanted.items())
    np.testing.assert_array_equal(found["net.layer.weight"], (BASE["layer.weight"] + 1).astype(np.float16))
    assert ready(changed, tmp_path / "models", thorough=True).ready


def test_a_change_that_is_not_as_promised_or_does_not_fit_is_refused(changed: ModelSpec, tmp_path: Path) -> None:
    assert changed.change is not None
    file = changed.change.path / "change.safetensors"
    whole = file.read_bytes()
    file.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    with pytest.raises(ModelUnavailable, match=r"its change\.safetensors has sha256"):
        prepare(changed, tmp_path / "models")
    save_file({"a": np.zeros(1, np.float32)}, file)
    promised = {"change.safetensors": manifest.sha256_of(file)}
    with pytest.raises(ModelUnavailable, match="its change does not fit"):
        prepare(replace(changed, change=Change(file.parent, promised)), tmp_path / "models")
    assert list((tmp_path / "models").iterdir()) == []
