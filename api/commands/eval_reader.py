"""`pullquote eval reader`: how good the reader alone is on published sets of questions."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from api.commands import exits, opening, output
from api.commands.options import ArchiveDir, AsJson
from indexer.errors import InvalidInput

if TYPE_CHECKING:
    from reader.evaluate import Question

HalfName = Literal["tune", "report"]


def evaluate_reader(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE", help="Questions in the format of SQuAD, .json or .json.gz.")
    ],
    archive: ArchiveDir = None,
    json: AsJson = False,
    half: Annotated[
        HalfName | None,
        typer.Option("--half", help="Only this half, by a hash of the ids: tune on one, report the other."),
    ] = None,
    sample: Annotated[
        int | None, typer.Option("--sample", metavar="N", help="At most N questions a file, always the same.")
    ] = None,
    plot: Annotated[
        Path | None,
        typer.Option("--plot", metavar="FILE.png", help="Draw risk against coverage, and reliability, into this file."),
    ] = None,
) -> int:
    """Measure the reader alone, without an archive, by the rules of SQuAD.

    EM and F1 as the official script of SQuAD 2.0 counts them, each with its 95 % interval: of the best span of every
    answerable question, and with abstention at the reader's own threshold and at the best one for these questions;
    apart for questions with and without an answer, by question word and by length of the answer. Scores are held to
    what they say: risk against coverage, and the reliability of confidences, where the reader has a calibration.
    """
    from reader.plot import check_plotting, draw

    if plot is not None:
        check_plotting(plot)
    chosen = {str(file): _questions(file, half, sample) for file in files}
    reader = opening.reader_of()
    found: dict[str, dict[str, Any]] = {}
    for number, (name, questions) in enumerate(chosen.items()):
        from api.commands.progress import counted

        with counted(name, len(questions)) as told:
            found[name] = {"file": name, "half": half, **reader.evaluate(questions, told)}
        _show(found[name], json, first=number == 0)
    if plot is not None:
        draw({Path(name).name.partition(".json")[0]: one for name, one in found.items()}, plot)
    return exits.DONE


def _questions(file: Path, half: HalfName | None, n: int | None) -> "list[Question]":
    from reader.evaluate import read_questions, sample

    if n is not None and n < 1:
        raise InvalidInput("--sample", f"{n} is not a number of questions: give 1 or more")
    questions = sample(read_questions(file), half, n)
    if not questions:
        raise InvalidInput(str(file), "holds no question" + (f" of the {half} half" if half else ""))
    return questions


def _show(found: dict[str, Any], as_json: bool, first: bool) -> None:
    if as_json:
        output.json(found)
        return
    from api.render_reader import scorecard

    output.line(("" if first else "\n") + scorecard(found))
