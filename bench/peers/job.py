"""What every system of `make bench` does in a process of its own; standard library only, as each has its environment.

`python -m bench.peers.NAME JOB OUT` reads a Job, in JSON, and writes an Outcome. Indexing and asking are two processes.
One that asks says READY once it has loaded, then asks a question for each line that it is sent, and says READY again:
so all take turns, question by question, and what else the machine does meets them alike.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

CORES = 2
READY = "-- ready for the next question --"


@dataclass(frozen=True)
class Job:
    """One task. articles, questions: files of `bench.sets`; home: the index; embedder, reader: folders of weights.

    ids: the questions to ask; none: index. variant: how. warm: how many of them are asked first, unmeasured.
    ready: a folder with passages.jsonl and vectors.npy (`bench.peers.ready`), to be taken in place of the articles.
    dated: questions are asked as of their day.
    """

    articles: str
    questions: str
    home: str
    embedder: str
    reader: str
    variant: str = ""
    ids: list[str] = field(default_factory=list)
    warm: int = 3
    ready: str = ""
    dated: bool = True


class Asked(NamedTuple):
    """A question. day: what was published after it is not there yet, YYYYMMDD; None: all is there."""

    text: str
    day: int | None = None


class Place(NamedTuple):
    """A piece of an article: its id, the text, and [start, end) in the whole article, None where none was given."""

    article: str | None
    text: str
    start: int | None
    end: int | None


class Reply(NamedTuple):
    """What a question brought. answers: best first, also unsure ones; answered: whether the first would be given.

    passages: what was searched, best first.
    """

    answers: list[Place]
    answered: bool
    passages: list[Place]


class System(NamedTuple):
    """A system that is ready. ask: search and read. search: search alone. every: like ask, unmeasured, with the
    answers and passages that ask does not show.
    """

    ask: Callable[[Asked], Reply]
    search: Callable[[Asked], object]
    every: Callable[[Asked], Reply] | None = None


def run(index: Callable[[Job, list[dict[str, Any]]], int], load: Callable[[Job], System]) -> None:
    """Do the job named on the command line. index: returns the number of passages."""
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:CORES])
    job = Job(**json.loads(Path(sys.argv[1]).read_text("utf-8")))
    made = _ask(job, load) if job.ids else _index(job, index)
    made["peak_mb"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    Path(sys.argv[2]).write_text(json.dumps(made), "utf-8")


def passages(job: Job) -> Iterator[dict[str, Any]]:
    """The passages that are ready, in the order of their vectors."""
    return _lines(str(Path(job.ready) / "passages.jsonl"))


def vectors(job: Job) -> Any:  # noqa: ANN401 - numpy is in each environment, and in no other thing here
    """Their vectors, (n, width) float32."""
    import numpy as np

    return np.load(Path(job.ready) / "vectors.npy").astype(np.float32)


def _index(job: Job, index: Callable[[Job, list[dict[str, Any]]], int]) -> dict[str, Any]:
    articles = [] if job.ready else list(_lines(job.articles))
    begun = time.perf_counter()
    passages = index(job, articles)
    return {"seconds": round(time.perf_counter() - begun, 2), "articles": len(articles), "passages": passages}


def _ask(job: Job, load: Callable[[Job], System]) -> dict[str, Any]:
    known = {
        row["id"]: Asked(row["question"], day_of(row.get("as_of")) if job.dated else None)
        for row in _lines(job.questions)
    }
    asked, system = [known[one] for one in job.ids], load(job)
    for question in asked[: job.warm]:
        system.ask(question)
    print(READY, flush=True)
    rows = []
    for one, question in zip(job.ids, asked, strict=True):
        if not sys.stdin.readline():
            break
        ask_ms, ask_cpu_ms, reply = _timed(system.ask, question)
        other = question._replace(text=f"{question.text} ")  # so that nothing is remembered from `ask`
        search_ms, search_cpu_ms, _ = _timed(system.search, other)
        more = system.every(question) if system.every else reply
        shown = {"answers": more.answers, "answered": reply.answered, "passages": more.passages}
        taken = {"ask_ms": ask_ms, "search_ms": search_ms, "ask_cpu_ms": ask_cpu_ms, "search_cpu_ms": search_cpu_ms}
        rows.append({"id": one, **taken, **shown})
        print(READY, flush=True)
    return {"rows": rows}


def day_of(published_at: str | None) -> int | None:
    """20220206 of "2022-02-06" or of a time on that day; None where there is none."""
    return int(published_at[:10].replace("-", "")) if published_at else None


def _timed(work: Callable[[Asked], Any], question: Asked) -> tuple[float, float, Any]:
    """Milliseconds on the clock, those of the processor in all threads, and what was made."""
    begun, used = time.perf_counter(), time.process_time()
    made = work(question)
    return round(1000 * (time.perf_counter() - begun), 2), round(1000 * (time.process_time() - used), 2), made


def _lines(file: str) -> Iterator[dict[str, Any]]:
    with Path(file).open(encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)


def in_turn(commands: Sequence[list[str]], n: int, folder: Path, seconds: float) -> None:
    """Run processes that ask side by side, and let them take turns, for n questions or until so much time is over.

    Raises RuntimeError: one of them failed.
    """
    pipe = subprocess.PIPE
    with ExitStack() as stack:
        running = [
            stack.enter_context(subprocess.Popen(line, cwd=folder, stdin=pipe, stdout=pipe, text=True))
            for line in commands
        ]
        for one in running:
            _await(one)
        begun = time.monotonic()
        for _ in range(n):
            if time.monotonic() - begun > seconds:
                break
            for one in running:
                assert one.stdin is not None
                one.stdin.write("next\n")
                one.stdin.flush()
                _await(one)
        for one in running:
            one.communicate()
            if one.returncode:
                raise RuntimeError(f"{one.args!r} failed")


def _await(one: subprocess.Popen[str]) -> None:
    assert one.stdout is not None
    if not any(line.strip() == READY for line in one.stdout):
        raise RuntimeError(f"{one.args!r} failed")


def command(python: str, system: str, job: Job, folder: Path, name: str) -> list[str]:
    """The command that does a job; its outcome will be `folder`/`name`.json."""
    given, out = folder / f"{name}.job.json", folder / f"{name}.json"
    given.write_text(json.dumps(asdict(job)), "utf-8")
    return [python, "-m", f"bench.peers.{system}", str(given), str(out)]
