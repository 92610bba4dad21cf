"""Figures for papers and README files, as PNG and SVG; many of them in a process of their own."""

import pickle
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile

from matplotlib.figure import Figure

from coordrl.compare.comparing.results import Comparison
from coordrl.compare.errors import CompareError
from coordrl.compare.writing.figures.aggregates import aggregate_figure
from coordrl.compare.writing.figures.canvas import look, save
from coordrl.compare.writing.figures.forest import forest_figure
from coordrl.compare.writing.figures.games import curves_figure, curves_grid, scores_grid
from coordrl.compare.writing.figures.looks import looks_figure
from coordrl.compare.writing.style import styles

#: With more games and algorithms than this none gets a figure of its own.
SINGLE_FIGURES = 24


def file_name(text: str) -> str:
    """Return a name as part of a file name: other signs than letters, digits, . and - go."""
    return re.sub(r"[^\w.-]+", "-", text)


@contextmanager
def figures_drawn(comparison: Comparison, folder: Path) -> Iterator[None]:
    """Draw the figures while the context lasts; at its end all are there.

    Few figures are drawn here: another process takes seconds to start.

    :raises CompareError: if the other process fails; it has said why
    """
    if len(comparison.groups) <= SINGLE_FIGURES:
        save_plots(comparison, folder)
        yield
        return
    with NamedTemporaryFile(suffix=".pickle") as file:
        pickle.dump(comparison, file, protocol=pickle.HIGHEST_PROTOCOL)
        file.flush()
        command = [sys.executable, "-m", "coordrl.compare.writing.plots", file.name, str(folder)]
        with subprocess.Popen(command) as process:
            try:
                yield
            except BaseException:
                process.kill()
                raise
            if process.wait() != 0:
                raise CompareError("the figures could not be drawn")


def save_plots(comparison: Comparison, folder: Path) -> None:
    """Write every figure as PNG and SVG.

    ``differences`` has every difference with its interval, ``looks`` the looks of a sequential
    study, ``aggregates_<algorithm>`` all games together, ``curves_<algorithm>`` a panel for each
    game if there are several. Up to :data:`SINGLE_FIGURES` there are also ``scores_<algorithm>``
    with every seed and a ``curves_<game>_<algorithm>`` each.
    """
    with look():
        for stem, figure in _figures(comparison):
            if figure is not None:
                save(figure, folder / stem)


def _figures(comparison: Comparison) -> Iterator[tuple[str, Figure | None]]:
    looks = styles(comparison.arms)
    few = len(comparison.groups) <= SINGLE_FIGURES
    yield "differences", forest_figure(comparison, looks)
    yield "looks", looks_figure(comparison, looks)
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


if __name__ == "__main__":  # a comparison that figures_drawn has written down, and a folder
    save_plots(pickle.loads(Path(sys.argv[1]).read_bytes()), Path(sys.argv[2]))
