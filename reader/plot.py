"""A picture of scorecards: risk against coverage, and how far confidences can be trusted. Needs the extra `plot`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from indexer.errors import InvalidInput
from reader.calibrate import highest_rate

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_LARGEST = 160  # square points: the dot of the fullest bin


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
    """Write a PNG of 1,200 x 600 pixels: a line for each name in both diagrams.

    scorecards: as `reader.scorecard.evaluate` makes them. Raises InvalidInput: as `check_plotting`, or it cannot be
    written.
    """
    check_plotting(file)
    from matplotlib.figure import Figure

    figure = Figure(figsize=(12, 6), dpi=100, layout="constrained")
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
            axes.plot(coverage, risk, marker=".", clip_on=False, label=f"{name}: area {found['risk_area']:.3f}")
    axes.set(title="Risk and coverage", xlabel="share answered, surest first", ylabel="share wrong (no exact match)")
    _framed(axes)


def _reliability(axes: Axes, scorecards: Mapping[str, Mapping[str, Any]]) -> None:
    axes.plot([0, 1], [0, 1], color="grey", linestyle="--", label="what is promised")
    most = max((one["n"] for found in scorecards.values() for one in _bins(found)), default=1)
    for name, found in scorecards.items():
        if bins := _bins(found):
            at, right = [one["confidence"] for one in bins], [one["right"] for one in bins]
            label = f"{name}: ECE {found['reliability']['ece']:.3f}"
            (line,) = axes.plot(at, right, linewidth=1, alpha=0.4, clip_on=False)
            sizes = [_LARGEST * one["n"] / most for one in bins]
            axes.scatter(at, right, s=sizes, color=line.get_color(), zorder=3, clip_on=False, label=label)
            for one in bins:
                low, high = _interval(one["right"], one["n"])
                axes.plot([one["confidence"]] * 2, [low, high], linewidth=1, alpha=0.7, color=line.get_color())
    axes.set(title="Reliability: dots by number of answers, bars 95 %")
    axes.set(xlabel="mean confidence", ylabel="share right (F1 of 0.5 or more)")
    if not any(_bins(found) for found in scorecards.values()):
        axes.text(0.5, 0.1, "this reader has no calibration", ha="center")
    _framed(axes)


def _bins(found: Mapping[str, Any]) -> list[dict[str, Any]]:
    bins: list[dict[str, Any]] = found["reliability"]["bins"] if found["reliability"] else []
    return bins


def _interval(share: float, n: int) -> tuple[float, float]:
    """Of a share of n, with 95 % certainty: Clopper & Pearson 1934."""
    right = round(share * n)
    return 1 - highest_rate(n - right, n, 0.975), highest_rate(right, n, 0.975)


def _framed(axes: Axes) -> None:
    """From 0 to 1 both ways, and what the colours mean below, where it hides nothing."""
    axes.set(xlim=(0, 1), ylim=(0, 1))
    if axes.get_legend_handles_labels()[0]:
        from matplotlib.collections import PathCollection

        legend = axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.13), frameon=False)
        for handle in legend.legend_handles:
            if isinstance(handle, PathCollection):
                handle.set_sizes([30])
