"""A picture of scorecards: risk against coverage, and how far confidences can be trusted. Needs the extra `plot`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from indexer.errors import InvalidInput

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def check_plotting(file: Path) -> None:
    """Raise InvalidInput where nothing can be drawn into `file`: to be told before hours of measuring."""
    try:
        import matplotlib  # noqa: F401  # an extra: only this picture needs it
    except ImportError as error:
        raise InvalidInput("--plot", "needs matplotlib: pip install 'pullquote[plot]'") from error
    if file.suffix.lower() != ".png":
        raise InvalidInput("--plot", f"{file} is no name of a picture: let it end in .png")
    if not file.parent.is_dir():
        raise InvalidInput("--plot", f"{file.parent} is no folder: make it first")


def draw(scorecards: Mapping[str, Mapping[str, Any]], file: Path) -> None:
    """Write a PNG of 1,200 x 500 pixels: a line for each name in both diagrams.

    scorecards: as `reader.scorecard.evaluate` makes them. Raises InvalidInput: as `check_plotting`, or it cannot be
    written.
    """
    check_plotting(file)
    from matplotlib.figure import Figure

    figure = Figure(figsize=(12, 5), dpi=100, layout="constrained")
    left, right = figure.subplots(1, 2)
    _risks(left, scorecards)
    _reliability(right, scorecards)
    try:
        figure.savefig(file)
    except OSError as error:
        raise InvalidInput("--plot", f"{file} cannot be written ({error.strerror})") from error


def _risks(axes: Axes, scorecards: Mapping[str, Mapping[str, Any]]) -> None:
    for name, found in scorecards.items():
        if found["risk_coverage"]:
            coverage, risk = zip(*found["risk_coverage"], strict=True)
            axes.plot(coverage, risk, marker=".", label=f"{name}: area {found['risk_area']:.3f}")
    axes.set(title="Risk and coverage", xlabel="share answered, surest first", ylabel="share wrong (no exact match)")
    axes.set(xlim=(0, 1), ylim=(0, 1))
    if axes.lines:
        axes.legend()


def _reliability(axes: Axes, scorecards: Mapping[str, Mapping[str, Any]]) -> None:
    axes.plot([0, 1], [0, 1], color="grey", linestyle="--", label="what is promised")
    for name, found in scorecards.items():
        if found["reliability"] is None:
            continue
        bins = found["reliability"]["bins"]
        at, right = [one["confidence"] for one in bins], [one["right"] for one in bins]
        (line,) = axes.plot(at, right, marker="o", label=f"{name}: ECE {found['reliability']['ece']:.3f}")
        for one in bins:
            axes.annotate(str(one["n"]), (one["confidence"], one["right"]), color=line.get_color(), fontsize=8)
    axes.set(title="Reliability", xlabel="mean confidence", ylabel="share right (F1 of 0.5 or more)")
    axes.set(xlim=(0, 1), ylim=(0, 1))
    if all(found["reliability"] is None for found in scorecards.values()):
        axes.text(0.5, 0.1, "this reader has no calibration", ha="center")
    axes.legend()
