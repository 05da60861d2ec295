"""What the bench of reading reads, and how it counts."""

from __future__ import annotations

from bench.reading import QUESTION, passages, table, timed
from indexer.models import manifest
from indexer.models.fetch import default_folder
from indexer.models.registry import load_registry
from indexer.models.tokenizer import Tokenizer


def test_passages_are_of_160_tokens_longest_first() -> None:
    home = manifest.home(load_registry()["minilm-l6-reader"], default_folder())
    texts = passages(Tokenizer.load(home / "tokenizer.json"))
    lengths = [int((text.part == 1).sum()) for text in texts]
    assert (len(lengths), max(lengths), min(lengths), sum(lengths) / 20) == (20, 210, 110, 160.0)
    assert lengths == sorted(lengths, reverse=True)
    asked = {tuple(text.ids[text.part == 0].tolist()) for text in texts}
    assert len(asked) == 1
    assert len(asked.pop()) == len(QUESTION.removesuffix("?").split()) + 1
    assert all(text.ids[-1] == texts[0].ids[-1] for text in texts)  # the separator stays at the end


def test_every_way_is_measured_against_the_fastest_of_torch() -> None:
    spent = {
        "ONNX int8": [0.1, 0.1, 0.4],
        "torch float32, 1 at once": [0.3] * 3,
        "torch float32, 5 at once": [0.25] * 3,
    }
    assert list(table(spent))[2:] == [
        "| ONNX int8 | 100 | 370 | 2.50 |",
        "| torch float32, 1 at once | 300 | 300 | 0.83 |",
        "| torch float32, 5 at once | 250 | 250 | 1.00 |",
    ]


def test_ways_take_turns_and_the_first_round_is_left_out() -> None:
    calls: list[str] = []
    spent = timed({"a": lambda: calls.append("a"), "b": lambda: calls.append("b")}, rounds=2)
    assert calls == ["a", "b"] * 3
    assert [len(one) for one in spent.values()] == [2, 2]
