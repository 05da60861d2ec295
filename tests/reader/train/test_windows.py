from __future__ import annotations

import random

import numpy as np
import torch

from indexer.models.tokenizer import Tokenizer
from indexer.types import Bools, Span
from reader.train.batches import collate, plan
from reader.train.mixture import Task, Text
from reader.train.windows import Cutter, Group

_CONTEXT = "Anna visited Paris. Bo left Rome. Carl praised Oslo. Dora founded Lima."


def test_labels_are_the_tokens_of_the_answer(tokenizer: Tokenizer) -> None:
    (window,) = Cutter(tokenizer).windows("Who visited Paris?", _CONTEXT, [Span(13, 18), Span(53, 65)])
    pieces = tokenizer.encode("Who visited Paris?", _CONTEXT)
    found = [_CONTEXT[pieces.offsets[i, 0] : pieces.offsets[j, 1]] for i, j in _pairs(window.starts, window.ends)]
    assert found == ["Paris", "Dora founded"]
    assert not window.starts[~window.allowed].any()
    assert window.allowed.sum() == (pieces.part == 1).sum()


def test_an_answer_counts_in_the_windows_that_hold_all_of_it(tokenizer: Tokenizer) -> None:
    # [CLS] Who ? [SEP] ... [SEP] leaves 7 tokens of the passage a window; windows begin 4 apart
    answer = Span(_CONTEXT.index("Rome"), _CONTEXT.index("Rome") + len("Rome"))
    windows = Cutter(tokenizer, max_tokens=12, stride=4).windows("Who?", _CONTEXT, [answer])
    assert [len(window.ids) for window in windows] == [12, 12, 12, 9]
    assert [bool(window.starts.any()) for window in windows] == [True, True, False, False]
    assert [int(np.flatnonzero(window.starts)[0]) for window in windows[:2]] == [10, 6]


def test_part_of_a_word_is_the_whole_token_and_an_unknown_place_is_none(tokenizer: Tokenizer) -> None:
    (window,) = Cutter(tokenizer).windows("Who?", _CONTEXT, [Span(14, 16)])
    assert (window.starts.sum(), window.ends.sum()) == (1, 1)
    (window,) = Cutter(tokenizer).windows("Who?", _CONTEXT, [])
    assert (window.starts.sum(), window.ends.sum()) == (0, 0)


def test_a_long_text_gives_one_window_with_the_answer_and_one_without(tokenizer: Tokenizer) -> None:
    cutter = Cutter(tokenizer, max_tokens=12, stride=4)
    answer = Span(0, 4)
    group = cutter.cut(Task("Who?", (Text(_CONTEXT, (answer,)),), 0.5), random.Random(0))
    assert [bool(window.starts.any()) for window in group.windows] == [True, False]
    assert group.weight == 0.5
    group = cutter.cut(Task("Who?", (Text(_CONTEXT, (answer,)), Text("Bo left.", ())), 1.0), random.Random(0))
    assert [bool(window.starts.any()) for window in group.windows] == [True, False]


def test_batches_hold_every_group_once_and_keep_to_the_budget(tokenizer: Tokenizer) -> None:
    cutter = Cutter(tokenizer, max_tokens=40)
    texts = [" ".join(["Anna visited Paris."] * n) for n in (1, 8, 2, 7, 3, 8)]
    groups = [cutter.cut(Task("Who?", (Text(text, ()), Text("Bo left.", ())), 1.0), random.Random(0)) for text in texts]
    batches = plan(groups, max_tokens=256)
    assert sorted(map(id, (group for batch in batches for group in batch))) == sorted(map(id, groups))
    assert [len(batch) for batch in batches] == [3, 2, 1]  # 32 x 2 windows a short group, 64 x 2 a long one
    assert all(collate(batch).ids.numel() <= 256 for batch in batches)
    assert [len(batch) for batch in plan(groups, max_tokens=1)] == [1] * 6


def test_collate_pads_with_nothing(tokenizer: Tokenizer) -> None:
    cutter = Cutter(tokenizer)
    tasks = [
        Task("Who?", (Text("Bo left.", (Span(0, 2),)), Text("Anna.", ())), 1.0),
        Task("Who?", (Text(_CONTEXT, ()),), 0.5),
    ]
    groups: list[Group] = [cutter.cut(task, random.Random(0)) for task in tasks]
    batch = collate(groups)
    assert batch.ids.shape == (3, 32)
    assert batch.group.tolist() == [0, 0, 1]
    assert batch.weight.tolist() == [1.0, 0.5]
    assert batch.mask.sum(dim=1).tolist() == [len(window.ids) for group in groups for window in group.windows]
    assert not batch.allowed[batch.mask == 0].any()
    assert batch.starts.sum() == batch.ends.sum() == 1
    assert {tensor.dtype for tensor in (batch.allowed, batch.starts)} == {torch.bool}


def _pairs(starts: Bools, ends: Bools) -> list[tuple[int, int]]:
    return list(zip(np.flatnonzero(starts).tolist(), np.flatnonzero(ends).tolist(), strict=True))
