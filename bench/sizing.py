"""What archives of a million articles and more need: `python -m bench.sizing` prints the table of docs/scale.md.

Every figure is a formula over what was measured small (MEASURED says what), so it is an estimate: nothing of this size
was run. `--articles`, `--workers`, `--questions-a-second` and the prices answer for another case.
"""

from __future__ import annotations

import argparse
import heapq
import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

_DAY = 86_400
_ROOM = 2  # batches a worker under way, and one more: see `indexer.spread`


class Measured(NamedTuple):
    """Rates of one core of an AMD EPYC (Zen 4), a virtual machine, on news; see docs/scale.md for the commands.

    passages: of an article. embedded: passages a core and second. cleaned, stored: core milliseconds a passage of
    cleaning and cutting, and of the one writer's transactions in PostgreSQL. opened: milliseconds in which a replica
    reads a thousand passages. row: bytes of a passage in PostgreSQL, with its share of the article and of all indexes.
    vector, words: bytes of a passage in a replica's memory; outside: in Milvus's, by its layout, 384 numbers of 4 bytes
    and twice 24 links. scanned: milliseconds of one core to compare a question
    with 100,000 vectors. answers: questions that a core answers in a second, once passages are found.
    """

    passages: float
    embedded: float
    cleaned: float
    stored: float
    opened: float
    row: float
    vector: float = 768
    words: float = 640
    outside: float = 1_728
    scanned: float = 5.28
    answers: float = 1.99


MEASURED = Measured(passages=11.9, embedded=49.0, cleaned=2.0, stored=0.65, opened=265.0, row=2_000)


class Prices(NamedTuple):
    """Of a month or hour, in any currency; the defaults are round guesses for rented machines."""

    core_hour: float = 0.04
    memory_gb_month: float = 3.0
    disk_gb_month: float = 0.10


class Needs(NamedTuple):
    """Of one archive. Times in seconds, sizes in bytes."""

    articles: int
    passages: float
    core_seconds: float
    writer_seconds: float
    wall_seconds: float
    database: float
    replica: float
    outside: float
    start_seconds: float
    search_seconds: float
    cores: int
    cores_outside: int
    replicas_cost: float
    indexing_cost: float
    disk_cost: float
    breaks: str
    bound: str


def needs(
    articles: int,
    workers: int,
    questions: float,
    measured: Measured = MEASURED,
    prices: Prices = Prices(),  # noqa: B008 - it never changes
) -> Needs:
    """What an archive needs whose replicas hold vectors and words in memory.

    workers: cores that clean and embed. questions: a second, all replicas together.
    """
    passages = articles * measured.passages
    work = passages * (1 / measured.embedded + measured.cleaned / 1000)
    writer = passages * measured.stored / 1000
    batch = 64 * measured.passages
    wall = makespan(math.ceil(passages / batch), workers, work * batch / passages, writer * batch / passages)
    replica = passages * (measured.vector + measured.words)
    search = passages / 100_000 * measured.scanned / 1000
    start = passages / 1000 * measured.opened / 1000
    cores = math.ceil(questions * (search + 1 / measured.answers))
    database = passages * measured.row
    month = cores * 730 * prices.core_hour + replica / 1e9 * prices.memory_gb_month
    return Needs(
        articles,
        passages,
        work,
        writer,
        wall,
        database,
        replica,
        passages * measured.outside,
        start,
        search,
        cores,
        math.ceil(questions / measured.answers),
        month,
        (work + writer) / 3600 * prices.core_hour,
        database / 1e9 * prices.disk_gb_month,
        breaks(start, search, replica),
        bound(work, writer, workers),
    )


def breaks(start: float, search: float, replica: float) -> str:
    """What gives out first, as the embedded index grows: what is farthest beyond what can be borne.

    start: seconds until a replica answers; search: core seconds of a question; replica: bytes of memory.
    """
    limits = {"a replica's start": start / 1800, "the search": search / 0.5, "memory": replica / 512e9}
    worst = max(limits, key=limits.__getitem__)
    return worst if limits[worst] > 1 else "nothing yet"


def bound(work: float, writer: float, workers: int) -> str:
    """What indexing waits for. work, writer: core seconds of all workers together, and of the one writer."""
    enough = math.ceil(work / writer)
    return "the workers" if workers < enough else f"the one writer, from {enough} workers on"


def makespan(batches: int, workers: int, work: float, store: float) -> float:
    """Seconds until all batches are stored, by simulation of `indexer.spread`: alike batches, any number of workers.

    work, store: seconds of one batch, of a worker and of the one writer, who stores in order. No more than two batches
    a worker and one are under way.
    """
    if batches > 20_000:  # alike batches: what is beyond runs at the pace of the first
        first, second = makespan(10_000, workers, work, store), makespan(20_000, workers, work, store)
        return second + (batches - 20_000) * (second - first) / 10_000
    room, free = _ROOM * workers + 1, [0.0] * workers
    stored = list[float]()
    for number in range(batches):
        begun = max(heapq.heappop(free), stored[number - room] if number >= room else 0.0)
        heapq.heappush(free, begun + work)
        stored.append(max(begun + work, stored[-1] if stored else 0.0) + store)
    return stored[-1] if stored else 0.0


def table(sizes: Sequence[tuple[int, int]], questions: float) -> str:
    """The table of the documentation, in Markdown. sizes: articles, and workers for them."""
    columns = [needs(articles, workers, questions) for articles, workers in sizes]
    workers = dict(sizes)
    rows: list[tuple[str, Callable[[Needs], str]]] = [
        ("passages", lambda n: f"{n.passages / 1e6:,.0f} million"),
        ("cleaning and embedding, core hours", lambda n: _hours(n.core_seconds)),
        ("the one writer, hours", lambda n: _hours(n.writer_seconds)),
        ("workers; days until all is indexed", lambda n: f"{workers[n.articles]}; {n.wall_seconds / _DAY:,.1f}"),
        ("what indexing waits for", lambda n: n.bound),
        ("PostgreSQL on disk", lambda n: _size(n.database)),
        ("embedded index: each replica's memory", lambda n: _size(n.replica)),
        ("its start, minutes", lambda n: f"{n.start_seconds / 60:,.0f}"),
        ("its search by meaning, core ms", lambda n: f"{1000 * n.search_seconds:,.0f}"),
        (f"cores for {questions:g} questions a second", lambda n: f"{n.cores:,}"),
        ("what breaks first", lambda n: n.breaks),
        ("Milvus: its memory, all nodes together", lambda n: _size(n.outside)),
        (f"replicas' cores for {questions:g} questions a second, beside its own", lambda n: f"{n.cores_outside:,}"),
        ("cost of indexing, once", lambda n: f"{n.indexing_cost:,.0f}"),
        ("of one replica's memory and these cores, a month, embedded index", lambda n: f"{n.replicas_cost:,.0f}"),
        ("of the database's disk, a month", lambda n: f"{n.disk_cost:,.0f}"),
    ]
    head = " | ".join(f"{n.articles / 1e6:g} million" for n in columns)
    lines = [f"| articles | {head} |", "|---" * (len(columns) + 1) + "|"]
    return "\n".join([*lines, *(f"| {name} | {' | '.join(map(cell, columns))} |" for name, cell in rows)])


def _hours(seconds: float) -> str:
    hours = seconds / 3600
    return f"{hours:,.0f}" if hours >= 10 else f"{hours:.1f}"


def _size(size: float) -> str:
    return f"{size / 1e12:,.1f} TB" if size >= 1e12 else f"{size / 1e9:,.0f} GB"


SIZES = ((1_000_000, 16), (10_000_000, 64), (100_000_000, 256))
QUESTIONS = 10.0


def main() -> None:
    """Print the table, or one column of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--articles", type=int, default=None)
    parser.add_argument("--workers", type=int, default=16)
    parser.add_argument("--questions-a-second", type=float, default=QUESTIONS)
    given = parser.parse_args()
    sizes = SIZES if given.articles is None else ((given.articles, given.workers),)
    print(table(sizes, given.questions_a_second))


if __name__ == "__main__":
    main()
