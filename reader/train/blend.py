"""`python -m reader.train.blend NEW OLD --share S --out DIR`: a reader between two of one shape, S of the old one."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import torch

from indexer.errors import InvalidInput, PullquoteError
from reader.train import average
from reader.train.network import load_network, save_network


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command. Returns its exit code."""
    parser = argparse.ArgumentParser(prog="python -m reader.train.blend", description="Write a blend of two readers.")
    parser.add_argument("new", type=Path, help="folder of the reader that was trained last")
    parser.add_argument("old", type=Path, help="folder of the reader that it goes back to")
    parser.add_argument("--share", type=float, required=True, help="of the old one, 0 to 1")
    parser.add_argument("--out", type=Path, required=True, help="folder to write the blend to")
    given = parser.parse_args(arguments)
    try:
        if not 0 <= given.share <= 1:
            raise InvalidInput("share", f"{given.share:g} is not in 0..1")
        new, old = (load_network(folder, torch.device("cpu")) for folder in (given.new, given.old))
        save_network(new, average.blend(new.state_dict(), old.state_dict(), given.share), given.old, given.out)
    except PullquoteError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
