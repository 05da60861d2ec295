"""`pullquote models`: which models there are, and getting them ready."""

from typing import Annotated

import typer

from api.commands import exits, output
from api.commands.options import ArchiveDir, AsJson


def models(
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", show_default=False, help="A model of models.yaml; all if not given.")
    ] = None,
    *,
    archive: ArchiveDir = None,
    json: AsJson = False,
    fetch: Annotated[
        bool, typer.Option("--fetch", help="Get NAME ready; the two models that the settings name if not given.")
    ] = False,
) -> int:
    """List the models, or get them ready."""
    from api.settings import Settings
    from indexer.models.fetch import default_folder, others, prepare, ready
    from indexer.models.registry import load_registry

    settings = Settings()
    registry = load_registry(settings.registry)
    folder = settings.models or default_folder()
    wanted = [name] if name else [settings.embedder, settings.reader] if fetch else list(registry)
    specs = [registry.model(wanted_name) for wanted_name in wanted]
    if fetch:
        for spec in specs:
            prepare(spec, folder, report=exits.complain)
            if old := others(spec, folder):
                names = ", ".join(home.name for home in old)
                exits.complain(f"{folder} also holds {names}: delete them if no other Pullquote here uses them")
    states = [ready(spec, folder) for spec in specs]
    if json:
        for state in states:
            output.json(state)
    else:
        from api import render

        render.show(render.models(states))
    return exits.DONE
