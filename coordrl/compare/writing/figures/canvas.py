"""What all figures share: their look, how they are laid out and how they are saved."""

from collections.abc import Iterator
from contextlib import contextmanager
from math import ceil
from pathlib import Path
from typing import Any, Literal

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import EngFormatter, MaxNLocator

from coordrl.compare.comparing.results import Group
from coordrl.compare.writing.style import Style

_RC: dict[Any, Any] = {
    "font.size": 8,
    "axes.titlesize": 8.5,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.6,
    "axes.edgecolor": "#444444",
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#e6e6e6",
    "grid.linewidth": 0.6,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.color": "#444444",
    "ytick.color": "#444444",
    "legend.frameon": False,
    "legend.handlelength": 2.6,
    # Without a salt, SVG files get random identifiers.
    "svg.hashsalt": "coordrl",
    # Names are text, not formulas.
    "text.parse_math": False,
}
_DPI = 200
_LEGEND_COLUMNS = 6
SOFT = "#777777"


@contextmanager
def look() -> Iterator[None]:
    """Draw and save figures in the house's look while the context lasts."""
    with rc_context(_RC):
        yield


def save(figure: Figure, path: Path) -> None:
    """Write ``<path>.png`` and ``<path>.svg``, the same bytes for the same figure."""
    figure.savefig(path.with_name(path.name + ".png"), dpi=_DPI, metadata={"Software": None})
    figure.savefig(path.with_name(path.name + ".svg"), metadata={"Date": None})


def panels(count: int, arms: int) -> tuple[Figure, list[Axes]]:
    """Return a figure with a grid of equal panels, row by row, below a legend of so many arms.

    The margins are set by hand: matplotlib's layout engines take seconds for 57 panels.
    """
    columns = min(count, 3 if count <= 9 else 4 if count <= 16 else 6)
    width, height = {1: (4.0, 2.5), 2: (3.2, 2.3), 3: (2.5, 1.9), 4: (2.1, 1.6)}.get(
        columns, (1.75, 1.4)
    )
    rows = ceil(count / columns)
    left, bottom, gap, line = 0.62, 0.52, 0.42, 0.46
    top = 0.1 + 0.16 * (ceil(arms / _LEGEND_COLUMNS) - 1)
    total = (left + columns * width - gap + 0.25, bottom + rows * height + top)
    figure = Figure(figsize=total)
    axes = [
        figure.add_axes(
            (
                (left + (k % columns) * width) / total[0],
                (bottom + (rows - 1 - k // columns) * height) / total[1],
                (width - gap) / total[0],
                (height - line) / total[1],
            )
        )
        for k in range(count)
    ]
    return figure, axes


def return_axis(axes: Axes) -> None:
    """Label the returns of an axis, whose range is set, with few, short numbers."""
    axes.yaxis.set_major_locator(MaxNLocator(5))
    if max(map(abs, axes.get_ylim())) >= 1000:
        axes.yaxis.set_major_formatter(EngFormatter(sep=""))


def timestep_axis(axes: Axes, n_timesteps: int) -> None:
    """Let an axis run over a whole run."""
    axes.set_xlim(0, n_timesteps * 1.01)
    axes.xaxis.set_major_locator(MaxNLocator(4))
    axes.xaxis.set_major_formatter(EngFormatter(sep=""))


def add_legend(
    figure: Figure,
    looks: dict[str, Style],
    place: Literal["upper center", "outside upper center"] = "upper center",
    *,
    lines: bool,
) -> None:
    """Put one legend of all arms above a figure's panels, of their lines or their markers."""
    handles = [
        Line2D([], [], color=style.colour, dashes=style.dash or (None, None))
        if lines
        else Line2D([], [], color=style.colour, marker=style.matplotlib_marker, linestyle="none")
        for style in looks.values()
    ]
    columns = min(len(looks), _LEGEND_COLUMNS)
    legend = figure.legend(handles, looks.keys(), loc=place, ncols=columns)
    # A single panel can be narrower than the names of its arms.
    needed = legend.get_window_extent().width / figure.dpi
    figure.set_figwidth(max(figure.get_figwidth(), needed))


def random_line(axes: Axes, group: Group, *, label: bool) -> None:
    """Draw the score of random play, where it is known."""
    if group.random_score is None:
        return
    axes.axhline(group.random_score, color=SOFT, linewidth=0.8, linestyle=":", zorder=0)
    if label:
        axes.annotate(
            "random play",
            (1, group.random_score),
            xycoords=("axes fraction", "data"),
            xytext=(0, 1),
            textcoords="offset points",
            ha="right",
            va="bottom",
            fontsize=6.5,
            color=SOFT,
        )
