"""`pullquote show`, `list` and `delete`: the articles themselves."""

from typing import TYPE_CHECKING, Annotated

import typer

from api.commands import exits, opening, output
from api.commands.options import ArchiveDir, AsJson, filtered, one_of
from indexer.errors import InvalidInput

if TYPE_CHECKING:
    from indexer.types import Filters


def show(
    article: Annotated[str, typer.Argument(metavar="ID", help="The article's id.")],
    archive: ArchiveDir = None,
    json: AsJson = False,
    text: Annotated[
        bool, typer.Option("--text", help="The text only, byte for byte, with no line feed added.")
    ] = False,
) -> int:
    """Show one article.

    Ends with exit code 1 if there is none of this id.
    """
    one_of({"--json": json or None, "--text": text or None}, needed=False)
    with opening.archive_of(archive) as door:
        found = door.article(article)
    if text:
        output.exact(found.text)
    elif json:
        output.json(found)
    else:
        from api import render

        render.show(render.article(found))
    return exits.DONE


@filtered
def list_articles(
    archive: ArchiveDir = None,
    json: AsJson = False,
    limit: Annotated[int, typer.Option("--limit", metavar="N", help="How many articles to list.")] = 100,
    cursor: Annotated[
        str | None, typer.Option("--cursor", metavar="CURSOR", help="Go on after a list that said there are more.")
    ] = None,
    clusters: Annotated[
        bool, typer.Option("--clusters", help="List stories that several articles tell in nearly the same words.")
    ] = False,
    *,
    filters: "Filters",
) -> int:
    """List articles, newest first.

    Shows id, date, source and title, tab-separated when piped; ends with exit code 1 if there is none.

    --clusters lists near-duplicates instead, the latest story first: each article with the id of the first published
    before it. It takes no filters.
    """
    if clusters:
        return _list_clusters(archive, json, limit, cursor, filters)
    with opening.archive_of(archive) as door:
        found = door.articles(filters=filters, limit=limit, cursor=cursor)
    if json:
        output.json(found)
    else:
        from api import render

        if output.is_terminal():
            render.show(render.heads(found.items))
        else:
            for row in render.tab_separated(found.items):
                output.line(row)
        if found.next is not None:
            exits.complain(f"there are more: add --cursor {found.next} to list them")
    return exits.DONE if found.items else exits.NOTHING


def _list_clusters(archive: str | None, json: bool, limit: int, cursor: str | None, filters: "Filters") -> int:
    from indexer.types import Filters

    if filters != Filters():
        raise InvalidInput("--clusters", "it lists the stories of the whole archive: leave the filters out")
    with opening.archive_of(archive) as door:
        found = door.clusters(limit=limit, cursor=cursor)
    if json:
        output.json(found)
    else:
        from api import render

        for cluster in found.items:
            for row in render.tab_separated(cluster.articles):
                output.line(f"{cluster.id}\t{row}")
        if found.next is not None:
            exits.complain(f"there are more: add --cursor {found.next} to list them")
    return exits.DONE if found.items else exits.NOTHING


def delete(
    articles: Annotated[list[str], typer.Argument(metavar="ID", help="The ids of the articles to delete.")],
    archive: ArchiveDir = None,
    json: AsJson = False,
    purge: Annotated[
        bool, typer.Option("--purge", help="Leave no byte of them in the folder; it rewrites the archive's files.")
    ] = False,
) -> int:
    """Delete articles.

    From the next reply on they are gone, in every process. If one of the ids is unknown, none is deleted. Their text
    stays in the file until `compact` or --purge; --purge also takes articles that were deleted before.
    """
    with opening.archive_of(archive) as door:
        deleted = door.delete(articles, purge=purge)
    if json:
        output.json({"deleted": deleted, **({"purged": True} if purge else {})})
    else:
        for article_id in deleted:
            output.line(f"{'purged' if purge else 'deleted'} {article_id}")
    return exits.DONE
