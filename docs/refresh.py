"""Put the help texts into docs/cli.md: `python docs/refresh.py`, or `--check` to fail when they are stale."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import typer

MANUAL = Path(__file__).with_name("cli.md")
_HELP = re.compile(r"^```text\n\$ pullquote (?P<verb>[a-z]+ (?:[a-z]+ )?)?--help\n.*?^```$", re.MULTILINE | re.DOTALL)


def verbs() -> list[str]:
    """Every verb of the command line, in the order of its help."""
    from api.cli import app

    command = typer.main.get_command(app)
    with command.make_context("pullquote", [], resilient_parsing=True) as context:
        return command.list_commands(context)  # type: ignore[attr-defined, no-any-return]  # it is a group


def help_of(verb: str | None) -> str:
    """What `pullquote --help` or `pullquote VERB --help` prints, 80 columns wide."""
    from api.cli import app

    command = typer.main.get_command(app)
    with command.make_context("pullquote", [], resilient_parsing=True, terminal_width=80) as context:
        if verb is None:
            return command.get_help(context)
        found = command.get_command(context, verb)  # type: ignore[attr-defined]
        with found.make_context(verb, [], parent=context, resilient_parsing=True, terminal_width=80) as inner:
            return str(found.get_help(inner))


def refreshed(manual: str) -> str:
    """The manual with every help block printed anew; a block names its command in its first line."""

    def block(match: re.Match[str]) -> str:
        verb = (match["verb"] or "").strip()
        return f"```text\n$ {' '.join(['pullquote', *verb.split(), '--help'])}\n{help_of(verb or None)}\n```"

    return _HELP.sub(block, manual)


def main(arguments: list[str]) -> int:
    """Write the manual, or with --check only compare it; returns 1 if it was stale then."""
    old = MANUAL.read_text("utf-8")
    new = refreshed(old)
    if "--check" not in arguments:
        MANUAL.write_text(new, "utf-8")
    elif old != new:
        sys.stderr.write("docs/cli.md is stale: run `python docs/refresh.py` and commit it\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1]))
    sys.exit(main(sys.argv[1:]))
