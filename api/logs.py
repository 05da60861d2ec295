"""The log as lines of JSON on stderr, one a request: without the question, unless that was asked for."""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime
from typing import Literal

Level = Literal["warnings", "requests", "questions"]
REQUESTS = logging.getLogger("pullquote.requests")
_LONGEST = 500  # characters of one field


class Lines(logging.Formatter):
    """A record as one line of JSON; whatever is in it, it cannot begin another line."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        row: dict[str, object] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "event": record.getMessage()[:_LONGEST],
            **getattr(record, "fields", {}),
        }
        if record.exc_info:
            row["trace"] = self.formatException(record.exc_info)
        return json.dumps(row, ensure_ascii=True, default=str)


def start(level: Level) -> None:
    """Write to stderr from now on: each request too, for `requests`; and its question, for `questions`."""
    if level == "warnings":
        return  # as Python does by itself: warnings and errors, as sentences
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Lines())
    for name in ("pullquote", "uvicorn"):
        logger = logging.getLogger(name)
        logger.addHandler(handler)
        logger.propagate = False
    REQUESTS.setLevel(logging.INFO)


def request(fields: dict[str, object]) -> None:
    """Log one request that was answered."""
    if REQUESTS.isEnabledFor(logging.INFO):
        short = {name: one[:_LONGEST] if isinstance(one, str) else one for name, one in fields.items()}
        REQUESTS.info("request", extra={"fields": short})
