"""Overload: `python -m bench.overload [--seconds 300]` sends ten times what the server can answer, and prints a report.

Capacity is the best rate of 2, 4 and 8 clients that wait for each reply. Then requests come at ten times that rate,
whether or not replies do; /healthz is asked ten times a second beside them; after it single questions are asked again.
With `--soak`, half of capacity for `--seconds`, with an article written and removed every second.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench.http_load import QUESTIONS, ROOT, Outcome, Pool, Server, serving
from pullquote import Archive

_ALONE = 30  # questions asked one by one, before and after
_MEASURED = 15.0  # seconds at each number of clients


def percentile(seconds: Sequence[float], share: float) -> float | None:
    """The time within which this share of the requests was done, in ms; None where there were none."""
    ordered = sorted(seconds)
    return round(1000 * ordered[min(len(ordered) - 1, int(share * len(ordered)))], 1) if ordered else None


async def alone(pool: Pool) -> dict[str, Any]:
    """Latency of one question at a time."""
    found = [await pool.ask(QUESTIONS[number % len(QUESTIONS)]) for number in range(_ALONE)]
    spent = [one.seconds for one in found if one.status == 200]
    return {"answered": len(spent), "p50_ms": percentile(spent, 0.5), "p95_ms": percentile(spent, 0.95)}


async def capacity(pool: Pool) -> float:
    """Replies a second, of the number of waiting clients that gives most."""
    return max([await _closed(pool, clients) for clients in (2, 4, 8)])


async def _closed(pool: Pool, clients: int) -> float:
    until = time.perf_counter() + _MEASURED
    done = 0

    async def client(number: int) -> None:
        nonlocal done
        for question in itertools.islice(itertools.cycle(QUESTIONS), number, None):
            if time.perf_counter() > until:
                return
            outcome = await pool.ask(question)
            done += outcome.status == 200  # not `done += await …`: that reads `done` before it waits

    await asyncio.gather(*(client(number) for number in range(clients)))
    return done / _MEASURED


async def flood(pool: Pool, rate: float, seconds: float) -> list[Outcome]:
    """Send questions at a steady rate, whatever becomes of them."""
    began = time.perf_counter()
    tasks = []
    for number in range(int(rate * seconds)):
        await asyncio.sleep(max(0.0, began + number / rate - time.perf_counter()))
        tasks.append(asyncio.create_task(pool.ask(QUESTIONS[number % len(QUESTIONS)])))
    return list(await asyncio.gather(*tasks))


async def watch(port: int, server: Server, beats: list[Outcome], memory: list[tuple[float, float]]) -> None:
    """Ask for health ten times a second, and look at the memory once a second."""
    pool, began = Pool(port), time.perf_counter()
    for beat in itertools.count():
        beats.append(await pool.get("/healthz"))
        if beat % 10 == 0:
            memory.append((time.perf_counter() - began, server.rss()))
            if len(memory) % 60 == 0:  # a long run that is cut off has told something
                sys.stderr.write(f"{memory[-1][0]:.0f} s: {memory[-1][1]:.1f} MB, {slope(memory):+.3f} MB a minute\n")
        await asyncio.sleep(0.1)


async def write(port: int) -> None:
    """Write an article and remove it, once a second."""
    pool = Pool(port)
    for number in itertools.count():
        await pool.send("PUT", "/v1/articles/soak", {"text": f"Report {number}: the river rose by {number} cm."})
        await pool.send("DELETE", "/v1/articles/soak", {})
        await asyncio.sleep(1)


def slope(memory: Sequence[tuple[float, float]]) -> float:
    """How fast the memory grew after the first fifth, MB a minute, by least squares."""
    later = memory[len(memory) // 5 :]
    if len(later) < 2:
        return 0.0
    return 60 * statistics.linear_regression(*zip(*later, strict=True)).slope


async def measure(server: Server, seconds: float, soak: bool) -> dict[str, Any]:
    """The whole run."""
    pool = Pool(server.port)
    await alone(pool)  # warm
    before = await alone(pool)
    peak = await capacity(pool)
    rate = peak / 2 if soak else 10 * peak
    beats: list[Outcome] = []
    memory: list[tuple[float, float]] = []
    beside = [asyncio.create_task(watch(server.port, server, beats, memory))]
    beside += [asyncio.create_task(write(server.port))] if soak else []
    began = time.perf_counter()
    outcomes = await flood(pool, rate, seconds)
    took = time.perf_counter() - began
    for task in beside:
        task.cancel()
    await asyncio.sleep(5)
    good = [one.seconds for one in outcomes if one.status == 200]
    refused = [one.seconds for one in outcomes if one.status == 503]
    health, sizes = [beat.seconds for beat in beats], [size for _, size in memory]
    return {
        "capacity_per_s": round(peak, 2),
        "sent_per_s": round(len(outcomes) / took, 1),
        "seconds": round(took, 1),
        "statuses": dict(sorted(Counter(one.status for one in outcomes).items())),
        "goodput_per_s": round(len(good) / took, 2),
        "goodput_share_of_capacity": round(len(good) / took / peak, 3),
        "answered_ms": {"p50": percentile(good, 0.5), "p95": percentile(good, 0.95)},
        "refused_ms": {"p50": percentile(refused, 0.5), "p95": percentile(refused, 0.95)},
        "health_ms": {"p50": percentile(health, 0.5), "p99": percentile(health, 0.99)},
        "health_statuses": dict(Counter(beat.status for beat in beats)),
        "rss_mb": {"first": round(sizes[0]), "last": round(sizes[-1]), "highest": round(max(sizes))},
        "rss_slope_mb_per_min": round(slope(memory), 3),
        "alone_before": before,
        "alone_after": await alone(pool),
    }


def machine() -> dict[str, Any]:
    """Where and of what this was measured."""
    head = ["git", "rev-parse", "--short", "HEAD"]
    commit = subprocess.run(head, cwd=ROOT, capture_output=True, text=True, check=False).stdout.strip()
    lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    models = [line.partition(": ")[2] for line in lines if line.startswith("model name")]
    return {"commit": commit, "cpu": models[:1], "cpus": os.cpu_count(), "load_average": os.getloadavg()[0]}


def main() -> None:
    """Run it over the seeds, or over --archive."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=300)
    parser.add_argument("--archive", type=Path)
    parser.add_argument("--soak", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = given.archive or Path(scratch) / "archive"
        if given.archive is None:
            with Archive(folder, create=True) as archive:
                archive.index(ROOT / "seeds")
        found: dict[str, Any] = {"machine": machine()}
        with serving(folder) as server:
            found |= asyncio.run(measure(server, given.seconds, given.soak))
            found["stderr"] = server.stop()[-2000:]
        found["load_average_at_the_end"] = os.getloadavg()[0]
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
