"""`pullquote eval`: how good retrieval and answers are over an archive."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from api.commands import exits, opening, output
from api.commands.options import ArchiveDir, AsJson, ModeOption, TopK, filtered
from indexer.errors import InvalidInput

if TYPE_CHECKING:
    from indexer.types import Filters
    from pullquote import Archive
    from retriever.evaluate import Judged

HalfName = Literal["tune", "report"]


@filtered
def evaluate(
    file: Annotated[Path, typer.Argument(metavar="FILE", help='JSONL of {"id", "question", "answers", "articles"}.')],
    *,
    archive: ArchiveDir = None,
    json: AsJson = False,
    qrels: Annotated[
        Path | None, typer.Option("--qrels", metavar="FILE", help="Judgements: lines of qid 0 article grade.")
    ] = None,
    half: Annotated[
        HalfName | None,
        typer.Option("--half", help="Only this half, by a hash of the ids: tune on one, report the other."),
    ] = None,
    sample: Annotated[
        int | None, typer.Option("--sample", metavar="N", help="At most N questions, always the same.")
    ] = None,
    no_read: Annotated[bool, typer.Option("--no-read", help="Retrieval alone, without the reader.")] = False,
    explain: Annotated[
        str | None, typer.Option("--explain", metavar="ID", help="Explain this question instead of measuring all.")
    ] = None,
    top_k: TopK = 5,
    depth: Annotated[int, typer.Option("--depth", metavar="N", help="How many passages to read, 1 to 200.")] = 20,
    mode: ModeOption = "hybrid",
    filters: "Filters",
) -> int:
    """Measure retrieval and answers on a file of questions.

    "answers" are the wordings that are right, "articles" the ids of those that should be found, as a list or with
    grades; either may be missing. Measures have the names of ir_measures; Answer@k is whether one of the first k
    passages holds an answer, right@k whether one of the first k quotations is or contains it. Every figure comes with
    its 95 % interval.
    """
    from retriever.evaluate import chosen, read_judged

    questions = chosen(read_judged(file, qrels), half, sample)
    with opening.archive_of(archive) as door:
        if explain is not None:
            return _explain(door, questions, explain, json)
        found = door.evaluate(questions, read=not no_read, top_k=top_k, depth=depth, mode=mode, filters=filters)
    if json:
        output.json(found)
    else:
        from api.render_explain import evaluation

        output.line(evaluation(found))
    return exits.DONE


def _explain(door: "Archive", questions: "list[Judged]", wanted: str, as_json: bool) -> int:
    from reader.end_to_end import expected_of

    judged = next((question for question in questions if question.id == wanted), None)
    if judged is None:
        raise InvalidInput("--explain", f"no question has the id {wanted!r}: name one of the file")
    expected = expected_of(judged)
    found = door.explain(judged.question, answers=expected.answers, articles=expected.articles, as_of=judged.as_of)
    if as_json:
        output.json(found)
    else:
        from api import render_explain

        render_explain.show(found)
    return exits.NOTHING if found.lost else exits.DONE
