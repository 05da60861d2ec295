"""Every verb: what it asks of the archive, what it prints, and its exit code."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import pytest

from api import cli
from api.commands.index import options_of
from api.commands.options import ModeName
from api.schemas import dump
from indexer.types import Filters, Hit, IndexEvent, IndexStatus, Mode
from tests.api.fake_archive import SENTENCE, FakeArchive, install
from tests.api.nouns import HEAD, TEXT, VIEW, article, at, citation, hit, place_of

Door = type[FakeArchive]
Printed = pytest.CaptureFixture[str]
COST = "How much did it cost?"


@pytest.fixture
def door(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Door:
    return install(monkeypatch, tmp_path)


def stdin(monkeypatch: pytest.MonkeyPatch, data: bytes) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))


def asked(door: Door, method: str) -> dict[str, Any]:
    """The arguments of the one call of `method`."""
    [arguments] = [arguments for name, arguments in door.calls if name == method]
    return arguments


def test_ask_prints_a_pull_quote(door: Door, capsys: Printed) -> None:
    assert cli.main(["ask", COST]) == 0
    printed, complaint = capsys.readouterr()
    start = TEXT.index("3 million")
    assert printed.startswith(f"“3 million”\n\n    {SENTENCE}\n\n  Mayor opens bridge 🌉\n")
    assert f"verified · 1 article · score 7.25 · [{start}, {start + 9}) of bridge-1\n" in printed
    assert complaint == ""


def test_ask_json_is_one_line_of_the_reply(door: Door, capsys: Printed) -> None:
    assert cli.main(["ask", "--json", COST]) == 0
    printed = capsys.readouterr().out
    assert printed.count("\n") == 1
    reply = json.loads(printed)
    assert reply["answers"][0]["answer"] == "3 million"
    assert reply["question"] == COST
    assert reply["passages"][0]["highlights"][0]["start"] == TEXT.index("cost")


@pytest.mark.parametrize("form", [[], ["--json"]])
def test_ask_abstains_with_exit_code_1(form: list[str], door: Door, capsys: Printed) -> None:
    assert cli.main(["ask", "Who?", *form]) == 1
    printed, complaint = capsys.readouterr()
    assert "low_confidence" in printed or "No quotation is sure enough" in printed
    assert complaint == ""


def test_ask_passes_every_option(door: Door, tmp_path: Path) -> None:
    arguments = "--top-k 3 --depth 7 --mode lexical --max-error 0.1 --as-of 2021 --source A --source B --author C"
    arguments += " --id x --id y --since 2020 --until 2021-02"
    cli.main(["ask", COST, "--archive", str(tmp_path), *arguments.split()])
    assert asked(door, "ask") == {
        "question": COST,
        "top_k": 3,
        "depth": 7,
        "mode": "lexical",
        "max_error": 0.1,
        "as_of": "2021",
        "filters": Filters(("A", "B"), ("C",), ("x", "y"), "2020", "2021-02"),
    }
    assert asked(door, "open")["path"] == tmp_path
    assert [name for name, _ in door.calls] == ["open", "ask", "close"]


def test_the_defaults_are_those_of_the_design(door: Door) -> None:
    cli.main(["ask", COST])
    options = {"top_k": 5, "depth": 20, "mode": "hybrid", "max_error": None, "as_of": None, "filters": Filters()}
    assert asked(door, "ask") == {"question": COST, **options}
    assert asked(door, "open")["path"] == Path("archive")
    assert asked(door, "open")["create"] is False


def test_the_archive_comes_from_the_settings(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("elsewhere").mkdir()
    monkeypatch.setenv("PULLQUOTE_ARCHIVE", "elsewhere")
    monkeypatch.setenv("PULLQUOTE_READER", "another-reader")
    cli.main(["ask", COST])
    assert asked(door, "open")["path"] == Path("elsewhere")
    assert asked(door, "open")["reader"] == "another-reader"


def test_clusters_are_listed_with_the_first_published_before_each(door: Door, capsys: Printed) -> None:
    assert cli.main(["list", "--clusters", "--limit", "2"]) == 0
    assert asked(door, "clusters") == {"limit": 2, "cursor": None}
    lines = capsys.readouterr().out.splitlines()
    assert [line.split("\t")[:2] for line in lines] == [["bridge-1", "bridge-1"], ["bridge-1", "bridge-1"]]
    assert cli.main(["list", "--clusters", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["items"][0]["id"] == "bridge-1"
    assert cli.main(["list", "--clusters", "--source", "A"]) == 2
    assert "leave the filters out" in capsys.readouterr().err


def test_search_shows_hits_and_passes_its_options(door: Door, capsys: Printed) -> None:
    assert cli.main(["search", "bridge", "--top-k", "2", "--mode", "dense", "--author", "C"]) == 0
    assert asked(door, "search") == {
        "query": "bridge",
        "top_k": 2,
        "mode": "dense",
        "filters": Filters(author=("C",)),
        "cursor": None,
        "copies": False,
    }
    assert f"    {SENTENCE}\n" in capsys.readouterr().out


@pytest.mark.parametrize("form", [["--json"], ["--format", "json"]])
def test_search_json_is_one_line_of_the_list(form: list[str], door: Door, capsys: Printed) -> None:
    assert cli.main(["search", "bridge", *form]) == 0
    printed = capsys.readouterr().out
    assert printed.count("\n") == 1
    assert [item["text"] for item in json.loads(printed)["items"]] == [SENTENCE]


@pytest.mark.parametrize("verb", [["search", "bridge"], ["search", "bridge", "--json"], ["similar", "bridge-1"]])
def test_no_hit_is_exit_code_1(verb: list[str], door: Door) -> None:
    door.hits = []
    assert cli.main(verb) == 1


def test_similar_takes_an_id_or_the_text_on_stdin(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    assert cli.main(["similar", "bridge-1", "--top-k", "4", "--source", "A"]) == 0
    assert cli.main(["similar", "bridge-1", "--json"]) == 0
    stdin(monkeypatch, "Ein Text für die Brücke\r\n".encode())
    assert cli.main(["similar", "-"]) == 0
    first, _, third = (arguments for name, arguments in door.calls if name == "similar")
    assert first == {"article_id": "bridge-1", "text": None, "top_k": 4, "filters": Filters(source=("A",))}
    assert (third["article_id"], third["text"]) == (None, "Ein Text für die Brücke\r\n")


def test_show_text_is_the_exact_text(door: Door, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    assert cli.main(["show", "bridge-1", "--text"]) == 0
    assert capfdbinary.readouterr().out == TEXT.encode()


def test_show_json_is_the_article(door: Door, capsys: Printed) -> None:
    assert cli.main(["show", "bridge-1", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["text"], found["sha256"]) == (TEXT, article().sha256)
    assert found["blocks"][0] == {
        "kind": "headline",
        "range": {"start": 0, "end": 20, "utf16": {"start": 0, "end": 21}},
    }


def test_show_is_readable(door: Door, capsys: Printed) -> None:
    assert cli.main(["show", "bridge-1"]) == 0
    assert "\nLópez, opened the new bridge on Monday." in capsys.readouterr().out


def test_list_is_tab_separated_when_piped(door: Door, capsys: Printed) -> None:
    assert cli.main(["list", "--limit", "1", "--since", "2022"]) == 0
    printed, complaint = capsys.readouterr()
    assert printed == "bridge-1\t2022-02-06T11:56:00Z\tThe Daily\tMayor opens bridge 🌉\n"
    assert complaint == "pullquote: there are more: add --cursor next-page to list them\n"
    assert asked(door, "articles") == {"filters": Filters(since="2022"), "limit": 1, "cursor": None}


def test_list_json_is_a_page(door: Door, capsys: Printed) -> None:
    assert cli.main(["list", "--json", "--cursor", "next-page"]) == 0
    page = json.loads(capsys.readouterr().out)
    assert [item["id"] for item in page["items"]] == ["bridge-1"]
    assert page["next"] is None


def test_delete_tells_what_is_gone(door: Door, capsys: Printed) -> None:
    assert cli.main(["delete", "bridge-1"]) == 0
    assert capsys.readouterr().out == "deleted bridge-1\n"
    assert cli.main(["delete", "--json", "bridge-1"]) == 0
    assert capsys.readouterr().out == '{"deleted":["bridge-1"]}\n'
    assert cli.main(["delete", "--purge", "bridge-1"]) == 0
    assert capsys.readouterr().out == "purged bridge-1\n"
    assert cli.main(["delete", "--purge", "--json", "bridge-1"]) == 0
    assert capsys.readouterr().out == '{"deleted":["bridge-1"],"purged":true}\n'


EVENTS = [
    IndexEvent("added", "file:///a.txt", "a", None, ("ambiguous time zone IST",)),
    IndexEvent("added", "file:///b.txt", "b", None, ("ambiguous time zone IST",)),
    IndexEvent("refused", "file:///c.txt", None, "it holds no text"),
]


def test_index_counts_and_gives_a_reason_for_each_refusal(door: Door, capsys: Printed) -> None:
    door.events = EVENTS
    assert cli.main(["index", "a.txt", "more/"]) == 0
    printed, complaint = capsys.readouterr()
    counts = "2 added, 0 updated, 0 unchanged, 0 removed, 1 refused"
    assert printed == f"{counts}; the archive holds 1 articles in 1 passages\n"
    assert complaint.splitlines() == [
        "pullquote: refused file:///c.txt: it holds no text",
        "pullquote: warning: ambiguous time zone IST (file:///a.txt and 1 more)",
    ]
    assert asked(door, "index")["paths"] == ("a.txt", "more/")
    assert asked(door, "open")["create"] is True


class Terminal(io.StringIO):
    """A screen that remembers what was written to it."""

    def isatty(self) -> bool:
        return True


def test_progress_shows_on_a_terminal_only(door: Door, capsys: Printed, monkeypatch: pytest.MonkeyPatch) -> None:
    door.events = EVENTS
    assert cli.main(["index", "a.txt"]) == 0
    assert "Indexing" not in capsys.readouterr().err
    monkeypatch.setenv("TERM", "xterm")
    screen = Terminal()
    monkeypatch.setattr(sys, "stderr", screen)
    assert cli.main(["index", "a.txt"]) == 0
    assert "Indexing: 2 added, 1 refused" in screen.getvalue()
    assert "refused file:///c.txt: it holds no text\n" in screen.getvalue()


def test_list_is_in_columns_on_a_terminal(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Terminal()
    monkeypatch.setattr(sys, "stdout", screen)
    assert cli.main(["list", "--cursor", "next-page"]) == 0
    assert screen.getvalue() == "bridge-1  2022-02-06  The Daily  Mayor opens bridge 🌉\n"


def test_index_json_is_a_line_an_article_then_the_summary(door: Door, capsys: Printed) -> None:
    door.events = EVENTS
    assert cli.main(["index", "--json", "a.txt"]) == 0
    printed, complaint = capsys.readouterr()
    *events, last = map(json.loads, printed.splitlines())
    assert [(event["status"], event["origin"], event["id"], event["reason"]) for event in events] == [
        ("added", "file:///a.txt", "a", None),
        ("added", "file:///b.txt", "b", None),
        ("refused", "file:///c.txt", None, "it holds no text"),
    ]
    assert list(last) == ["summary"]
    assert (last["summary"]["added"], last["summary"]["refused"]) == (2, 1)
    assert complaint == ""


@pytest.mark.parametrize(("status", "code"), [("refused", 1), ("unchanged", 0), ("updated", 0), ("removed", 0)])
def test_index_with_nothing_readable_is_exit_code_1(status: IndexStatus, code: int, door: Door) -> None:
    door.events = [IndexEvent(status, "file:///a.txt", None, "a reason")]
    assert cli.main(["index", "a.txt"]) == code


def test_one_map_may_name_several_fields() -> None:
    given = ["text=body,published_at=date", "title=Head, long,author=by"]
    expected = {"text": "body", "published_at": "date", "title": "Head, long", "author": "by"}
    assert options_of(given, None, None, None).map == expected


def test_index_passes_its_options(door: Door) -> None:
    options = "--map text=body --map title=head=line --timezone Asia/Kolkata --source-name Wire --language en --prune"
    cli.main(["index", "a.jsonl", *options.split()])
    given = asked(door, "index")
    assert given["prune"] is True
    assert dict(given["options"].map) == {"text": "body", "title": "head=line"}
    assert (given["options"].timezone, given["options"].source, given["options"].language) == (
        "Asia/Kolkata",
        "Wire",
        "en",
    )


def citations(*quotes: str) -> list[Any]:
    from api.schemas import json_text

    return [json.loads(json_text(citation(quote))) for quote in quotes]


def test_verify_takes_a_reply_and_checks_its_supporting_quotations(door: Door, capsys: Printed) -> None:
    cli.main(["ask", "--json", COST])
    reply = json.loads(capsys.readouterr().out)
    others = [{"answer": "Monday", "article": {}, "citation": citations("Monday")[0]}]
    reply["answers"][0]["support"]["others"] = others
    Path("reply.json").write_text(json.dumps(reply, indent=2), "utf-8")
    assert cli.main(["verify", "reply.json"]) == 0
    assert asked(door, "verify")["citations"] == [citation("3 million"), citation("Monday")]
    where = place_of("3 million")
    assert f"valid    [{where.start}, {where.end}) of bridge-1  as cited\n" in capsys.readouterr().out


def test_verify_takes_json_lines_of_citations_and_batch_errors_from_stdin(
    door: Door, monkeypatch: pytest.MonkeyPatch, capsys: Printed
) -> None:
    lines = [*citations("3 million", "Monday"), {"id": "q3", "error": {"title": "InvalidInput"}}]
    stdin(monkeypatch, "\n".join(map(json.dumps, lines)).encode())
    assert cli.main(["verify", "-", "--json"]) == 0
    assert asked(door, "verify")["citations"] == [citation("3 million"), citation("Monday")]
    printed = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [verdict["status"] for verdict in printed] == ["valid", "valid"]


def test_verify_needs_no_archive_with_a_text(door: Door, capsys: Printed) -> None:
    Path("archive").rmdir()
    Path("c.json").write_text(json.dumps(citations("3 million", "Monday")), "utf-8")
    Path("text").write_bytes(TEXT.encode())
    assert cli.main(["verify", "c.json", "--article", "text"]) == 0
    Path("text").write_bytes(f"Correction. {TEXT.replace('Monday', 'Tuesday')}".encode())
    capsys.readouterr()
    assert cli.main(["verify", "c.json", "--article", "text", "--json"]) == 1
    printed = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [verdict["status"] for verdict in printed] == ["moved", "changed"]
    assert printed[0]["range"]["start"] == TEXT.index("3 million") + len("Correction. ") + len("Tuesday") - len(
        "Monday"
    )
    assert door.calls == []


def test_verify_with_no_citation_is_exit_code_1(door: Door, capsys: Printed) -> None:
    cli.main(["ask", "--json", "Who?"])
    Path("reply.json").write_text(capsys.readouterr().out, "utf-8")
    assert cli.main(["verify", "reply.json"]) == 1
    assert "holds no citation" in capsys.readouterr().err


def test_doctor_ends_with_3_when_something_is_wrong(door: Door, capsys: Printed) -> None:
    assert cli.main(["doctor"]) == 0
    assert capsys.readouterr().out.startswith("ok     store: every page has its checksum\n")
    door.fail = ValueError()
    assert cli.main(["doctor", "--json"]) == 3
    assert json.loads(capsys.readouterr().out)["ok"] is False


def test_doctor_repairs_when_asked_and_tells_what_the_archive_warns_of(door: Door, capsys: Printed) -> None:
    assert cli.main(["doctor", "--repair"]) == 0
    assert asked(door, "doctor") == {"repair": True}
    assert capsys.readouterr().err == "pullquote: the caches stay in memory: disk full\n"


def test_models_are_listed_with_what_is_wrong(door: Door, monkeypatch: pytest.MonkeyPatch, capsys: Printed) -> None:
    monkeypatch.setenv("PULLQUOTE_MODELS", "no-models-here")
    assert cli.main(["models", "--json"]) == 0
    states = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {"embed", "read"} <= {state["task"] for state in states}
    assert not any(state["ready"] for state in states)
    name = states[0]["name"]
    assert cli.main(["models", name]) == 0
    assert capsys.readouterr().out.startswith(f"{name}: not ready\n")
    assert cli.main(["models", "no-such-model"]) == 2
    assert name in capsys.readouterr().err


def test_trec_is_one_line_an_article_fetched_page_by_page(door: Door, capsys: Printed) -> None:
    def of(article_id: str, score: float) -> Hit:
        return replace(hit(SENTENCE), article=replace(HEAD, id=article_id), score=score)

    door.hits = [of("a", 0.5), of("a", 0.4), of("b", 1 / 3), of("c", 0.2), of("d", 0.1)]
    assert cli.main(["search", "bridge", "--format", "trec", "--top-k", "2"]) == 0
    assert capsys.readouterr().out == ("1 Q0 a 1 0.5 pullquote-hybrid\n1 Q0 b 2 0.3333333333333333 pullquote-hybrid\n")
    assert [arguments["cursor"] for name, arguments in door.calls if name == "search"] == [None, "2"]


def test_the_modes_are_those_of_the_archive() -> None:
    assert get_args(ModeName) == get_args(Mode)


def test_no_verb_prints_the_help(capsys: Printed) -> None:
    assert cli.main([]) == 0
    assert "Usage: pullquote" in capsys.readouterr().out


def test_the_version_is_that_of_the_distribution(capsys: Printed) -> None:
    from importlib.metadata import version

    assert cli.main(["--version"]) == 0
    assert capsys.readouterr().out == f"pullquote {version('pullquote')}\n"


ENGINES = ["numpy", "onnxruntime", "tokenizers", "faiss", "tantivy", "apsw", "sentencex", "rich"]
ENGINES += ["torch", "transformers", "fastapi", "uvicorn", "pullquote"]


@pytest.mark.parametrize("arguments", [["--help"], ["ask", "--help"], ["--version"]])
def test_help_loads_no_engine(arguments: list[str]) -> None:
    code = f"import sys; from api.cli import main; main({arguments}); print(sorted({ENGINES} & sys.modules.keys()))"
    code = code.replace(str(ENGINES), f"set({ENGINES})")
    printed = subprocess.check_output([sys.executable, "-c", code], text=True)
    assert printed.splitlines()[-1] == "[]"


def test_at_counts_utf16() -> None:  # the nouns of these tests are right themselves
    assert at(0, 20).utf16.end == 21


def test_compact_says_what_it_gave_back(door: Door, capsys: Printed) -> None:
    assert cli.main(["compact"]) == 0
    assert capsys.readouterr().out == "10,000 bytes given back: 12,000 before, 2,000 after\n"
    assert cli.main(["compact", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"before": 12_000, "after": 2_000}


def test_backup_says_what_the_copy_holds(door: Door, capsys: Printed) -> None:
    assert cli.main(["backup", "elsewhere"]) == 0
    assert asked(door, "backup")["folder"] == Path("elsewhere")
    assert capsys.readouterr().out == f"elsewhere holds {VIEW.articles} articles\n"
    assert cli.main(["backup", "elsewhere", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"archive": "elsewhere", "view": dump(VIEW)}
