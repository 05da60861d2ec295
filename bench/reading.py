"""How long reading takes: `python -m bench.reading [--reader NAME] [--rounds 15] [--cores 2]`.

One question over 20 passages of 160 tokens (110 to 210), as ONNX int8 and float32 and in torch float32, by turns in one
process, each with the passages sorted by length. torch is tried with one passage, 5 and 20 at once. Beside another
reader than the one that ships, that one is timed too.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import torch

from indexer.models import manifest
from indexer.models.defaults import READER
from indexer.models.fetch import default_folder, prepare
from indexer.models.onnx_runtime import OnnxNetwork
from indexer.models.registry import Runtime, load_registry
from indexer.models.tokenizer import Tokenizer, Tokens
from reader.train.network import BatchedNetwork

SEEDS = Path(__file__).parents[1] / "seeds" / "wikinews.jsonl"
QUESTION = "What did the prime minister say about the election?"
_SHORTEST, _LONGEST, _PASSAGES = 110, 210, 20


def passages(tokenizer: Tokenizer) -> list[Tokens]:
    """The question with each of 20 pieces of news, whose lengths in tokens are spread evenly; longest first."""
    lengths = np.linspace(_SHORTEST, _LONGEST, _PASSAGES).round().astype(int).tolist()
    texts = [json.loads(line)["text"] for line in SEEDS.read_text("utf-8").splitlines()]
    encoded = (tokenizer.encode(QUESTION, text) for text in texts)
    long_enough = [one for one in encoded if (one.part == 1).sum() >= _LONGEST]
    return [_cut(one, length) for one, length in zip(long_enough, reversed(lengths), strict=False)]


def _cut(tokens: Tokens, length: int) -> Tokens:
    """The question with the first `length` tokens of its passage."""
    inside = np.flatnonzero(tokens.part == 1)
    kept = np.r_[0 : inside[0] + length, inside[-1] + 1 : len(tokens.ids)]
    return Tokens(*(part[kept] for part in tokens))


def ways(cores: int, reader: str = READER) -> tuple[dict[str, Callable[[], object]], list[Tokens]]:
    """Name -> what reads all passages, and the passages."""

    @cache  # to make one ready is to hash it
    def home(name: str, runtime: Runtime) -> Path:
        spec = replace(load_registry().model(name, "read"), runtime=runtime)
        prepare(spec, default_folder())
        return manifest.home(spec, default_folder())

    torch.set_num_threads(cores)
    network = BatchedNetwork(home(reader, "torch"), torch.device("cpu"))
    texts = passages(Tokenizer.load(home(reader, "torch") / "tokenizer.json"))

    def batched(size: int) -> Callable[[], object]:
        return lambda: [list(network.run_each(texts[at : at + size])) for at in range(0, len(texts), size)]

    def exported(name: str, runtime: Runtime) -> Callable[[], object]:
        made = OnnxNetwork(home(name, runtime) / "model.onnx")
        made._cores = cores  # as asked, whatever the machine has
        read = passages(Tokenizer.load(home(name, runtime) / "tokenizer.json"))
        return lambda: list(made.run_each(read))

    found = {"ONNX int8": exported(reader, "onnx-int8"), "ONNX float32": exported(reader, "onnx")}
    if reader != READER:
        found[f"{READER}, ONNX int8"] = exported(READER, "onnx-int8")
    return found | {f"torch float32, {size} at once": batched(size) for size in (1, 5, 20)}, texts


def timed(found: dict[str, Callable[[], object]], rounds: int) -> dict[str, list[float]]:
    """Seconds of each round, by turns; the first round is left out."""
    spent: dict[str, list[float]] = {name: [] for name in found}
    for _ in range(rounds + 1):
        for name, read in found.items():
            begun = time.perf_counter()
            read()
            spent[name].append(time.perf_counter() - begun)
    return {name: one[1:] for name, one in spent.items()}


def table(spent: Mapping[str, Sequence[float]]) -> Iterator[str]:
    """Lines of Markdown. How many times faster: than the fastest way of torch, by medians."""
    middle = {name: 1000 * float(np.median(one)) for name, one in spent.items()}
    torch_best = min(ms for name, ms in middle.items() if name.startswith("torch"))
    yield "| | p50, ms | p95, ms | times as fast as torch |"
    yield "|---|---|---|---|"
    for name, ms in middle.items():
        yield f"| {name} | {ms:.0f} | {1000 * np.percentile(spent[name], 95):.0f} | {torch_best / ms:.2f} |"


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(prog="python -m bench.reading", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--reader", default=READER, help="a name in models.yaml (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--cores", type=int, default=2)
    given = parser.parse_args()
    found, texts = ways(given.cores, given.reader)
    lengths = [len(text.ids) for text in texts]
    print(f"{len(texts)} passages, {min(lengths)} to {max(lengths)} tokens with the question, {given.cores} cores")
    for line in table(timed(found, given.rounds)):
        print(line)


if __name__ == "__main__":
    main()
