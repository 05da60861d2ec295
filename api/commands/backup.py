"""`pullquote backup`: the archive, copied while it is in use."""

from pathlib import Path
from typing import Annotated

import typer

from api.commands import exits, opening, output
from api.commands.options import ArchiveDir, AsJson


def backup(
    dest: Annotated[Path, typer.Argument(metavar="DEST", help="A folder that does not exist yet.")],
    archive: ArchiveDir = None,
    json: AsJson = False,
) -> int:
    """Copy the archive into a new folder, while it is in use.

    The copy is an archive of its own; to restore it, copy its folder back. Caches are not copied: they are rebuilt.
    """
    with opening.archive_of(archive) as door:
        made, view = door.backup(dest), door.view_info()
    if json:
        output.json({"archive": str(made), "view": view})
    else:
        output.line(f"{made} holds {view.articles} articles")
    return exits.DONE
