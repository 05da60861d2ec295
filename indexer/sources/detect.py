"""Which encoding bytes suggest. The only module that imports charset_normalizer."""

from __future__ import annotations

import charset_normalizer


def detect(data: bytes) -> str | None:
    """The Python name of the likeliest encoding; None where the bytes look like no text."""
    best = charset_normalizer.from_bytes(data).best()
    return best.encoding if best else None
