"""`pullquote doctor`: is everything as it should be?"""

from typing import Annotated

import typer

from api.commands import exits, opening, output
from api.commands.options import ArchiveDir, AsJson


def doctor(
    archive: ArchiveDir = None,
    json: AsJson = False,
    repair: Annotated[
        bool,
        typer.Option("--repair", help="First rebuild damaged or missing search files, with nothing embedded anew."),
    ] = False,
) -> int:
    """Check everything that can be checked.

    Ends with exit code 3 if something is wrong.
    """
    with opening.archive_of(archive) as door:
        health = door.doctor(repair=repair)
    if json:
        output.json(health)
    else:
        from api import render

        render.show(render.health(health))
    return exits.DONE if health.ok else exits.ARCHIVE_OR_MODEL
