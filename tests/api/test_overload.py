from __future__ import annotations

import asyncio
from collections.abc import Iterator
from unittest import mock

import pytest

from bench import overload
from bench.http_load import Outcome


class Counting:
    """A server that answers after a hundredth of a second, but each fourth question not; it counts its answers."""

    def __init__(self) -> None:
        self.asked = self.answered = 0

    async def ask(self, question: str) -> Outcome:
        self.asked += 1
        status = 200 if self.asked % 4 else 503
        await asyncio.sleep(0.01)
        self.answered += status == 200
        return Outcome(status, 0.01)


@pytest.fixture(autouse=True)
def briefly() -> Iterator[None]:
    with mock.patch.object(overload, "_MEASURED", 0.2):
        yield


@pytest.mark.parametrize("clients", [1, 8])
def test_every_answer_to_every_client_counts(clients: int) -> None:
    server = Counting()
    rate = asyncio.run(overload._closed(server, clients))  # type: ignore[arg-type]
    assert server.answered >= clients
    assert rate == pytest.approx(server.answered / 0.2)


def test_the_slope_is_of_what_came_after_the_first_fifth() -> None:  # 3.5 of 5, by hand
    assert overload.slope([(0, 100), (60, 300), (120, 300), (180, 301), (240, 302)]) == pytest.approx(0.7)
    assert overload.slope([(0, 100)]) == 0


def test_percentiles_are_in_milliseconds() -> None:
    assert overload.percentile([0.004, 0.001, 0.002, 0.003], 0.5) == 3.0
    assert overload.percentile([], 0.5) is None
