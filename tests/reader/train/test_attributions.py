"""What is asked of sentences in which somebody says something."""

from __future__ import annotations

import importlib.util
import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import ModuleType

import pytest

from reader.train import attributions
from reader.train.attributions import ask_all, main, questions
from reader.train.errors import TrainingDataError
from reader.train.squad import read_squad
from tests.reader.train.conftest import questions as examples
from tests.reader.train.conftest import write_squad
from tests.reader.train.parsed import Document, documents

MAYOR = "The mayor announced plans to cut 3,000 jobs in Germany."
MERKEL = "Angela Merkel said on Monday that taxes will fall."
UN = "The UN has condemned the attack on aid workers."
FIRE = "Angela Merkel came to the fire, and Merkel praised the firefighters."
VOW = "Angela Merkel thanked the crews before Merkel vowed to rebuild the church."
QUOTED = '"Taxes will fall," the minister said.'


def asked(text: str) -> list[tuple[str, str]]:
    """Questions with their answers; "" where the text has none."""
    return [(q, "" if answer is None else text[slice(*answer)]) for q, answer in questions(documents()[text])]


@pytest.fixture
def turn(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """What decides, in place of the hash of a text: which questions are asked of a verb, of whom, by what, what not."""
    chosen = [0.5, 0.0, 0.0, 0.0]
    places = {"name": 1, "verb": 2, "undone": 3}
    monkeypatch.setattr(attributions, "_turn", lambda text: chosen[places.get(text.split()[-1], 0)])
    return chosen


def test_the_answer_is_the_whole_object(turn: list[float]) -> None:
    assert asked(MAYOR) == [("What did the mayor announce?", "plans to cut 3,000 jobs in Germany")]
    assert asked(UN) == [("What has the UN condemned?", "the attack on aid workers")]
    assert asked(MERKEL) == [("What did Angela Merkel say?", "taxes will fall")]  # not "on Monday", not "that"
    assert asked(QUOTED) == [("What did the minister say?", "Taxes will fall")]


def test_some_ask_what_about_and_some_who_it_was(turn: list[float]) -> None:
    turn[0] = 0.1
    assert asked(MERKEL) == [("What did Angela Merkel say about taxes?", "taxes will fall")]
    assert asked(MAYOR) == [("What did the mayor announce?", "plans to cut 3,000 jobs in Germany")]  # about nothing
    turn[0] = 0.9
    assert asked(MERKEL)[1:] == [("Who said that taxes will fall?", "Angela Merkel")]
    assert asked(MAYOR)[1:] == [("Who announced plans to cut 3,000 jobs in Germany?", "The mayor")]
    assert len(asked(UN)) == 1  # "Who condemned" would be another tense
    assert len(asked(QUOTED)) == 1  # what stands before its verb is not asked for by whom


def test_what_was_not_done_has_no_answer(turn: list[float]) -> None:
    assert asked(FIRE) == [
        ("What did Merkel praise?", "the firefighters"),
        ("What did Merkel pledge?", ""),  # the first of what is not told
    ]
    turn[3] = 0.249
    assert asked(FIRE)[1:] == [("What did Merkel propose?", "")]  # the last of it
    assert len(asked(VOW)) == 2  # what is to be done may be proposed, demanded
    turn[3] = 0.25
    assert asked(FIRE) == [("What did Merkel praise?", "the firefighters")]  # three quarters are left alone


def test_a_person_goes_by_other_names_and_a_deed_by_other_words(turn: list[float]) -> None:
    church = "to rebuild the church"
    assert asked(VOW) == [("What did Merkel vow?", church), ("What did Merkel pledge?", church)]
    turn[2] = 0.99
    assert asked(VOW) == [("What did Merkel vow?", church)]  # by chance it stands for itself
    turn[1] = 0.5
    assert asked(VOW) == [("What did Angela Merkel vow?", church)]
    turn[1] = 0.99
    assert asked(VOW) == [("What did Angela vow?", church)]
    assert asked(MERKEL) == [("What did Merkel say?", "taxes will fall")]
    assert asked(MAYOR) == [("What did the mayor announce?", "plans to cut 3,000 jobs in Germany")]  # has no name


@pytest.mark.parametrize(
    "text", ["She said that taxes will fall.", "The company did not announce plans to cut jobs."], ids=["she", "not"]
)
def test_nothing_is_asked_of_pronouns_and_of_what_was_not_said(text: str, turn: list[float]) -> None:
    assert asked(text) == []


def test_which_questions_are_asked_hangs_on_the_text_alone() -> None:
    assert [asked(text) for text in documents()] == [asked(text) for text in documents()]
    assert 0 <= attributions._turn("a") < 1
    assert attributions._turn("a") != attributions._turn("b")


class Parser:
    """Gives the sentences of `parsed`, and nothing of others."""

    def pipe(
        self, texts: Iterable[tuple[str, tuple[str, str]]], as_tuples: bool, batch_size: int, n_process: int
    ) -> Iterator[tuple[Document, tuple[str, str]]]:
        known = documents()
        return ((known.get(text, Document(())), about) for text, about in texts)


def test_the_file_holds_each_answer_at_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, turn: list[float], capsys: pytest.CaptureFixture[str]
) -> None:
    module = ModuleType("spacy")
    module.load = lambda name, disable: Parser()  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "spacy", module)
    told = [one._replace(context=text, answers=()) for one, text in zip(examples(2), (MAYOR, UN), strict=True)]
    write_squad(tmp_path / "told.json", told)
    write_squad(tmp_path / "held.json", [told[1]])
    source = {"name": "told", "file": "told.json", "split": "all", "licence": "CC0", "share": [1, 1]}
    manifest = tmp_path / "manifest.yaml"
    manifest.write_text(json.dumps({"sources": [source], "held_out": ["held.json"]}))
    out = tmp_path / "made" / "attributions.json.gz"
    assert main(["--data", str(tmp_path), "--manifest", str(manifest), "--out", str(out)]) == 0
    (found,) = read_squad(out)  # which looks at each offset; what is held out is not asked of
    assert (found.question, found.context) == ("What did the mayor announce?", MAYOR)
    assert [MAYOR[slice(*answer)] for answer in found.answers] == ["plans to cut 3,000 jobs in Germany"]
    assert capsys.readouterr().err == "1 questions on 1 texts\n"
    first = out.read_bytes()
    assert main(["--data", str(tmp_path), "--manifest", str(manifest), "--out", str(out)]) == 0
    assert out.read_bytes() == first


def test_a_missing_parser_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "spacy", None)
    with pytest.raises(TrainingDataError, match=r"is not installed: pip install 'pullquote\[train\]'"):
        list(ask_all([("1", "title", MAYOR)]))


def test_the_real_parser_agrees_where_it_is_installed(turn: list[float]) -> None:
    turn[1] = 0.5
    texts = [(str(number), "news", text) for number, text in enumerate((MAYOR, UN, MERKEL, FIRE, VOW))]
    if importlib.util.find_spec("spacy") is None:  # it belongs to the extra `train`
        with pytest.raises(TrainingDataError, match="is not installed"):
            list(ask_all(texts))
        return
    found = [article["paragraphs"][0] for article in ask_all(texts)]
    pairs = [
        [(one["question"], "".join(answer["text"] for answer in one["answers"])) for one in paragraph["qas"]]
        for paragraph in found
    ]
    assert pairs == [asked(paragraph["context"]) for paragraph in found]
    assert len(pairs) == len(texts)
