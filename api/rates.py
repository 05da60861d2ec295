"""How much one client may ask. The only module that imports `limits`."""

from __future__ import annotations

import ipaddress
import math
import time

from limits import parse
from limits.storage import MemoryStorage
from limits.strategies import SlidingWindowCounterRateLimiter

from api.refusals import RateLimited
from indexer.errors import InvalidInput

_FAILURES = "30/minute"  # wrong keys from one address; after that it is told to wait


class Rates:
    """Counts requests by key and address, in memory. rate: like `300/minute` or `20/second`. Raises InvalidInput."""

    def __init__(self, rate: str) -> None:
        try:
            self._rate = parse(rate)
        except ValueError as error:
            raise InvalidInput("PULLQUOTE_RATE", f"{rate[:80]!r} is no rate: write it like 300/minute") from error
        self._failures = parse(_FAILURES)
        self._counter = SlidingWindowCounterRateLimiter(MemoryStorage())

    def charge(self, client: str, address: str, cost: int = 1, already: int = 0) -> None:
        """Count requests of a client. Raises RateLimited: it is above its rate, and these were not counted.

        One call never costs more than the rate allows at once, less what the same request was `already` counted for.
        """
        place = neighbourhood(address)
        cost = min(cost, self._rate.amount - already)
        if cost > 0 and not self._counter.hit(self._rate, client, place, cost=cost):
            raise RateLimited(self._wait(self._counter.get_window_stats(self._rate, client, place).reset_time))

    def failed(self, address: str) -> None:
        """Count a wrong key. Raises RateLimited: there were too many from there."""
        place = neighbourhood(address)
        if not self._counter.hit(self._failures, "failed", place):
            raise RateLimited(self._wait(self._counter.get_window_stats(self._failures, "failed", place).reset_time))

    @staticmethod
    def _wait(reset: float) -> int:
        return max(1, math.ceil(reset - time.time()))


def neighbourhood(address: str) -> str:
    """The address itself; of IPv6 the first 64 bits, as one client has all that begin with them."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv6Address):
        return str(found.ipv4_mapped or ipaddress.ip_network((int(found) >> 64 << 64, 64)))
    return str(found)
