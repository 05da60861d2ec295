"""`python -m reader.train --data DIR --base DIR --out DIR`: train, average and write a reader."""

from __future__ import annotations

import argparse
import hashlib
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import get_args

import torch

from indexer.errors import PullquoteError
from indexer.models.tokenizer import Tokenizer
from reader.train import average
from reader.train.checkpoint import reseed
from reader.train.corpus import MANIFEST, load_mixture
from reader.train.feed import Feed
from reader.train.journal import Journal
from reader.train.loop import Objective, Settings, train
from reader.train.manifest import read_manifest
from reader.train.network import freeze, load_network, save_network
from reader.train.teacher import Teacher
from reader.train.windows import Cutter


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
    settings = Settings(
        given.rate,
        seed=given.seed,
        bf16=given.bf16,
        save_every=given.save_every,
        objective=given.objective,
        taught=given.taught,
        temperature=given.temperature,
        workers=given.workers,
    )
    journal = Journal(work / "log.jsonl")
    device = torch.device(given.device)
    reseed(settings.seed)  # a fresh head is drawn at random
    model = load_network(given.base, device, given.dropout, given.attention_dropout)
    freeze(model, given.frozen)
    teacher = Teacher(given.teacher, given.base, device, given.bf16) if given.teacher else None
    manifest = read_manifest(given.manifest).contested(given.contested)
    mixture = load_mixture(manifest, given.data, given.made or given.data, settings.seed, given.questions, journal)
    cutter = Cutter(Tokenizer.load(given.base / "tokenizer.json"), given.window)
    options = (
        f"base {_sha(given.base / 'model.safetensors')}, manifest {_sha(given.manifest)}, window {given.window}, "
        f"dropout {given.dropout:g}, frozen {given.frozen}"
    )
    options += "" if given.attention_dropout is None else f", attention dropout {given.attention_dropout:g}"
    options += "" if given.contested == 1 else f", contested {given.contested:g}"
    options += f", teacher {_sha(given.teacher / 'model.safetensors')}" if given.teacher else ""
    feed = Feed(mixture, cutter, settings.seed, given.batch_tokens)
    train(model, feed, settings, work, journal, options, teacher)
    weights = average.mean(average.snapshots(work))
    save_network(model, weights, given.base, given.out)
    journal.write("written", out=str(given.out), sha256=_sha(given.out / "model.safetensors", 64))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m reader.train", description="Train the reader. Run it again to go on."
    )
    add = parser.add_argument
    add("--data", type=Path, required=True, help="folder that the manifest's files are in")
    add("--made", type=Path, help="folder of the files that were made from others (default: --data)")
    add("--base", type=Path, required=True, help="folder of the weights to start from")
    add("--out", type=Path, required=True, help="folder to write the reader to")
    add("--questions", type=int, required=True, help="questions in all: the length of the run")
    add("--teacher", type=Path, help="folder of a trained reader to learn from as well")
    add("--taught", type=float, default=0.5, help="share of its word in the loss (default: %(default)s)")
    add("--temperature", type=float, default=2.0, help="how much it is softened (default: %(default)s)")
    add("--manifest", type=Path, default=MANIFEST, help="what to learn from (default: %(default)s)")
    add("--contested", type=float, default=1.0, help="times the manifest's parts among rivals (default: %(default)s)")
    add("--work", type=Path, help="folder of checkpoints and log (default: OUT/run)")
    add("--objective", default="shared", choices=get_args(Objective), help="(default: %(default)s)")
    add("--rate", type=float, default=2e-4, help="peak learning rate (default: %(default)s)")
    add("--batch-tokens", type=int, default=4096, help="tokens an update (default: %(default)s)")
    add("--window", type=int, default=256, help="longest input, in tokens (default: %(default)s)")
    add("--dropout", type=float, default=0.1, help="probability (default: %(default)s)")
    add("--attention-dropout", type=float, help="that of attention, which is slow on a processor (default: the same)")
    add("--frozen", type=int, default=0, help="lowest layers to keep as they are (default: %(default)s)")
    add("--seed", type=int, default=0, help="of weights, order and dropout (default: %(default)s)")
    add("--device", default="cpu", help="as torch names it: cpu, cuda (default: %(default)s)")
    add("--threads", type=int, help="threads of the CPU (default: all)")
    add("--workers", type=int, default=0, help="processes that prepare batches ahead (default: %(default)s)")
    add("--save-every", type=float, default=180.0, help="seconds between checkpoints (default: %(default)s)")
    add("--bf16", action="store_true", help="autocast to bfloat16, where the machine has it")
    return parser


def _sha(file: Path, digits: int = 12) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()[:digits]


if __name__ == "__main__":
    sys.exit(main())
