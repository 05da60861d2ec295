"""The terminal's door: parse, call `pullquote.Archive`, print. It decides nothing; engines load inside the verbs."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from api.commands import (
    articles,
    ask,
    backup,
    compact,
    doctor,
    eval,
    eval_reader,
    exits,
    explain,
    index,
    init,
    keys,
    mcp,
    models,
    output,
    read,
    search,
    serve,
    similar,
    verify,
    watch,
)
from indexer.characters import is_unicode
from indexer.errors import InvalidInput

app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
_NAMED: dict[object, str] = {  # words of Python itself, and a verb of two words
    articles.list_articles: "list",
    eval.evaluate: "eval",
    eval_reader.evaluate_reader: "eval reader",
}
for verb in (
    init.init,
    index.index,
    watch.watch,
    ask.ask,
    explain.explain,
    search.search,
    similar.similar,
    read.read,
    articles.show,
    articles.list_articles,
    articles.delete,
    verify.verify,
    serve.serve,
    keys.keys,
    mcp.mcp,
    models.models,
    backup.backup,
    compact.compact,
    doctor.doctor,
    eval.evaluate,
    eval_reader.evaluate_reader,
):
    app.command(name=_NAMED.get(verb))(verb)


@app.callback(invoke_without_command=True)
def pullquote(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False,
) -> int:
    """Answer questions over a news archive with the archive's own words, and say exactly where they stand."""
    if version:
        from importlib.metadata import version as version_of

        output.line(f"pullquote {version_of('pullquote')}")
        raise typer.Exit
    if context.invoked_subcommand is None:
        output.line(context.get_help())
    return exits.DONE


def run(arguments: Sequence[str]) -> int:
    """Run one verb and return its exit code; errors come out as exceptions."""
    for argument in arguments:
        if not is_unicode(argument) and not Path(argument).exists():  # a file may have any name
            raise InvalidInput("arguments", f"{argument!r} is not UTF-8: convert it first")
    command = typer.main.get_command(app)
    words = list(arguments)
    if words[:2] == ["eval", "reader"]:
        words[:2] = ["eval reader"]
    # not command.main(): it would turn a closed pipe into exit code 1 and swallow the interrupt
    with command.make_context("pullquote", words) as context:
        code = command.invoke(context)
    return code if isinstance(code, int) else exits.DONE


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb of `arguments` (of the command line if not given) and return the exit code of design §7."""
    output.speak_utf8()
    return exits.guarded(lambda: run(sys.argv[1:] if arguments is None else arguments))


if __name__ == "__main__":
    sys.exit(main())
