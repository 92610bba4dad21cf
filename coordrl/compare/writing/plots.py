"""Figures for papers and README files, as PNG and SVG."""

import re
from collections.abc import Iterator
from pathlib import Path

from matplotlib.figure import Figure

from coordrl.compare.comparing.results import Comparison
from coordrl.compare.writing.figures.aggregates import aggregate_figure
from coordrl.compare.writing.figures.canvas import look, save
from coordrl.compare.writing.figures.curves import curves_figure, curves_grid
from coordrl.compare.writing.figures.forest import forest_figure
from coordrl.compare.writing.figures.scores import scores_grid
from coordrl.compare.writing.style import styles

#: With more games and algorithms than this none gets a figure of its own.
SINGLE_FIGURES = 24


def file_name(text: str) -> str:
    """Return a name as part of a file name: other signs than letters, digits, . and - go."""
    return re.sub(r"[^\w.-]+", "-", text)


def save_plots(comparison: Comparison, folder: Path) -> None:
    """Write every figure as PNG and SVG.

    ``differences`` has every difference with its interval, ``aggregates_<algorithm>`` all games
    together, ``curves_<algorithm>`` a panel for each game if there are several. Up to
    :data:`SINGLE_FIGURES` there are also ``scores_<algorithm>`` with every seed and a
    ``curves_<game>_<algorithm>`` each.

    :param comparison: what was found
    :param folder: where to write
    """
    with look():
        for stem, figure in _figures(comparison):
            if figure is not None:
                save(figure, folder / stem)


def _figures(comparison: Comparison) -> Iterator[tuple[str, Figure | None]]:
    looks = styles(comparison.arms)
    few = len(comparison.groups) <= SINGLE_FIGURES
    yield "differences", forest_figure(comparison, looks)
    for aggregate in comparison.aggregates:
        yield f"aggregates_{file_name(aggregate.algorithm)}", aggregate_figure(aggregate, looks)
    for algorithm in dict.fromkeys(group.algorithm for group in comparison.groups):
        groups = [group for group in comparison.groups if group.algorithm == algorithm]
        if len(groups) > 1:
            yield f"curves_{file_name(algorithm)}", curves_grid(groups, looks)
        if few:
            yield f"scores_{file_name(algorithm)}", scores_grid(groups, looks)
    if few:
        for group in comparison.groups:
            stem = f"curves_{file_name(group.game)}_{file_name(group.algorithm)}"
            yield stem, curves_figure(group, looks)
