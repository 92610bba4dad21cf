"""The looks of a sequential study: each p-value against what would be significant there."""

from math import ceil

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from coordrl.compare.comparing.results import Comparison, SequentialResult
from coordrl.compare.writing.figures.canvas import SOFT, add_legend
from coordrl.compare.writing.style import Style

_COLUMNS = 4
# Axes end here: fewer random rearrangements than this are drawn.
_SMALLEST = 5e-6


def looks_figure(comparison: Comparison, looks: dict[str, Style]) -> Figure | None:
    """Return a panel for each game and algorithm; None unless some look was taken.

    Dots are p-values of single looks, on a logarithmic axis that grows upwards as they fall. The
    upper staircase is what the comparison needs that Holm's method takes first, the lower one what
    the last needs; a look without a stair cannot show a difference.
    """
    result = comparison.sequential
    groups = [g for g in comparison.groups if any(contrast.looks for contrast in g.contrasts)]
    if result is None or not groups:
        return None
    columns = min(len(groups), _COLUMNS)
    rows = ceil(len(groups) / columns)
    figure = Figure(figsize=(0.6 + 2.5 * columns, 0.9 + 2.0 * rows))
    figure.set_layout_engine("constrained")
    grid = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False).ravel()
    for axes in grid[len(groups) :]:
        axes.set_visible(False)
    for axes, group in zip(grid, groups, strict=False):
        axes.set_title(group.title)
        axes.set_yscale("log")
        axes.set_ylim(1.5, _SMALLEST)
        axes.yaxis.set_major_locator(LogLocator(numticks=9))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda p, _: f"{p:g}"))
        axes.yaxis.set_minor_formatter(NullFormatter())
        axes.set_xticks(result.looks, [str(n) for n in result.looks])
        for levels, line in zip(result.levels, ("-", "--"), strict=True):
            axes.plot(result.looks, _drawable(levels), "_", color=SOFT, markersize=16)
            axes.plot(result.looks, _drawable(levels), line, color=SOFT, linewidth=0.8)
        for contrast in group.contrasts:
            style = looks[contrast.arm]
            taken = [(look.planned, look.p_rounded) for look in contrast.looks if look.p_rounded]
            if taken:
                axes.plot(
                    *zip(*taken, strict=True),
                    color=style.colour,
                    marker=style.matplotlib_marker,
                    markersize=4,
                    linewidth=1.0,
                )
    arms = [arm for arm in comparison.arms if arm != comparison.baseline]
    add_legend(figure, {arm: looks[arm] for arm in arms}, "outside upper center", lines=False)
    figure.supxlabel(_explained(result), fontsize=7)
    figure.supylabel("p at this look", fontsize=8)
    return figure


def _drawable(levels: tuple[float, ...]) -> list[float]:
    return [level or np.nan for level in levels]


def _explained(result: SequentialResult) -> str:
    most = len(result.looks)
    return (
        f"seeds per arm at each of {most} looks\ngrey: significant above it, for the first "
        f"comparison that is (solid) and for the last (dashed)"
    )
