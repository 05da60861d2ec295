"""`pullquote index`: articles in."""

import re
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from api.commands import exits, opening, output
from api.commands.options import ArchiveDir, AsJson
from api.commands.stopping import Stopping
from indexer.errors import InvalidInput

if TYPE_CHECKING:
    from indexer.sources.options import SourceOptions
    from indexer.types import IndexSummary


FieldMap = Annotated[
    list[str], typer.Option("--map", metavar="OURS=THEIRS", help="Where to find a field: text=body, title=head…")
]
Timezone = Annotated[
    str | None, typer.Option("--timezone", metavar="ZONE", help="Of dates that name none, like Asia/Kolkata.")
]
SourceName = Annotated[
    str | None, typer.Option("--source-name", metavar="NAME", help="Source of articles that name none.")
]
Language = Annotated[
    str | None, typer.Option("--language", metavar="CODE", help="Language of articles that name none, like en.")
]


def index(
    paths: Annotated[
        list[str] | None,
        typer.Argument(metavar="PATH", help="Files, folders, globs, or - for stdin; URLs with --fetch."),
    ] = None,
    archive: ArchiveDir = None,
    json: AsJson = False,
    *,
    fields: FieldMap = [],  # noqa: B006 - typer copies it
    timezone: Timezone = None,
    source_name: SourceName = None,
    language: Language = None,
    fetch: Annotated[
        bool, typer.Option("--fetch", help="Also take http(s) URLs of pages and feeds, from public addresses only.")
    ] = False,
    prune: Annotated[bool, typer.Option("--prune", help="Remove articles whose file under PATH is gone.")] = False,
    reembed: Annotated[
        bool, typer.Option("--reembed", help="First change the archive over to this embedder; PATH may be left out.")
    ] = False,
    workers: Annotated[
        str,
        typer.Option(
            "--workers",
            metavar="N|RAY",
            help="Clean and embed in N processes beside this, or on a cluster, ray://host:10001.",
        ),
    ] = "0",
) -> int:
    """Add, update or skip articles.

    Ctrl-C stops it after the present batch. Run it again to go on, or when articles have changed. What cannot be read
    is told with its reason; ends with exit code 1 if nothing was readable. --json writes a line for each article after
    its commit, then {"summary"}.
    """
    if not paths and not reembed:
        raise InvalidInput("PATH", "name files or folders to index, or - for stdin")
    options = options_of(fields, timezone, source_name, language)
    with opening.archive_of(archive, create=True) as door, Stopping() as stopping:
        run = partial(
            door.index, *(paths or ()), options=options, prune=prune, reembed=reembed, fetch=fetch, workers=workers
        )
        if json:
            summary = run(report=output.json, stop=stopping.asked)
            output.json({"summary": summary})
        else:
            from api.commands.progress import Watcher, count

            with Watcher(partial(count, paths or ())) as watcher:
                summary = run(report=watcher, stop=stopping.asked)
            output.line(_counts(summary))
        if stopping.asked():
            return exits.INTERRUPTED
    kept = summary.added + summary.updated + summary.unchanged + summary.removed
    return exits.DONE if kept or (reembed and not paths) else exits.NOTHING


def options_of(
    fields: list[str], timezone: str | None, source_name: str | None, language: str | None
) -> "SourceOptions":
    """What was said of the sources. Raises InvalidInput."""
    from indexer.sources.options import SourceOptions

    return SourceOptions(map=_mapping(fields), timezone=timezone, source=source_name, language=language)


def _mapping(fields: list[str]) -> dict[str, str]:
    pairs = [field.partition("=") for given in fields for field in re.split(r",\s*(?=\w+=)", given)]
    for ours, equals, theirs in pairs:
        if not (ours and equals and theirs):
            raise InvalidInput("--map", f"{ours + equals + theirs!r} is not OURS=THEIRS: write it like text=body")
    return {ours: theirs for ours, _, theirs in pairs}


def _counts(summary: "IndexSummary") -> str:
    parts = ("added", "updated", "unchanged", "removed", "refused")
    counts = ", ".join(f"{getattr(summary, part)} {part}" for part in parts)
    counts += f", {summary.reembedded} re-embedded" if summary.reembedded else ""
    return f"{counts}; the archive holds {summary.view.articles} articles in {summary.view.passages} passages"
