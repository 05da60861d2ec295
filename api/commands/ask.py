"""`pullquote ask`: a quotation, or an abstention."""

from typing import TYPE_CHECKING, Annotated

import typer

from api.commands import batch as batches
from api.commands import exits, opening, output
from api.commands.options import ArchiveDir, AsJson, AsOf, BatchFile, ModeOption, TopK, filtered, one_of

if TYPE_CHECKING:
    from indexer.types import Filters, Reply


@filtered
def ask(
    question: Annotated[str | None, typer.Argument(metavar="QUESTION", show_default=False, help="What to ask.")] = None,
    *,
    archive: ArchiveDir = None,
    json: AsJson = False,
    top_k: TopK = 5,
    depth: Annotated[int, typer.Option("--depth", metavar="N", help="How many passages to read, 1 to 200.")] = 20,
    mode: ModeOption = "hybrid",
    max_error: Annotated[
        float | None,
        typer.Option("--max-error", metavar="SHARE", help="Abstain rather than be wrong more often than this."),
    ] = None,
    as_of: AsOf = None,
    batch: BatchFile = None,
    filters: "Filters",
) -> int:
    """Answer a question with a quotation, or abstain.

    Prints the quotation, the sentence around it and where it stands. When no quotation is sure enough it says so, shows
    the best passages to read instead, and ends with exit code 1.

    --batch takes lines of {"id", "question"} and writes a reply for each, in order; a bad line gives {"id", "error"}.
    """
    one_of({"QUESTION": question, "--batch": batch})
    with opening.archive_of(archive) as door:

        def reply_to(text: str) -> "Reply":
            return door.ask(
                text, top_k=top_k, depth=depth, mode=mode, filters=filters, max_error=max_error, as_of=as_of
            )

        if batch is not None:
            return batches.run(batch, ["question"], reply_to)
        assert question is not None
        reply = reply_to(question)
    if json:
        output.json(reply)
    else:
        from api import render

        render.show(render.reply(reply))
    return exits.DONE if reply.answered else exits.NOTHING
