"""`pullquote search`: passages that match a query, best first."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from api.commands import batch as batches
from api.commands import exits, opening, output
from api.commands.options import ArchiveDir, AsJson, BatchFile, FormatName, ModeOption, TopK, filtered, one_of
from indexer.errors import InvalidInput

if TYPE_CHECKING:
    from indexer.types import Filters, Hit, HitList

Search = Callable[..., "HitList"]  # (query, top_k=…, cursor=…)
_QUERY = ("query", "question")
_PAGE = 100  # the most hits that one call of the door returns


@filtered
def search(
    query: Annotated[str | None, typer.Argument(metavar="QUERY", show_default=False, help="What to look for.")] = None,
    *,
    archive: ArchiveDir = None,
    json: AsJson = False,
    top_k: TopK = 10,
    mode: ModeOption = "hybrid",
    batch: BatchFile = None,
    form: Annotated[
        FormatName, typer.Option("--format", help="trec: lines of qid Q0 article rank score tag.")
    ] = "text",
    copies: Annotated[
        bool, typer.Option("--copies", help="Also passages that repeat, in a copy of the article, one shown above.")
    ] = False,
    filters: "Filters",
) -> int:
    """Find passages, best first.

    Ends with exit code 1 if there is none.

    --batch takes lines of {"id", "query"} (or "question") and writes a list of hits for each, in order; a bad line
    gives {"id", "error"}. With --format trec the lines are those of a TREC run instead, the best passage of each
    article, and a bad line ends the run.
    """
    one_of({"QUERY": query, "--batch": batch})
    if json and form == "trec":
        raise InvalidInput("--format", "trec and --json: give one of them, not both")
    with opening.archive_of(archive) as door:

        def find(text: str, top_k: int = top_k, cursor: str | None = None) -> "HitList":
            return door.search(text, top_k=top_k, mode=mode, filters=filters, cursor=cursor, copies=copies)

        if form == "trec":
            return _write_run(query, batch, find, top_k, tag=f"pullquote-{mode}")
        if batch is not None:
            return batches.run(batch, [_QUERY], find)
        return output.hits(find(str(query)), as_json=json or form == "json")


def _write_run(query: str | None, batch: str | None, find: Search, top_k: int, tag: str) -> int:
    """Write a TREC run: a bad row stops it, for a run that silently lacks a topic gives a wrong measure."""
    rows = [batches.Row(1, "1", (query,))] if batch is None and query else batches.rows_of(str(batch), [_QUERY])
    written = 0
    for row in rows:
        if isinstance(row, batches.BadRow):
            raise row.error
        if any(char.isspace() for char in str(row.id)):
            raise InvalidInput(f"line {row.number}", f"id {row.id!r} has white space, which a TREC run cannot hold")
        for rank, hit in enumerate(_best_of_articles(row.fields[0], find, top_k), start=1):
            output.line(f"{row.id} Q0 {hit.article.id} {rank} {hit.score!r} {tag}")
            written += 1
    return exits.DONE if written or batch is not None else exits.NOTHING


def _best_of_articles(query: str, find: Search, top_k: int) -> Iterator["Hit"]:
    """The best hit of each of the `top_k` best articles, fetching pages of hits until there are enough."""
    seen: set[str] = set()
    cursor: str | None = None
    while True:
        page = find(query, top_k=min(top_k, _PAGE), cursor=cursor)
        for hit in page.items:
            if hit.article.id not in seen and len(seen) < top_k:
                seen.add(hit.article.id)
                yield hit
        cursor = page.next
        if cursor is None or len(seen) >= top_k:
            return
