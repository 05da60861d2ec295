"""`pullquote verify`: do these quotations still stand where they are said to?"""

from typing import TYPE_CHECKING, Annotated

import typer

from api.commands import exits, opening, output
from api.commands.citations import citations_in
from api.commands.options import ArchiveDir, AsJson

if TYPE_CHECKING:
    from indexer.types import Article, Citation, Verdict


def verify(
    file: Annotated[str, typer.Argument(metavar="FILE", help="JSON or JSON lines with citations, or - for stdin.")],
    archive: ArchiveDir = None,
    json: AsJson = False,
    article: Annotated[
        str | None,
        typer.Option("--article", metavar="TEXTFILE", help="Check offline against this output of `show --text`."),
    ] = None,
) -> int:
    """Check that quotations still stand.

    Tells of every citation in FILE whether it is valid, moved (the quotation stands elsewhere in the text), changed
    (the article is there, the quotation is not) or missing. FILE holds Citations, Answers or Replies, as `ask --json`
    writes them. Ends with exit code 1 if any is not valid, or if there is none.
    """
    citations = citations_in(file, opening.read_text(file))
    if not citations:
        exits.complain(f"{file} holds no citation: nothing to verify")
        return exits.NOTHING
    if article is not None:
        verdicts = _offline(citations, opening.read_text(article))
    else:
        with opening.archive_of(archive) as door:
            verdicts = door.verify(citations)
    for verdict in verdicts:
        if json:
            output.json(verdict)
        else:
            from api import render

            render.show([render.verdict(verdict)])
    return exits.DONE if all(verdict.status == "valid" for verdict in verdicts) else exits.NOTHING


def _offline(citations: "list[Citation]", text: str) -> "list[Verdict]":
    """Check against a text alone, which is all of an article that decides a verdict."""
    from reader.verify import verify as check

    return [check(citation, _article(citation.article_id, text)) for citation in citations]


def _article(article_id: str, text: str) -> "Article":
    from indexer.types import Article

    return Article(
        id=article_id,
        title=None,
        source=None,
        url=None,
        author=None,
        published_at=None,
        published_raw=None,
        language=None,
        text=text,
        sha256="",
        source_sha256="",
        blocks=(),
    )
