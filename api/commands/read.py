"""`pullquote read`: the reader alone, on contexts that are given."""

from typing import Annotated

import typer

from api.commands import batch as batches
from api.commands import opening
from api.commands.options import ArchiveDir, AsJson


def read(
    batch: Annotated[
        str, typer.Option("--batch", metavar="FILE", help='JSONL of {"id", "question", "context"}, or - for stdin.')
    ],
    archive: ArchiveDir = None,
    json: AsJson = False,
) -> int:
    """Let the reader alone answer, from given texts.

    Writes {"id", "answer", "start", "end", "score", "confidence", "best"} for each line, in order, with or without
    --json; a bad line gives {"id", "error"}. "answer" is null when it abstains, "best" is its best span all the same.
    """
    return batches.run(batch, ["question", "context"], opening.reader_of().read)
