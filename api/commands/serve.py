"""`pullquote serve`: the HTTP API and the page."""

from typing import Annotated

import typer

from api.commands import exits
from api.commands.options import ArchiveDir, AsJson


def serve(
    archive: ArchiveDir = None,
    json: AsJson = False,
    host: Annotated[str | None, typer.Option("--host", metavar="HOST", help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option("--port", metavar="PORT", help="Port to listen on.")] = None,
) -> int:
    """Serve the page and the HTTP API, on 127.0.0.1:8000 unless told otherwise; Ctrl-C stops it."""
    return exits.DONE
