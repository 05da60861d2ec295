"""`pullquote eval`, `pullquote explain` and POST /v1/explain, over a small archive with the real models."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from api import cli
from pullquote import Archive
from retriever.evaluate import Judged
from tests.api.conftest import Check, server_in

QUESTION = "How much did the bridge cost?"


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("evaluation") / "archive"
    with server_in(folder):
        pass
    return str(folder)


def test_explain_over_http_names_the_stage(client: TestClient, is_noun: Check) -> None:
    response = client.post("/v1/explain", json={"question": QUESTION, "answers": ["3 million euros"]})
    assert response.status_code == 200
    is_noun("Explanation", response.json())
    assert response.json()["lost"] is None
    best = response.json()["answers"][0]
    assert (best["answer"], best["expected"], best["article"]["id"]) == ("3 million euros", True, "bridge-1")
    lost = client.post("/v1/explain", json={"question": QUESTION, "answers": ["nine dollars"]}).json()
    assert lost["lost"] == "not_in_archive"
    refused = client.post("/v1/explain", json={"question": QUESTION, "answers": [""]})
    assert refused.status_code == 422


def test_explain_on_the_command_line(archive: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["explain", QUESTION, "--answer", "3 million euros", "--archive", archive]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("Nothing lost: it is the answer.")
    assert "✓ 1 / 1 / 1 / 1" in shown
    assert cli.main(["explain", QUESTION, "--answer", "nine dollars", "--archive", archive]) == 1
    assert capsys.readouterr().out.startswith("Lost: not in archive – no article holds it.")
    assert cli.main(["explain", QUESTION, "--json", "--archive", archive]) == 0
    assert json.loads(capsys.readouterr().out)["question"] == QUESTION


def test_eval_measures_a_file_and_explains_one_of_its_questions(
    archive: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "questions.jsonl"
    rows = [
        {"id": "cost", "question": QUESTION, "answers": ["3 million euros"], "articles": ["bridge-1"]},
        {"id": "moon", "question": "Who walked on the moon?", "answers": ["Armstrong"]},
    ]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    assert cli.main(["eval", str(file), "--archive", archive, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["questions"] == 2
    assert found["retrieval"]["hybrid"]["Success@1"] == {"n": 1, "mean": 1.0, "low": 1.0, "high": 1.0}
    assert found["answers"]["right@1"]["mean"] == 0.5
    assert cli.main(["eval", str(file), "--archive", archive]) == 0
    shown = capsys.readouterr().out
    assert "| hybrid | 1.000 (1.000–1.000) |" in shown
    assert "lost: not retrieved 1" in shown
    assert cli.main(["eval", str(file), "--archive", archive, "--explain", "moon"]) == 1
    assert capsys.readouterr().out.startswith("Lost: not in archive")
    assert cli.main(["eval", str(file), "--archive", archive, "--explain", "sun"]) == 2
    assert "no question has the id 'sun'" in capsys.readouterr().err
    assert cli.main(["eval", str(tmp_path / "none"), "--archive", archive]) == 2
    qrels = tmp_path / "qrels"
    qrels.write_text("cost 0 storm-1 1\n", "utf-8")
    assert cli.main(["eval", str(file), "--archive", archive, "--no-read", "--json", "--qrels", str(qrels)]) == 0
    again = json.loads(capsys.readouterr().out)
    assert again["answers"] == {}
    assert again["retrieval"]["hybrid"]["Success@1"]["mean"] == 0.0


def test_an_evaluation_starts_anew_when_articles_are_purged_beneath_it(tmp_path: Path) -> None:
    folder = tmp_path / "archive"
    with server_in(folder):
        pass
    cost = Judged("cost", QUESTION, articles={"bridge-1": 1}, answers=("3 million euros",))
    told: list[int] = []
    with Archive(folder) as archive, Archive(folder) as other:

        def report(done: int) -> None:
            told.append(done)
            if len(told) == 1:
                other.delete(["storm-1"], purge=True)

        found = archive.evaluate([cost, cost], report=report)
    assert told in ([1, 1, 2], [1, 2, 1, 2])  # at once, or at the end where it had all it needed of the second one
    assert (found["questions"], found["view"]["articles"]) == (2, 2)


def test_eval_reader_measures_files_without_an_archive(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    context = "The bridge over the Anse cost 3 million euros and opened in May 2021."
    asked = [
        ("q1", "How much did the bridge cost?", "3 million euros"),
        ("q2", "When did the bridge open?", "May 2021"),
        ("q3", "What did the bridge cross?", None),
    ]
    qas = [
        {
            "id": name,
            "question": question,
            "is_impossible": answer is None,
            "answers": [{"text": answer, "answer_start": context.index(answer)}] if answer else [],
        }
        for name, question, answer in asked
    ]
    for name in ("one.json", "two.json"):
        whole = {"data": [{"title": "x", "paragraphs": [{"context": context, "qas": qas}]}]}
        (tmp_path / name).write_text(json.dumps(whole))
    one, two, picture = (str(tmp_path / name) for name in ("one.json", "two.json", "both.png"))
    assert cli.main(["eval", "reader", one, two, "--json", "--plot", picture]) == 0
    first, second = map(json.loads, capsys.readouterr().out.splitlines())
    assert (first["file"], second["file"], first["questions"]) == (one, two, 3)
    assert first["figures"]["answerable"]["f1"] == 100.0
    assert {key: value for key, value in second.items() if key != "file"} == {
        key: value for key, value in first.items() if key != "file"
    }
    assert Path(picture).read_bytes()[:4] == b"\x89PNG"
    assert cli.main(["eval", "reader", one, "--sample", "1"]) == 0
    assert capsys.readouterr().out.startswith(f"{one}: 1 questions, minilm-l6-reader, onnx-int8\n")
    for options, problem in {
        ("--sample", "0"): "give 1 or more",
        ("--plot", "x.jpg"): "let it end in .png",
    }.items():
        assert cli.main(["eval", "reader", one, *options]) == 2
        assert problem in capsys.readouterr().err
    assert cli.main(["eval", "reader", str(tmp_path / "none.json")]) == 2
    assert capsys.readouterr().err.count("\n") == 1
