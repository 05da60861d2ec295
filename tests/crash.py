"""Kill a writer at a random moment, again and again, and look at what it left: `make crash`.

A child process adds, updates, deletes and seals; it says what it is about to do, and again when that was acknowledged.
After each kill everything acknowledged must be there, nothing deleted may be, and `doctor` must find no fault.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from indexer.archive import Archive
from indexer.commit import Draft, commit, delete
from indexer.doctor import examine
from indexer.seal import settle
from indexer.types import Embedder, Passage
from tests.fakes import WordEmbedder, article, page

WORDS = ["khan", "xi", "pledged", "roads", "boycott", "olympics", "beijing", "cooperation"]
SEED = "Jinping pledged closer cooperation"
_LIVES = 1.2  # seconds that a child has at most


class Left(NamedTuple):
    """What a killed child left: the texts it acknowledged, and what the one step it was in would have made of them."""

    acknowledged: dict[str, str]
    in_flight: dict[str, str]


def steps(archive: Archive, seed: int) -> None:
    """Write for ever: the child. Each step is a line on stdout before it begins and one when it is acknowledged."""
    chance = random.Random(seed)
    living = {head: text for head, text in _stored(archive).items() if head != "seed"}
    while True:
        what = chance.choice(["put", "put", "put", "delete", "settle"])
        if what == "settle":
            settle(archive, force=True)
            continue
        article_id = f"a{chance.randrange(12)}"
        if what == "delete" and article_id not in living:
            continue
        text = " ".join(chance.choices(WORDS, k=chance.randrange(2, 40))) if what == "put" else None
        _say("begin", article_id, text)
        if text is None:
            delete(archive, [article_id])
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


def run_and_kill(folder: Path, before: dict[str, str], seed: int) -> Left:
    """Let a child write to the archive for a random time, kill it, and read what it said."""
    chance = random.Random(seed)
    command = [sys.executable, "-m", "tests.crash", "--child", str(folder), "--seed", str(seed)]
    with tempfile.TemporaryFile("w+") as said:
        child = subprocess.Popen(command, stdout=said)
        deadline = time.monotonic() + 60
        while said.seek(0, 2) == 0 and time.monotonic() < deadline and child.poll() is None:
            time.sleep(0.01)  # until it has begun
        time.sleep(chance.random() * _LIVES)
        child.kill()
        child.wait()
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
    archive = Archive(folder, embedder())
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
        faults = [check for check in health.checks if not check.ok and not _is_cut_commit(check.name)]
        assert not faults, faults
        settle(archive, force=True)  # a damaged cache is mended by the next writer
        health = examine(archive)
        assert health.ok, health
        return found
    finally:
        archive.close()


def _is_cut_commit(check: str) -> bool:
    """Whether a kill may leave this: a lexical commit without its signature is told, and rebuilt by the next writer."""
    return check == "lexical"


def _stored(archive: Archive) -> dict[str, str]:
    rows = archive.store.rows("SELECT id, text FROM article WHERE removed_seq IS NULL")
    return {article_id: text.decode() for article_id, text in rows}


def embedder() -> Embedder:
    """The stand-in that parent and child share: what is tested is the archive, not the model."""
    return WordEmbedder()


def crash(runs: int, seed: int, folder: Path, report: bool = False) -> int:
    """Kill a writer `runs` times; each run goes on with what the last left. Return how many steps were acknowledged."""
    archive = Archive(folder, embedder(), create=True)
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
        steps(Archive(given.child, embedder()), given.seed)
    folder = Path(tempfile.mkdtemp(prefix="pullquote-crash-"))
    changed = crash(given.runs, given.seed, folder / "archive", report=sys.stderr.isatty())
    shutil.rmtree(folder)
    sys.stdout.write(f"{given.runs} kills, {changed} of them after acknowledged changes: nothing lost, nothing back\n")


if __name__ == "__main__":
    main()
