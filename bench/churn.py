"""A writer beside eight readers: `python -m bench.churn [--minutes 10]` looks for anything that reading shows wrong.

One process adds, updates, deletes and purges pairs of articles, a pair in one transaction, and seals and compacts. In
another, eight threads search, list, ask and fetch through the Python door. A reply must show both of a pair or none, in
one edition, no older than what was acknowledged before the request began, none that was deleted before it, and every
quotation as it was written. Prints a line of JSON; the first thing that is wrong ends it with an error.
Memory is that of the readers' process, whose threads share two heaps as those of a server do (--heaps: as the C library
has it).
"""

from __future__ import annotations

import argparse
import ctypes
import gc
import json
import random
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from api.arenas import bound_arenas
from bench.measure import memory
from indexer.store import FILE
from indexer.types import Filters, Mode, Page
from pullquote import Archive

ROOT = Path(__file__).parent.parent
READERS = 8
_LIVE = 40  # pairs at most
_EVERY = 2.0  # seconds between two looks at memory and log
_WARM = 0.2  # of the time, before memory is compared
_SIDES = ("a", "b")
_STEPS = {"add": 6, "update": 10, "delete": 5, "purge": 0.2, "seal": 0.5, "compact": 0.1}  # how often each


def text_of(pair: int, side: str, edition: int) -> str:
    """The text of one article: words of its own, nearly the same as no other's, and its edition."""
    chance = random.Random(f"{pair}{side}{edition}")
    words = " ".join("".join(chance.choices("aeioulmnrst", k=6)) for _ in range(40))
    return f"Edition {edition} of {pair}{side} told of {words}."


def page_of(pair: int, side: str, edition: int) -> Page:
    """The same, as a page to index."""
    return Page(
        origin=f"churn:{pair}{side}",
        source_sha256=f"{pair}{side}{edition}",
        extractor="churn/1",
        text=text_of(pair, side, edition),
        id=id_of(pair, side),
    )


def id_of(pair: int, side: str) -> str:
    """The id of one article."""
    return f"p{pair}-{side}"


def write(folder: Path) -> None:
    """Change the archive for ever, saying what is about to be done, and again when it is: the writer's process."""
    chance, living, newest = random.Random(1), dict[int, int](), 0
    with Archive(folder) as archive:
        while True:
            step = chance.choices([*_STEPS], [*_STEPS.values()])[0]
            if step == "seal":
                archive.index()
            elif step == "compact":
                archive.compact()
            elif step == "add" and len(living) < _LIVE:
                newest += 1
                _put(archive, newest, 1)
                living[newest] = 1
            elif step == "update" and living:
                pair = chance.choice([*living])
                living[pair] += 1
                _put(archive, pair, living[pair])
            elif step in {"delete", "purge"} and len(living) > _LIVE // 2:
                pair = chance.choice([*living])
                del living[pair]
                _say("begin", pair, 0)
                archive.delete([id_of(pair, side) for side in _SIDES], purge=step == "purge")
                _say("done", pair, 0)


def _put(archive: Archive, pair: int, edition: int) -> None:
    _say("begin", pair, edition)
    archive.add([page_of(pair, side, edition) for side in _SIDES])
    _say("done", pair, edition)


def _say(what: str, pair: int, edition: int) -> None:
    sys.stdout.write(f"{what} {pair} {edition}\n")
    sys.stdout.flush()


class Known(NamedTuple):
    """Editions of pairs, 0 for one that is deleted: those acknowledged, and those that a step may just be making."""

    done: dict[int, int]
    begun: dict[int, int]


class Ledger:
    """What the writer said so far."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known = Known({}, {})
        self.steps = 0

    def note(self, line: str) -> None:
        """Take in one line."""
        what, pair, edition = line.split()
        with self._lock:
            (self._known.done if what == "done" else self._known.begun)[int(pair)] = int(edition)
            self.steps += what == "done"

    def known(self) -> Known:
        """What it comes to now."""
        with self._lock:
            return Known(dict(self._known.done), dict(self._known.begun))


def check(shown: dict[int, dict[str, int]], before: Known, after: Known, whole: bool) -> None:
    """Compare editions shown (pair -> side -> edition) with what was known before and after. Raises AssertionError.

    whole: all of every pair that was asked for is shown, so that one half of a pair is a mixed state.
    """
    for pair, sides in shown.items():
        where = f"pair {pair}: {sides}, acknowledged {before.done.get(pair)}, begun {after.begun.get(pair)}"
        assert before.done.get(pair) != 0, f"deleted, yet shown: {where}"
        editions = set(sides.values())
        assert len(editions) == 1, f"mixed: {where}"
        assert not whole or set(sides) == set(_SIDES), f"half: {where}"
        (edition,) = editions
        assert edition >= before.done.get(pair, 0), f"old: {where}"
        assert after.begun.get(pair) == 0 or edition <= after.begun[pair], f"never written: {where}"


def editions_in(hits: list[tuple[str, str]]) -> dict[int, dict[str, int]]:
    """Editions shown by (id, whole text) of articles of ours; checks each text. Raises AssertionError."""
    shown: dict[int, dict[str, int]] = {}
    for article_id, text in hits:
        if article_id.startswith("p") and "-" in article_id:
            pair, side = int(article_id[1:].split("-")[0]), article_id[-1]
            edition = int(text.split()[1])
            assert text == text_of(pair, side, edition), f"{article_id} shows {text!r}"
            shown.setdefault(pair, {})[side] = edition
    return shown


Judge = Callable[[Known], None]  # compares what was shown with what is known after it


class Reader:
    """One thread's requests, each checked."""

    def __init__(self, archive: Archive, ledger: Ledger, seed: int) -> None:
        self._archive, self._ledger, self._chance = archive, ledger, random.Random(seed)
        self.spent: dict[str, list[float]] = {}

    def once(self) -> None:
        """Make one request of a kind that is drawn. Raises AssertionError, or whatever the request raises."""
        kinds = {"pair": (self._pair, 10), "search": (self._search, 6), "list": (self._list, 3), "ask": (self._ask, 1)}
        name = self._chance.choices([*kinds], [weight for _, weight in kinds.values()])[0]
        before, began = self._ledger.known(), time.perf_counter()
        judge = kinds[name][0](before)
        self.spent.setdefault(name, []).append(time.perf_counter() - began)
        try:
            judge(self._ledger.known())
        except AssertionError:  # the writer's word may be on its way: it said it before it acted
            time.sleep(2)
            judge(self._ledger.known())

    def _pair(self, before: Known) -> Judge:
        """Both articles of a pair, by search among the two: all there is of them."""
        pair = self._chance.choice([*before.begun][-2 * _LIVE :] or [1])
        filters = Filters(ids=tuple(id_of(pair, side) for side in _SIDES))
        mode: Mode = self._chance.choice(["hybrid", "dense", "lexical"])
        found = self._archive.search("what the edition told of", mode=mode, filters=filters)

        def judge(after: Known) -> None:
            shown = editions_in([(hit.article.id, hit.text) for hit in found.items])
            check(shown, before, after, whole=True)
            lives = before.done.get(pair, 0) and after.begun[pair] != 0
            assert not lives or pair in shown, f"pair {pair} is missing from {found}"

        return judge

    def _search(self, before: Known) -> Judge:
        found = self._archive.search(self._chance.choice(["the edition told", "Xi pledged roads", "mayor"]), top_k=20)
        shown = editions_in([(hit.article.id, hit.text) for hit in found.items])
        return lambda after: check(shown, before, after, whole=False)

    def _list(self, before: Known) -> Judge:
        sides = Counter[int]()
        for head in self._archive.articles(limit=1000).items:
            if head.id.startswith("p") and "-" in head.id:
                sides[int(head.id[1:].split("-")[0])] += 1

        def judge(after: Known) -> None:
            for pair, n in sides.items():
                assert n == 2, f"half of pair {pair} is listed"
                assert before.done.get(pair) != 0, f"pair {pair} is listed after it was deleted"
            gone = {pair for pair, edition in before.done.items() if edition and after.begun[pair]} - sides.keys()
            assert not gone, f"pairs {gone} are missing from the list"

        return judge

    def _ask(self, before: Known) -> Judge:
        reply = self._archive.ask("What did Xi pledge?")
        assert reply.answers[0].answer.startswith("closer cooperation"), reply
        return lambda after: None


class Watch:
    """Memory of this process and size of the log, looked at now and then."""

    def __init__(self, folder: Path) -> None:
        self._log = folder / f"{FILE}-wal"
        self.resident: list[float] = []
        self.own: list[float] = []  # of that, what no file backs
        self.log = 0

    def look(self) -> None:
        """Note all, in MB."""
        now = memory()
        self.resident.append(now["all"])
        self.own.append(now["own"])
        self.log = max(self.log, self._log.stat().st_size if self._log.exists() else 0)


def churn(folder: Path, seconds: float) -> dict[str, object]:
    """Read for so long beside a writer; return the figures. Raises what a reader or the writer ended with."""
    with Archive(folder, create=True) as archive:
        archive.index(*(ROOT / "seeds").glob("*.txt"))
        archive.load()
        ledger, watch, stop = Ledger(), Watch(folder), threading.Event()
        wrong: list[BaseException] = []
        command = [sys.executable, "-m", "bench.churn", "--writer", str(folder)]
        writer = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)
        readers = [Reader(archive, ledger, seed) for seed in range(READERS)]

        def run(reader: Reader) -> None:
            while not stop.is_set():
                try:
                    reader.once()
                except BaseException as error:
                    wrong.append(error)
                    stop.set()

        def listen() -> None:
            for line in writer.stdout or ():
                ledger.note(line)

        threads = [threading.Thread(target=listen), *(threading.Thread(target=run, args=(r,)) for r in readers)]
        for thread in threads:
            thread.start()
        until = time.monotonic() + seconds
        while time.monotonic() < until and not stop.is_set() and writer.poll() is None:
            watch.look()
            stop.wait(_EVERY)
        ended = writer.poll()
        stop.set()
        writer.kill()
        writer.wait()
        for thread in threads:
            thread.join()
        if wrong:
            raise wrong[0]
        assert ended is None, f"the writer ended with {ended}"
        health = archive.doctor(repair=True)
        assert health.ok, health
        given_back = trimmed()
    return {**_figures(seconds, readers, ledger, watch), "own_mb_after_trimming": given_back}


def trimmed() -> float:
    """What this process has of its own, in MB, when the allocator has given back what it only keeps for later."""
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    return memory()["own"]


def _figures(seconds: float, readers: list[Reader], ledger: Ledger, watch: Watch) -> dict[str, object]:
    kinds = sorted({kind for reader in readers for kind in reader.spent})
    spent = {kind: sorted(s for reader in readers for s in reader.spent.get(kind, ())) for kind in kinds}
    return {
        "seconds": round(seconds),
        "writes": ledger.steps,
        "requests": {kind: len(times) for kind, times in spent.items()},
        "p50_ms": {kind: round(1000 * statistics.median(times)) for kind, times in spent.items()},
        "p95_ms": {kind: round(1000 * times[int(0.95 * (len(times) - 1))]) for kind, times in spent.items()},
        "resident_mb": _growth(watch.resident),
        "own_mb": _growth(watch.own),
        "own_mb_by_tenths": by_tenths(watch.own),
        "log_mb_most": round(watch.log / 1e6, 1),
        "failed_or_wrong": 0,
    }


def by_tenths(looks: list[float]) -> list[float]:
    """The median of each tenth of the time, or of less where there are fewer looks."""
    ends = [round(len(looks) * part / 10) for part in range(11)]
    return [round(statistics.median(looks[a:b]), 1) for a, b in pairwise(ends) if a < b]


def _growth(looks: list[float]) -> dict[str, float]:
    warm = looks[int(len(looks) * _WARM) :]
    third = max(1, len(warm) // 3)
    first, last = statistics.median(warm[:third]), statistics.median(warm[-third:])
    return {"first_third": round(first), "last_third": round(last), "most": round(max(looks))}


def main() -> None:
    """Run as `python -m bench.churn`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--heaps", action="store_true", help="leave the number of heaps to the C library")
    parser.add_argument("--writer", type=Path)
    given = parser.parse_args()
    if given.writer:
        write(given.writer)
    if not given.heaps:
        bound_arenas()
    with tempfile.TemporaryDirectory() as home:
        figures = churn(Path(home) / "archive", 60 * given.minutes)
    sys.stdout.write(f"{json.dumps(figures)}\n")


if __name__ == "__main__":
    main()
