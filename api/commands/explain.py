"""`pullquote explain`: what each stage made of a question."""

from typing import TYPE_CHECKING, Annotated

import typer

from api.commands import exits, opening, output
from api.commands.options import ArchiveDir, AsJson, AsOf, ModeOption, filtered

if TYPE_CHECKING:
    from indexer.types import Filters


@filtered
def explain(
    question: Annotated[str, typer.Argument(metavar="QUESTION", help="What to ask.")],
    *,
    answer: Annotated[
        list[str], typer.Option("--answer", metavar="TEXT", help="A wording of the right answer; repeat for or.")
    ] = [],  # noqa: B006 typer wants a list
    article: Annotated[
        list[str], typer.Option("--article", metavar="ID", help="An article that should be found; repeat for or.")
    ] = [],  # noqa: B006
    archive: ArchiveDir = None,
    json: AsJson = False,
    depth: Annotated[int, typer.Option("--depth", metavar="N", help="How many passages to read, 1 to 200.")] = 20,
    mode: ModeOption = "hybrid",
    as_of: AsOf = None,
    filters: "Filters",
) -> int:
    """Say what each stage made of a question, and where the right answer was lost.

    Shows the rank of every passage by meaning, by words, of both together and among those read, with the best
    quotation in each, and the answers that were weighed. With --answer or --article it names the stage that lost it:
    not in the archive, filtered, not chunked, not retrieved, fused out, not read, outscored or abstained. Ends with
    exit code 1 if it was lost.
    """
    with opening.archive_of(archive) as door:
        found = door.explain(
            question, answers=answer, articles=article, depth=depth, mode=mode, filters=filters, as_of=as_of
        )
    if json:
        output.json(found)
    else:
        from api import render_explain

        render_explain.show(found)
    return exits.NOTHING if found.lost else exits.DONE
