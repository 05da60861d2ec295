"""Let every system call of a run fail once, and look at what it left: `make faults`.

The run is that of the command line: index new articles, delete one, purge one, compact, and search. Each time another
call under the archive's folder (open, write, fsync, rename, unlink, truncate, mkdir; also tantivy's and FAISS's own)
fails with ENOSPC or EIO. Nothing acknowledged may be lost or come back, no reply may be wrong, reads must go on.
"""

from __future__ import annotations

import argparse
import contextlib
import errno
import io
import json
import shutil
import sys
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import pullquote
from api import cli
from indexer.archive import Archive
from indexer.doctor import examine
from indexer.purge import finish
from indexer.seal import repair, settle
from tests import shim
from tests.fakes import WordEmbedder
from tests.forks import Died, in_child, scratch

ERRORS = (errno.ENOSPC, errno.EIO)
_OLD, _NEW = range(6), range(6, 16)
_CODES = {0, 1, 3}  # of a verb that is refused: never an internal error


class Step(NamedTuple):
    """A verb that was run: its exit code, its lines of JSON, and what it told a person."""

    name: str
    code: int
    lines: list[dict[str, object]]
    told: str


class Run(NamedTuple):
    """Every step of a run, and how many system calls it made."""

    steps: list[Step]
    calls: int


def text_of(n: int) -> str:
    """A short article, nearly the same as no other."""
    return f"Khan met {'Xi' * (n + 1)} in {'Bei' * (n + 1)} jing on day {n}."


def write_sources(home: Path) -> None:
    """The articles of a run as files: those of the archive it begins with, and the new ones."""
    for name, numbers in (("old", _OLD), ("new", _NEW)):
        (home / name).mkdir()
        for n in numbers:
            (home / name / f"{n}.json").write_text(json.dumps({"id": f"a{n}", "text": text_of(n)}))


def run(home: Path, at: int, error: int) -> Run:
    """One run with the `at`th call failing; none for 0. In a child."""
    pullquote.load_embedder = lambda *_: WordEmbedder()  # type: ignore[attr-defined]  # what is tested is the archive
    shim.arm(home / "archive", at, error)
    steps = [
        _step(home, "index", str(home / "new")),
        _step(home, "delete", "a1"),
        _step(home, "delete", "--purge", "a2"),
        _step(home, "search", "day 7"),
        _step(home, "compact"),
        _step(home, "list"),
    ]
    calls = shim.counted()
    shim.arm(home / "archive", 0, 0)
    return Run([*steps, _step(home, "search", "day 7")], calls)


def _step(home: Path, verb: str, *rest: str) -> Step:
    out, told = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(told):
        code = cli.main([verb, *rest, "--json", "--archive", str(home / "archive")])
    lines = [json.loads(line) for line in out.getvalue().splitlines()]
    return Step(" ".join([verb, *rest[:-1]]), code, lines, told.getvalue())


def check(home: Path, done: Run) -> bool:
    """What a run left, against what it said: True. In another child. Raises AssertionError."""
    index, deleted, purged, *reads = done.steps
    must = {f"a{n}" for n in _OLD} | {str(line["id"]) for line in index.lines if line.get("status") == "added"}
    may = must | {f"a{n}" for n in _NEW}
    for step, article_id in ((deleted, "a1"), (purged, "a2")):
        may -= {article_id} if step.code == 0 else set()
        must -= {article_id}
    for step in done.steps:
        assert step.code in _CODES, step
        assert step.code != 3 or (step.told.startswith("pullquote: ") and len(step.told) < 1000), step
        assert "internal error" not in step.told, step
        assert "Traceback" not in step.told, step
    assert done.steps[-1].code == 0, done.steps[-1]  # what failed failed once: reads go on
    for step in reads:
        _check_hits(step, may)
    archive = Archive(home / "archive", WordEmbedder())
    rows = archive.store.rows("SELECT id, text FROM article WHERE removed_seq IS NULL")
    assert must <= {row[0] for row in rows} <= may, (sorted(row[0] for row in rows), sorted(must), sorted(may))
    assert {row[0]: row[1].decode() for row in rows} == {row[0]: text_of(int(row[0][1:])) for row in rows}
    repair(archive)
    finish(archive)
    settle(archive, force=True)
    health = examine(archive)
    assert health.ok, health
    archive.close()
    return True


def _check_hits(step: Step, may: set[str]) -> None:
    for reply in step.lines:
        for hit in reply.get("items", ()):  # type: ignore[attr-defined]
            head = hit.get("article", hit)
            assert head["id"] in may, step
            if "range" in hit:
                whole, span = text_of(int(head["id"][1:])), hit["range"]
                assert whole[span["start"] : span["end"]] == hit["text"], step


def _make(home: Path) -> bool:
    """The archive that every run begins with, sealed and closed. In a child."""
    pullquote.load_embedder = lambda *_: WordEmbedder()  # type: ignore[attr-defined]
    assert cli.main(["index", str(home / "old"), "--archive", str(home / "base")]) == 0
    return True


def faults(step: int, first: int = 1, last: int | None = None, report: bool = False) -> Counter[str]:
    """Run with every `step`th call failing. Return how often what was refused. Raises AssertionError."""
    home = scratch()
    try:
        write_sources(home)
        with contextlib.redirect_stdout(io.StringIO()):
            assert in_child(lambda: _make(home)) is True
        calls = _once(home, 0, 0).calls
        outcomes = Counter(runs=0, calls=calls)
        for at in range(first, (last or calls) + 1, step):
            for error in ERRORS if step == 1 else (ERRORS[at // step % 2],):
                done = _once(home, at, error)
                outcomes["runs"] += 1
                outcomes.update(f"{step.name} refused" for step in done.steps if step.code == 3)
            if report:
                sys.stderr.write(f"\r{at} of {calls} calls")
        return outcomes
    finally:
        shutil.rmtree(home)


def _once(home: Path, at: int, error: int) -> Run:
    shutil.rmtree(home / "archive", ignore_errors=True)
    shutil.copytree(home / "base", home / "archive")
    done = in_child(lambda: run(home, at, error))
    where = f"call {at} failing with {errno.errorcode.get(error, 'nothing')}"
    assert not isinstance(done, Died), f"{where}: {done}"
    left = in_child(lambda: check(home, done))
    assert not isinstance(left, Died), f"{where}: {left}"
    return done


def main() -> int:
    """Run as `python -m tests.faults`; it starts itself again with the library that lets calls fail."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--step", type=int, default=1, help="let every so manieth call fail")
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--last", type=int)
    given = parser.parse_args()
    if not shim.preloaded():
        return shim.run_preloaded(["-m", "tests.faults", *sys.argv[1:]])
    outcomes = faults(given.step, given.first, given.last, report=sys.stderr.isatty())
    sys.stdout.write(f"{json.dumps(outcomes)}: 0 wrong replies, 0 acknowledged articles lost\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
