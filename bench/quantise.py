"""Ways to make a reader's weights 8 bits: `python -m bench.quantise --data DIR --out DIR [--n 500] [--reader NAME]`.

Dynamic scales are those of each text's own numbers; static ones are measured once, on texts that may be learnt from.
For each: F1 on tune questions of SQuAD 1.1 dev less that of float32, question by question; how far its margins are off,
which tells small losses apart long before F1 does; milliseconds of one thread for a text; and whether a text has the
same bits beside another one in a batch.
"""

from __future__ import annotations

import argparse
import logging
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnxruntime.quantization import (
    CalibrationDataReader,
    CalibrationMethod,
    QuantFormat,
    QuantType,
    quantize_dynamic,
    quantize_static,
)
from onnxruntime.quantization.matmul_nbits_quantizer import MatMulNBitsQuantizer

from indexer.models import manifest
from indexer.models.defaults import READER
from indexer.models.export import quantise_reader
from indexer.models.fetch import prepare
from indexer.models.onnx_runtime import OnnxNetwork
from indexer.models.quantise import activated, behind
from indexer.models.registry import load_registry
from indexer.models.spans import SpanModel, slide
from indexer.models.tokenizer import Tokenizer, Tokens
from indexer.types import Floats, Ints
from reader.evaluate import Outcome, Question, difference, figures, mark, predict, read_questions, sample
from reader.model import Reader

Recipe = Callable[[Path, Path], None]
_TUNED = "squad_dev/squad_1.1_dev_from_explorer.json.gz"
_LEARNT = "squad_train_part/squad11_train_part_squad.json.gz"
_CALIBRATION_TEXTS, _LENGTH = 100, 128
_SEEN = 80  # texts whose margins are compared
_TOKENS, _ROUNDS = 172, 30  # a passage of 160 tokens with its question


class Texts(CalibrationDataReader):  # type: ignore[misc]  # onnxruntime has no types
    """Questions with their texts, one a run, as the inputs of a file."""

    def __init__(self, texts: Sequence[Tokens], file: Path) -> None:
        self._left, self._names = iter(texts), [value.name for value in onnx.load(file).graph.input]

    def get_next(self) -> dict[str, Ints] | None:
        """The inputs of the next run."""
        tokens = next(self._left, None)
        return None if tokens is None else _feeds(self._names, tokens.ids[None], tokens.types[None])


def _feeds(names: Sequence[str], ids: Ints, types: Ints) -> dict[str, Ints]:
    """What a network takes of these; not every one takes the types."""
    both = {"input_ids": ids, "token_type_ids": types}
    return {name: both[name] for name in names}


def dynamic(bits: int, floats: bool = False) -> Recipe:
    """Scales of each text's own. floats: products behind activations stay as they are."""

    def make(source: Path, target: Path) -> None:
        quantize_dynamic(
            source,
            target,
            per_channel=True,
            reduce_range=bits == 7,
            weight_type=QuantType.QInt8,
            nodes_to_exclude=_second(source) if floats else [],
        )

    return make


def static(bits: int, method: CalibrationMethod, texts: Sequence[Tokens], floats: bool = False) -> Recipe:
    """Scales measured on `texts`: of what goes into a product with weights, and of nothing else."""

    def make(source: Path, target: Path) -> None:
        small = target.with_suffix(".words.onnx")
        quantize_dynamic(source, small, op_types_to_quantize=["Gather"], weight_type=QuantType.QInt8)
        quantize_static(
            small,
            target,
            Texts(texts, small),
            quant_format=QuantFormat.QDQ,
            op_types_to_quantize=["MatMul"],
            per_channel=True,
            reduce_range=bits == 7,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            calibrate_method=method,
            nodes_to_exclude=_second(source) if floats else [],
            extra_options={"OpTypesToExcludeOutputQuantization": ["MatMul"], "CalibPercentile": 99.99},
        )
        small.unlink()

    return make


def blocks(size: int) -> Recipe:
    """Weights in blocks of so many rows, and what goes in likewise, token by token: onnxruntime's MatMulNBits."""

    def make(source: Path, target: Path) -> None:
        quantiser = MatMulNBitsQuantizer(
            onnx.load(source), bits=8, block_size=size, is_symmetric=True, accuracy_level=4
        )
        quantiser.process()
        onnx.save(quantiser.model.model, target)

    return make


def shipped(smoothed: bool = True, by_token: bool = True, float_channels: int = 0) -> Recipe:
    """As readers are exported, or without one of the steps."""
    return lambda source, target: quantise_reader(source, target, smoothed, by_token, float_channels)


def _second(source: Path) -> list[str]:
    model = onnx.load(source)
    return behind(model, activated(model))


def recipes(texts: Sequence[Tokens], kept: int) -> dict[str, Recipe]:
    """Name -> how it is made of the float32 file. kept: the `float_channels` of the reader."""
    least_most, percentile = CalibrationMethod.MinMax, CalibrationMethod.Percentile
    counts = [count for count in (0, 32, 64, 128) if count != kept]
    return {
        "as it ships": shipped(float_channels=kept),
        **{f"as it ships, but {count} channels float32": shipped(float_channels=count) for count in counts},
        "as it ships, but channels as they are": shipped(smoothed=False, float_channels=kept),
        "as it ships, but no scales by token": shipped(by_token=False, float_channels=kept),
        "dynamic, 7 bits, tables of embeddings as they are": shipped(smoothed=False, by_token=False),
        "blocks of 32, 8 bits": blocks(32),
        "blocks of 128, 8 bits": blocks(128),
        "dynamic, 7 bits": dynamic(7),
        "dynamic, 8 bits": dynamic(8),
        "dynamic, 8 bits, second of each feed-forward float32": dynamic(8, floats=True),
        "static by extremes, 7 bits": static(7, least_most, texts),
        "static by extremes, 8 bits": static(8, least_most, texts),
        "static by percentiles, 8 bits": static(8, percentile, texts),
        "static by extremes, 8 bits, second of each feed-forward float32": static(8, least_most, texts, floats=True),
    }


def batch_independent(file: Path) -> bool:
    """Whether each of two texts has the same bits alone and beside the other."""
    session = onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"])
    rng = np.random.default_rng(0)
    pair = rng.integers(1000, 20000, (2, _TOKENS))
    pair[1, 1:20] = 1012  # another kind of text: full stops
    types = np.zeros_like(pair)
    types[:, _TOKENS - 160 :] = 1
    names = [value.name for value in session.get_inputs()]

    def run(rows: slice) -> Sequence[Floats]:
        return [np.asarray(value) for value in session.run(None, _feeds(names, pair[rows], types[rows]))]

    both, alone = run(slice(2)), [run(slice(i, i + 1)) for i in (0, 1)]
    return all(np.array_equal(both[k][i], alone[i][k][0]) for i in (0, 1) for k in range(len(both)))


def off(network: OnnxNetwork, exact: OnnxNetwork, texts: Sequence[Tokens]) -> float:
    """Root mean square, in logits, of what margins over "no answer" differ by: ten best starts and ends a text."""
    squares = []
    for text in texts:
        for ours, theirs in zip(network.run(text), exact.run(text), strict=True):
            best = np.argsort(-np.where(text.part == 1, theirs, -np.inf))[:10]
            squares.append(float(np.mean(np.square(_margins(ours, best) - _margins(theirs, best)))))
    return float(np.sqrt(np.mean(squares)))


def _margins(logits: Floats, best: Ints) -> Floats:
    return np.asarray(logits[best] - logits[0])


def milliseconds(networks: dict[str, OnnxNetwork]) -> dict[str, float]:
    """Median of processor time, by turns, so that all meet the same machine."""
    ids = np.random.default_rng(0).integers(1000, 20000, _TOKENS)
    types = (np.arange(_TOKENS) >= _TOKENS - 160).astype(np.int64)
    tokens = Tokens(ids, types, np.zeros((_TOKENS, 2), np.int64), types)
    spent: dict[str, list[float]] = {name: [] for name in networks}
    for _ in range(_ROUNDS):
        for name, network in networks.items():
            begun = time.thread_time()
            network.run(tokens)
            spent[name].append(time.thread_time() - begun)
    return {name: 1000 * float(np.median(one)) for name, one in spent.items()}


def table(data: Path, out: Path, n: int, reader: str = READER, ways: str = "") -> Iterator[str]:
    """Lines of Markdown, each as soon as it is known. reader: its name. ways: what the names of the ways begin with."""
    spec = replace(load_registry().model(reader, "read"), runtime="onnx")
    prepare(spec, out / "models")
    home = manifest.home(spec, out / "models")
    tokenizer = Tokenizer.load(home / "tokenizer.json")
    learnt = sample(read_questions(data / _LEARNT), None, _CALIBRATION_TEXTS)
    whole = [tokenizer.encode(one.question, one.context) for one in learnt]
    # of one length, which counting percentiles asks for
    texts = [Tokens(*(part[:_LENGTH] for part in one)) for one in whole if len(one.ids) >= _LENGTH]
    questions = sample(read_questions(data / _TUNED), "tune", n)
    files = {"float32": home / "model.onnx"}
    named = {name: way for name, way in recipes(texts, spec.float_channels).items() if name.startswith(ways)}
    for number, (name, recipe) in enumerate(named.items()):
        files[name] = out / f"{number}.onnx"
        recipe(home / "model.onnx", files[name])
    networks = {name: OnnxNetwork(file) for name, file in files.items()}
    spent = milliseconds(networks)
    seen = [tokenizer.encode(one.question, one.context) for one in questions[:_SEEN]]
    windows = [slide(text, spec.max_tokens, spec.stride)[0] for text in seen]
    head = ["EM", "F1", "F1 less float32", "margins off by", "ms", "same bits in a batch", "MB"]
    yield f"| {len(questions)} questions | {' | '.join(head)} |\n|{'---|' * (len(head) + 1)}"
    first: list[Outcome] = []
    for name, file in files.items():
        marked = _marked(Reader(SpanModel(spec, name, tokenizer, networks[name])), questions)
        first = first or marked
        found, gap = figures(marked), difference(marked, first)
        low, high = gap.f1_interval
        same = "yes" if batch_independent(file) else "no"
        yield (
            f"| {name} | {found.em:.1f} | {found.f1:.1f} | {gap.f1:+.2f} ({low:+.2f} to {high:+.2f}) "
            f"| {off(networks[name], networks['float32'], windows):.3f} | {spent[name]:.1f} | {same} "
            f"| {file.stat().st_size / 1e6:.0f} |"
        )


def _marked(reader: Reader, questions: Sequence[Question]) -> list[Outcome]:
    return mark(questions, list(predict(reader, questions)))


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(prog="python -m bench.quantise", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--n", type=int, default=500)
    parser.add_argument("--reader", default=READER, help=f"of models.yaml ({READER})")
    parser.add_argument("--ways", default="", help="only those whose names begin so (all)")
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    logging.disable(logging.WARNING)
    for line in table(given.data, given.out, given.n, given.reader, given.ways):
        print(line, flush=True)


if __name__ == "__main__":
    main()
