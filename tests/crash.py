"""Kill a writer at a random moment, again and again, and look at what it left: `make crash`.

A child process adds, updates, deletes, purges, seals, compacts and changes over to another embedder; it says what it is
about to do, and again when that was acknowledged. Half of the kills come right after a system call that was drawn (see
`faults.c`), where the machine has a C compiler. After each kill everything acknowledged must be there, nothing deleted
may be, the seed question must find its passage, and `doctor` must find no fault.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from indexer.archive import Archive
from indexer.commit import Draft, commit, delete
from indexer.doctor import examine
from indexer.purge import compact, finish, purge
from indexer.reembed import reembed
from indexer.seal import settle
from indexer.store import Store
from indexer.types import Passage
from tests import shim
from tests.fakes import WordEmbedder, article, page
from tests.shim import Calls

WORDS = ["khan", "xi", "pledged", "roads", "boycott", "olympics", "beijing", "cooperation"]
SEED = "Jinping pledged closer cooperation"
_LIVES = 1.2  # seconds that a child has at most
_MOST = 6  # seconds, where it is to die of a system call
_STEPS = {"put": 12, "delete": 3, "purge": 1, "settle": 4, "compact": 1, "reembed": 1}  # how often each
# Half of the kills come at a random moment, half right after the nth call of these kinds, n drawn below a number.
_CALLS = {Calls.ANY: 2_000, Calls.SYNC: 100, Calls.RENAME: 30, Calls.UNLINK: 100, Calls.TRUNCATE | Calls.MKDIR: 30}


class Left(NamedTuple):
    """What a killed child left: the texts it acknowledged, and what the one step it was in would have made of them."""

    acknowledged: dict[str, str]
    in_flight: dict[str, str]


def steps(archive: Archive, seed: int) -> None:
    """Write for ever: the child. Each step is a line on stdout before it begins and one when it is acknowledged."""
    chance = random.Random(seed)
    living = {head: text for head, text in _stored(archive).items() if head != "seed"}
    while True:
        what = chance.choices([*_STEPS], [*_STEPS.values()])[0]
        if what == "settle":
            settle(archive, force=True)
        elif what == "compact":
            compact(archive)
        elif what == "reembed":
            archive = change_over(archive)
        if what not in {"put", "delete", "purge"}:
            continue
        article_id = f"a{chance.randrange(12)}"
        if what != "put" and article_id not in living:
            continue
        text = " ".join(chance.choices(WORDS, k=chance.randrange(2, 40))) if what == "put" else None
        _say("begin", article_id, text)
        if text is None:
            (purge if what == "purge" else delete)(archive, [article_id])
            del living[article_id]
        else:
            put(archive, article_id, text)
            living[article_id] = text
        _say("done", article_id, text)


def _say(*what: str | None) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


def put(archive: Archive, article_id: str, text: str) -> None:
    """Add or replace an article whose whole text is one passage."""
    vectors = archive.embedder.encode([(None, text)])
    commit(archive, [Draft(page(text, id=article_id), article(text, id=article_id), [Passage(0, len(text))], vectors)])


def change_over(archive: Archive) -> Archive:
    """The archive with its other embedder; a change that was cut off goes on."""
    serves = archive.store.meta("embedder")
    archive.close()
    changed = Archive(archive.folder, lambda: WordEmbedder("words:2" if serves == "words:1" else "words:1"))
    reembed(changed, lambda _: None)
    return changed


def run_and_kill(folder: Path, before: dict[str, str], seed: int) -> Left:
    """Let a child write to the archive for a random time, kill it, and read what it said."""
    chance = random.Random(seed)
    command = [sys.executable, "-m", "tests.crash", "--child", str(folder), "--seed", str(seed)]
    calls = chance.choice([None] * len(_CALLS) + [*_CALLS]) if shim.can_build() else None
    environment = shim.killing(folder, chance.randrange(1, _CALLS[calls]), calls) if calls else None
    with tempfile.TemporaryFile("w+") as said:
        child = subprocess.Popen(command, stdout=said, env=environment)
        deadline = time.monotonic() + 60
        while said.seek(0, 2) == 0 and time.monotonic() < deadline and child.poll() is None:
            time.sleep(0.01)  # until it has begun
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(_MOST if calls else chance.random() * _LIVES)
        child.kill()
        status = child.wait()
        assert status == -signal.SIGKILL, f"the writer ended by itself with {status}"
        said.seek(0)
        lines = [json.loads(line) for line in said if line.endswith("\n")]
    state, begun = dict(before), dict(before)
    for word, article_id, text in lines:
        after = {head: body for head, body in state.items() if head != article_id}
        begun = after if text is None else {**after, article_id: text}
        if word == "done":
            state = begun
    return Left(state, begun)


def look(folder: Path, left: Left) -> dict[str, str]:
    """Check what is there after a kill. Raises AssertionError: something acknowledged is lost, or deleted is there."""
    archive = opened(folder)
    try:
        found = _stored(archive)
        assert found in (left.acknowledged, left.in_flight), (
            f"{found} is neither {left.acknowledged} nor {left.in_flight}"
        )
        view = archive.view()
        hits = view.dense.search(archive.embedder.encode_query("khan"), 1000)
        assert {view.article_at(p.article).id for p in view.passages([row for row, _ in hits])} == set(found)
        first = view.dense.search(archive.embedder.encode_query(SEED), 1)
        assert view.article_at(view.passages([first[0][0]])[0].article).text == SEED
        health = examine(archive)
        faults = [check for check in health.checks if not check.ok and not _is_cut(check.name)]
        assert not faults, faults
        settle(archive, force=True)
        finish(archive)  # the next writer ends a purge
        health = examine(archive)
        assert health.ok, health
        return found
    finally:
        archive.close()


def _is_cut(check: str) -> bool:
    """Whether a kill may leave this: a purge that was cut off is told until it is finished."""
    return check == "purged"


def _stored(archive: Archive) -> dict[str, str]:
    rows = archive.store.rows("SELECT id, text FROM article WHERE removed_seq IS NULL")
    return {article_id: text.decode() for article_id, text in rows}


def opened(folder: Path) -> Archive:
    """The archive with the stand-in that it was last made with: what is tested is the archive, not the model."""
    store = Store(folder)
    serves = store.meta("embedder")
    store.close()
    return Archive(folder, WordEmbedder(serves or "words:1"))


def crash(runs: int, seed: int, folder: Path, report: bool = False) -> int:
    """Kill a writer `runs` times; each run goes on with what the last left. Return how many steps were acknowledged."""
    archive = Archive(folder, WordEmbedder(), create=True)
    put(archive, "seed", SEED)
    archive.close()
    state, acknowledged = {"seed": SEED}, 0
    for run in range(runs):
        left = run_and_kill(folder, state, seed + run)
        acknowledged += left.acknowledged != state
        state = look(folder, left)
        if report:
            sys.stderr.write(f"\r{run + 1} of {runs} kills, {len(state)} articles")
    return acknowledged


def main() -> None:
    """Run as `python -m tests.crash --runs 1000`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--child", type=Path)
    given = parser.parse_args()
    if given.child:
        steps(opened(given.child), given.seed)
    folder = Path(tempfile.mkdtemp(prefix="pullquote-crash-"))
    changed = crash(given.runs, given.seed, folder / "archive", report=sys.stderr.isatty())
    shutil.rmtree(folder)
    sys.stdout.write(f"{given.runs} kills, {changed} of them after acknowledged changes: nothing lost, nothing back\n")


if __name__ == "__main__":
    main()
