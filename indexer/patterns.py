"""Regular expressions of many shapes."""

from __future__ import annotations

import re
from functools import cached_property


class AnyOf:
    """Any of the shapes, in any case unless `case` matters.

    Compiled when first used: together they take a tenth of a second, and a question needs none.
    """

    def __init__(self, *shapes: str, case: bool = False) -> None:
        self._shapes, self._flags = shapes, re.NOFLAG if case else re.IGNORECASE

    @cached_property
    def re(self) -> re.Pattern[str]:
        """The compiled expression."""
        return re.compile("|".join(f"(?:{shape})" for shape in self._shapes), self._flags)
