"""`pullquote doctor`: is everything as it should be?"""

from api.commands import exits, opening, output
from api.commands.options import ArchiveDir, AsJson


def doctor(archive: ArchiveDir = None, json: AsJson = False) -> int:
    """Check everything that can be checked.

    Ends with exit code 3 if something is wrong.
    """
    with opening.archive_of(archive) as door:
        health = door.doctor()
    if json:
        output.json(health)
    else:
        from api import render

        render.show(render.health(health))
    return exits.DONE if health.ok else exits.ARCHIVE_OR_MODEL
