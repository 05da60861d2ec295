"""An explanation and an evaluation for a person at a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rich.text import Text

from api import render
from api.render import Line
from indexer.types import Explanation, Traced, Weighed

_EXCERPT = 100  # code points of a passage or a quotation


def show(found: Explanation) -> None:
    """Write an explanation to stdout."""
    render.show(_explanation(found))


def _explanation(found: Explanation) -> Iterator[Line]:
    verdict = (
        f"Lost: {found.lost.replace('_', ' ')} – {found.detail}." if found.lost else f"Nothing lost: {found.detail}."
    )
    yield Line(Text(verdict, "bold"))
    yield Line(Text())
    yield Line(Text(f"Answers (those of {found.threshold:.2f} or more are given):"))
    for one in found.answers:
        yield Line(Text(_weighed(one)), indent=2, whole=True)
    yield Line(Text())
    yield Line(Text("Passages (rank when read / fused / by meaning / by words):"))
    for passage in found.passages:
        yield from _passage(passage)
    times = ", ".join(f"{name} {spent:.0f}" for name, spent in found.timings_ms.items())
    yield Line(Text())
    yield Line(Text(f"Milliseconds: {times}", "dim"))


def _weighed(one: Weighed) -> str:
    mark = "✓" if one.expected else " "
    where = f"{render.one_line(one.article.title)[:40]} (passage {one.read_rank})"
    return f"{mark} {one.score:7.2f}  “{_short(one.answer)}”  {where}"


def _passage(one: Traced) -> Iterator[Line]:
    ranks = " / ".join("–" if rank is None else str(rank) for rank in _ranks(one))
    mark = "✓" if one.expected else " "
    copies = f", {len(one.copies)} copies" if one.copies else ""
    head = f"{mark} {ranks}  {render.one_line(one.article.title)[:50] or one.article.id}{copies}"
    yield Line(Text(head), indent=2, whole=True)
    yield Line(Text(_short(one.text), "dim"), indent=6, whole=True)
    if one.quote is not None and one.quote_score is not None:
        yield Line(Text(f"{one.quote_score:.2f} “{_short(one.quote)}”"), indent=6, whole=True)


def _ranks(one: Traced) -> tuple[int | None, ...]:
    return one.read_rank, one.fused_rank, one.dense_rank, one.lexical_rank


def _short(text: str) -> str:
    line = render.one_line(text)
    return line if len(line) <= _EXCERPT else line[: _EXCERPT - 1] + "…"


def evaluation(found: Mapping[str, Any]) -> str:
    """An evaluation as tables in Markdown: each figure with its 95 % interval."""
    view = found["view"]
    parts = [f"{found['questions']} questions over {view['articles']} articles in {view['passages']} passages"]
    if found["retrieval"]:
        parts.append(_table("retrieval", found["retrieval"]))
    if found["answers"]:
        parts.append(_table("", {f"answers ({found['mode']}, {found['depth']} passages read)": found["answers"]}))
    parts.append(_by_word(found["by_question_word"]))
    if found["lost"]:
        parts.append("lost: " + ", ".join(f"{stage.replace('_', ' ')} {n}" for stage, n in found["lost"].items()))
    parts.append("median ms: " + ", ".join(f"{name} {spent}" for name, spent in found["median_ms"].items()))
    return "\n\n".join(parts)


def _table(corner: str, rows: Mapping[str, Mapping[str, Mapping[str, float]]]) -> str:
    names = list(dict.fromkeys(name for row in rows.values() for name in row))
    lines = [f"| {corner} | " + " | ".join(names) + " |", "|---" * (len(names) + 1) + "|"]
    for title, row in rows.items():
        cells = (_figure(row[name]) if name in row else "" for name in names)
        lines.append(f"| {title} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _figure(one: Mapping[str, float]) -> str:
    return f"{one['mean']:.3f} ({one['low']:.3f}–{one['high']:.3f})"


def _by_word(rows: Mapping[str, Mapping[str, Any]]) -> str:
    names = list(dict.fromkeys(name for row in rows.values() for name in row if name != "questions"))
    lines = ["| question word | questions | " + " | ".join(names) + " |", "|---" * (len(names) + 2) + "|"]
    for word, row in rows.items():
        cells = (_figure(row[name]) if name in row else "" for name in names)
        lines.append(f"| {word} | {row['questions']} | " + " | ".join(cells) + " |")
    return "\n".join(lines)
