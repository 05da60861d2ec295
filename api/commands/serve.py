"""`pullquote serve`: the HTTP API and the page."""

from typing import Annotated

import typer

from api.commands.options import ArchiveDir


def serve(
    archive: ArchiveDir = None,
    json: Annotated[
        bool, typer.Option("--json", help="Taken as by every verb; a server writes no data to stdout.")
    ] = False,
    host: Annotated[
        str | None,
        typer.Option("--host", metavar="HOST", help="Address to listen on; 127.0.0.1 or PULLQUOTE_HOST if not given."),
    ] = None,
    port: Annotated[
        int | None,
        typer.Option("--port", metavar="PORT", help="Port to listen on; 8000 or PULLQUOTE_PORT if not given."),
    ] = None,
) -> int:
    """Serve the page and the HTTP API.

    Ctrl-C stops it, after the requests in progress.
    """
    from api.serve import serve as run
    from api.settings import Settings

    given = {"archive": archive, "host": host, "port": port}
    return run(Settings(**{name: value for name, value in given.items() if value is not None}))
