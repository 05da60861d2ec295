"""The network: BERT or a kin with one start and one end logit a token, from any folder of transformers."""

from __future__ import annotations

import inspect
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
import transformers
from safetensors.torch import save_file
from transformers.utils import logging

from indexer.errors import InvalidInput
from indexer.models.tokenizer import Tokens
from indexer.types import Floats
from reader.train.errors import TrainingDataError

# What a folder of weights holds beside them; the last two are for other programs than ours.
TOKENIZER_FILES = ("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "vocab.txt")


def load_network(
    base: Path, device: torch.device, dropout: float = 0.1, attention_dropout: float | None = None
) -> torch.nn.Module:
    """The weights of `base`; without a span head there, a fresh one. float32.

    dropout: probability, in [0, 1), of hidden states; attention_dropout: that of attention (None: the same).
    Raises TrainingDataError: the folder holds no such model or no tokenizer.json.
    """
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    logging.set_verbosity_error()  # type: ignore[no-untyped-call]  # a fresh head is what we want: no warning
    if not (base / "tokenizer.json").is_file():
        raise TrainingDataError(base, "holds no tokenizer.json: give the folder of a model with a fast tokenizer")
    load = transformers.AutoModelForQuestionAnswering.from_pretrained
    try:
        model = load(
            base,
            local_files_only=True,
            dtype=torch.float32,
            attn_implementation="eager" if device.type == "cpu" else None,  # the fused one's way back is slow there
            hidden_dropout_prob=dropout,
            attention_probs_dropout_prob=dropout if attention_dropout is None else attention_dropout,
        )
    except (OSError, ValueError) as error:
        raise TrainingDataError(base, f"holds no model for question answering ({error})") from error
    network: torch.nn.Module = model.to(device)
    return network


def scored(
    model: torch.nn.Module, ids: torch.Tensor, types: torch.Tensor, mask: torch.Tensor, bf16: bool = False
) -> tuple[torch.Tensor, torch.Tensor]:
    """Start and end logits of a batch, (n_windows, n_tokens) each, no unit; the network gets the inputs that it takes.

    ids, types, mask: (n_windows, n_tokens) int64; not every kind of network knows of token types. bf16: autocast.
    """
    given = {"input_ids": ids, "token_type_ids": types, "attention_mask": mask}
    takes = inspect.signature(model.forward).parameters
    with torch.autocast(ids.device.type, torch.bfloat16, enabled=bf16):
        found = model(**{name: given[name] for name in given if name in takes})
    return found.start_logits, found.end_logits


def pad_token(model: torch.nn.Module) -> int:
    """The number of the token that fills up a batch."""
    config: Any = model.config
    return int(config.pad_token_id)


def freeze(model: torch.nn.Module, layers: int) -> None:
    """Keep the embeddings and the lowest `layers` layers as they are; 0: nothing. Nothing below is then computed for.

    Raises InvalidInput: the encoder has fewer layers.
    """
    encoder: Any = getattr(model, str(model.base_model_prefix))
    if not 0 <= layers <= len(encoder.encoder.layer):
        raise InvalidInput("frozen", f"{layers} is not in 0..{len(encoder.encoder.layer)}, the layers of the network")
    if layers:
        encoder.requires_grad_(False)  # what all layers share, too: MPNet's bias of distances is read by the first
        encoder.encoder.layer[layers:].requires_grad_(True)


def save_network(model: torch.nn.Module, state: dict[str, torch.Tensor], base: Path, out: Path) -> None:
    """Write weights as float16 safetensors with their config and the tokenizer files of `base`."""
    out.mkdir(parents=True, exist_ok=True)
    half = {name: weights.to(torch.float16).contiguous() for name, weights in state.items() if _is_weight(name)}
    save_file(half, out / "model.safetensors", metadata={"format": "pt"})
    config = transformers.AutoConfig.from_pretrained(base, local_files_only=True)  # not ours: dropout as it was there
    config.architectures = [type(model).__name__]
    config.dtype = "float16"
    config.to_json_file(out / "config.json")
    for name in TOKENIZER_FILES:
        if (base / name).is_file():
            shutil.copyfile(base / name, out / name)


def _is_weight(name: str) -> bool:
    return not name.endswith(("position_ids", "token_type_ids"))


def torch_device(name: str) -> torch.device:
    """A device by its name. Raises InvalidInput: torch knows none of this name."""
    try:
        return torch.device(name)
    except RuntimeError as error:
        raise InvalidInput("device", f"{name} is none that torch knows") from error


class BatchedNetwork:
    """A trained network that scores all windows of a question at once, on any device: quick figures while training."""

    def __init__(self, folder: Path, device: torch.device, bf16: bool = False) -> None:
        self._model, self._device, self._bf16 = load_network(folder, device).eval(), device, bf16

    def run_each(self, texts: Sequence[Tokens]) -> Iterator[list[Floats]]:
        """Start and end logits for each text, (n_tokens,) float32."""
        length = max((len(text.ids) for text in texts), default=0)
        ids = torch.full((len(texts), length), pad_token(self._model))
        types, mask = torch.zeros_like(ids), torch.zeros_like(ids)
        for row, text in enumerate(texts):
            ids[row, : len(text.ids)] = torch.from_numpy(text.ids)
            types[row, : len(text.ids)] = torch.from_numpy(text.types)
            mask[row, : len(text.ids)] = 1
        there = self._device
        with torch.inference_mode():
            found = scored(self._model, ids.to(there), types.to(there), mask.to(there), self._bf16)
        both = torch.stack(found).float().cpu().numpy()
        for row, text in enumerate(texts):
            yield [both[0, row, : len(text.ids)], both[1, row, : len(text.ids)]]
