"""`pullquote init`: an empty archive, or one brought up to date."""

from typing import Annotated

import typer

from api.commands import exits, output
from api.commands.options import ArchiveDir, AsJson

Index = Annotated[
    str | None,
    typer.Option(
        "--index", metavar="URL", help="What searches it: embedded, or milvus+http://host:19530; as it is if not given."
    ),
]


def init(archive: ArchiveDir = None, index: Index = None, json: AsJson = False) -> int:
    """Make an empty archive where there is none.

    In a database it also brings tables of an earlier version up to date. --index says what searches it from now on.
    """
    from api.settings import Settings
    from pullquote import init as make

    place = str(make(archive or Settings().archive, index))
    if json:
        output.json({"archive": place})
    else:
        output.line(f"{place} is ready")
    return exits.DONE
