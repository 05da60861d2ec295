"""Request bodies, read strictly: counted while they stream in, one JSON value, no name twice, no NaN, not too deep."""

from __future__ import annotations

import asyncio
import json
import math
import re
from collections import Counter
from collections.abc import Callable, Coroutine
from typing import Any, NoReturn

from anyio import to_thread
from fastapi import Request, Response
from fastapi.routing import APIRoute

from api.refusals import BodyNotJson, BodyTooLarge, BodyTooSlow
from indexer.errors import InvalidInput

QUESTION_LIMIT = 1024 * 1024  # bytes
ARTICLE_LIMIT = 16 * 1024 * 1024
_LARGE = 64 * 1024  # bytes; while more were parsed here, nobody else would be answered: a thread does it
DEPTH_LIMIT = 32  # lists and objects inside one another
COUNT_LIMIT = 1_000_000  # values: one flat list of more would hold the interpreter, and so everyone, while it is parsed
# A string without an end goes on to the last byte: else each quote in it would be tried as the begin of one.
_STRING_OR_COMMA = re.compile(rb'"(?:[^"\\]++|\\.)*+"?|,', re.DOTALL)
_REPEATABLE = frozenset({"source", "author", "ids"})

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class StrictRoute(APIRoute):
    """A route that takes JSON of at most `limit` bytes, and no name of the query twice unless repeats mean or.

    Raises BodyTooLarge, BodyTooSlow, BodyNotJson, InvalidInput.
    """

    limit = QUESTION_LIMIT

    def get_route_handler(self) -> Handler:
        """FastAPI's handler, behind a request that has been read."""
        handle = super().get_route_handler()

        async def strict(request: Request) -> Response:
            _refuse_repeats(request)
            seconds = request.app.state.service.settings.body_seconds
            try:
                async with asyncio.timeout(seconds):
                    read = await _Read.of(request, self.limit)
            except TimeoutError as error:
                raise BodyTooSlow(seconds) from error
            return await handle(read)

        return strict


class ArticleRoute(StrictRoute):
    """A StrictRoute whose body may be whole articles."""

    limit = ARTICLE_LIMIT


class _Read(Request):
    """A request whose body has been read and parsed."""

    _content: bytes
    _value: Any

    @classmethod
    async def of(cls, request: Request, limit: int) -> _Read:
        read = cls(request.scope, request.receive)
        read._content = await _counted(request, limit)
        read._value = await parse_apart(read._content) if read._content else None
        return read

    async def body(self) -> bytes:
        return self._content

    async def json(self) -> Any:  # noqa: ANN401 JSON is anything
        return self._value


async def _counted(request: Request, limit: int) -> bytes:
    """The whole body; stops reading, and keeps no more, once it is over the limit."""
    declared = request.headers.get("content-length", "0")
    if declared.isdecimal() and int(declared) > limit:
        raise BodyTooLarge(limit)
    content = bytearray()
    async for piece in request.stream():
        content += piece
        if len(content) > limit:
            raise BodyTooLarge(limit)
    return bytes(content)


async def parse_apart(content: bytes) -> Any:  # noqa: ANN401 JSON is anything
    """As `parse`, where it takes long in a thread of its own."""
    return parse(content) if len(content) < _LARGE else await to_thread.run_sync(parse, content)


def parse(content: bytes) -> Any:  # noqa: ANN401 JSON is anything
    """UTF-8 JSON (RFC 8259) -> its value. Raises BodyNotJson, also for what two parsers could read differently."""
    _refuse_crowds(content)
    try:
        value = json.loads(
            content.decode("utf-8"),
            parse_constant=_no_constant,
            parse_float=_finite,
            object_pairs_hook=_object,
        )
    except UnicodeDecodeError as error:
        raise BodyNotJson(f"byte {error.start + 1} is not UTF-8") from error
    except json.JSONDecodeError as error:
        raise BodyNotJson(f"line {error.lineno} column {error.colno}: {error.msg}") from error
    except RecursionError as error:
        raise BodyNotJson("it is nested too deep") from error
    except ValueError as error:  # a whole number of more digits than Python converts
        raise BodyNotJson("a number in it is too long") from error
    _check_depth(value)
    return value


def _refuse_crowds(content: bytes) -> None:
    """Refuse more than COUNT_LIMIT values, by the commas between them: those inside of strings are not counted."""
    if content.count(b",") < COUNT_LIMIT:
        return
    commas = 0
    for piece in _STRING_OR_COMMA.finditer(content):
        commas += piece.group() == b","
        if commas >= COUNT_LIMIT:
            raise BodyNotJson(f"it holds more than {COUNT_LIMIT:,} values")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) < len(pairs):
        name = Counter(name for name, _ in pairs).most_common(1)[0][0]
        raise BodyNotJson(f"{name[:80]!r} stands twice in one object")
    return value


def _no_constant(name: str) -> NoReturn:
    raise BodyNotJson(f"{name} is not a JSON number")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise BodyNotJson(f"{text[:20]} is too large a number")
    return number


def _check_depth(value: object) -> None:
    level = [value]
    for _ in range(DEPTH_LIMIT + 1):
        inner = [one.values() if isinstance(one, dict) else one for one in level if isinstance(one, dict | list)]
        if not inner:
            return
        level = [one for group in inner for one in group]
    raise BodyNotJson("it is nested too deep")


def _refuse_repeats(request: Request) -> None:
    counts = Counter(name for name, _ in request.query_params.multi_items())
    for name, count in counts.items():
        if count > 1 and name not in _REPEATABLE:
            raise InvalidInput(name[:80], "it is given more than once: give it once")
