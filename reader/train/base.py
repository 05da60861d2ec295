"""`python -m reader.train.base`: get the weights that readers are trained from, and say where they are.

They are those of the embedder that ships, all-MiniLM-L6-v2, as models.yaml names them: six layers of the same shape.
"""

from __future__ import annotations

import sys
from dataclasses import replace

from indexer.errors import PullquoteError
from indexer.models import manifest
from indexer.models.fetch import default_folder, prepare
from indexer.models.registry import load_registry

NAME = "all-minilm-l6-v2"


def main() -> int:
    """Print the folder on standard output. Returns the exit code."""
    spec = replace(load_registry()[NAME], runtime="torch")  # as its makers wrote it, not exported
    try:
        prepare(spec, default_folder(), _tell)
    except PullquoteError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    sys.stdout.write(f"{manifest.home(spec, default_folder())}\n")
    return 0


def _tell(what: str) -> None:
    sys.stderr.write(f"{what}\n")


if __name__ == "__main__":
    sys.exit(main())
