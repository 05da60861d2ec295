"""What a run says while it goes: a JSON line each few steps, and one line on a terminal."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path


class Journal:
    """Appends to a JSONL file; on a terminal it also keeps one line up to date on standard error."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._terminal = sys.stderr.isatty()

    def write(self, event: str, **fields: float | str) -> None:
        """Add one line: the event, UTC time, and its fields. Numbers are rounded to 6 significant digits."""
        short = {name: float(f"{v:.6g}") if isinstance(v, float) else v for name, v in fields.items()}
        now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        with self._file.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"event": event, "at": now, **short}) + "\n")
        if self._terminal:
            words = "  ".join(f"{name} {value}" for name, value in short.items())
            sys.stderr.write(f"\r\033[K{event}  {words}")
            sys.stderr.flush()
