"""`pullquote mcp`: the archive as tools for other programs."""

from typing import Annotated

import typer

from api.commands import exits, opening
from api.commands.options import ArchiveDir


def mcp(
    archive: ArchiveDir = None,
    json: Annotated[bool, typer.Option("--json", help="Taken as by every verb; the protocol is JSON anyway.")] = False,
    http: Annotated[bool, typer.Option("--http", help="Serve /mcp over HTTP, beside all that `serve` serves.")] = False,
    host: Annotated[str | None, typer.Option("--host", metavar="HOST", help="With --http: as for `serve`.")] = None,
    port: Annotated[int | None, typer.Option("--port", metavar="PORT", help="With --http: as for `serve`.")] = None,
) -> int:
    """Offer search, fetch and ask to programs that speak the Model Context Protocol.

    On stdin and stdout, for a program that starts this one; or over HTTP, with keys as for `serve`.
    """
    import asyncio

    from api.mcp import mounted, speak

    if http:
        from api.serve import serve
        from api.settings import Settings

        given = {"archive": archive, "host": host, "port": port}
        return serve(Settings(**{name: value for name, value in given.items() if value is not None}), mounted)
    with opening.archive_of(archive) as door:
        door.load()
        asyncio.run(speak(door))
    return exits.DONE
