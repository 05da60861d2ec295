"""A model of transformers as an ONNX file, small and fast, and proof that it still says the same.

With `torch_runtime` and `pretrained`, the only module that imports torch; serving never imports it.
"""

from __future__ import annotations

import inspect
import logging
import shutil
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
import transformers
from onnxruntime.quantization import QuantType, quantize_dynamic
from onnxruntime.transformers import optimizer
from onnxruntime.transformers.fusion_options import FusionOptions

from indexer.errors import ModelUnavailable
from indexer.models.channels import split_channels
from indexer.models.fusion import fuse_attention
from indexer.models.onnx_runtime import OnnxNetwork
from indexer.models.pretrained import load_network
from indexer.models.quantise import activated, behind, halve_words, normed, quantise_rows, showing, smooth
from indexer.models.registry import ModelSpec, Task
from indexer.models.sample import SAMPLES
from indexer.models.tokenizer import Tokenizer, Tokens
from indexer.types import Floats

_OUTPUTS: dict[Task, list[str]] = {"embed": ["last_hidden_state"], "read": ["start_logits", "end_logits"]}
_INPUTS = ("input_ids", "token_type_ids")  # no attention mask: every text is a run of its own, without padding
_LEAST_COSINE = 0.99  # law 6 of the design


def export(spec: ModelSpec, files: Path, made: Path, report: Callable[[str], None]) -> None:
    """Write model.onnx and tokenizer.json into `made`, from a model's own files in `files`.

    Raises ModelUnavailable: transformers cannot load it, or the export disagrees with it on the sample texts.
    """
    report(f"{spec.name}: exporting to ONNX (a minute, once)")
    if not (files / "tokenizer.json").is_file():
        raise ModelUnavailable(spec.name, "it has no tokenizer.json, which `runtime: torch` may do without")
    shutil.copyfile(files / "tokenizer.json", made / "tokenizer.json")
    with _quiet():
        network = Original(spec, files)
        _write(network, made / "plain.onnx")
        _fuse(network, made / "plain.onnx", made / "model.onnx", spec.max_tokens)
        (made / "plain.onnx").unlink()
        if spec.runtime == "onnx-int8":
            whole = (made / "model.onnx").rename(made / "float.onnx")
            if spec.task == "embed":
                _quantise_embedder(whole, made / "model.onnx")
            else:
                quantise_reader(whole, made / "model.onnx", float_channels=spec.float_channels)
            whole.unlink()
    compare(spec, network, made, report)


class Original(torch.nn.Module):
    """The network with its inputs and outputs in the order of the ONNX file."""

    def __init__(self, spec: ModelSpec, files: Path) -> None:
        super().__init__()
        kind = transformers.AutoModel if spec.task == "embed" else transformers.AutoModelForQuestionAnswering
        # eager attention: plain matrix products, which can be quantised and fused
        self.network = load_network(spec, kind.from_pretrained, files, attn_implementation="eager")
        self.outputs = _OUTPUTS[spec.task]
        self.inputs = [name for name in _INPUTS if name in inspect.signature(self.network.forward).parameters]
        self.eval()

    def forward(self, *inputs: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """Inputs (n, n_tokens) int64 -> outputs (n, n_tokens, …) float32."""
        found = self.network(**dict(zip(self.inputs, inputs, strict=True)))
        return tuple(found[name] for name in self.outputs)

    def run(self, tokens: Tokens) -> list[Floats]:
        """As OnnxNetwork.run, in torch."""
        feeds = {"input_ids": tokens.ids, "token_type_ids": tokens.types}
        with torch.inference_mode():
            return [
                output[0].numpy() for output in self(*(torch.from_numpy(feeds[name])[None] for name in self.inputs))
            ]


def _write(network: Original, file: Path) -> None:
    example = tuple(torch.zeros((2, 16), dtype=torch.int64) for _ in network.inputs)
    axes = {0: torch.export.Dim.DYNAMIC, 1: torch.export.Dim.DYNAMIC}
    program = torch.onnx.export(
        network,
        example,
        input_names=network.inputs,
        output_names=network.outputs,
        dynamic_shapes=(tuple(axes for _ in example),),
        dynamo=True,
        verbose=False,
    )
    assert program is not None
    program.save(file)


def _fuse(network: Original, source: Path, target: Path, longest: int) -> None:
    """Join attention, layer norms and activations into single operators; what neither of the two knows, stays.

    Sums and biases stay apart from the norms and activations behind them: joined they take up to four times as long
    (onnxruntime 1.32, one thread), a sixth of all time.
    """
    config: Any = network.network.config
    heads, width = config.num_attention_heads, config.hidden_size
    options = FusionOptions("bert")
    options.enable_skip_layer_norm = options.enable_bias_skip_layer_norm = options.enable_bias_gelu = False
    fused = optimizer.optimize_model(
        str(source), "bert", num_heads=heads, hidden_size=width, optimization_options=options, opt_level=0
    )
    fuse_attention(fused.model, heads, longest)
    fused.prune_graph()
    fused.save_model_to_file(str(target))


def _quantise_embedder(source: Path, target: Path) -> None:
    """Weights as int8, one scale a column. Seven of the eight bits: so no sum overflows on processors without VNNI."""
    quantize_dynamic(source, target, per_channel=True, reduce_range=True, weight_type=QuantType.QInt8)


def quantise_reader(
    source: Path, target: Path, smoothed: bool = True, by_token: bool = True, float_channels: int = 0
) -> None:
    """The same with less lost, and tables of embeddings as they are. tokenizer.json lies beside `source`.

    smoothed, by_token: whether channels are made alike, and tokens behind activations have scales of their own.
    float_channels: how many of the channels out of each activation, the largest, stay as they are.
    """
    model = onnx.load(source)
    norms, activations = normed(model) if smoothed else [], activated(model)
    wide = activations if float_channels else []
    largest = _largest(model, [*norms, *wide], source, target)
    smooth(model, {name: largest[name] for name in norms})
    rows = behind(model, activations) if by_token else []
    floats = split_channels(model, {name: largest[name] for name in wide}, float_channels)
    quantize_dynamic(
        model,
        target,
        per_channel=True,
        reduce_range=True,
        weight_type=QuantType.QInt8,
        op_types_to_quantize=["MatMul"],
        nodes_to_exclude=[*rows, *floats],
    )
    model = onnx.load(target)
    quantise_rows(model, rows)
    halve_words(model)
    onnx.save(model, target)


def _largest(model: onnx.ModelProto, names: Sequence[str], source: Path, scratch: Path) -> dict[str, Floats]:
    """The largest number of each channel of these values, over the sample."""
    if not names:
        return {}
    onnx.save(showing(model, names), scratch)
    network, tokenizer = OnnxNetwork(scratch), Tokenizer.load(source.with_name("tokenizer.json"))
    runs = [network.run(tokenizer.encode(*text)) for text in _texts("read")]
    return {name: np.max([np.abs(run[at]).max(axis=0) for run in runs], axis=0) for at, name in enumerate(names)}


def compare(spec: ModelSpec, network: Original, made: Path, report: Callable[[str], None]) -> None:
    """Run the sample through both. Raises ModelUnavailable: the mean cosine of what they say is under .99."""
    exported, tokenizer = OnnxNetwork(made / "model.onnx"), Tokenizer.load(made / "tokenizer.json")
    texts = [tokenizer.encode(*text) for text in _texts(spec.task)]
    cosines = np.array([_cosine(spec, exported.run(text), network.run(text)) for text in texts])
    what = "vectors" if spec.task == "embed" else "logits"
    figures = f"mean {cosines.mean():.4f}, least {cosines.min():.4f} over {len(texts)} texts"
    report(f"{spec.name}: cosine of {spec.runtime} and torch {what}: {figures}")
    if not cosines.mean() >= _LEAST_COSINE:
        wider = "; more float_channels, or `runtime: onnx`, may help" if spec.runtime == "onnx-int8" else ""
        problem = f"its {spec.runtime} export differs from the original: cosine {figures}{wider}"
        raise ModelUnavailable(spec.name, problem)


def _texts(task: Task) -> list[tuple[str, str | None]]:
    if task == "read":
        return [(sample.question, sample.passage) for sample in SAMPLES]
    sentences = [sentence for sample in SAMPLES for sentence in sample.passage.replace(". ", ".\n").split("\n")]
    return [(text, None) for text in [*sentences, *(part for sample in SAMPLES for part in sample)]]


def _cosine(spec: ModelSpec, ours: list[Floats], theirs: list[Floats]) -> float:
    """Of the pooled vectors of one text, or of all its logits less their means."""
    if spec.task == "embed":
        a, b = (output[0].mean(axis=0) if spec.pooling == "mean" else output[0][0] for output in (ours, theirs))
    else:
        a, b = (np.concatenate([logits - logits.mean() for logits in output]) for output in (ours, theirs))
    return float(a @ b / (np.linalg.norm(a) * np.linalg.norm(b)))


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep back what torch and onnxruntime say of their own insides, and no other warning."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", r"`isinstance\(treespec, LeafSpec\)` is deprecated", FutureWarning)
            warnings.filterwarnings("ignore", r"# The axis name: .* will not be used", UserWarning)
            yield
    finally:
        logging.disable(before)
