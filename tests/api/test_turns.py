from __future__ import annotations

import asyncio
import os
import sys
import threading
from collections.abc import Callable

import pytest

from api.refusals import Overloaded, TookTooLong
from api.turns import Turns


def test_no_more_run_and_wait_than_there_are_places() -> None:
    async def main() -> None:
        turns, free = Turns(2, 1, 30), threading.Event()
        first = [asyncio.create_task(turns.run(lambda: free.wait(30))) for _ in range(3)]
        await asyncio.sleep(0)
        assert turns.pending == 3
        with pytest.raises(Overloaded) as refused:
            await turns.run(lambda: True)
        assert (refused.value.retry_after, turns.refused) == (1, 1)
        free.set()
        assert await asyncio.gather(*first) == [True, True, True]
        assert await turns.run(lambda: 5) == 5
        turns.close()

    asyncio.run(main())


def test_what_takes_too_long_keeps_its_thread_and_what_waited_is_dropped() -> None:
    async def main() -> None:
        turns, free, done = Turns(1, 1, 0.05), threading.Event(), list[str]()

        def slow() -> None:
            free.wait(30)
            done.append("slow")

        tries = await asyncio.gather(turns.run(slow), turns.run(lambda: done.append("waited")), return_exceptions=True)
        assert [type(one) for one in tries] == [TookTooLong, TookTooLong]
        assert turns.pending == 1, "the thread that runs still has its place"
        free.set()
        turns.close()
        assert (done, turns.pending) == (["slow"], 0)

    asyncio.run(main())


def test_patient_work_waits_for_half_of_the_queue() -> None:
    async def main() -> None:
        turns, free = Turns(1, 2, 30), threading.Event()
        single = [asyncio.create_task(turns.run(lambda: free.wait(30))) for _ in range(2)]
        await asyncio.sleep(0)
        patient = asyncio.create_task(turns.run_patiently(lambda: "last"))
        await asyncio.sleep(0.1)
        assert turns.pending == 2
        assert not patient.done()
        free.set()
        assert await patient == "last"
        await asyncio.gather(*single)
        turns.close()

    asyncio.run(main())


def test_patience_ends() -> None:
    async def main() -> None:
        turns, free = Turns(1, 0, 0.1), threading.Event()
        single = asyncio.create_task(turns.run(lambda: free.wait(30)))
        await asyncio.sleep(0)
        with pytest.raises(TookTooLong, match=r"not done within 0\.1 seconds"):
            await turns.run_patiently(lambda: None)
        free.set()
        await asyncio.gather(single, return_exceptions=True)
        turns.close()

    asyncio.run(main())


@pytest.mark.parametrize("error", [ZeroDivisionError, KeyError])
def test_an_error_of_the_work_comes_out(error: type[Exception]) -> None:
    def fail() -> None:
        raise error

    with pytest.raises(error):
        run_once(fail)


def run_once(work: Callable[[], object]) -> object:
    async def main() -> object:
        turns = Turns(1, 0, 30)
        try:
            return await turns.run(work)
        finally:
            turns.close()

    return asyncio.run(main())


def test_the_queue_is_shorter_where_answers_are_slow() -> None:
    async def main() -> None:
        turns = Turns(2, 16, 30)
        assert turns.places() == 16
        for _ in range(60):
            turns._mean += 0.1 * (4.0 - turns._mean)  # what sixty answers of four seconds do
        assert turns.places() == 2
        assert Turns(2, 0, 30).places() == 0
        turns.close()

    asyncio.run(main())


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere threads have no priority of their own")
def test_work_steps_back_behind_the_thread_that_answers() -> None:
    async def main() -> None:
        turns, own = Turns(1, 1, 30), os.getpriority(os.PRIO_PROCESS, 0)
        there = await turns.run(lambda: os.getpriority(os.PRIO_PROCESS, threading.get_native_id()))
        assert own < there or own == there == 19
        assert os.getpriority(os.PRIO_PROCESS, 0) == own
        turns.close()

    asyncio.run(main())
