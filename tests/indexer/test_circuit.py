from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from indexer import circuit as module
from indexer.circuit import Circuit
from indexer.errors import ArchiveUnavailable
from indexer.lifeline import Lifeline
from indexer.shares import measured, share


class Down(Exception):
    """The engine is away."""


def fail() -> None:
    raise Down("connection refused")


def test_after_its_rest_one_call_tries_and_the_others_are_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_OPEN_SECONDS", 0.05)
    circuit, tried = Circuit("engine"), list[str]()
    with pytest.raises(ArchiveUnavailable, match="connection refused"):
        circuit.call(fail, (Down,))
    with pytest.raises(ArchiveUnavailable):
        circuit.call(lambda: tried.append("at rest"), (Down,))
    time.sleep(0.06)

    def refused() -> bool:
        with pytest.raises(ArchiveUnavailable):
            circuit.call(lambda: tried.append("beside"), (Down,))
        return True

    def first() -> str:
        with ThreadPoolExecutor(3) as others:
            assert all(others.map(lambda _: refused(), range(3)))
        circuit.check()  # the one that tries may look again
        return "it answers"

    assert circuit.call(first, (Down,)) == "it answers"
    circuit.call(lambda: tried.append("after"), (Down,))
    assert tried == ["after"]


def test_a_try_that_says_nothing_of_the_engine_keeps_no_other_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_OPEN_SECONDS", 0.05)
    circuit = Circuit("engine")
    with pytest.raises(ArchiveUnavailable):
        circuit.call(fail, (Down,))
    time.sleep(0.06)
    with pytest.raises(ZeroDivisionError):
        circuit.call(lambda: 1 // 0, (Down,))
    with ThreadPoolExecutor(1) as other:
        assert other.submit(circuit.call, lambda: "it answers", (Down,)).result() == "it answers"
    assert not circuit.is_failing


def test_a_call_is_tried_three_times_and_what_it_says_otherwise_is_passed_on() -> None:
    tries = list[int]()

    def second() -> int:
        tries.append(len(tries))
        if len(tries) < 3:
            fail()
        return len(tries)

    assert Circuit("engine").call(second, (Down,)) == 3
    with pytest.raises(ZeroDivisionError):
        Circuit("engine").call(lambda: 1 // 0, (Down,))


@pytest.mark.parametrize("alive", [True, False])
def test_calls_that_wait_are_cut_off_where_the_engine_is_gone(alive: bool) -> None:
    asked, cut = list[float](), [threading.Event(), threading.Event()]

    def is_alive() -> bool:
        asked.append(time.monotonic())
        return alive

    lifeline = Lifeline(is_alive, 0.1)
    with lifeline.over(cut[0].set):
        assert not cut[0].wait(0.05)
    assert asked == []  # it was answered in time
    with lifeline.over(cut[0].set), lifeline.over(cut[1].set):
        assert [one.wait(10 if not alive else 0.35) for one in cut] == [not alive] * 2
    assert len(asked) >= 1
    lifeline.close()


def test_calls_are_watched_though_a_look_or_a_cut_fails(caplog: pytest.LogCaptureFixture) -> None:
    looks, cut = iter([True, False]), threading.Event()

    def is_alive() -> bool:
        if next(looks):
            raise RuntimeError("no memory")
        return False

    lifeline = Lifeline(is_alive, 0.05)
    with lifeline.over(fail), lifeline.over(cut.set):
        assert cut.wait(10)
    assert [str(record.exc_info[1]) for record in caplog.records if record.exc_info] == [
        "no memory",
        "connection refused",
    ]
    lifeline.close()


def test_what_engines_take_is_counted_for_the_request_that_is_measured() -> None:
    with share("store"):
        pass  # nobody asks
    with measured() as one:
        with share("store"):
            time.sleep(0.01)
        with measured() as other, share("dense"):
            time.sleep(0.02)
    assert list(one.seconds()) == ["store"]
    assert 0.01 <= one.seconds()["store"] < 0.02 <= other.seconds()["dense"]
