"""A tiny BERT with a vocabulary of its own, and questions that can be learnt in seconds."""

from __future__ import annotations

import gzip
import json
import random
from pathlib import Path

import pytest
import tokenizers
import torch
import transformers
from tokenizers.models import WordPiece
from tokenizers.normalizers import BertNormalizer
from tokenizers.pre_tokenizers import BertPreTokenizer
from tokenizers.processors import TemplateProcessing

from indexer.models.tokenizer import Tokenizer
from indexer.types import Span
from reader.train.squad import Example

NAMES = ("Anna", "Bo", "Carl", "Dora", "Emil", "Frida", "Gustav", "Hanna")
PLACES = ("Paris", "Rome", "Oslo", "Cairo", "Lima", "Quito", "Delhi", "Tokyo")
NOWHERE = ("Mars", "Venus")
VERBS = ("visited", "left", "praised", "founded")
_SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
_WORDS = (
    *NAMES,
    *PLACES,
    *NOWHERE,
    *VERBS,
    "Who",
    "did",
    "visit",
    "leave",
    "praise",
    "found",
    "What",
    "in",
    "?",
    ".",
    "##s",
)


def questions(n: int, seed: int = 0) -> list[Example]:
    """Two sentences on who visited what; the answer is a name or a place, and one in five has none:
    it asks for a place that is in no text."""
    rng = random.Random(seed)
    made = []
    for number in range(n):
        (first, second), (here, there) = rng.sample(NAMES, 2), rng.sample(PLACES, 2)
        verb, other = rng.sample(VERBS, 2)
        context = f"{first} {verb} {here}. {second} {other} {there}."
        question, answer = (f"Who {verb} {here}?", first) if number % 2 else (f"What {first} {verb}?", here)
        if number % 5 == 0:
            question, answer = f"Who {verb} {rng.choice(NOWHERE)}?", ""
        start = context.index(answer)
        spans = (Span(start, start + len(answer)),) if answer else ()
        made.append(Example(f"q{number}", f"article {number}", question, context, spans))
    return made


def write_squad(file: Path, examples: list[Example]) -> None:
    """Examples as a file in the format of SQuAD 2.0; packed where the name ends in .gz."""
    articles = [
        {
            "title": example.article,
            "paragraphs": [
                {
                    "context": example.context,
                    "qas": [
                        {
                            "id": example.id,
                            "question": example.question,
                            "is_impossible": not example.answers,
                            "answers": [
                                {"text": example.context[slice(*span)], "answer_start": span.start}
                                for span in example.answers
                            ],
                        }
                    ],
                }
            ],
        }
        for example in examples
    ]
    raw = json.dumps({"data": articles}).encode()
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(gzip.compress(raw) if file.suffix == ".gz" else raw)


@pytest.fixture(scope="session")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of weights drawn at random: two layers, 64 wide, uncased WordPiece. No head for spans."""
    folder = tmp_path_factory.mktemp("base")
    vocabulary = {word: number for number, word in enumerate([*_SPECIAL, *dict.fromkeys(w.lower() for w in _WORDS)])}
    engine = tokenizers.Tokenizer(WordPiece(vocabulary, unk_token="[UNK]"))
    engine.normalizer = BertNormalizer(lowercase=True)
    engine.pre_tokenizer = BertPreTokenizer()
    engine.post_processor = TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[("[CLS]", vocabulary["[CLS]"]), ("[SEP]", vocabulary["[SEP]"])],
    )
    engine.save(str(folder / "tokenizer.json"))
    torch.manual_seed(0)
    config = transformers.BertConfig(
        vocab_size=len(vocabulary),
        hidden_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=128,
        max_position_embeddings=64,
    )
    transformers.BertModel(config, add_pooling_layer=False).save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def tokenizer(base: Path) -> Tokenizer:
    return Tokenizer.load(base / "tokenizer.json")
