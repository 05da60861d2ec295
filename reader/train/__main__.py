"""`python -m reader.train --data DIR --base DIR --out DIR`: train, average and write a reader."""

from __future__ import annotations

import argparse
import hashlib
import sys
from collections.abc import Sequence
from pathlib import Path

import torch

from indexer.errors import PullquoteError
from indexer.models.tokenizer import Tokenizer
from reader.train import average
from reader.train.checkpoint import reseed
from reader.train.corpus import load_mixture
from reader.train.journal import Journal
from reader.train.loop import Feed, Settings, train
from reader.train.manifest import read_manifest
from reader.train.network import freeze, load_network, save_network
from reader.train.schedule import Budget
from reader.train.windows import Cutter

MANIFEST = Path(__file__).with_name("manifest.yaml")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command. Returns its exit code."""
    given = _parser().parse_args(arguments)
    try:
        run(given)
    except PullquoteError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    except KeyboardInterrupt:
        return 130
    return 0


def run(given: argparse.Namespace) -> None:
    """Train with the options of the command line, or go on with the run that lies in `out`."""
    work: Path = given.work or given.out / "run"
    work.mkdir(parents=True, exist_ok=True)
    if given.threads:
        torch.set_num_threads(given.threads)
    seconds = given.minutes * 60 if given.minutes else None
    settings = Settings(
        Budget(given.steps, seconds),
        given.rate,
        seed=given.seed,
        bf16=given.bf16,
        batch_tokens=given.batch_tokens,
        save_every=given.save_every,
    )
    journal = Journal(work / "log.jsonl")
    device = torch.device(given.device)
    reseed(settings.seed)  # a fresh head is drawn at random
    model = load_network(given.base, device, given.dropout)
    freeze(model, given.frozen)
    manifest = read_manifest(given.manifest)
    cutter = Cutter(Tokenizer.load(given.base / "tokenizer.json"))
    mixture = load_mixture(manifest, given.data, settings.seed, journal)
    options = (
        f"base {_sha(given.base / 'model.safetensors')}, manifest {_sha(given.manifest)}, "
        f"dropout {given.dropout:g}, frozen {given.frozen}"
    )
    train(model, Feed(mixture, cutter, settings), settings, work, journal, options)
    files = average.snapshots(work)
    weights = average.mean(files)
    if given.keep:
        weights = average.blend(weights, load_network(given.base, device).state_dict(), given.keep)
    save_network(model, weights, given.base, given.out)
    journal.write("written", out=str(given.out), averaged=len(files), sha256=_sha(given.out / "model.safetensors", 64))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m reader.train", description="Train the reader. Run it again to go on."
    )
    parser.add_argument("--data", type=Path, required=True, help="folder that the manifest's files are in")
    parser.add_argument("--base", type=Path, required=True, help="folder of the weights to start from")
    parser.add_argument("--out", type=Path, required=True, help="folder to write the reader to")
    parser.add_argument("--manifest", type=Path, default=MANIFEST, help="what to learn from (default: %(default)s)")
    parser.add_argument("--work", type=Path, help="folder of checkpoints and log (default: OUT/run)")
    length = parser.add_mutually_exclusive_group(required=True)
    length.add_argument("--steps", type=int, help="updates in all")
    length.add_argument("--minutes", type=float, help="minutes of training in all, for a machine with other work")
    parser.add_argument("--rate", type=float, default=2e-4, help="peak learning rate (default: %(default)s)")
    parser.add_argument("--batch-tokens", type=int, default=4096, help="tokens an update (default: %(default)s)")
    parser.add_argument("--dropout", type=float, default=0.1, help="probability (default: %(default)s)")
    parser.add_argument(
        "--frozen", type=int, default=0, help="lowest layers to keep as they are (default: %(default)s)"
    )
    parser.add_argument(
        "--keep", type=float, default=0.0, help="share of the base, a reader, in what is written (default: %(default)s)"
    )
    parser.add_argument("--seed", type=int, default=0, help="of weights, order and dropout (default: %(default)s)")
    parser.add_argument("--device", default="cpu", help="as torch names it: cpu, cuda (default: %(default)s)")
    parser.add_argument("--threads", type=int, help="threads of the CPU (default: all)")
    parser.add_argument(
        "--save-every", type=float, default=180.0, help="seconds between checkpoints (default: %(default)s)"
    )
    parser.add_argument("--bf16", action="store_true", help="autocast to bfloat16, where the machine has it")
    return parser


def _sha(file: Path, digits: int = 12) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()[:digits]


if __name__ == "__main__":
    sys.exit(main())
