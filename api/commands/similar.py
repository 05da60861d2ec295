"""`pullquote similar`: articles like one that is stored, or like any text."""

from typing import TYPE_CHECKING, Annotated

import typer

from api.commands import opening, output
from api.commands.options import ArchiveDir, AsJson, TopK, filtered

if TYPE_CHECKING:
    from indexer.types import Filters


@filtered
def similar(
    article: Annotated[str, typer.Argument(metavar="ID", help="An article's id, or - for the text on stdin.")],
    archive: ArchiveDir = None,
    json: AsJson = False,
    top_k: TopK = 10,
    *,
    filters: "Filters",
) -> int:
    """Find articles like one, or like a text.

    Shows each by its closest passage; ends with exit code 1 if there is none.
    """
    text = opening.read_text("-") if article == "-" else None
    with opening.archive_of(archive) as door:
        found = door.similar(article if text is None else None, text=text, top_k=top_k, filters=filters)
    return output.hits(found, as_json=json)
