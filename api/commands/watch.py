"""`pullquote watch`: folders and feeds followed."""

from typing import TYPE_CHECKING, Annotated

import typer

from api.commands import exits, opening, output
from api.commands.index import FieldMap, Language, SourceName, Timezone, options_of
from api.commands.options import ArchiveDir, AsJson
from indexer.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Callable

    from indexer.types import IndexEvent


def watch(
    paths: Annotated[list[str], typer.Argument(metavar="PATH|FEED", help="Files, folders, and URLs of feeds.")],
    archive: ArchiveDir = None,
    json: AsJson = False,
    *,
    interval: Annotated[
        float, typer.Option("--interval", metavar="SECONDS", help="How often to ask feeds, 10 or more.")
    ] = 300.0,
    fields: FieldMap = [],  # noqa: B006 - typer copies it
    timezone: Timezone = None,
    source_name: SourceName = None,
    language: Language = None,
    prune: Annotated[bool, typer.Option("--prune", help="Remove articles whose file is gone.")] = False,
) -> int:
    """Follow folders and feeds until interrupted.

    What is there is indexed first; what appears or changes is searchable within seconds. Feeds are asked by their ETag,
    at public addresses only, as robots.txt allows. Every article that is added, updated, removed or refused is a line.
    """
    if interval < 10:
        raise InvalidInput("--interval", f"{interval:g} seconds is too often: give 10 or more")
    options = options_of(fields, timezone, source_name, language)
    with opening.archive_of(archive, create=True) as door:
        try:
            door.watch(*paths, options=options, report=_told(json), prune=prune, interval=interval)
        except KeyboardInterrupt:  # how a person ends it
            return exits.DONE
    return exits.DONE


def _told(json: bool) -> "Callable[[IndexEvent], None]":
    def tell(event: "IndexEvent") -> None:
        if json:
            output.json(event)
        elif event.status == "refused":
            exits.complain(f"refused {event.origin}: {event.reason}")
        elif event.status != "unchanged":
            output.line(f"{event.status} {event.origin}")

    return tell
