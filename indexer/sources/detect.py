"""Which encoding bytes suggest. The only module that imports charset_normalizer."""

from __future__ import annotations

import charset_normalizer

from indexer.language import likeliest_language

_LATIN = frozenset({"cp1250", "cp1252", "cp1254", "cp1257", "cp1258", *(f"iso8859_{n}" for n in (2, 3, 4, 9, 10))})
_LATIN |= {f"iso8859_{n}" for n in (1, 13, 14, 15, 16)}
# In which of the Latin encodings, between which bytes alone cannot decide, a language is written.
_USUAL = {
    **dict.fromkeys(("cs", "hr", "hu", "pl", "ro", "sk", "sl", "bs", "sq"), "cp1250"),
    **dict.fromkeys(("tr", "az"), "cp1254"),
    **dict.fromkeys(("et", "lt", "lv"), "cp1257"),
}


def detect(data: bytes) -> str | None:
    """The Python name of the likeliest encoding; None where the bytes look like no text.

    The Latin encodings differ in few letters, so that a short text fits several: there, its language decides.
    """
    best = charset_normalizer.from_bytes(data).best()
    if best is None or best.encoding not in _LATIN:
        return best.encoding if best else None
    usual = _USUAL.get(likeliest_language(str(best)), "cp1252")
    for encoding in (usual, best.encoding):
        try:
            data.decode(encoding)
        except UnicodeDecodeError:
            continue
        return encoding
    return None
