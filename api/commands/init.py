"""`pullquote init`: an empty archive, or one brought up to date."""

from api.commands import exits, output
from api.commands.options import ArchiveDir, AsJson


def init(archive: ArchiveDir = None, json: AsJson = False) -> int:
    """Make an empty archive where there is none.

    In a database it also brings tables of an earlier version up to date.
    """
    from api.settings import Settings
    from pullquote import init as make

    place = str(make(archive or Settings().archive))
    if json:
        output.json({"archive": place})
    else:
        output.line(f"{place} is ready")
    return exits.DONE
