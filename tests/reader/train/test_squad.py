from __future__ import annotations

import json
from pathlib import Path

import pytest

from indexer.types import Span
from reader.train.errors import TrainingDataError
from reader.train.squad import Example, read_squad
from tests.reader.train.conftest import questions, write_squad


@pytest.mark.parametrize("name", ["set.json", "set.json.gz"])
def test_what_is_written_is_read(tmp_path: Path, name: str) -> None:
    examples = questions(10)
    write_squad(tmp_path / name, examples)
    assert read_squad(tmp_path / name) == [e._replace(article=f"{name}#{e.article}") for e in examples]


def test_spans_lose_white_space_and_repeats(tmp_path: Path) -> None:
    context = " in Paris  now"
    texts = [("Paris", 4), (" Paris ", 3), (" ", 0), ("in Paris", 1)]
    answers = [{"text": text, "answer_start": start} for text, start in texts]
    asked = {"id": 1, "question": " Where? ", "answers": answers}
    data = {"data": [{"paragraphs": [{"context": context, "qas": [asked]}]}]}
    (tmp_path / "a.json").write_text(json.dumps(data))
    assert read_squad(tmp_path / "a.json") == [Example("1", "a.json#0", "Where?", context, (Span(4, 9), Span(1, 9)))]


def test_a_wrong_offset_and_a_wrong_file_are_named(tmp_path: Path) -> None:
    asked = {"id": "x9", "question": "Where?", "answers": [{"text": "Paris", "answer_start": 3}]}
    data = {"data": [{"paragraphs": [{"context": "in Paris", "qas": [asked, asked]}]}]}
    asked["answers"] = [{"text": "Paris", "answer_start": 2}]
    (tmp_path / "a.json").write_text(json.dumps(data))
    with pytest.raises(TrainingDataError, match=r"a\.json: answer 'Paris' of question x9 is not at offset 2"):
        read_squad(tmp_path / "a.json")
    for broken in ("{", '{"data": [{}]}', "[]"):
        (tmp_path / "b.json").write_text(broken)
        with pytest.raises(TrainingDataError, match=r"b\.json: cannot be read as SQuAD"):
            read_squad(tmp_path / "b.json")
    with pytest.raises(TrainingDataError, match=r"none\.json"):
        read_squad(tmp_path / "none.json")
