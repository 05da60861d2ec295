"""`python -m reader.train.base`: get the weights that readers are trained from, and say where they are.

They are those of the embedder that ships, all-MiniLM-L6-v2, as models.yaml names them: six layers of the same shape.
`--named NAME` gets those of another model of models.yaml, as they are before export: mpnet-base, say, for a teacher.
`--of FOLDER --out FOLDER` makes a base of another network, all-mpnet-base-v2 say: its weights as they are, and its
tokens put together as the reader's are, a question and a text with one mark between them.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from indexer.errors import PullquoteError
from indexer.models import manifest
from indexer.models.defaults import EMBEDDER
from indexer.models.fetch import default_folder, prepare
from indexer.models.registry import load_registry
from indexer.models.tokenizer import Tokenizer
from reader.train.errors import TrainingDataError

_FILES = ("config.json", "model.safetensors")


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the folder on standard output. Returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m reader.train.base", description="Weights to train from.")
    add = parser.add_mutually_exclusive_group().add_argument
    add("--named", default=EMBEDDER, help="a model of models.yaml (default: %(default)s)")
    add("--of", type=Path, help="folder of another network, with tokenizer.json and model.safetensors")
    parser.add_argument("--out", type=Path, help="folder to write a base of it to")
    given = parser.parse_args(arguments)
    if (given.of is None) != (given.out is None):
        parser.error("--of and --out go together")
    try:
        folder = made(given.of, given.out) if given.of else fetched(given.named)
    except PullquoteError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    sys.stdout.write(f"{folder}\n")
    return 0


def fetched(name: str) -> Path:
    """The folder of a model's own weights, got where they are not here yet. Raises InvalidInput, ModelUnavailable."""
    spec = replace(load_registry().model(name), runtime="torch")  # as its makers wrote it, not exported
    prepare(spec, default_folder(), _tell)
    return manifest.home(spec, default_folder())


def made(source: Path, out: Path) -> Path:
    """Write a base of the network in `source` to `out`, and return `out`.

    Raises TrainingDataError: a file is missing, or its tokenizer does not put one mark before a text and one behind it.
    """
    try:
        engine = json.loads((source / "tokenizer.json").read_text("utf-8"))
        engine["post_processor"] = _one_mark(Tokenizer.load(source / "tokenizer.json"))
        out.mkdir(parents=True, exist_ok=True)
        for name in _FILES:
            shutil.copyfile(source / name, out / name)
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise TrainingDataError(source, f"is no network with a tokenizer that can be a base ({error!r})") from error
    (out / "tokenizer.json").write_text(json.dumps(engine), "utf-8")
    return out


def _one_mark(tokenizer: Tokenizer) -> dict[str, Any]:
    """BERT's way of putting two texts together, with the marks of another: begin, question, end, text, end."""
    tokens, numbers = tokenizer.encode("a"), tokenizer.vocabulary
    if len(tokens.ids) < 3 or np.flatnonzero(tokens.part == -1).tolist() != [0, len(tokens.ids) - 1]:
        raise ValueError("it does not put one mark before a text and one behind it")
    names = {number: token for token, number in numbers.items()}
    begin, end = names[int(tokens.ids[0])], names[int(tokens.ids[-1])]
    single = [_mark(begin, 0), _text("A", 0), _mark(end, 0)]
    return {
        "type": "TemplateProcessing",
        "single": single,
        "pair": [*single, _text("B", 1), _mark(end, 1)],
        "special_tokens": {name: {"id": name, "ids": [numbers[name]], "tokens": [name]} for name in (begin, end)},
    }


def _mark(name: str, part: int) -> dict[str, Any]:
    return {"SpecialToken": {"id": name, "type_id": part}}


def _text(name: str, part: int) -> dict[str, Any]:
    return {"Sequence": {"id": name, "type_id": part}}


def _tell(what: str) -> None:
    sys.stderr.write(f"{what}\n")


if __name__ == "__main__":
    sys.exit(main())
