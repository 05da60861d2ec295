"""`pullquote compact`: the space of what was deleted, given back."""

from api.commands import exits, opening, output
from api.commands.options import ArchiveDir, AsJson


def compact(archive: ArchiveDir = None, json: AsJson = False) -> int:
    """Give back the space of what was deleted or replaced.

    It rewrites the archive's files, while others read and write; for that it takes as much space again, for a while.
    """
    with opening.archive_of(archive) as door:
        done = door.compact()
    if json:
        output.json(done)
    else:
        output.line(f"{done.before - done.after:,} bytes given back: {done.before:,} before, {done.after:,} after")
    return exits.DONE
