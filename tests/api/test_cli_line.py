"""The whole line from a terminal, with the real models over the seed article and two small ones."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from api import cli
from api.contract import contract

SEED = Path(__file__).parents[2] / "seeds" / "000_ffa18cde320deb92.txt"
XI = "What did Xi pledge?"
SMALL = [
    {
        "id": "bridge",
        "title": "Bridge opens",
        "body": "Mayor Ana López opened the new bridge over the Kander on Monday.",
    },
    {"id": "storm", "title": "Storm", "body": "A storm cut power to 40,000 homes in Brittany.", "source": "The Weekly"},
]
Printed = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An archive of three articles, indexed from the command line. Tests must not change it."""
    home = tmp_path_factory.mktemp("line")
    lines = [*SMALL, {"id": "no-text"}]
    (home / "small.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in lines), "utf-8")
    sources = [str(SEED), str(home / "small.jsonl"), "--map", "text=body", "--source-name", "The Daily"]
    assert cli.main(["index", *sources, "--archive", str(home / "archive")]) == 0
    return home / "archive"


def printed_json(capsys: Printed) -> Any:  # noqa: ANN401 JSON is anything
    printed = capsys.readouterr().out
    assert printed.count("\n") == 1
    return json.loads(printed)


def test_the_seed_question_is_answered_as_json_by_the_contract(folder: Path, capsys: Printed) -> None:
    assert cli.main(["ask", "--json", "--archive", str(folder), XI]) == 0
    reply = printed_json(capsys)
    Draft202012Validator(contract()["Reply"]).validate(reply)
    best = reply["answers"][0]
    assert best["answer"].startswith("closer cooperation")
    assert best["range"]["start"] == 554
    assert best["article"]["published_at"] == "2022-02-06T11:56:00Z"
    text = SEED.read_bytes()
    assert best["citation"]["sha256"] == hashlib.sha256(text).hexdigest()
    assert text.decode()[best["range"]["start"] : best["range"]["end"]] == best["answer"]


def test_the_seed_question_is_answered_as_a_pull_quote(folder: Path, capsys: Printed) -> None:
    assert cli.main(["ask", "--archive", str(folder), XI]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("“closer cooperation")
    assert "pledged closer cooperation" in printed
    assert "6 February 2022\n  verified · 1 article · 25% sure · " in printed
    assert " · [554, " in printed


def test_show_text_and_verify_agree_on_every_byte(folder: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    archive = ["--archive", str(folder)]
    cli.main(["ask", "--json", *archive, XI])
    reply = folder.parent / "reply.json"
    reply.write_bytes(capfdbinary.readouterr().out)
    article_id = json.loads(reply.read_bytes())["answers"][0]["article"]["id"]
    assert cli.main(["show", article_id, "--text", *archive]) == 0
    text = folder.parent / "text"
    text.write_bytes(capfdbinary.readouterr().out)
    assert text.read_bytes() == SEED.read_bytes()
    one = json.loads(reply.read_bytes())["answers"][0]
    reply.write_text(json.dumps(one), "utf-8")
    assert cli.main(["verify", str(reply), *archive]) == 0
    assert cli.main(["verify", str(reply), "--article", str(text), "--archive", "nowhere"]) == 0
    text.write_bytes(text.read_bytes().replace(b"closer", b"looser"))
    assert cli.main(["verify", str(reply), "--article", str(text)]) == 1


def test_an_unsure_reader_abstains_and_filters_are_obeyed(folder: Path, capsys: Printed) -> None:
    archive = ["--archive", str(folder)]
    assert cli.main(["ask", "--json", *archive, "Which river did the seventh swan cross?"]) == 1
    assert printed_json(capsys)["reason"] == "low_confidence"
    assert cli.main(["ask", "--json", *archive, "--source", "Nobody's News", XI]) == 1
    assert printed_json(capsys)["reason"] == "no_match"


def test_search_list_and_similar_find_the_articles(folder: Path, capsys: Printed) -> None:
    archive = ["--archive", str(folder)]
    assert cli.main(["search", "bridge", "--json", "--top-k", "1", *archive]) == 0
    assert [hit["article"]["id"] for hit in printed_json(capsys)["items"]] == ["bridge"]
    assert cli.main(["search", "bridge", "--format", "trec", *archive]) == 0
    run = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert run[0][:4] == ["1", "Q0", "bridge", "1"]
    assert len({row[2] for row in run}) == len(run) == 3
    assert [float(row[4]) for row in run] == sorted((float(row[4]) for row in run), reverse=True)
    assert cli.main(["list", "--source", "The Weekly", "--source", "Nobody's News", *archive]) == 0
    assert capsys.readouterr().out == "storm\t\tThe Weekly\tStorm\n"
    assert cli.main(["similar", "bridge", "--json", *archive]) == 0
    assert "bridge" not in {hit["article"]["id"] for hit in printed_json(capsys)["items"]}


def test_the_reader_alone_gives_offsets_of_the_context(
    folder: Path, capsys: Printed, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = "🌉 Mayor Ana López opened the new bridge over the Kander on Monday."
    batch = folder.parent / "contexts.jsonl"
    batch.write_text(json.dumps({"id": 7, "question": "Who opened the bridge?", "context": context}), "utf-8")
    assert cli.main(["read", "--batch", str(batch), "--archive", str(folder)]) == 0
    reading = printed_json(capsys)
    assert reading["id"] == 7
    assert "Ana López" in reading["best"]["answer"]
    assert context[reading["best"]["start"] : reading["best"]["end"]] == reading["best"]["answer"]


def test_doctor_finds_a_sound_archive(folder: Path, capsys: Printed) -> None:
    assert cli.main(["doctor", "--json", "--archive", str(folder)]) == 0
    assert printed_json(capsys)["ok"] is True


def test_delete_and_index_again(tmp_path: Path, capsys: Printed) -> None:
    (tmp_path / "news").mkdir()
    (tmp_path / "news" / "a.txt").write_text("Storm\n\nA storm cut power to 40,000 homes.")
    (tmp_path / "news" / "b.txt").write_bytes(b"\x00\x01\x02")
    run = ["--archive", str(tmp_path / "archive")]
    assert cli.main(["index", str(tmp_path / "news"), *run]) == 0
    printed, complaint = capsys.readouterr()
    assert printed.startswith("1 added, 0 updated, 0 unchanged, 0 removed, 1 refused; ")
    assert complaint.startswith("pullquote: refused file://")
    assert cli.main(["index", "--json", str(tmp_path / "news"), *run]) == 0
    events = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert sorted(event["status"] for event in events[:-1]) == ["refused", "unchanged"]
    assert events[-1]["summary"]["unchanged"] == 1
    article_id = next(event["id"] for event in events[:-1] if event["status"] == "unchanged")
    assert cli.main(["delete", "no-such-article", article_id, *run]) == 1
    assert cli.main(["delete", article_id, *run]) == 0
    assert cli.main(["list", *run]) == 1
    assert cli.main(["ask", "What cut power?", *run]) == 1
    assert "The archive is empty" in capsys.readouterr().out


def test_nothing_readable_is_exit_code_1(tmp_path: Path) -> None:
    assert cli.main(["index", str(tmp_path / "absent"), "--archive", str(tmp_path / "archive")]) == 1


def test_ask_loads_no_framework(folder: Path) -> None:
    """A cold start must not pay for torch, transformers or the server."""
    heavy = {"torch", "transformers", "sentence_transformers", "fastapi", "starlette", "uvicorn", "onnx"}
    code = (
        "import sys; from api.cli import main; code = main(sys.argv[1:]); "
        f"print(sorted({heavy} & sys.modules.keys())); sys.exit(code)"
    )
    command = [sys.executable, "-c", code, "ask", "--json", "--archive", str(folder), XI]
    assert subprocess.check_output(command, text=True).splitlines()[-1] == "[]"


def test_serve_answers_until_it_is_interrupted(folder: Path) -> None:
    command = [sys.executable, "-m", "api.cli", "serve", "--archive", str(folder), "--port", "0"]
    server = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert server.stderr is not None
        url = next(word for word in server.stderr.readline().split() if word.startswith("http://"))
        with urllib.request.urlopen(f"{url}/healthz") as health:
            assert health.status == 200
        server.send_signal(signal.SIGINT)
        printed, complaint = server.communicate(timeout=60)
    finally:
        server.kill()
    assert (server.returncode, printed, complaint) == (130, "", "")


def test_ctrl_c_ends_an_index_that_waits_for_stdin(tmp_path: Path) -> None:
    code = """import sys, pullquote
from tests.fakes import WordEmbedder
pullquote.load_embedder = lambda *_: WordEmbedder()
from api import cli
sys.exit(cli.main(sys.argv[1:]))"""
    command = [sys.executable, "-c", code, "index", "-", "--json", "--archive", str(tmp_path / "archive")]
    pipe = subprocess.PIPE
    run = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True)
    try:
        assert run.stdin is not None
        assert run.stdout is not None
        for i in range(65):  # a batch of 64 is stored, the last one waits for others
            run.stdin.write(json.dumps({"id": f"a{i}", "text": f"Khan met Xi {i}."}) + "\n")
        run.stdin.flush()
        told = [json.loads(run.stdout.readline())["status"] for _ in range(64)]
        run.send_signal(signal.SIGINT)
        code_of_end = run.wait(timeout=60)
        complaint = run.stderr.read() if run.stderr else ""
    finally:
        run.kill()
        run.communicate()
    assert told == ["added"] * 64
    assert code_of_end == 130, complaint
    assert complaint.splitlines() == ["pullquote: stopping after this batch; Ctrl-C again stops at once, and loses it"]


def test_an_archive_that_cannot_be_read_is_one_sentence(tmp_path: Path, capsys: Printed) -> None:
    (tmp_path / "archive.sqlite").write_bytes(os.urandom(8192))
    assert cli.main(["ask", XI, "--archive", str(tmp_path)]) == 3
    printed, complaint = capsys.readouterr()
    assert printed == ""
    assert complaint.count("\n") == 1
    assert "is damaged" in complaint


def test_a_missing_model_is_told_with_the_command_that_gets_it(
    folder: Path, capsys: Printed, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PULLQUOTE_MODELS", str(tmp_path))
    assert cli.main(["ask", XI, "--archive", str(folder)]) == 3
    assert "run `pullquote models --fetch`" in capsys.readouterr().err


def test_an_argument_that_is_not_utf8_is_refused_unless_it_is_a_file(tmp_path: Path, capsys: Printed) -> None:
    for arguments in (["ask", "What did \udcff pledge?"], ["list", "--source", "\udcff"]):
        assert cli.main([*arguments, "--archive", str(tmp_path)]) == 2
        assert "udcff" in capsys.readouterr().err
    file = tmp_path / "caf\udce9.txt"  # a name in Latin-1
    file.write_text("Storm\n\nA storm cut power to 40,000 homes.")
    assert cli.main(["index", str(file), "--archive", str(tmp_path / "archive")]) == 0
