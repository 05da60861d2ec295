"""Figures of a reader for a person at a terminal, as tables in Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

_ROWS = {
    "answerable": "best span, answerable",
    "all": "all, own threshold",
    "has_answer": "HasAns, own threshold",
    "no_answer": "NoAns, own threshold",
}


def scorecard(found: Mapping[str, Any]) -> str:
    """What `reader.scorecard.evaluate` found on one file: each figure in percent with its 95 % interval."""
    half = f" of the {found['half']} half" if found["half"] else ""
    best = found["best_threshold"]["threshold"]
    parts = [
        f"{found['file']}: {found['questions']} questions{half}, {found['reader']}, {found['runtime']}",
        f"thresholds: own {found['threshold']:g}, best " + (f"{best:.2f}" if best is not None else "never to answer"),
        "\n".join(_whole(found)),
        "\n".join(_groups("question word", found["by_question_word"])),
        "\n".join(_groups("words of the answer", found["by_answer_length"])),
    ]
    if found["risk_coverage"]:
        parts.append("\n".join(_risks(found)))
    parts.append("\n".join(_reliability(found["reliability"])))
    return "\n\n".join(parts)


def _whole(found: Mapping[str, Any]) -> Iterator[str]:
    yield from _head("", "questions", "EM", "F1")
    for name, title in _ROWS.items():
        if name in found["figures"]:
            yield _row(title, *_cells(found["figures"][name]))
    yield _row("all, best threshold", *_cells(found["best_threshold"]))


def _groups(title: str, groups: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    yield from _head(title, "questions", "EM", "F1", "F1 of best spans")
    for name, group in groups.items():
        yield _row(name, *_cells(group), _interval(group["best"], "f1") if group["best"] else "")


def _risks(found: Mapping[str, Any]) -> Iterator[str]:
    points = found["risk_coverage"][3::4] if len(found["risk_coverage"]) > 5 else found["risk_coverage"]
    yield from _head("answered", *(f"{coverage:.0%}" for coverage, _ in points), "area")
    yield _row("wrong", *(f"{risk:.1%}" for _, risk in points), f"{found['risk_area']:.3f}")


def _reliability(found: Mapping[str, Any] | None) -> Iterator[str]:
    if found is None:
        yield "reliability: this reader has no calibration, so that its answers have no confidence"
        return
    yield from _head("mean confidence", *(f"{one['confidence']:.2f}" for one in found["bins"]), "ECE")
    yield _row("right", *(f"{one['right']:.2f}" for one in found["bins"]), f"{found['ece']:.3f}")
    yield _row("questions", *(str(one["n"]) for one in found["bins"]), "")


def _cells(figures: Mapping[str, Any]) -> tuple[str, str, str]:
    return str(figures["n"]), _interval(figures, "em"), _interval(figures, "f1")


def _interval(figures: Mapping[str, Any], name: str) -> str:
    low, high = figures[f"{name}_interval"]
    return f"{figures[name]:.1f} ({low:.1f}–{high:.1f})"


def _head(*cells: str) -> tuple[str, str]:
    return _row(*cells), "|---" * len(cells) + "|"


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"
