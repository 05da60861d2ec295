"""JSONL in, JSONL out: one line for each line, with its id, in order."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api import cli
from api.commands.batch import BadRow, Row, rows_of
from indexer.errors import ArchiveDamaged, QuoteMismatch
from tests.api.fake_archive import SENTENCE, FakeArchive, install

Door = type[FakeArchive]
Printed = pytest.CaptureFixture[str]


@pytest.fixture
def door(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Door:
    return install(monkeypatch, tmp_path)


def lines(capsys: Printed) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def write(*rows: object) -> str:
    Path("batch.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows), "utf-8")
    return "batch.jsonl"


def test_a_reply_for_each_question_with_its_id_in_order(door: Door, capsys: Printed) -> None:
    batch = write({"id": 'é"1', "question": "cost?"}, {"id": 2, "question": "who?", "answers": ["is ignored"]})
    assert cli.main(["ask", "--batch", batch, "--top-k", "2"]) == 0
    first, second = lines(capsys)
    assert next(iter(first)) == "id"
    assert (first["id"], first["question"], first["answered"]) == ('é"1', "cost?", True)
    assert (second["id"], second["answered"]) == (2, False)
    assert [given["top_k"] for name, given in door.calls if name == "ask"] == [2, 2]


BAD = [
    (b"{", None, "line 2: not JSON in UTF-8"),
    (b'{"id": "a", "question": "\xff"}', None, "line 2: not JSON in UTF-8"),
    (b"[1]", None, "line 2: not a JSON object"),
    (b'{"question": "?"}', None, "line 2: no id"),
    (b'{"id": true, "question": "?"}', None, "line 2: no id"),
    (b'{"id": "a"}', "a", "line 2: no text in 'question'"),
    (b'{"id": "a", "question": "\\ud800"}', "a", "line 2: half a character in 'question'"),
    (b'{"id": 7, "question": 8}', 7, "line 2: no text in 'question'"),
    (b'{"id": "a", "question": " "}', "a", "line 2, question: it is empty"),
    (b'{"id": "a", "question": ' + b"[" * 100_000, None, "line 2: not JSON in UTF-8"),
]


@pytest.mark.parametrize(("bad", "row_id", "words"), BAD)
def test_a_bad_line_gives_a_problem_in_its_place(
    bad: bytes, row_id: object, words: str, door: Door, capsys: Printed
) -> None:
    good = b'{"id": "%d", "question": "cost?"}'
    Path("b").write_bytes(b"\xef\xbb\xbf" + good % 1 + b"\r\n" + bad + b"\n\n" + good % 3)
    assert cli.main(["ask", "--batch", "b"]) == 0
    first, problem, last = lines(capsys)
    assert (first["id"], last["id"]) == ("1", "3")
    assert list(problem) == ["id", "error"]
    assert problem["id"] == row_id
    assert words in problem["error"]["detail"]
    assert {"type", "title", "status", "detail", "request_id"} <= problem["error"].keys()


def test_an_id_with_half_a_character_comes_back_as_it_was(door: Door, capsys: Printed) -> None:
    Path("b").write_bytes(b'{"id": "\\ud800", "question": "cost?"}\n')
    assert cli.main(["ask", "--batch", "b"]) == 0
    assert [line["id"] for line in lines(capsys)] == ["\ud800"]


def test_batches_come_from_stdin(door: Door, capsys: Printed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b'{"id": 1, "question": "cost?"}\n')))
    assert cli.main(["ask", "--batch", "-"]) == 0
    assert [line["id"] for line in lines(capsys)] == [1]


def test_an_empty_batch_is_processed(door: Door, capsys: Printed) -> None:
    assert cli.main(["ask", "--batch", write()]) == 0
    assert lines(capsys) == []


def test_a_failed_last_check_is_told_in_its_place_and_by_the_exit_code(door: Door, capsys: Printed) -> None:
    door.fail = QuoteMismatch("bridge-1", "another text")
    assert cli.main(["ask", "--batch", write({"id": 1, "question": "?"}, {"id": 2, "question": "?"})]) == 70
    assert [(line["id"], line["error"]["status"]) for line in lines(capsys)] == [(1, 500), (2, 500)]


def test_a_damaged_archive_ends_the_batch(door: Door, capsys: Printed) -> None:
    door.fail = ArchiveDamaged(Path("archive"), "bad page")
    assert cli.main(["ask", "--batch", write({"id": 1, "question": "?"})]) == 3
    assert "bad page" in capsys.readouterr().err


def test_search_takes_queries_or_questions(door: Door, capsys: Printed) -> None:
    batch = write({"id": 1, "query": "a", "question": "not this"}, {"id": 2, "question": "b"})
    assert cli.main(["search", "--batch", batch]) == 0
    assert [(line["id"], line["items"][0]["text"]) for line in lines(capsys)] == [(1, SENTENCE), (2, SENTENCE)]
    assert [given["query"] for name, given in door.calls if name == "search"] == ["a", "b"]


def test_a_trec_run_of_a_batch(door: Door, capsys: Printed) -> None:
    batch = write({"id": "q1", "query": "a"}, {"id": "q2", "query": "b"})
    assert cli.main(["search", "--batch", batch, "--format", "trec", "--mode", "dense"]) == 0
    tail = "Q0 bridge-1 1 0.5 pullquote-dense\n"
    assert capsys.readouterr().out == f"q1 {tail}q2 {tail}"


@pytest.mark.parametrize("bad", [{"id": "two words", "query": "a"}, {"id": "q2"}])
def test_a_trec_run_stops_at_a_line_it_cannot_hold(bad: object, door: Door, capsys: Printed) -> None:
    assert cli.main(["search", "--batch", write({"id": "q1", "query": "a"}, bad), "--format", "trec"]) == 2
    assert capsys.readouterr().err.startswith("pullquote: line 2: ")


def test_read_gives_the_best_span_even_when_it_abstains(door: Door, capsys: Printed) -> None:
    batch = write({"id": 1, "question": "?", "context": "abc"}, {"id": 2, "question": "?"})
    assert cli.main(["read", "--batch", batch]) == 0
    first, second = lines(capsys)
    assert first == {
        "id": 1,
        "answer": None,
        "start": None,
        "end": None,
        "score": -1.5,
        "confidence": None,
        "best": {"answer": "ab", "start": 0, "end": 2, "score": -1.5},
    }
    assert "no text in 'context'" in second["error"]["detail"]


@given(st.lists(st.tuples(st.text() | st.integers(), st.text()), max_size=5))
def test_rows_come_back_as_written(tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str | int, str]]) -> None:
    file = tmp_path_factory.mktemp("rows") / "rows.jsonl"
    file.write_text("".join(f"{json.dumps({'id': i, 'question': text})}\n" for i, text in rows), "utf-8")
    found = list(rows_of(str(file), ["question"]))
    assert [(row.id, row.fields) for row in found if isinstance(row, Row)] == [(i, (text,)) for i, text in rows]
    assert [row.number for row in found] == list(range(1, len(rows) + 1))


@given(st.binary())
def test_no_bytes_break_the_reader(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    file = tmp_path_factory.mktemp("rows") / "rows.jsonl"
    file.write_bytes(content)
    assert all(isinstance(row, Row | BadRow) for row in rows_of(str(file), ["question"]))
