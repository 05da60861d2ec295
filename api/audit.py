"""Who changed the archive, when and how: one line of JSON each, without any text of an article."""

from __future__ import annotations

import json
import logging
import os
from datetime import UTC, datetime
from pathlib import Path

LOG = logging.getLogger("pullquote")
FILE = "audit.jsonl"


class Audit:
    """Appends to a file; it is opened for each line, so it may be moved away at any time."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def record(self, action: str, **fields: object) -> None:
        """Write one line. What cannot be written is told in the log: the change itself has been made."""
        row = {"at": datetime.now(UTC).isoformat(timespec="milliseconds"), "action": action, **fields}
        line = json.dumps(row, ensure_ascii=True) + "\n"  # escaped: nothing that was sent can begin a new line
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self._file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            try:
                os.write(descriptor, line.encode())
            finally:
                os.close(descriptor)
        except OSError as error:
            LOG.error("the audit log %s cannot be written (%s): %s", self._file, error.strerror, line.rstrip())
