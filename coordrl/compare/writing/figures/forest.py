"""Every difference from the baseline with its interval, in one unit: a forest plot."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from coordrl.compare.comparing.contrasts import Effect, effect
from coordrl.compare.comparing.results import Comparison
from coordrl.compare.comparing.words import algorithm_text
from coordrl.compare.writing.figures.canvas import SOFT, add_legend
from coordrl.compare.writing.style import Style

# Differences are drawn up to this many margins; an arrow says that they go on.
_FARTHEST = 10.0
# Inches from one arm's interval to the next of the same game, and from game to game.
_LINE, _GAP = 0.11, 0.09


def forest_figure(comparison: Comparison, looks: dict[str, Style]) -> Figure | None:
    """Return a panel for each algorithm with a row for each game; None without any margin."""
    effects = _effects(comparison)
    if not effects:
        return None
    arms = [arm for arm in comparison.arms if arm != comparison.baseline]
    games = list(dict.fromkeys(game for game, _, _ in effects))
    algorithms = list(dict.fromkeys(algorithm for _, algorithm, _ in effects))
    row = _LINE * len(arms) + _GAP
    figure = Figure(figsize=(1.6 + 2.6 * len(algorithms), row * len(games) + 1.1))
    figure.set_layout_engine("constrained")
    all_axes = figure.subplots(1, len(algorithms), sharey=True, squeeze=False)[0]
    for axes, algorithm in zip(all_axes, algorithms, strict=True):
        _frame(axes, algorithm, effects)
        for (game, its_algorithm, arm), found in effects.items():
            if its_algorithm == algorithm:
                offset = (arms.index(arm) - (len(arms) - 1) / 2) * _LINE / row
                _draw(axes, found, games.index(game) + offset, looks[arm])
    all_axes[0].set_yticks(range(len(games)), games)
    all_axes[0].set_ylim(len(games) - 0.5, -0.5)
    _explain(figure, comparison.baseline, {arm: looks[arm] for arm in arms})
    return figure


def _effects(comparison: Comparison) -> dict[tuple[str, str, str], Effect]:
    found = {
        (group.game, group.algorithm, contrast.arm): effect(contrast)
        for group, contrast in comparison.contrasts()
    }
    return {key: value for key, value in found.items() if value is not None}


def _frame(axes: Axes, algorithm: str, effects: dict[tuple[str, str, str], Effect]) -> None:
    ends = [1.5]
    for found in effects.values():
        ends += [abs(found.value), *map(abs, found.interval or ())]
    limit = min(_FARTHEST, 1.05 * max(ends))
    axes.set_xlim(-limit, limit)
    axes.axvspan(-1, 1, color="#eeeeee", zorder=0)
    axes.axvline(0, color=SOFT, linewidth=0.8, zorder=1)
    axes.grid(visible=False, axis="y")
    axes.tick_params(axis="y", length=0)
    axes.locator_params(axis="x", nbins=5)
    axes.set_title(algorithm_text(algorithm))


def _draw(axes: Axes, found: Effect, y: float, look: Style) -> None:
    limit = axes.get_xlim()[1]
    for end in found.interval or ():
        if abs(end) > limit:
            x, arrow = (limit, ">") if end > 0 else (-limit, "<")
            axes.plot(x, y, arrow, color=look.colour, markersize=3, clip_on=False)
    if found.interval:
        low, high = np.clip(found.interval, -limit, limit)
        axes.plot([low, high], [y, y], color=look.colour, linewidth=1.1, solid_capstyle="butt")
    axes.plot(
        found.value,
        y,
        marker=look.matplotlib_marker,
        markersize=3.6,
        markeredgecolor=look.colour,
        markerfacecolor=look.colour if found.significant else "white",
        markeredgewidth=0.9,
    )


def _explain(figure: Figure, baseline: str, looks: dict[str, Style]) -> None:
    add_legend(figure, looks, "outside upper center", lines=False)
    figure.supxlabel(
        f"difference from {baseline} and its 95 % interval, in margins "
        f"(grey band: does not matter)\nfilled: significant after correction",
        fontsize=7,
    )
