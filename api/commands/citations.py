"""Citations out of a file: a Citation, an Answer or a Reply, as JSON or JSON lines."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

from indexer.errors import InvalidInput

if TYPE_CHECKING:
    from indexer.types import Citation


def citations_in(name: str, text: str) -> list[Citation]:
    """Every citation of `text`, in order, those of supporting quotations too. `name` is for messages.

    A line of `ask --batch` that holds an error holds no citation. Raises InvalidInput: no JSON, or another noun.
    """
    return [citation for place, value in _values(name, text) for citation in _citations(place, value)]


def _values(name: str, text: str) -> Iterator[tuple[str, object]]:
    text = text.removeprefix("\ufeff")
    try:
        yield name, json.loads(text)
    except (ValueError, RecursionError):
        for number, line in enumerate(text.split("\n"), start=1):
            if line.strip():
                yield f"{name}, line {number}", _value(f"{name}, line {number}", line)


def _value(place: str, line: str) -> object:
    try:
        return json.loads(line)
    except (ValueError, RecursionError) as error:
        raise InvalidInput(place, f"not JSON ({error}): give what `pullquote ask --json` writes") from error


def _citations(place: str, value: object) -> Iterator[Citation]:
    match value:
        case list():
            for item in value:
                yield from _citations(place, item)
        case {"selectors": _}:
            yield _citation(place, value)
        case {"answers": list(answers)}:
            yield from _citations(place, answers)
        case {"citation": citation}:
            yield from _citations(place, citation)
            match value:
                case {"support": {"others": list(others)}}:
                    yield from _citations(place, others)
        case {"id": _, "error": _}:
            return
        case _:
            raise InvalidInput(place, "no Citation, Answer or Reply: give what `pullquote ask --json` writes")


def _citation(place: str, value: object) -> Citation:
    from pydantic import TypeAdapter, ValidationError

    from indexer.types import Citation

    try:
        return TypeAdapter(Citation).validate_python(value)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        raise InvalidInput(place, f"a broken citation ({field}: {first['msg']}): give it unchanged") from error
