"""Loading a reader by its name, with what its scores are worth."""

from __future__ import annotations

from pathlib import Path

from indexer.models.registry import load_registry
from indexer.models.spans import load_span_model
from reader.calibrate import load_calibration
from reader.model import Reader


def load_reader(models: Path, registry: Path | None, name: str) -> Reader:
    """The reader of that name in models.yaml, or in `registry`. models: the folder of prepared ones.

    Raises ModelMissing, ModelDamaged; InvalidInput: there is none of that name, or its calibration is missing or
    damaged.
    """
    spec = load_registry(registry).model(name)
    model = load_span_model(spec, models)
    return Reader(model, calibration=load_calibration(spec.calibration, model.fingerprint, model.runtime))
