"""Whatever goes wrong is one sentence on stderr, nothing on stdout, and the exit code of design §7."""

from __future__ import annotations

import errno
import io
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import IO

import pytest

from api import cli
from api.commands import exits
from indexer import errors
from indexer.errors import PullquoteError
from tests.api.fake_archive import FakeArchive, install

Door = type[FakeArchive]
Printed = pytest.CaptureFixture[str]
ARCHIVE = Path("archive")


@pytest.fixture
def door(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Door:
    return install(monkeypatch, tmp_path)


def complaint(arguments: list[str], code: int, capsys: Printed) -> str:
    """Run, check the exit code and that stdout is empty, and return the one sentence."""
    assert cli.main(arguments) == code
    printed, said = capsys.readouterr()
    assert printed == ""
    assert said.startswith("pullquote: ")
    assert said.count("\n") == 1
    return said.removeprefix("pullquote: ").strip()


CODES = {
    errors.InvalidInput("question", "it is empty"): 2,
    errors.SourceUnreadable("file:///a.txt", "not text"): 1,
    errors.ArchiveMissing(ARCHIVE): 3,
    errors.ArchiveDamaged(ARCHIVE, "bad page"): 3,
    errors.ArchiveBusy(ARCHIVE): 3,
    errors.AlreadyReembedding(ARCHIVE): 3,
    errors.ArchiveReadOnly(ARCHIVE, "disk full"): 3,
    errors.NewerFormat(ARCHIVE, 9, 1): 3,
    errors.OlderFormat("postgresql://db/news", 1, 2): 3,
    errors.ArchiveUnavailable("postgresql://db/news", "connection refused"): 3,
    errors.ModelMissing("m", "weights are missing"): 3,
    errors.ModelUnavailable("m", "no source has it"): 3,
    errors.ModelDamaged("m", Path("f"), "a" * 64, "b" * 64): 3,
    errors.ModelMismatch(ARCHIVE, "a", "b"): 3,
    errors.IndexMismatch("milvus+http://index", "a", "b"): 3,
    errors.IndexRefused("milvus+http://index", "wrong password"): 3,
    errors.IndexLost("milvus+http://index", "it is gone"): 3,
    errors.WorkersLost("the actor died"): 3,
    errors.ArticleNotFound("a"): 1,
    errors.QuoteMismatch("a", "another text"): 70,
}


@pytest.mark.parametrize(("error", "code"), CODES.items(), ids=lambda value: type(value).__name__)
def test_every_error_has_its_code_and_says_its_sentence(
    error: PullquoteError, code: int, door: Door, capsys: Printed
) -> None:
    door.fail = error
    assert complaint(["ask", "?"], code, capsys) == " ".join(str(error).split())


def test_no_error_is_forgotten() -> None:
    ours = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, PullquoteError)]
    assert {type(error) for error in CODES} == set(ours) - {PullquoteError}


def test_an_internal_error_is_a_sentence_with_its_place(door: Door, capsys: Printed) -> None:
    door.fail = KeyError("span\nof \x1b[31mx")
    said = complaint(["ask", "?"], 70, capsys)
    assert said.startswith("internal error, please report it: KeyError: ")
    assert "(in fake_archive.py:" in said
    assert "\x1b" not in said


def test_the_interrupt_is_130(door: Door, capsys: Printed) -> None:
    door.fail = KeyboardInterrupt()
    assert "interrupted" in complaint(["ask", "?"], 130, capsys)

    def interrupted() -> int:
        signal.raise_signal(signal.SIGINT)
        return 0

    previous = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        assert exits.guarded(interrupted) == 130
    finally:
        signal.signal(signal.SIGINT, previous)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["ask"], "QUESTION or --batch"),
        (["ask", "?", "--batch", "f"], "QUESTION and --batch: give one of them, not both"),
        (["search"], "QUERY or --batch"),
        (["search", "?", "--json", "--format", "trec"], "trec and --json"),
        (["show", "a", "--json", "--text"], "--json and --text"),
        (["ask", "?", "--top-k", "many"], "'--top-k': it should be a valid integer"),
        (["ask", "?", "--mode", "psychic"], "'--mode': 'psychic'"),
        (["ask", "?", "--nonsense"], "No such option: --nonsense: see `pullquote ask --help`"),
        (["nonsense"], "No such command 'nonsense': see `pullquote --help`"),
        (["index"], "PATH"),
        (["delete"], "ID"),
        (["index", "a", "--map", "text"], "'text' is not OURS=THEIRS"),
        (["index", "a", "--map", "text=body, titel=headline"], "titel"),
        (["verify", "absent.json"], "absent.json: cannot be read (No such file or directory)"),
        (["ask", "--batch", "absent.jsonl"], "absent.jsonl: cannot be read (No such file or directory)"),
        (["read"], "--batch"),
        (["ask", " "], "question: it is empty"),
    ],
)
def test_usage_is_exit_code_2_and_names_what_to_change(
    arguments: list[str], words: str, door: Door, capsys: Printed
) -> None:
    assert words in complaint(arguments, 2, capsys)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"{", "line 1: not JSON"),
        (b"\xff", "not UTF-8 at byte 0"),
        (b'{"a": 1}', "no Citation, Answer or Reply"),
        (b'{"selectors": [], "article_id": "a"}', "a broken citation (sha256: Field required)"),
        (b"[" * 100_000, "not JSON"),
        (b"7", "no Citation, Answer or Reply"),
    ],
)
def test_verify_says_what_is_wrong_with_its_file(content: bytes, words: str, door: Door, capsys: Printed) -> None:
    Path("f").write_bytes(content)
    assert words in complaint(["verify", "f"], 2, capsys)


def test_a_missing_archive_is_told_with_the_command_that_makes_one(door: Door, capsys: Printed) -> None:
    said = complaint(["ask", "?", "--archive", "nowhere"], 3, capsys)
    assert said == "no archive at nowhere: make one with `pullquote index PATH --archive nowhere`"


def test_settings_that_cannot_be_taken_are_usage_errors(
    door: Door, capsys: Printed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PULLQUOTE_PORT", "not-a-port")
    assert "PULLQUOTE_PORT" in complaint(["ask", "?"], 2, capsys)


BUFFERED = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}


def pullquote(
    *arguments: str, stdout: int | IO[bytes] = subprocess.PIPE, environment: dict[str, str] = BUFFERED
) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "api.cli", *arguments]
    return subprocess.run(command, check=False, timeout=60, stdout=stdout, stderr=subprocess.PIPE, env=environment)


def test_a_closed_pipe_is_quiet() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = pullquote("--help", stdout=writing)
    os.close(writing)
    assert (done.returncode, done.stderr) == (141, b"")


def test_a_disk_that_fills_at_the_end_is_told(monkeypatch: pytest.MonkeyPatch, capsys: Printed) -> None:
    class FullAtTheEnd(io.StringIO):
        def flush(self) -> None:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(sys, "stdout", FullAtTheEnd())
    assert exits.guarded(lambda: 0) == 70
    assert "No space left on device" in capsys.readouterr().err


def test_a_sentence_cannot_break_its_line_or_steer_the_terminal(capsys: Printed) -> None:
    exits.complain("no file a\nb\x1b[31m\u202ec: give\tanother")
    assert capsys.readouterr().err == "pullquote: no file a b [31m c: give another\n"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_is_told() -> None:
    with Path("/dev/full").open("wb") as full:
        done = pullquote("--help", stdout=full)
    assert done.returncode == 70
    assert (
        done.stderr == b"pullquote: No space left on device: see to disk space and permissions, then run this again\n"
    )


def test_output_is_utf8_whatever_the_locale() -> None:
    environment = {**BUFFERED, "LC_ALL": "C", "PYTHONIOENCODING": "ascii"}
    done = pullquote("index", "--help", environment=environment)
    assert "title=head…" in done.stdout.decode("utf-8")
    done = pullquote("no—verb", environment=environment)
    assert "No such command 'no—verb'" in done.stderr.decode("utf-8")
