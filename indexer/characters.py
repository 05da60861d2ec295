"""What counts as text."""

from __future__ import annotations


def is_unicode(text: str) -> bool:
    """Whether the text holds no lone surrogate, as bytes that are not UTF-8 and half pairs in JSON leave behind."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
