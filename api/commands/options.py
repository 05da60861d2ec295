"""The options that verbs share, each named and explained once."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal

import typer

from indexer.errors import InvalidInput

# The words of indexer.types.Mode, spelt again: `--help` must not load numpy. tests/api/test_cli.py holds them equal.
ModeName = Literal["hybrid", "dense", "lexical"]
FormatName = Literal["text", "json", "trec"]

ArchiveDir = Annotated[
    str | None,
    typer.Option(
        "--archive", metavar="DIR", help="Folder or database URL; ./archive or PULLQUOTE_ARCHIVE if not given."
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="JSON on stdout, one compact line per item.")]
TopK = Annotated[int, typer.Option("--top-k", metavar="N", help="How many items to return, 1 to 100.")]
ModeOption = Annotated[ModeName, typer.Option("--mode", help="Search by words, by meaning (dense) or by both.")]
AsOf = Annotated[
    str | None,
    typer.Option(
        "--as-of",
        metavar="DATE",
        help="The day it is asked: what came later is left out, what was news then counts more.",
    ),
]
BatchFile = Annotated[
    str | None, typer.Option("--batch", metavar="FILE", help="JSONL file with an id on every line, or - for stdin.")
]

_Sources = Annotated[list[str], typer.Option("--source", metavar="NAME", help="Only this source; repeat for or.")]
_Authors = Annotated[list[str], typer.Option("--author", metavar="NAME", help="Only this author; repeat for or.")]
_Ids = Annotated[list[str], typer.Option("--id", metavar="ID", help="Only this article; repeat for or.")]
_Since = Annotated[
    str | None, typer.Option("--since", metavar="DATE", help="Published in or after 2022, 2022-02 or 2022-02-06.")
]
_Until = Annotated[
    str | None, typer.Option("--until", metavar="DATE", help="Published in or before it, the whole unit included.")
]
_FILTERS = [
    inspect.Parameter("source", inspect.Parameter.KEYWORD_ONLY, default=[], annotation=_Sources),
    inspect.Parameter("author", inspect.Parameter.KEYWORD_ONLY, default=[], annotation=_Authors),
    inspect.Parameter("ids", inspect.Parameter.KEYWORD_ONLY, default=[], annotation=_Ids),
    inspect.Parameter("since", inspect.Parameter.KEYWORD_ONLY, default=None, annotation=_Since),
    inspect.Parameter("until", inspect.Parameter.KEYWORD_ONLY, default=None, annotation=_Until),
]


def filtered(verb: Callable[..., int]) -> Callable[..., int]:
    """Give `verb`, which takes `filters: Filters`, the five options that make one."""

    @functools.wraps(verb)
    def run(**given: Any) -> int:  # noqa: ANN401 - typer passes what the signature below names
        from indexer.types import Filters

        several = {name: tuple(given.pop(name)) for name in ("source", "author", "ids")}
        source, author, ids = several["source"], several["author"], several["ids"]
        filters = Filters(source, author, ids, given.pop("since"), given.pop("until"))
        return verb(**given, filters=filters)

    own = inspect.signature(verb)
    kept = [parameter for name, parameter in own.parameters.items() if name != "filters"]
    signature = own.replace(parameters=[*kept, *_FILTERS])
    run.__signature__ = signature  # type: ignore[attr-defined]  # typer reads its options from here
    run.__annotations__ = {name: parameter.annotation for name, parameter in signature.parameters.items()}
    del run.__wrapped__  # else get_type_hints would meet `filters: "Filters"` again
    return run


def one_of(given: Mapping[str, object | None], needed: bool = True) -> None:
    """Raise InvalidInput unless exactly one of these options is given (or none, if not `needed`)."""
    named = [name for name, value in given.items() if value is not None]
    if len(named) > 1:
        raise InvalidInput(" and ".join(named), "give one of them, not both")
    if needed and not named:
        raise InvalidInput(" or ".join(given), "give one of them")
