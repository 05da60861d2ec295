"""`pullquote keys`: who may use the server."""

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from api.commands import exits, output
from api.commands.options import ArchiveDir, AsJson

if TYPE_CHECKING:
    from api.keys import Key
    from api.settings import Settings


def keys(
    action: Annotated[
        Literal["create", "list", "revoke"], typer.Argument(metavar="create|list|revoke", help="What to do.")
    ],
    key: Annotated[str, typer.Argument(metavar="[KEY]", help="To revoke: the key's id, as list shows it.")] = "",
    archive: ArchiveDir = None,
    json: AsJson = False,
    scope: Annotated[
        Literal["search", "write", "admin"],
        typer.Option("--scope", help="What it may do; each also what those before it may."),
    ] = "search",
    origin: Annotated[
        list[str] | None,
        typer.Option("--origin", metavar="URL", help="Bind it to pages of this site, for the widget; repeat for more."),
    ] = None,
    expires: Annotated[
        str | None, typer.Option("--expires", metavar="WHEN", help="30d, 12h, a day or RFC 3339; never if not given.")
    ] = None,
    name: Annotated[str, typer.Option("--name", metavar="TEXT", help="What it is for, to tell keys apart.")] = "",
) -> int:
    """Make, list and revoke the keys of the server.

    A key is printed once; the archive keeps its hash. Once there is one, every request needs a key.
    """
    from api.audit import FILE, Audit
    from api.keyrings import ring_of
    from api.keys import Keys

    settings = _settings(archive)
    audit = Audit(settings.folder / FILE)
    with closing(ring_of(settings)) as ring:
        known = Keys(ring)
        if action == "list":
            return _list(known.all(), json)
        if action == "revoke":
            revoked = known.revoke(key)
            audit.record("revoke key", key=revoked.id)
            return _told({"revoked": revoked.id}, f"revoked {revoked.id}", json)
        made, token = known.create(name, scope, origin or [], expires)
    audit.record("create key", key=made.id, scope=made.scope, origins=made.origins, expires=made.expires)
    return _told({"key": token, **_shown(made)}, token, json)


def _settings(given: str | None) -> "Settings":
    from api.settings import Settings
    from indexer.errors import ArchiveMissing
    from indexer.store import FILE

    settings = Settings(archive=given) if given else Settings()
    if isinstance(settings.archive, Path) and not (settings.archive / FILE).is_file():
        raise ArchiveMissing(settings.archive)
    return settings


def _list(known: list["Key"], as_json: bool) -> int:
    for key in known:
        if as_json:
            output.json(_shown(key))
        else:
            places = " ".join(key.origins) or "anywhere"
            output.line("\t".join((key.id, key.scope, key.expires or "never", places, key.name)))
    return exits.DONE if known else exits.NOTHING


def _shown(key: "Key") -> dict[str, object]:
    """All of a key but its hash."""
    return {
        "id": key.id,
        "name": key.name,
        "scope": key.scope,
        "origins": list(key.origins),
        "created": key.created,
        "expires": key.expires,
    }


def _told(row: dict[str, object], text: str, as_json: bool) -> int:
    if as_json:
        output.json(row)
    else:
        output.line(text)
    return exits.DONE
