"""`pullquote models`: which models there are, and getting them."""

from typing import Annotated

import typer

from api.commands import exits
from api.commands.options import ArchiveDir, AsJson


def models(archive: ArchiveDir = None, json: AsJson = False) -> int:
    """List the models."""
    return exits.DONE
