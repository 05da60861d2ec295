"""`python -m reader.train.change BASE TRAINED --out DIR`: what a reader is beyond its base.

BASE is a folder of weights that everybody can fetch. What is written is small enough to ship, and `change` of
models.yaml makes the reader of both.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from indexer.models.change import difference
from indexer.models.manifest import hashes
from indexer.models.registry import WEIGHTS_CHANGE

_WEIGHTS, _BESIDE = "model.safetensors", ("config.json", "tokenizer.json")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; prints the files with their hashes, as models.yaml wants them. Returns its exit code."""
    parser = argparse.ArgumentParser(prog="python -m reader.train.change", description="Tell a reader by its base.")
    parser.add_argument("base", type=Path, help="folder of the weights that it was trained from")
    parser.add_argument("trained", type=Path, help="folder of the reader")
    parser.add_argument("--out", type=Path, required=True, help="folder to write to")
    parser.add_argument("--bits", type=int, default=2, choices=(1, 2, 4), help="of a weight (default: %(default)s)")
    given = parser.parse_args(arguments)
    try:
        given.out.mkdir(parents=True, exist_ok=True)
        difference(given.base / _WEIGHTS, given.trained / _WEIGHTS, given.out / WEIGHTS_CHANGE, given.bits)
        for name in _BESIDE:
            shutil.copyfile(given.trained / name, given.out / name)
    except (OSError, ValueError) as error:
        sys.stderr.write(f"{given.trained} cannot be told by {given.base}: {error}\n")
        return 2
    sys.stdout.writelines(f"{name}: {sha256}\n" for name, sha256 in hashes(given.out).items())
    return 0


if __name__ == "__main__":
    sys.exit(main())
